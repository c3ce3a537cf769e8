"""Trying again: how often, how long to wait, and when not to."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from roomkit.core.retry import backoff_delay, retry_with_backoff
from roomkit.errors import DeliveryError, ProviderError, RoomNotFoundError
from roomkit.models.channel import RetryPolicy
from roomkit.testing import VirtualClock


class Flaky:
    """Raises what it was given, one after the other, then succeeds."""

    def __init__(self, *errors: BaseException) -> None:
        self.errors = list(errors)
        self.calls = 0

    async def __call__(self) -> str:
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return "done"


async def waited(fn: Callable[[], Awaitable[str]], policy: RetryPolicy) -> tuple[str, float]:
    """What came out, and how many seconds it took."""
    clock = VirtualClock()
    async with clock.auto():
        result = await retry_with_backoff(fn, policy, clock=clock)
    return result, clock.monotonic()


async def test_success_at_once_waits_for_nothing() -> None:
    assert await waited(Flaky(), RetryPolicy()) == ("done", 0)


async def test_a_flaky_function_succeeds_in_the_end() -> None:
    fn = Flaky(OSError(), OSError())
    assert await waited(fn, RetryPolicy(max_retries=3)) == ("done", 1 + 2)
    assert fn.calls == 3


async def test_delays_double_and_go_through_asyncio_sleep(monkeypatch: pytest.MonkeyPatch) -> None:
    sleeps: list[float] = []

    async def record(seconds: float) -> None:
        sleeps.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", record)
    with pytest.raises(OSError, match="4"):
        await retry_with_backoff(Flaky(*(OSError(str(n)) for n in range(1, 9))), RetryPolicy())
    assert sleeps == [1, 2, 4]


async def test_the_last_error_is_raised() -> None:
    fn = Flaky(OSError("first"), OSError("second"), OSError("third"))
    with pytest.raises(OSError, match="second"):
        await waited(fn, RetryPolicy(max_retries=1))
    assert fn.calls == 2


async def test_no_retries_means_one_attempt() -> None:
    fn = Flaky(OSError())
    with pytest.raises(OSError):
        await waited(fn, RetryPolicy(max_retries=0))
    assert fn.calls == 1


@pytest.mark.parametrize(
    "error",
    [ProviderError("bad number"), DeliveryError("no"), RoomNotFoundError("r")],
    ids=lambda error: type(error).__name__,
)
async def test_what_cannot_succeed_is_not_tried_again(error: Exception) -> None:
    fn = Flaky(error)
    with pytest.raises(type(error)):
        await waited(fn, RetryPolicy(max_retries=3))
    assert fn.calls == 1


async def test_a_retryable_error_is_tried_again() -> None:
    fn = Flaky(ProviderError("busy", retryable=True))
    assert await waited(fn, RetryPolicy()) == ("done", 1)


@pytest.mark.parametrize(
    ("asked", "expected"), [(0.5, 1), (7, 7), (600, 30)], ids=["sooner", "later", "too late"]
)
async def test_the_vendors_wish_is_a_lower_bound_up_to_the_longest_delay(
    asked: float, expected: float
) -> None:
    fn = Flaky(DeliveryError("slow down", retryable=True, retry_after=asked))
    assert await waited(fn, RetryPolicy(max_delay_seconds=30)) == ("done", expected)


async def test_jitter_waits_a_random_part_of_the_delay() -> None:
    clock = VirtualClock()
    shares = iter([0.5, 0.25])
    async with clock.auto():
        await retry_with_backoff(
            Flaky(OSError(), OSError()),
            RetryPolicy(),
            jitter=True,
            clock=clock,
            rng=lambda: next(shares),
        )
    assert clock.monotonic() == 0.5 * 1 + 0.25 * 2


async def test_jitter_does_not_shorten_what_the_vendor_asked_for() -> None:
    clock = VirtualClock()
    error = DeliveryError("slow down", retryable=True, retry_after=3)
    async with clock.auto():
        await retry_with_backoff(
            Flaky(error), RetryPolicy(), jitter=True, clock=clock, rng=lambda: 0.0
        )
    assert clock.monotonic() == 3


async def test_cancellation_is_never_an_attempt_that_failed() -> None:
    fn = Flaky(asyncio.CancelledError())
    with pytest.raises(asyncio.CancelledError):
        await waited(fn, RetryPolicy())
    assert fn.calls == 1


async def test_cancelling_ends_the_wait_between_attempts() -> None:
    clock = VirtualClock()
    task = asyncio.create_task(retry_with_backoff(Flaky(OSError()), RetryPolicy(), clock=clock))
    await clock.settle()
    task.cancel()
    await asyncio.wait({task})
    assert task.cancelled()
    assert clock.pending == 0


def test_delays_are_capped() -> None:
    policy = RetryPolicy(base_delay_seconds=1, max_delay_seconds=10, exponential_base=3)
    assert [backoff_delay(policy, attempt) for attempt in range(4)] == [1, 3, 9, 10]


def test_a_delay_too_large_for_a_number_is_the_longest() -> None:
    assert backoff_delay(RetryPolicy(max_delay_seconds=60), 5000) == 60
