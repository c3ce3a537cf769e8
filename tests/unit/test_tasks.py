"""Coroutines with an owner and a bound."""

from __future__ import annotations

import asyncio
import logging

import pytest

from roomkit._tasks import (
    DeadlineExceededError,
    StrayCancellationError,
    TaskScope,
    bounded,
    is_failure,
)
from roomkit.testing import VirtualClock


async def stray(*, after_a_wait: bool) -> None:
    """Ends as cancelled although nobody cancels it."""
    gone = asyncio.get_running_loop().create_future()
    if after_a_wait:
        await asyncio.sleep(0)
    gone.cancel()
    await gone


async def test_time_that_runs_out_is_told_from_a_timeout_inside() -> None:
    clock = VirtualClock()

    async def fails() -> None:
        await asyncio.sleep(0)
        raise TimeoutError("the vendor's")

    with pytest.raises(TimeoutError, match="the vendor's") as caught:
        await bounded(clock, 5, fails())
    assert not isinstance(caught.value, DeadlineExceededError)
    async with clock.auto():
        with pytest.raises(DeadlineExceededError):
            await bounded(clock, 5, clock.sleep(60))
    assert clock.monotonic() == pytest.approx(5)


async def test_no_timer_is_set_for_what_never_waits() -> None:
    clock = VirtualClock()

    async def at_once() -> int:
        assert clock.pending == 0
        return 7

    assert await bounded(clock, 5, at_once()) == 7


@pytest.mark.parametrize("after_a_wait", [False, True])
async def test_stray_cancellation_is_a_failure(after_a_wait: bool) -> None:
    with pytest.raises(StrayCancellationError):
        await bounded(VirtualClock(), 5, stray(after_a_wait=after_a_wait))


@pytest.mark.parametrize("seconds", [5, None])
async def test_real_cancellation_passes(seconds: float | None) -> None:
    clock = VirtualClock()
    task = asyncio.create_task(bounded(clock, seconds, asyncio.Event().wait()))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert clock.pending == 0


async def test_failures_are_told_from_the_end() -> None:
    assert is_failure(ValueError())
    assert is_failure(asyncio.CancelledError())
    assert not is_failure(KeyboardInterrupt())

    async def cancelled() -> bool:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError as error:
            return is_failure(error)
        return True

    task = asyncio.create_task(cancelled())
    await asyncio.sleep(0)
    task.cancel()
    assert await task is False


async def test_scope_reports_what_nobody_waits_for(caplog: pytest.LogCaptureFixture) -> None:
    async def fails(*, late: bool) -> None:
        if late:
            await asyncio.sleep(0)
        raise ValueError("no")

    scope = TaskScope("test")
    for late in (False, True):
        scope.spawn(fails(late=late), name=f"late {late}")
        awaited = scope.spawn(fails(late=late), name="awaited", awaited=True)
        with pytest.raises(ValueError, match="no"):
            await awaited
    await asyncio.sleep(0)
    reports = [record.getMessage() for record in caplog.records]
    for late, report in zip((False, True), reports, strict=True):
        assert report.startswith(f"task late {late} of test failed: ValueError at test_tasks.py:")
    assert len(scope) == 0


async def test_scope_ends_what_does_not_end_by_itself(caplog: pytest.LogCaptureFixture) -> None:
    scope = TaskScope("test")
    stubborn_ends = asyncio.Event()

    async def leaves_another_behind() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            scope.spawn(asyncio.Event().wait(), name="left behind")

    async def stubborn() -> None:
        while not stubborn_ends.is_set():
            try:
                await stubborn_ends.wait()
            except asyncio.CancelledError:
                continue

    first = scope.spawn(leaves_another_behind(), name="first")
    with caplog.at_level(logging.WARNING):
        await scope.close(drain_seconds=0.02)
    assert first.cancelled()
    assert len(scope) == 0
    # One that refuses to end does not keep the others from it, nor the caller.
    refusing = scope.spawn(stubborn(), name="stubborn")
    second = scope.spawn(asyncio.Event().wait(), name="second")
    await scope.close(drain_seconds=0.02)
    assert second.cancelled()
    assert not refusing.done()
    stubborn_ends.set()
    await refusing
