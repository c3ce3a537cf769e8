"""The life of a room: active, paused, closed, archived; by request and by its timers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from roomkit import (
    Access,
    EventStatus,
    EventType,
    HookResult,
    HookTrigger,
    Identity,
    InjectedEvent,
    InMemoryStore,
    ParticipantStatus,
    Room,
    RoomClosedError,
    RoomEvent,
    RoomKit,
    RoomStatus,
    RoomTimers,
    TextContent,
)
from roomkit.channels.base import text_of
from roomkit.models.content import DeleteContent
from roomkit.testing import VirtualClock
from tests.helpers import event_of, say
from tests.scenarios.actors import Thinker, Transport, Witness, seat, streaming, timeline
from tests.scenarios.conftest import KitFactory
from tests.scenarios.stores import FailingStore

MINUTES_5 = RoomTimers(inactive_after_seconds=300)


@pytest.fixture
async def b(kit: RoomKit) -> Transport:
    """The other channel of a room with `a` in it."""
    channel = Transport("b")
    await seat(kit, "r", Transport("a"), channel)
    return channel


async def timed(kit: RoomKit, room_id: str, **timers: Any) -> None:
    await kit.create_room(room_id, timers=RoomTimers(**timers))


async def test_closing_a_room(kit: RoomKit, b: Transport, clock: VirtualClock) -> None:
    witness = Witness(kit).on("room_closed").hook(HookTrigger.ON_ROOM_CLOSED)
    await clock.advance(5)
    room = await kit.close_room("r")
    assert (room.status, room.closed_at) == (RoomStatus.CLOSED, clock.now())
    assert await kit.close_room("r") == room
    assert sorted(witness.names) == ["on_room_closed", "room_closed"]


@pytest.mark.parametrize("end", ["close_room", "archive_room"])
async def test_ended_room_takes_nothing_by_any_way(kit: RoomKit, b: Transport, end: str) -> None:
    await getattr(kit, end)("r")
    rows = await timeline(kit)

    result = await say(kit, "a", "hello", room_id="r")
    assert (result.blocked, result.reason, result.event) == (True, "room_closed", None)
    kit.register_channel(Transport("late"))
    result = await say(kit, "late", "hello", room_id="r")
    assert (result.blocked, result.reason) == (True, "room_closed")
    with pytest.raises(RoomClosedError, match="'r'"):
        await kit.send_event("r", "a", TextContent(body="hello"))
    with pytest.raises(RoomClosedError):
        await kit.attach_channel("r", "late")
    for change in (kit.pause_room, kit.resume_room):
        with pytest.raises(RoomClosedError):
            await change("r")

    assert await timeline(kit) == rows
    assert b.texts == []
    # Reading is fine.
    assert (await kit.get_room("r")).status in (RoomStatus.CLOSED, RoomStatus.ARCHIVED)
    assert len(await kit.list_bindings("r")) == 2


async def test_next_message_after_the_end_opens_another_room(kit: RoomKit, b: Transport) -> None:
    await kit.close_room("r")
    result = await say(kit, "a", "hello")
    assert not result.blocked
    assert result.room_id not in ("r", None)


async def test_archived_is_the_end(kit: RoomKit, b: Transport) -> None:
    witness = Witness(kit).on("room_archived")
    room = await kit.archive_room("r")
    assert room.status is RoomStatus.ARCHIVED
    assert room.closed_at is not None
    assert await kit.close_room("r") == await kit.archive_room("r") == room
    assert len(witness.heard) == 1


WRITES: dict[str, Callable[[RoomKit], Awaitable[object]]] = {
    "attach": lambda kit: kit.attach_channel("r", "a"),
    "detach": lambda kit: kit.detach_channel("r", "a"),
    "mute": lambda kit: kit.mute("r", "a"),
    "unmute": lambda kit: kit.unmute("r", "a"),
    "mute output": lambda kit: kit.mute_output("r", "a"),
    "access": lambda kit: kit.set_access("r", "a", Access.NONE),
    "visibility": lambda kit: kit.set_visibility("r", "a", "none"),
    "binding metadata": lambda kit: kit.update_binding_metadata("r", "a", {"x": 1}),
    "room metadata": lambda kit: kit.update_room_metadata("r", {"x": 1}),
    "join": lambda kit: kit.ensure_participant("r", "a", "somebody"),
    "leave": lambda kit: kit.set_participant_status("r", "u", ParticipantStatus.LEFT),
    "identify": lambda kit: kit.resolve_participant("r", "u", "alice"),
    "feedback": lambda kit: kit.submit_feedback("r", 5),
}


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
async def test_nothing_in_an_archived_room_changes_any_more(
    kit: RoomKit, b: Transport, write: Callable[[RoomKit], Awaitable[object]]
) -> None:
    await say(kit, "a", "hello")
    await kit.store.create_identity(Identity(id="alice"))
    await kit.archive_room("r")
    before = await everything(kit)
    with pytest.raises(RoomClosedError, match="archived"):
        await write(kit)
    assert await everything(kit) == before


async def everything(kit: RoomKit) -> list[object]:
    return [
        await kit.get_room("r"),
        await kit.list_bindings("r"),
        await kit.list_observations("r"),
        await kit.store.list_participants("r"),
        await timeline(kit),
    ]


async def test_an_archived_room_may_still_be_read(kit: RoomKit, b: Transport) -> None:
    await say(kit, "a", "hello")
    await kit.archive_room("r")
    await kit.mark_all_read("r", "b")
    assert await kit.store.get_unread_count("r", "b") == 0


@pytest.mark.parametrize("streamed", [False, True])
async def test_answer_that_comes_too_late_is_refused(
    kit: RoomKit, b: Transport, streamed: bool
) -> None:
    thinking, go_on = asyncio.Event(), asyncio.Event()

    async def answer(_event: RoomEvent, _context: object) -> Any:
        thinking.set()
        await go_on.wait()
        return streaming(["too ", "late"]) if streamed else "too late"

    await seat(kit, "r", Thinker("ai", answer))
    call = asyncio.create_task(say(kit, "a", "question"))
    await thinking.wait()
    await kit.close_room("r")
    rows = await timeline(kit)
    go_on.set()
    result = await call
    assert await timeline(kit) == rows
    assert result.response_events == []
    assert b.texts == ["question"]


async def test_silent_room_is_paused_and_then_closed(kit: RoomKit, clock: VirtualClock) -> None:
    """The closing time runs on while the room is paused."""
    await timed(kit, "r", inactive_after_seconds=60, closed_after_seconds=100)
    witness = Witness(kit).on("room_paused", "room_closed")
    witness.hook(HookTrigger.ON_ROOM_PAUSED, HookTrigger.ON_ROOM_CLOSED)
    await clock.advance(59)
    assert (await kit.check_room_timers("r")).status is RoomStatus.ACTIVE
    await clock.advance(1)
    assert (await kit.check_room_timers("r")).status is RoomStatus.PAUSED
    assert sorted(witness.names) == ["on_room_paused", "room_paused"]
    await clock.advance(39)
    assert (await kit.check_room_timers("r")).status is RoomStatus.PAUSED
    await clock.advance(1)
    assert (await kit.check_room_timers("r")).status is RoomStatus.CLOSED
    assert sorted(witness.names)[:2] == ["on_room_closed", "on_room_paused"]
    # Once is enough.
    assert (await kit.check_room_timers("r")).status is RoomStatus.CLOSED
    assert len(witness.heard) == 4


async def test_room_past_both_limits_goes_straight_to_closed(
    kit: RoomKit, clock: VirtualClock
) -> None:
    await timed(kit, "r", inactive_after_seconds=60, closed_after_seconds=100)
    witness = Witness(kit).on("room_paused", "room_closed")
    await clock.advance(5 * 3600)
    assert (await kit.check_room_timers("r")).status is RoomStatus.CLOSED
    assert witness.names == ["room_closed"]


async def test_messages_wind_the_timers_up_again_and_nothing_else_does(
    kit: RoomKit, clock: VirtualClock
) -> None:
    """Neither notices nor ephemeral events are activity."""
    await timed(kit, "r", inactive_after_seconds=60)
    await seat(kit, "r", Transport("a"), Transport("b"))
    await clock.advance(50)
    await say(kit, "a", "still here")
    await clock.advance(50)
    assert (await kit.check_room_timers("r")).status is RoomStatus.ACTIVE
    await kit.mute("r", "b")
    await kit.publish_typing("r", "u")
    await kit.update_room_metadata("r", {"k": "v"})
    await clock.advance(10)
    assert (await kit.check_room_timers("r")).status is RoomStatus.PAUSED


async def test_only_rooms_that_changed_are_returned(kit: RoomKit, clock: VirtualClock) -> None:
    await timed(kit, "due", inactive_after_seconds=60)
    await timed(kit, "later", inactive_after_seconds=600)
    await kit.create_room("untimed")
    await timed(kit, "ended", inactive_after_seconds=60)
    await kit.close_room("ended")
    await clock.advance(60)
    changed = await kit.check_all_timers()
    assert [(room.id, room.status) for room in changed] == [("due", RoomStatus.PAUSED)]
    assert await kit.check_all_timers() == []


async def test_many_rooms_are_checked_page_by_page(kit: RoomKit, clock: VirtualClock) -> None:
    for number in range(250):
        await timed(kit, f"r{number}", inactive_after_seconds=1)
    await clock.advance(1)
    assert len(await kit.check_all_timers()) == 250


async def test_timers_run_in_nobodys_background(kit: RoomKit, clock: VirtualClock) -> None:
    tasks = asyncio.all_tasks()
    await timed(kit, "r", inactive_after_seconds=60)
    await clock.advance(3600)
    assert (await kit.get_room("r")).status is RoomStatus.ACTIVE
    assert asyncio.all_tasks() == tasks
    assert clock.pending == 0


async def test_message_after_the_due_close_finds_the_room_closed(
    kit: RoomKit, clock: VirtualClock
) -> None:
    """Whether or not anybody has looked."""
    await timed(kit, "r", closed_after_seconds=60)
    await seat(kit, "r", Transport("a"), Transport("b"))
    witness = Witness(kit).on("room_closed").hook(HookTrigger.ON_ROOM_CLOSED)
    await clock.advance(5 * 3600)

    result = await say(kit, "a", "hello", room_id="r")

    assert (result.blocked, result.reason) == (True, "room_closed")
    assert (await kit.get_room("r")).status is RoomStatus.CLOSED
    assert sorted(witness.names) == ["on_room_closed", "room_closed"]
    with pytest.raises(RoomClosedError) as caught:
        await kit.send_event("r", "a", TextContent(body="hello"))
    assert caught.value.status == "closed"
    assert (await say(kit, "a", "hello")).room_id != "r"


async def test_event_sent_after_the_due_close_is_refused_with_the_reason(
    kit: RoomKit, clock: VirtualClock
) -> None:
    await timed(kit, "r", closed_after_seconds=60)
    await seat(kit, "r", Transport("a"), Transport("b"))
    await clock.advance(60)
    with pytest.raises(RoomClosedError, match="is closed"):
        await kit.send_event("r", "a", TextContent(body="hello"))


async def test_message_wakes_a_room_that_a_timer_has_paused(
    kit: RoomKit, clock: VirtualClock
) -> None:
    """And is processed at once."""
    await timed(kit, "r", inactive_after_seconds=60)
    b = Transport("b")
    await seat(kit, "r", Transport("a"), b)
    await clock.advance(60)
    await kit.check_all_timers()
    witness = Witness(kit).on("room_resumed")

    result = await say(kit, "a", "hello")

    assert (result.blocked, result.room_id) == (False, "r")
    assert b.texts == ["hello"]
    assert (await kit.get_room("r")).status is RoomStatus.ACTIVE
    assert [event.room_id for event in witness.of("room_resumed")] == ["r"]


async def test_paused_room_keeps_messages_until_it_is_resumed(kit: RoomKit, b: Transport) -> None:
    """An explicit pause holds back, in order, and loses nothing."""
    ai = Thinker("ai", lambda event, _: f"re: {text_of(event.content)}")
    await seat(kit, "r", ai)
    await say(kit, "a", "before")
    room = await kit.pause_room("r")
    assert (room.status, room.paused_by) == (RoomStatus.PAUSED, "request")
    witness = Witness(kit).hook(HookTrigger.AFTER_BROADCAST)

    results = [await say(kit, "a", f"held {number}", key=str(number)) for number in range(3)]
    assert [(result.blocked, result.reason) for result in results] == [(False, "room_paused")] * 3
    assert {result.event.status for result in results if result.event} == {EventStatus.PENDING}
    assert (await say(kit, "a", "held 0", key="0")).reason == "duplicate"
    assert b.texts == ["before", "re: before"]
    assert ai.texts == ["before"]
    assert witness.heard == []

    await kit.resume_room("r")

    held = [f"held {number}" for number in range(3)]
    assert [text for text in b.texts if text.startswith("held")] == held
    assert ai.texts == ["before", *held]
    assert [text for text in b.texts if text.startswith("re: held")] == [f"re: {x}" for x in held]
    events = [event for event in await timeline(kit) if event.type is EventType.MESSAGE]
    assert {event.status for event in events} == {EventStatus.DELIVERED}
    assert len(witness.heard) == 6


async def test_held_messages_are_not_history(kit: RoomKit, b: Transport) -> None:
    """What has not gone out is known to nobody."""
    ai = Thinker("ai")
    await seat(kit, "r", ai)
    await kit.pause_room("r")
    await say(kit, "a", "first")
    await say(kit, "a", "second")
    await kit.resume_room("r")
    assert ai.texts == ["first", "second"]
    assert [ai.remembered(turn) for turn in range(2)] == [[], ["first"]]


async def test_pausing_and_resuming_twice_does_nothing_more(kit: RoomKit, b: Transport) -> None:
    witness = Witness(kit).on("room_paused", "room_resumed")
    for _ in range(2):
        await kit.pause_room("r")
    for _ in range(2):
        await kit.resume_room("r")
    assert witness.names == ["room_paused", "room_resumed"]
    await say(kit, "a", "hello")
    assert b.texts == ["hello"]


async def test_answers_to_earlier_messages_are_held_too(kit: RoomKit, b: Transport) -> None:
    thinking, go_on = asyncio.Event(), asyncio.Event()

    async def answer(_event: RoomEvent, _context: object) -> str:
        thinking.set()
        await go_on.wait()
        return "answer"

    await seat(kit, "r", Thinker("ai", answer))
    call = asyncio.create_task(say(kit, "a", "question"))
    await thinking.wait()
    await kit.pause_room("r")
    go_on.set()
    await call
    assert b.texts == ["question"]
    await kit.resume_room("r")
    assert b.texts == ["question", "answer"]


async def test_blocked_and_hidden_stay_so_in_a_paused_room(kit: RoomKit, b: Transport) -> None:
    c = Transport("c")
    await seat(kit, "r", c)
    await kit.pause_room("r")
    await kit.send_event("r", "a", TextContent(body="for c"), visibility="c")
    await kit.mute("r", "a")
    await say(kit, "a", "muted")
    await kit.resume_room("r")
    assert (b.texts, c.texts) == ([], ["for c"])


async def by_timer(kit: RoomKit, clock: VirtualClock) -> None:
    await clock.advance(3600)
    await kit.check_all_timers()


async def by_late_message(kit: RoomKit, clock: VirtualClock) -> None:
    await clock.advance(3600)
    await say(kit, "a", "late", room_id="r")


ENDINGS: dict[str, Callable[[RoomKit, VirtualClock], Awaitable[object]]] = {
    "closed": lambda kit, _clock: kit.close_room("r"),
    "archived": lambda kit, _clock: kit.archive_room("r"),
    "timer": by_timer,
    "late message": by_late_message,
}


@pytest.mark.parametrize("ending", ENDINGS)
async def test_messages_that_are_still_held_when_the_room_ends_are_reported(
    kit: RoomKit, clock: VirtualClock, ending: str
) -> None:
    """They do not go out any more, and nobody has to guess so."""
    await timed(kit, "r", closed_after_seconds=60)
    b = Transport("b")
    await seat(kit, "r", Transport("a"), b)
    witness = Witness(kit).on("event_blocked", "room_closed", "room_archived")
    await kit.pause_room("r")
    held = [event_of(await say(kit, "a", f"held {number}", key=f"{number}")) for number in (0, 1)]

    await ENDINGS[ending](kit, clock)

    told = witness.of("event_blocked")
    assert [event.event_id for event in told] == [event.id for event in held]
    assert {event.data["reason"] for event in told} == {"room_closed"}
    assert len(witness.heard) == 3
    kept = [event for event in await timeline(kit) if event.type is EventType.MESSAGE]
    assert [event.id for event in kept] == [event.id for event in held]
    assert {event.status for event in kept} == {EventStatus.BLOCKED}
    assert {event.metadata["block_reason"] for event in kept} == {"room_closed"}
    assert b.texts == []


async def test_what_hooks_inject_is_held_back_too(kit: RoomKit, b: Transport) -> None:
    """A pause is a pause, also for the word that a hook puts in; the order stays."""

    @kit.hook(HookTrigger.BEFORE_BROADCAST)
    async def welcome(event: RoomEvent, _context: object) -> HookResult:
        text = f"about {text_of(event.content)}"
        injected = InjectedEvent(content=TextContent(body=text), target_channel_ids=["a", "b"])
        if text_of(event.content) == "rude":
            return HookResult.block("rude", injected_events=[injected])
        return HookResult.allow(injected_events=[injected])

    await kit.pause_room("r")
    for text in ("hello", "rude"):
        await say(kit, "a", text)
    assert b.texts == []
    await kit.resume_room("r")
    assert b.texts == ["hello", "about hello", "about rude"]


async def test_resuming_that_failed_half_way_can_be_repeated(
    make_kit: KitFactory, clock: VirtualClock
) -> None:
    store = FailingStore()
    kit = make_kit(store=store)
    b = Transport("b")
    await seat(kit, "r", Transport("a"), b)
    await kit.pause_room("r")
    for number in range(3):
        await say(kit, "a", f"{number}")
    store.failing = {"update_event": 1}
    with pytest.raises(ConnectionError):
        await kit.resume_room("r")
    await kit.resume_room("r")
    assert b.texts == ["0", "1", "2"]


async def test_message_that_is_deleted_while_it_is_held_is_never_seen(
    kit: RoomKit, b: Transport
) -> None:
    await kit.pause_room("r")
    held = event_of(await say(kit, "a", "I take that back"))
    await say(kit, "a", DeleteContent(target_event_id=held.id))
    await kit.resume_room("r")
    assert "I take that back" not in b.texts


async def test_timers_can_be_set_later_and_count_from_the_last_message(
    kit: RoomKit, b: Transport, clock: VirtualClock
) -> None:
    await say(kit, "a", "hello")
    await clock.advance(200)
    room = await kit.update_room_metadata("r", {"timers": MINUTES_5, "topic": "billing"})
    assert room.timers.inactive_after_seconds == 300
    assert room.metadata == {"topic": "billing"}
    await clock.advance(100)
    assert (await kit.check_room_timers("r")).status is RoomStatus.PAUSED


async def test_changed_timers_remember_the_last_message(
    kit: RoomKit, b: Transport, clock: VirtualClock
) -> None:
    await kit.update_room_metadata("r", {"timers": RoomTimers(closed_after_seconds=60)})
    await say(kit, "a", "hello")
    spoken = clock.now()
    await clock.advance(5)
    room = await kit.update_room_metadata("r", {"timers": {"inactive_after_seconds": 300}})
    assert room.timers == RoomTimers(inactive_after_seconds=300, last_activity_at=spoken)


@pytest.mark.parametrize(("broken", "raised"), [(["1"], OSError), (["0", "2"], ExceptionGroup)])
async def test_a_room_that_cannot_be_paused_does_not_keep_others_from_it(
    make_kit: KitFactory, clock: VirtualClock, broken: list[str], raised: type[Exception]
) -> None:
    class Store(InMemoryStore):
        async def update_room(self, room: Room) -> Room:
            if room.id in broken:
                raise OSError("the disk is full")
            return await super().update_room(room)

    kit = make_kit(store=Store())
    for number in range(4):
        await timed(kit, str(number), inactive_after_seconds=60)
    await clock.advance(60)
    with pytest.raises(raised):
        await kit.check_all_timers()
    paused = await kit.store.find_rooms(status=RoomStatus.PAUSED)
    assert [room.id for room in paused] == [one for one in "0123" if one not in broken]
