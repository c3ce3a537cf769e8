"""Hooks that raise, hang or return junk: what that means is decided where they are registered."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from roomkit import (
    EventStatus,
    HookResult,
    HookTrigger,
    RoomContext,
    RoomEvent,
    RoomKit,
)
from roomkit.testing import VirtualClock
from tests.helpers import say
from tests.scenarios.actors import Transport, Witness, seat
from tests.scenarios.conftest import KitFactory

BEFORE = HookTrigger.BEFORE_BROADCAST


@pytest.fixture
async def b(kit: RoomKit) -> Transport:
    """The other channel of a room with `a` in it."""
    channel = Transport("b")
    await seat(kit, "r", Transport("a"), channel)
    return channel


def raises(_event: RoomEvent, _context: RoomContext) -> HookResult:
    raise ValueError("no")


async def awaits_something_cancelled(_event: RoomEvent, _context: RoomContext) -> HookResult:
    gone = asyncio.get_running_loop().create_future()
    gone.cancel()
    await gone
    return HookResult.allow()


def junk(value: object) -> Callable[[RoomEvent, RoomContext], object]:
    def hook(_event: RoomEvent, _context: RoomContext) -> object:
        return value

    return hook


def invalid(_event: RoomEvent, _context: RoomContext) -> HookResult:
    return HookResult.modify(_event.model_copy(update={"content": "not a content"}))


FAILING = {
    "raises": raises,
    "cancelled": awaits_something_cancelled,
    "text": junk("block"),
    "false": junk(False),
    "event": junk(EventStatus.BLOCKED),
    "invalid": invalid,
}


@pytest.mark.parametrize("failing", FAILING)
@pytest.mark.parametrize("on_error", ["allow", "block"])
async def test_registration_decides_what_a_failure_means(
    kit: RoomKit, b: Transport, failing: str, on_error: Any
) -> None:
    """It raised, or returned junk."""
    later: list[str] = []
    witness = Witness(kit).on("hook_error")
    kit.hook(BEFORE, name="broken", on_error=on_error)(FAILING[failing])
    kit.hook(BEFORE, name="later")(lambda event, _context: later.append(event.id))

    result = await say(kit, "a", "hello")

    assert [error.hook for error in result.hook_errors] == ["broken"]
    assert [event.data["hook"] for event in witness.of("hook_error")] == ["broken"]
    if on_error == "allow":
        assert b.texts == ["hello"]
        assert len(later) == 1
    else:
        assert (result.blocked, result.reason) == (True, "hook_failed")
        assert result.event is not None
        assert result.event.blocked_by == "broken"
        assert b.texts == later == []


@pytest.mark.parametrize("on_error", ["allow", "block"])
async def test_slow_hook_is_a_failed_hook(
    kit: RoomKit, b: Transport, clock: VirtualClock, on_error: Any
) -> None:
    ended: list[str] = []

    @kit.hook(BEFORE, timeout=0.05, name="slow", on_error=on_error)
    async def slow(_event: RoomEvent, _context: RoomContext) -> HookResult:
        try:
            await clock.sleep(60)
        finally:
            ended.append("cancelled")
        return HookResult.allow()

    async with clock.auto():
        result = await say(kit, "a", "hello")
    assert ended == ["cancelled"]
    assert clock.monotonic() == pytest.approx(0.05)
    assert result.blocked == (on_error == "block")
    assert [error.hook for error in result.hook_errors] == ["slow"]


@pytest.mark.parametrize(("seconds", "failed"), [(29, False), (31, True)])
async def test_hook_has_half_a_minute_by_default(
    make_kit: KitFactory, clock: VirtualClock, seconds: float, failed: bool
) -> None:
    kit = make_kit(process_timeout=60)
    await seat(kit, "r", Transport("a"))

    @kit.hook(BEFORE)
    async def hook(_event: RoomEvent, _context: RoomContext) -> None:
        await clock.sleep(seconds)

    async with clock.auto():
        result = await say(kit, "a", "hello")
    assert bool(result.hook_errors) == failed
