"""Limits per second, minute and hour: refusing what is too much, or waiting for one's turn."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roomkit.core.rate_limiter import TokenBucketRateLimiter
from roomkit.models.channel import RateLimit
from roomkit.testing import VirtualClock


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


async def grants(clock: VirtualClock, limiter: TokenBucketRateLimiter, count: int) -> list[float]:
    """When each of `count` callers that came together got through."""
    times: list[float] = []

    async def caller() -> None:
        await limiter.acquire()
        times.append(round(clock.monotonic(), 3))

    async with clock.auto():
        await asyncio.gather(*(caller() for _ in range(count)))
    return times


def test_the_eleventh_of_a_burst_is_refused(clock: VirtualClock) -> None:
    limiter = TokenBucketRateLimiter(RateLimit(max_per_second=10), clock=clock)
    assert [limiter.try_acquire() for _ in range(12)] == [True] * 10 + [False] * 2


async def test_tokens_come_back_one_by_one(clock: VirtualClock) -> None:
    limiter = TokenBucketRateLimiter(RateLimit(max_per_second=10), clock=clock)
    while limiter.try_acquire():
        pass
    await clock.advance(0.2)
    assert [limiter.try_acquire() for _ in range(3)] == [True, True, False]


async def test_a_long_rest_saves_up_no_more_than_the_amount(clock: VirtualClock) -> None:
    limiter = TokenBucketRateLimiter(RateLimit(max_per_second=2), clock=clock)
    await clock.advance(3600)
    assert [limiter.try_acquire() for _ in range(3)] == [True, True, False]


def test_less_than_one_a_second_still_lets_one_pass(clock: VirtualClock) -> None:
    limiter = TokenBucketRateLimiter(RateLimit(max_per_second=0.5), clock=clock)
    assert [limiter.try_acquire(), limiter.try_acquire()] == [True, False]


async def test_waiting_spaces_messages_out(clock: VirtualClock) -> None:
    limiter = TokenBucketRateLimiter(RateLimit(max_per_second=10), clock=clock)
    assert await grants(clock, limiter, 4) == [0, 0.1, 0.2, 0.3]


async def test_every_limit_applies(clock: VirtualClock) -> None:
    limiter = TokenBucketRateLimiter(RateLimit(max_per_second=1, max_per_minute=3), clock=clock)
    assert await grants(clock, limiter, 5) == [0, 1, 2, 20, 40]


def test_every_limit_applies_to_refusals_too(clock: VirtualClock) -> None:
    limiter = TokenBucketRateLimiter(RateLimit(max_per_second=5, max_per_hour=2), clock=clock)
    assert [limiter.try_acquire() for _ in range(3)] == [True, True, False]


async def test_a_quota_per_hour_may_be_used_at_once(clock: VirtualClock) -> None:
    limiter = TokenBucketRateLimiter(RateLimit(max_per_hour=3), clock=clock)
    assert await grants(clock, limiter, 4) == [0, 0, 0, 1200]


async def test_a_burst_of_one_paces_every_limit(clock: VirtualClock) -> None:
    limiter = TokenBucketRateLimiter(RateLimit(max_per_minute=3), burst=1, clock=clock)
    assert await grants(clock, limiter, 4) == [0, 20, 40, 60]


async def test_a_larger_burst_lets_waiters_pass_together(clock: VirtualClock) -> None:
    limiter = TokenBucketRateLimiter(RateLimit(max_per_second=10), burst=3, clock=clock)
    assert await grants(clock, limiter, 5) == [0, 0, 0, 0.1, 0.2]


@pytest.mark.parametrize("rate_limit", [None, RateLimit()])
async def test_without_a_limit_everything_passes(
    clock: VirtualClock, rate_limit: RateLimit | None
) -> None:
    limiter = TokenBucketRateLimiter(rate_limit, clock=clock)
    assert all(limiter.try_acquire() for _ in range(1000))
    assert await grants(clock, limiter, 3) == [0, 0, 0]


async def test_first_come_first_served(clock: VirtualClock) -> None:
    limiter = TokenBucketRateLimiter(RateLimit(max_per_second=1), clock=clock)
    order: list[int] = []

    async def caller(number: int) -> None:
        await limiter.acquire()
        order.append(number)

    async with clock.auto():
        await asyncio.gather(*(caller(number) for number in range(5)))
    assert order == [0, 1, 2, 3, 4]


async def test_nobody_jumps_the_queue(clock: VirtualClock) -> None:
    limiter = TokenBucketRateLimiter(RateLimit(max_per_second=10), clock=clock)
    await limiter.acquire()
    waiter = asyncio.create_task(limiter.acquire())
    await clock.settle()
    assert not limiter.try_acquire()
    await clock.advance(0.1)
    await waiter


async def test_a_cancelled_waiter_takes_no_token_and_others_move_up(clock: VirtualClock) -> None:
    limiter = TokenBucketRateLimiter(RateLimit(max_per_second=1), clock=clock)
    await limiter.acquire()
    head, middle, last = (asyncio.create_task(limiter.acquire()) for _ in range(3))
    await clock.advance(0.5)
    head.cancel()
    middle.cancel()
    await clock.advance(0.5)
    assert (head.cancelled(), middle.cancelled(), last.done()) == (True, True, True)


async def test_an_impatient_caller_costs_nothing(clock: VirtualClock) -> None:
    limiter = TokenBucketRateLimiter(RateLimit(max_per_second=1), clock=clock)
    await limiter.acquire()
    async with clock.auto():
        for _ in range(3):
            with pytest.raises(TimeoutError):
                async with clock.timeout(0.25):
                    await limiter.acquire()
        await limiter.acquire()
    assert clock.monotonic() == pytest.approx(1)


def test_a_burst_needs_room_for_one() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        TokenBucketRateLimiter(RateLimit(max_per_second=1), burst=0)


def test_it_serves_one_event_loop_after_another() -> None:
    limiter = TokenBucketRateLimiter(RateLimit(max_per_second=1000))

    async def three() -> None:
        await asyncio.gather(*(limiter.acquire() for _ in range(3)))

    asyncio.run(three())
    asyncio.run(three())


@given(
    st.integers(1, 20),
    st.integers(1, 5),
    st.lists(st.floats(0, 2), min_size=1, max_size=60),
)
def test_a_window_sees_at_most_the_burst_and_what_refills_meanwhile(
    amount: int, burst: int, pauses: list[float]
) -> None:
    async def story() -> None:
        clock = VirtualClock(settle_rounds=1)
        limit = RateLimit(max_per_second=amount)
        limiter = TokenBucketRateLimiter(limit, burst=burst, clock=clock)
        granted: list[float] = []
        for pause in pauses:
            await clock.advance(pause)
            granted += [clock.monotonic() for _ in range(amount + 5) if limiter.try_acquire()]
        for moment in granted:
            in_window = [other for other in granted if moment <= other < moment + 0.999]
            assert len(in_window) < amount + burst

    asyncio.run(story())
