"""Hooks that are told what happened: when they run, what they see, what they cannot harm."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import pytest

from roomkit import (
    ChannelOutput,
    EventType,
    HookExecution,
    HookResult,
    HookTrigger,
    RoomContext,
    RoomEvent,
    RoomKit,
    Task,
    TextContent,
    WebSocketChannel,
)
from roomkit.channels.base import text_of
from roomkit.testing import VirtualClock
from tests.helpers import say
from tests.scenarios.actors import Thinker, Transport, Witness, said, seat, timeline
from tests.scenarios.stores import CountingStore

BEFORE = HookTrigger.BEFORE_BROADCAST
AFTER = HookTrigger.AFTER_BROADCAST
ASYNC = HookExecution.ASYNC


@pytest.fixture
async def b(kit: RoomKit) -> Transport:
    """The other channel of a room with `a` in it."""
    channel = Transport("b")
    await seat(kit, "r", Transport("a"), channel)
    return channel


async def test_async_hooks_run_together(kit: RoomKit, b: Transport) -> None:
    together = asyncio.Barrier(3)
    for number in range(3):

        async def hook(event: RoomEvent, _context: RoomContext) -> None:
            await together.wait()

        kit.hook(AFTER, ASYNC, name=f"hook {number}")(hook)
    result = await say(kit, "a")
    assert result.hook_errors == []


async def test_after_broadcast_runs_for_all_that_was_broadcast_and_nothing_else(
    kit: RoomKit, b: Transport
) -> None:
    """Answers and sent events too, but nothing that was blocked or came twice."""
    await seat(kit, "r", Thinker("ai", lambda event, _: None if event.chain_depth else "answer"))
    heard: list[str] = []
    kit.hook(AFTER, ASYNC)(lambda event, _context: heard.append(text_of(event.content)))
    kit.hook(BEFORE)(
        lambda event, _context: (
            HookResult.block() if text_of(event.content) == "badword" else HookResult.allow()
        )
    )
    await say(kit, "a", "question", key="k")
    await say(kit, "a", "question", key="k")
    await say(kit, "a", "badword")
    await kit.send_event("r", "a", TextContent(body="sent"))
    assert heard == ["question", "answer", "sent", "answer"]


def fails(*_: object) -> None:
    raise ValueError("no")


async def awaits_something_cancelled(*_: object) -> None:
    gone = asyncio.get_running_loop().create_future()
    gone.cancel()
    await gone


@pytest.mark.parametrize("failing", [fails, awaits_something_cancelled])
@pytest.mark.parametrize("execution", list(HookExecution))
@pytest.mark.parametrize("alone", [True, False])
async def test_failing_observer_harms_nobody(
    kit: RoomKit,
    b: Transport,
    failing: Callable[..., Any],
    execution: HookExecution,
    alone: bool,
) -> None:
    heard: list[str] = []
    witness = Witness(kit).on("hook_error")
    kit.hook(AFTER, execution, name="broken")(failing)
    if not alone:
        kit.hook(AFTER, execution)(lambda event, _context: heard.append(event.id))

    result = await say(kit, "a", "hello")

    assert not result.blocked
    assert b.texts == ["hello"]
    assert len(heard) == (0 if alone else 1)
    assert [error.hook for error in result.hook_errors] == ["broken"]
    assert [event.data["trigger"] for event in witness.of("hook_error")] == ["after_broadcast"]


async def test_observer_that_hangs_is_given_up(
    kit: RoomKit, b: Transport, clock: VirtualClock
) -> None:
    @kit.hook(AFTER, ASYNC, timeout=3, name="slow")
    async def slow(_event: RoomEvent, _context: RoomContext) -> None:
        await asyncio.Event().wait()

    async with clock.auto():
        result = await say(kit, "a", "hello")
    assert clock.monotonic() == pytest.approx(3)
    assert [error.hook for error in result.hook_errors] == ["slow"]


async def test_answers_of_observers_are_ignored(kit: RoomKit, b: Transport) -> None:
    """Also of sync hooks where nothing is to be decided, and of async ones where it is."""

    def block(*_: object) -> HookResult:
        return HookResult.block("too late")

    kit.hook(AFTER)(block)
    kit.hook(BEFORE, ASYNC)(block)
    result = await say(kit, "a", "hello")
    assert not result.blocked
    assert b.texts == ["hello"]


@pytest.mark.parametrize("trigger", [BEFORE, AFTER])
@pytest.mark.parametrize("execution", list(HookExecution))
async def test_what_hooks_are_handed_cannot_be_changed(
    kit: RoomKit, b: Transport, trigger: HookTrigger, execution: HookExecution
) -> None:
    """Neither the event, nor the room, its channels, its people or its history."""
    await kit.update_room_metadata("r", {"topic": "x", "nested": {"list": [1]}})
    await say(kit, "a", "earlier")
    refused: list[str] = []

    def attempt(what: str, change: Callable[[], object]) -> None:
        try:
            change()
        except (TypeError, ValueError, AttributeError):
            refused.append(what)

    def hook(event: RoomEvent, context: RoomContext) -> None:
        room: Any = context.room
        attempt("event field", lambda: setattr(event, "visibility", "none"))
        attempt("event metadata", lambda: event.metadata.update(x=1))
        attempt("content", lambda: setattr(event.content, "body", "changed"))
        attempt("room field", lambda: setattr(room, "status", "closed"))
        attempt("room metadata", lambda: room.metadata.__setitem__("topic", "y"))
        attempt("nested", lambda: room.metadata["nested"]["list"].append(2))
        attempt("binding", lambda: context.bindings[0].metadata.update(x=1))
        attempt("person", lambda: context.participants[0].metadata.update(x=1))
        attempt("history", lambda: context.recent_events[0].metadata.update(x=1))
        attempt("results", lambda: context.recent_events[0].delivery_results.clear())

    kit.hook_engine.register(trigger, hook, execution=execution)
    result = await say(kit, "a", "hello")

    assert result.hook_errors == []
    # A store of somebody's own may hand out copies of what is around the event.
    assert refused[:4] == ["event field", "event metadata", "content", "room field"]
    assert [event.metadata for event in await timeline(kit)][-2:] == [{}, {}]
    assert {len(event.delivery_results) for event in (await timeline(kit))[-2:]} == {1}
    assert (await kit.get_room("r")).metadata == {"topic": "x", "nested": {"list": [1]}}


async def test_what_a_caller_is_handed_does_not_change_the_store(
    kit: RoomKit, b: Transport
) -> None:
    result = await say(kit, "a", "hello")
    event = await kit.store.get_event(result.event.id if result.event else "")
    assert event is not None
    event.metadata["x"] = 1
    room = await kit.get_room("r")
    room.metadata["x"] = 1
    assert (await timeline(kit))[-1].metadata == {}
    assert (await kit.get_room("r")).metadata == {}


async def test_nothing_is_prepared_for_nobody(clock: VirtualClock) -> None:
    """Without listeners a message costs as much whatever the history."""
    store = CountingStore()
    kit = RoomKit(store=store, clock=clock)
    await seat(kit, "r", Transport("a"), Transport("b"), Thinker("ai"))
    await say(kit, "a", "first")
    costs = []
    for number in range(100):
        store.calls.clear()
        await say(kit, "a", str(number))
        costs.append(dict(store.calls))
    assert costs[0] == costs[-1]
    assert sum(costs[0].values()) <= 5
    await kit.close()


async def test_room_hooks_are_for_their_room_only(kit: RoomKit, b: Transport) -> None:
    await seat(kit, "other", Transport("x"), Transport("y"))
    heard: list[str] = []
    kit.add_room_hook("r", AFTER, ASYNC, lambda event, _context: heard.append(event.room_id))
    await say(kit, "a")
    await say(kit, "x")
    assert heard == ["r"]


async def test_room_hooks_can_be_removed_by_name(kit: RoomKit, b: Transport) -> None:
    """All of that name; unnamed ones by their function's."""
    heard: list[str] = []

    def unnamed(_event: RoomEvent, _context: RoomContext) -> None:
        heard.append("unnamed")

    for _ in range(2):
        kit.add_room_hook("r", AFTER, ASYNC, lambda *_: heard.append("named"), name="named")
    kit.add_room_hook("r", AFTER, ASYNC, unnamed)
    await say(kit, "a")
    assert sorted(heard) == ["named", "named", "unnamed"]

    assert kit.remove_room_hook("r", "named")
    assert not kit.remove_room_hook("r", "named")
    assert not kit.remove_room_hook("elsewhere", "unnamed")
    heard.clear()
    await say(kit, "a")
    assert heard == ["unnamed"]
    assert kit.remove_room_hook("r", "unnamed")
    heard.clear()
    await say(kit, "a")
    assert heard == []


async def test_room_hooks_can_be_added_and_removed_plainly_or_awaited(
    kit: RoomKit, b: Transport
) -> None:
    """In force at once either way, and nothing warns of a forgotten await."""
    heard: list[str] = []
    kit.add_room_hook("r", AFTER, ASYNC, lambda *_: heard.append("plain"), name="one")
    await kit.add_room_hook("r", AFTER, ASYNC, lambda *_: heard.append("awaited"), name="two")
    await say(kit, "a")
    assert sorted(heard) == ["awaited", "plain"]
    assert kit.remove_room_hook("r", "one")
    assert await kit.remove_room_hook("r", "two") is True
    assert await kit.remove_room_hook("r", "two") is False
    await say(kit, "a")
    assert len(heard) == 2


async def test_error_hook_learns_what_failed_and_where(
    kit: RoomKit, b: Transport, caplog: pytest.LogCaptureFixture
) -> None:
    """The message itself is not blocked."""
    seen: list[RoomEvent] = []
    kit.hook(HookTrigger.ON_ERROR, ASYNC)(lambda event, _context: seen.append(event))
    await seat(kit, "r", Thinker("ai", fails))
    with caplog.at_level(logging.WARNING):
        result = await say(kit, "a", "hello")
    assert not result.blocked
    assert result.error is not None
    (event,) = seen
    assert result.event is not None
    assert event.data == {
        "channel_id": "ai",
        "error": "ValueError: no",
        "error_type": "ValueError",
        "event_id": result.event.id,
    }
    assert event.source.channel_id == "ai"
    assert len(caplog.records) == 1


async def test_lifecycle_hooks_get_the_record_of_what_happened(kit: RoomKit) -> None:
    """An event of the matching type, and the room as it is."""
    heard: list[tuple[EventType, str, int]] = []

    def note(event: RoomEvent, context: RoomContext) -> None:
        heard.append((event.type, event.source.channel_id, len(context.bindings)))

    for trigger in (
        HookTrigger.ON_CHANNEL_ATTACHED,
        HookTrigger.ON_CHANNEL_MUTED,
        HookTrigger.ON_CHANNEL_UNMUTED,
        HookTrigger.ON_CHANNEL_DETACHED,
    ):
        kit.hook_engine.register(trigger, note, execution=ASYNC)
    await seat(kit, "r", Transport("a"))
    await kit.mute("r", "a")
    await kit.mute("r", "a")
    await kit.unmute("r", "a")
    await kit.detach_channel("r", "a")
    await kit.detach_channel("r", "a")
    assert heard == [
        (EventType.CHANNEL_ATTACHED, "a", 1),
        (EventType.CHANNEL_MUTED, "a", 1),
        (EventType.CHANNEL_UNMUTED, "a", 1),
        (EventType.CHANNEL_DETACHED, "a", 0),
    ]


async def test_hook_of_a_room_hears_of_its_closing(kit: RoomKit, b: Transport) -> None:
    heard: list[str] = []
    kit.add_room_hook(
        "r", HookTrigger.ON_ROOM_CLOSED, ASYNC, lambda event, context: heard.append(event.room_id)
    )
    await kit.close_room("r")
    await kit.close_room("r")
    assert heard == ["r"]


async def test_tasks_of_an_ai_are_announced(kit: RoomKit, b: Transport) -> None:
    heard: list[dict[str, Any]] = []
    kit.hook(HookTrigger.ON_TASK_CREATED, ASYNC)(
        lambda event, _context: heard.append(dict(event.data))
    )
    task = Task(title="call back", assigned_to="bob")
    await seat(kit, "r", Thinker("ai", lambda *_: ChannelOutput(tasks=[task])))
    await say(kit, "a", "please")
    assert [(one["task_id"], one["status"], one["assigned_to"]) for one in heard] == [
        (task.id, "pending", "bob")
    ]


async def test_task_for_a_room_that_does_not_exist_is_reported_and_harms_nothing(
    kit: RoomKit, b: Transport
) -> None:
    """A side effect that cannot be kept does not undo the message that is out already."""
    tasks = [Task(title="lost", room_id="nowhere"), Task(title="kept")]
    await seat(kit, "r", Thinker("ai", lambda *_: ChannelOutput(tasks=tasks)))
    heard: list[str] = []
    kit.hook(AFTER, ASYNC)(lambda event, _context: heard.append(event.id))
    result = await say(kit, "a", "hello")
    assert b.texts == await said(kit) == ["hello"]
    assert [task.title for task in result.tasks] == ["kept"]
    assert result.error is not None
    assert len(heard) == 1


async def test_feedback_reaches_its_hooks_as_an_observation(kit: RoomKit, b: Transport) -> None:
    heard: list[Any] = []

    def hook(observation: object, context: RoomContext) -> None:
        heard.append((observation, context.room.id))

    kit.hook_engine.register(HookTrigger.ON_FEEDBACK, hook, execution=ASYNC)
    given = await kit.submit_feedback("r", 4.5, "nice", user_id="u", metadata={"via": "form"})
    assert heard == [(given, "r")]
    assert given.category == "feedback"
    assert given.metadata == {"via": "form", "rating": 4.5, "user_id": "u"}
    assert await kit.list_observations("r") == [given]


async def test_session_hooks_run_for_text_connections(kit: RoomKit, b: Transport) -> None:
    ws = WebSocketChannel("ws")
    await seat(kit, "r", ws)
    await seat(kit, "other", ws)
    heard: list[Any] = []

    def hook(session: object, context: RoomContext) -> None:
        heard.append((session, context.room.id))

    kit.hook_engine.register(HookTrigger.ON_SESSION_STARTED, hook, execution=ASYNC)

    async def send(event: RoomEvent) -> None: ...

    await kit.connect_websocket("ws", "c-1", send, room_id="r")
    (started,) = [session for session, _ in heard]
    assert (started.room_id, started.channel_id, started.connection_id) == ("r", "ws", "c-1")
    heard.clear()
    await kit.connect_websocket("ws", "c-2", send)
    assert sorted(room_id for _, room_id in heard) == ["other", "r"]
