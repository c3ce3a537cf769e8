"""What the framework tells the host about itself."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from roomkit import FrameworkEvent, HookResult, HookTrigger, RoomKit, RoomTimers, WebSocketChannel
from roomkit.testing import VirtualClock
from tests.helpers import Inbox, say
from tests.scenarios.actors import Transport, Witness, seat, timeline
from tests.scenarios.conftest import KitFactory


@pytest.fixture
async def b(kit: RoomKit) -> Transport:
    """The other channel of a room with `a` in it."""
    channel = Transport("b")
    await seat(kit, "r", Transport("a"), channel)
    return channel


async def test_rooms(kit: RoomKit, clock: VirtualClock) -> None:
    witness = Witness(kit).on("room_created", "room_paused", "room_closed")
    await kit.create_room("r", timers=RoomTimers(inactive_after_seconds=1, closed_after_seconds=2))
    for _ in range(2):
        await clock.advance(1)
        await kit.check_all_timers()
    assert witness.names == ["room_created", "room_paused", "room_closed"]
    events: list[FrameworkEvent] = [payload for _, payload in witness.heard]
    assert {(event.room_id, event.data["room_id"]) for event in events} == {("r", "r")}
    assert events[0].timestamp < events[1].timestamp < events[2].timestamp == clock.now()
    assert events[1].data["paused_by"] == "timer"


async def test_channels_in_rooms(kit: RoomKit) -> None:
    """An update is no attachment."""
    witness = Witness(kit).on("room_channel_attached", "room_channel_detached")
    await seat(kit, "r", Transport("a"))
    await kit.attach_channel("r", "a")
    await kit.detach_channel("r", "a")
    assert witness.names == ["room_channel_attached", "room_channel_detached"]
    assert {payload.channel_id for _, payload in witness.heard} == {"a"}


async def test_messages(kit: RoomKit, b: Transport) -> None:
    witness = Witness(kit).on("event_processed", "event_blocked")
    kit.hook(HookTrigger.BEFORE_BROADCAST, name="no")(
        lambda event, _context: (
            HookResult.block("why") if event.content.body == "bad" else HookResult.allow()
        )
    )
    good = await say(kit, "a", "good")
    bad = await say(kit, "a", "bad")
    processed, blocked = (payload for _, payload in witness.heard)
    assert good.event is not None
    assert bad.event is not None
    assert (processed.event_id, processed.data["index"]) == (good.event.id, good.event.index)
    assert (blocked.event_id, blocked.data["blocked_by"], blocked.data["reason"]) == (
        bad.event.id,
        "no",
        "why",
    )


async def test_deliveries(kit: RoomKit, b: Transport) -> None:

    def fail(_event: object) -> None:
        raise RuntimeError("unreachable")

    witness = Witness(kit).on("delivery_succeeded", "delivery_failed", "broadcast_partial_failure")
    await seat(kit, "r", Transport("c"), Transport("d", fail))
    await say(kit, "a", "hello")
    assert [event.channel_id for event in witness.of("delivery_succeeded")] == ["b", "c"]
    (failed,) = witness.of("delivery_failed")
    assert (failed.data["channel_id"], failed.data["error"]) == ("d", "RuntimeError: unreachable")
    (partial,) = witness.of("broadcast_partial_failure")
    assert partial.data["failed"] == ["d"]


async def test_complete_failure_is_not_partial(kit: RoomKit) -> None:

    def fail(_event: object) -> None:
        raise RuntimeError("unreachable")

    await seat(kit, "r", Transport("a"), Transport("b", fail), Transport("c", fail))
    witness = Witness(kit).on("delivery_failed", "broadcast_partial_failure")
    await say(kit, "a", "hello")
    assert witness.names == ["delivery_failed"] * 2


async def test_connections(kit: RoomKit) -> None:
    await seat(kit, "r", WebSocketChannel("ws"))
    witness = Witness(kit).on("channel_connected", "channel_disconnected")
    inbox = Inbox()
    await kit.connect_websocket("ws", "c", inbox.receive)
    await kit.disconnect_websocket("ws", "c")
    await kit.disconnect_websocket("ws", "c")
    assert witness.names == ["channel_connected", "channel_disconnected"]
    assert {payload.data["connection_id"] for _, payload in witness.heard} == {"c"}


async def awaits_something_cancelled(_event: FrameworkEvent) -> None:
    gone = asyncio.get_running_loop().create_future()
    gone.cancel()
    await gone


def fails(_event: FrameworkEvent) -> None:
    raise ValueError("no")


@pytest.mark.parametrize("failing", [fails, awaits_something_cancelled])
@pytest.mark.parametrize("event_type", ["event_processed", "delivery_succeeded", "room_created"])
async def test_failing_handler_harms_nobody(kit: RoomKit, failing: Any, event_type: Any) -> None:
    """The others still hear, and the message path does not notice."""
    kit.on(event_type)(failing)
    witness = Witness(kit).on(event_type)
    b = Transport("b")
    await seat(kit, "r", Transport("a"), b)
    result = await say(kit, "a", "hello")
    assert (result.blocked, result.error, result.hook_errors) == (False, None, [])
    assert b.texts == ["hello"]
    assert len(witness.heard) == 1


async def test_handler_that_hangs_is_given_up(make_kit: KitFactory, clock: VirtualClock) -> None:
    kit = make_kit()
    b = Transport("b")
    await seat(kit, "r", Transport("a"), b)

    @kit.on("event_processed")
    async def hang(_event: FrameworkEvent) -> None:
        await asyncio.Event().wait()

    async with clock.auto():
        await say(kit, "a", "hello")
    assert b.texts == ["hello"]


async def test_handlers_run_in_order_and_may_be_of_any_kind(kit: RoomKit, b: Transport) -> None:
    heard: list[str] = []

    @kit.on("event_processed")
    async def first(_event: FrameworkEvent) -> None:
        await asyncio.sleep(0)
        heard.append("first")

    @kit.on("event_processed")
    def second(_event: FrameworkEvent) -> None:
        heard.append("second")

    await say(kit, "a", "hello")
    assert heard == ["first", "second"]


async def test_events_say_nothing_of_what_was_said(kit: RoomKit, b: Transport) -> None:
    """Ids and codes only."""
    heard: list[str] = []
    for event_type in ("event_processed", "event_blocked", "delivery_succeeded", "hook_error"):
        kit.on(event_type)(lambda event: heard.append(event.model_dump_json()))
    kit.hook(HookTrigger.BEFORE_BROADCAST)(
        lambda event, _context: (
            HookResult.block() if "bad" in event.content.body else HookResult.allow()
        )
    )
    await say(kit, "a", "MARKER")
    await say(kit, "a", "bad MARKER")
    assert heard
    assert not any("MARKER" in text for text in heard)


def test_unknown_type_is_refused_with_the_known_ones(kit: RoomKit) -> None:
    """A typing mistake must not become a handler that never runs."""
    with pytest.raises(ValueError, match="room_created"):
        kit.on("room_craeted")(print)  # type: ignore[arg-type]


async def test_no_event_changes_the_timeline(kit: RoomKit, b: Transport) -> None:
    rows = len(await timeline(kit))
    Witness(kit).on("event_processed", "delivery_succeeded")
    await say(kit, "a", "hello")
    assert len(await timeline(kit)) == rows + 1
