"""Fetching something once, however many ask for it at the same time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from roomkit._clock import Clock


class LoopLock:
    """A lock for an object that may outlive the event loop it was first used in."""

    def __init__(self) -> None:
        self._lock: tuple[asyncio.AbstractEventLoop, asyncio.Lock] | None = None

    def here(self) -> asyncio.Lock:
        """The lock of the running loop."""
        loop = asyncio.get_running_loop()
        if self._lock is None or self._lock[0] is not loop:
            self._lock = (loop, asyncio.Lock())
        return self._lock[1]


class Renewed[T]:
    """A value that somebody gives out for a limited time, fetched when it is needed.

    Whoever asks while it is being fetched waits for that one request. If it fails, or its caller
    is cancelled, the next in line tries.

    Args:
        fetch: gets the value, and how many seconds it is good for.
    """

    def __init__(self, fetch: Callable[[], Awaitable[tuple[T, float]]], clock: Clock) -> None:
        self._fetch = fetch
        self._clock = clock
        self._value: T | None = None
        self._expires_at = 0.0
        self._lock = LoopLock()

    async def get(self) -> T:
        """The value, fetched anew if it is not good any more. Raises what the fetching raises."""
        if (known := self._known()) is not None:
            return known
        async with self._lock.here():
            if (known := self._known()) is not None:
                return known
            self._value, seconds = await self._fetch()
            self._expires_at = self._clock.monotonic() + seconds
            return self._value

    def drop(self, value: T) -> None:
        """Use this value no more; does nothing if there is another one by now."""
        if self._value is value:
            self._value = None

    def _known(self) -> T | None:
        return self._value if self._clock.monotonic() < self._expires_at else None
