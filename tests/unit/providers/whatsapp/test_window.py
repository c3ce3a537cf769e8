"""When people last wrote, as far as is known."""

from __future__ import annotations

from datetime import timedelta

from roomkit.providers.whatsapp.window import ServiceWindows
from roomkit.testing.clock import VirtualClock

ADA = "+16505551234"


async def test_a_day_from_the_last_message() -> None:
    clock = VirtualClock()
    windows = ServiceWindows(clock)
    assert not windows.is_closed(ADA)
    windows.open("1 650 555 1234")
    await clock.advance(86399)
    assert not windows.is_closed(ADA)
    await clock.advance(1)
    assert windows.is_closed(ADA)
    assert not windows.is_closed("US.1")


async def test_an_older_message_closes_nothing() -> None:
    clock = VirtualClock()
    windows = ServiceWindows(clock)
    windows.open(ADA)
    windows.open(ADA, clock.now() - timedelta(days=2))
    assert not windows.is_closed(ADA)


async def test_a_message_from_the_future_counts_from_now() -> None:
    clock = VirtualClock()
    windows = ServiceWindows(clock)
    windows.open(ADA, clock.now() + timedelta(days=365))
    await clock.advance(86400)
    assert windows.is_closed(ADA)


async def test_whoever_writes_again_may_be_answered_again() -> None:
    clock = VirtualClock()
    windows = ServiceWindows(clock)
    windows.close(ADA)
    assert windows.is_closed(ADA)
    windows.open(ADA)
    assert not windows.is_closed(ADA)


def test_memory_is_bounded() -> None:
    windows = ServiceWindows(VirtualClock())
    for number in range(50_010):
        windows.open(f"+1650{number:07}")
    assert len(windows) == 50_000
