"""What hooks see of the room, and what they add to it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from roomkit import (
    HookResult,
    HookTrigger,
    InjectedEvent,
    Observation,
    RoomContext,
    RoomEvent,
    RoomKit,
    Task,
    TextContent,
)
from roomkit.channels.base import text_of
from tests.helpers import say
from tests.scenarios.actors import Transport, seat, timeline

BEFORE = HookTrigger.BEFORE_BROADCAST


@pytest.fixture
async def b(kit: RoomKit) -> Transport:
    """The other channel of a room with `a` in it."""
    channel = Transport("b")
    await seat(kit, "r", Transport("a"), channel)
    return channel


EXTRAS: dict[str, Any] = {
    "injected_events": [InjectedEvent(content=TextContent(body="by the way"))],
    "tasks": [Task(title="call back")],
    "observations": [Observation(category="mood", content="angry", confidence=0.5)],
}


@pytest.mark.parametrize("decision", ["allow", "modify", "block"])
async def test_what_a_hook_adds_counts_whatever_it_decides(
    kit: RoomKit, b: Transport, decision: str
) -> None:
    a = kit.get_channel("a")
    assert isinstance(a, Transport)
    gated: list[str] = []

    @kit.hook(BEFORE)
    async def hook(event: RoomEvent, _context: RoomContext) -> HookResult:
        gated.append(text_of(event.content))
        if decision == "allow":
            return HookResult.allow(**EXTRAS)
        if decision == "modify":
            return HookResult.modify(event, **EXTRAS)
        return HookResult.block("no", **EXTRAS)

    result = await say(kit, "a", "hello")

    # Injected events go back to the sender's channel by default and pass no hooks themselves.
    assert gated == ["hello"]
    assert a.texts == ["by the way"]
    assert b.texts == ([] if decision == "block" else ["hello"])
    assert [task.title for task in await kit.list_tasks("r")] == ["call back"]
    (observation,) = await kit.list_observations("r")
    assert (observation.room_id, observation.confidence) == ("r", 0.5)
    assert result.tasks == await kit.list_tasks("r")
    assert result.observations == [observation]
    injected = (await timeline(kit))[-1]
    assert result.event is not None
    assert injected.parent_event_id == result.event.id
    assert injected.index == result.event.index + 1


async def test_injected_events_reach_their_targets_only(kit: RoomKit, b: Transport) -> None:
    a, c = kit.get_channel("a"), Transport("c")
    await seat(kit, "r", c)

    @kit.hook(BEFORE)
    async def hook(event: RoomEvent, _context: RoomContext) -> HookResult:
        note = InjectedEvent(content=TextContent(body="for c"), target_channel_ids=["c"])
        return HookResult.allow(injected_events=[note])

    await say(kit, "a", "hello")
    assert isinstance(a, Transport)
    assert (a.texts, b.texts, c.texts) == ([], ["hello"], ["hello", "for c"])


async def test_hook_sees_history_and_people_but_no_blocked_messages(
    kit: RoomKit, b: Transport
) -> None:
    seen: list[list[str]] = []

    @kit.hook(BEFORE)
    async def hook(event: RoomEvent, context: RoomContext) -> HookResult:
        seen.append([text_of(one.content) for one in context.recent_events])
        assert [binding.channel_id for binding in context.bindings] == ["a", "b"]
        assert [person.id for person in context.participants] == ["u"]
        assert context.room.event_count == 2 + len(seen) - 1
        return HookResult.block() if text_of(event.content) == "2" else HookResult.allow()

    for number in range(4):
        await say(kit, "a", str(number))
    assert seen == [[], ["0"], ["0", "1"], ["0", "1"]]


async def test_history_is_the_latest_fifty_messages(kit: RoomKit, b: Transport) -> None:
    for number in range(60):
        await say(kit, "a", str(number))
    seen: list[str] = []

    @kit.hook(BEFORE)
    async def hook(_event: RoomEvent, context: RoomContext) -> None:
        seen.extend(text_of(one.content) for one in context.recent_events)

    await say(kit, "a", "now")
    assert seen == [str(number) for number in range(10, 60)]


async def test_room_that_a_hook_writes_back_does_not_undo_anything(
    kit: RoomKit, b: Transport
) -> None:
    """Counters never go back, and the hook's own change survives."""

    @kit.hook(BEFORE)
    async def hook(_event: RoomEvent, context: RoomContext) -> None:
        stale = context.room.model_copy(
            update={
                "event_count": 0,
                "latest_index": 0,
                "metadata": {"phase": "intake"},
                "updated_at": datetime(2020, 1, 1, tzinfo=UTC),
            }
        )
        await kit.store.update_room(stale)

    for number in range(3):
        await say(kit, "a", str(number))
    room = await kit.get_room("r")
    assert (room.event_count, room.latest_index) == (5, 4)
    assert room.metadata == {"phase": "intake"}
    assert room.updated_at.year > 2020
