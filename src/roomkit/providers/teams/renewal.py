"""Values that are fetched when they are needed and kept for a while."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from roomkit._clock import Clock


class Renewed[T]:
    """A value that somebody else gives out for a limited time.

    Whoever asks while it is being fetched waits for that one request. If it fails, or its caller
    is cancelled, the next in line tries.

    Args:
        fetch: gets the value, and how many seconds it is good for.
    """

    def __init__(self, fetch: Callable[[], Awaitable[tuple[T, float]]], clock: Clock) -> None:
        self._fetch = fetch
        self._clock = clock
        self._value: T | None = None
        self._fetched_at = 0.0
        self._expires_at = 0.0
        self._lock: tuple[asyncio.AbstractEventLoop, asyncio.Lock] | None = None

    @property
    def known(self) -> T | None:
        """The value if it is still good."""
        return self._value if self._clock.monotonic() < self._expires_at else None

    @property
    def age(self) -> float:
        """Seconds since the value was fetched."""
        return self._clock.monotonic() - self._fetched_at

    async def get(self) -> T:
        """The value, fetched anew if it is not good any more. Raises what the fetching raises."""
        known = self.known
        return known if known is not None else await self.renew(None)

    async def renew(self, known: T | None) -> T:
        """A value other than `known`, which is of no use; whoever asks next gets it too."""
        async with self._turn():
            current = self.known
            if current is not None and current is not known:
                return current
            value, seconds = await self._fetch()
            self._value = value
            self._fetched_at = self._clock.monotonic()
            self._expires_at = self._fetched_at + seconds
            return value

    def _turn(self) -> asyncio.Lock:
        """A lock belongs to a loop, and a provider may outlive one."""
        loop = asyncio.get_running_loop()
        if self._lock is None or self._lock[0] is not loop:
            self._lock = (loop, asyncio.Lock())
        return self._lock[1]
