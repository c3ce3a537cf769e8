"""Trying again, less and less eagerly."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable

from roomkit._clock import SYSTEM_CLOCK, Clock
from roomkit.models.channel import RetryPolicy

__all__ = ["backoff_delay", "retry_with_backoff"]


def backoff_delay(policy: RetryPolicy, attempt: int) -> float:
    """Seconds to wait after failed attempt number `attempt`, counted from 0."""
    try:
        delay = policy.base_delay_seconds * policy.exponential_base**attempt
    except OverflowError:
        return policy.max_delay_seconds
    return min(delay, policy.max_delay_seconds)


async def retry_with_backoff[T](
    fn: Callable[[], Awaitable[T]],
    policy: RetryPolicy,
    *,
    jitter: bool = False,
    clock: Clock = SYSTEM_CLOCK,
    rng: Callable[[], float] = random.random,
) -> T:
    """Call `fn` until it succeeds, up to ``1 + policy.max_retries`` times.

    An exception with a false ``retryable`` attribute, as RoomKit's own have, ends it at once;
    exceptions without that attribute are retried. One with a ``retry_after`` (seconds) is not
    retried sooner than that, though never later than ``policy.max_delay_seconds``. Cancellation
    always passes.

    Args:
        fn: the operation; called afresh for every attempt.
        policy: how often and how long.
        jitter: wait a random part of each delay, so that many who failed together do not come back
            together. A ``retry_after`` is kept in full.
        clock: where time comes from.
        rng: a random number from 0 up to 1, for `jitter`.

    Raises:
        Exception: what the last attempt raised.
    """
    attempt = 0
    while True:
        try:
            return await fn()
        except Exception as error:
            if attempt >= policy.max_retries or not getattr(error, "retryable", True):
                raise
            delay = _delay_after(error, policy, attempt, rng if jitter else None)
        await clock.sleep(delay)
        attempt += 1


def _delay_after(
    error: Exception, policy: RetryPolicy, attempt: int, rng: Callable[[], float] | None
) -> float:
    delay = backoff_delay(policy, attempt)
    if rng is not None:
        delay *= rng()
    retry_after = getattr(error, "retry_after", None)
    if isinstance(retry_after, int | float):
        delay = max(delay, min(retry_after, policy.max_delay_seconds))
    return delay
