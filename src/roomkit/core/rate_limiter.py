"""Keeping to a number of messages per second, minute or hour."""

from __future__ import annotations

import asyncio
from collections import deque

from roomkit._clock import SYSTEM_CLOCK, Clock
from roomkit.models.channel import RateLimit

__all__ = ["TokenBucketRateLimiter"]

_ROUNDING_SECONDS = 1e-6


class _Bucket:
    """A token bucket, kept as the one moment at which it will be full again.

    Every token taken moves that moment on by one `interval`. A message may pass while the bucket
    lacks less than its size, that is while the moment is at most ``(size - 1) * interval`` ahead.
    """

    __slots__ = ("full_at", "interval", "size", "waiting_size")

    def __init__(self, interval: float, size: int, waiting_size: int) -> None:
        self.interval = interval
        self.size = size
        self.waiting_size = waiting_size
        self.full_at = float("-inf")

    def delay(self, now: float, size: int) -> float:
        return self.full_at - (size - 1) * self.interval - now

    def take(self, now: float) -> None:
        self.full_at = max(self.full_at, now) + self.interval


class TokenBucketRateLimiter:
    """Token buckets for the limits of a `RateLimit`; a message needs a token from each.

    Two ways to ask share them. `try_acquire` refuses what is too much, and lets the whole amount
    of a unit pass back to back: with ``max_per_second=10`` the eleventh message of a burst is
    refused. `acquire` waits instead, and spaces out what is limited per second: with
    ``max_per_second=10`` it lets one message pass every 0.1 s. Limits per minute and per hour are
    quotas to both: they may be used up at once and refill steadily, so that a window that begins
    with a full bucket sees up to twice the amount.

    Args:
        rate_limit: the limits; None, or one without any, lets everything pass.
        burst: how many may pass back to back, for every limit and both ways of asking. With 1 no
            window ever sees more than the amount.
        clock: where time comes from.
    """

    def __init__(
        self,
        rate_limit: RateLimit | None,
        *,
        burst: int | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        if burst is not None and burst < 1:
            raise ValueError("burst must be at least 1")
        self._clock = clock
        self._buckets = _buckets(rate_limit or RateLimit(), burst)
        self._line: deque[asyncio.Future[None]] = deque()

    def try_acquire(self) -> bool:
        """Take a token if there is one and nobody waits for it."""
        if not self._buckets:
            return True
        now = self._clock.monotonic()
        if self._line or any(
            bucket.delay(now, bucket.size) > _ROUNDING_SECONDS for bucket in self._buckets
        ):
            return False
        self._take(now)
        return True

    async def acquire(self) -> None:
        """Wait for a token; first come, first served.

        A caller that is cancelled takes none, and those behind it move up.
        """
        if not self._buckets:
            return
        now = self._clock.monotonic()
        if not self._line and self._delay(now) <= 0:
            self._take(now)
            return
        turn = asyncio.get_running_loop().create_future()
        self._line.append(turn)
        try:
            if self._line[0] is not turn:
                await turn
            await self._wait_and_take()
        finally:
            self._line.remove(turn)
            if self._line and not self._line[0].done():
                self._line[0].set_result(None)

    async def _wait_and_take(self) -> None:
        now = self._clock.monotonic()
        delay = self._delay(now)
        if delay > 0:
            await self._clock.sleep(delay)
            # Timers may be early by their resolution; the token counts from when it was due.
            now = max(now + delay, self._clock.monotonic())
        self._take(now)

    def _delay(self, now: float) -> float:
        return max(bucket.delay(now, bucket.waiting_size) for bucket in self._buckets)

    def _take(self, now: float) -> None:
        for bucket in self._buckets:
            bucket.take(now)


def _buckets(rate_limit: RateLimit, burst: int | None) -> tuple[_Bucket, ...]:
    limits = (
        (rate_limit.max_per_second, 1.0, 1),
        (rate_limit.max_per_minute, 60.0, None),
        (rate_limit.max_per_hour, 3600.0, None),
    )
    buckets = []
    for amount, unit, pace in limits:
        if amount is not None:
            size = burst or max(1, int(amount))
            buckets.append(_Bucket(unit / amount, size, burst or pace or size))
    return tuple(buckets)
