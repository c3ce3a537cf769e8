"""Hooks that raise, hang or return junk: what that means is decided where they are registered."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from roomkit import (
    EventStatus,
    HookExecution,
    HookResult,
    HookTrigger,
    MockIdentityResolver,
    RoomContext,
    RoomEvent,
    RoomKit,
)
from roomkit.channels.base import text_of
from roomkit.testing import VirtualClock
from tests.helpers import event_of, say
from tests.scenarios.actors import Transport, Witness, said, seat
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
    assert [(failed.hook, failed.error) for failed in result.hook_errors] == [
        ("slow", "DeadlineExceededError: not done within 0.05 s")
    ]


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


@pytest.mark.parametrize("place", ["gate", "observer", "handler", "identity"])
async def test_what_a_failure_quotes_does_not_get_into_the_log(
    make_kit: KitFactory, caplog: pytest.LogCaptureFixture, place: str
) -> None:
    """The log says what was raised and where; the words are the customer's."""
    kit = make_kit(identity_resolver=MockIdentityResolver())
    await seat(kit, "r", Transport("a"), Transport("b"))

    def fails(*_arguments: object) -> None:
        raise ValueError("cannot parse 'my card is 4111 xyzzy'")

    match place:
        case "gate":
            kit.hook(BEFORE)(fails)
        case "observer":
            kit.hook(HookTrigger.AFTER_BROADCAST, HookExecution.ASYNC)(fails)
        case "handler":
            kit.on("event_processed")(fails)
        case _:
            kit.identity_hook(HookTrigger.ON_IDENTITY_UNKNOWN)(fails)
    await say(kit, "a", "my card is 4111 xyzzy")

    (record,) = [one for one in caplog.records if one.name.startswith("roomkit")]
    assert "ValueError at" in caplog.text
    assert f"{Path(__file__).name}:" in record.getMessage()
    assert "xyzzy" not in caplog.text


@pytest.mark.parametrize("body", [None, 5, ["x"]], ids=str)
async def test_text_that_a_hook_has_broken_is_not_stored(
    kit: RoomKit, b: Transport, body: Any
) -> None:
    """`model_copy` takes everything; the room does not."""

    @kit.hook(BEFORE)
    async def redact(event: RoomEvent, _context: RoomContext) -> HookResult:
        content = event.content.model_copy(update={"body": body})
        return HookResult.modify(event.model_copy(update={"content": content}))

    result = await say(kit, "a", "hello")
    assert [failure.hook for failure in result.hook_errors] == ["redact"]
    assert b.texts == await said(kit) == ["hello"]


async def test_what_a_hook_writes_is_cleaned(kit: RoomKit, b: Transport) -> None:
    """Text that no database and no client could read."""

    @kit.hook(BEFORE)
    async def redact(event: RoomEvent, _context: RoomContext) -> HookResult:
        content = event.content.model_copy(update={"body": "a\x00b\ud83d"})
        changed = event.model_copy(update={"content": content})
        if text_of(event.content) == "rude":
            return HookResult.block("\ud83d\x00")
        return HookResult.modify(changed)

    for text in ("hello", "rude"):
        result = await say(kit, "a", text)
        assert not result.hook_errors
        stored = event_of(result).model_dump_json()
        assert "\\u0000" not in stored
    assert b.texts == ["a\ufffdb\ufffd"]
