"""Where time comes from.

Nothing in RoomKit asks the operating system for the time or sleeps on its own: a `Clock` is passed
in, so that an hour of conversation can be tested in milliseconds with
`roomkit.testing.VirtualClock`.
"""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from types import TracebackType
from typing import Protocol


class Timeout(Protocol):
    """A bound on the time that the body of an ``async with`` may take; `asyncio.Timeout` is
    one."""

    async def __aenter__(self) -> object: ...

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> bool | None: ...

    def expired(self) -> bool:
        """Whether the time ran out, as opposed to the body raising `TimeoutError` by itself."""
        ...


class Clock(Protocol):
    """Wall time, elapsed time, and waiting."""

    def now(self) -> datetime:
        """The current time, timezone-aware (UTC)."""
        ...

    def monotonic(self) -> float:
        """Seconds since an arbitrary moment; never goes back."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait. Zero or less gives other tasks one turn."""
        ...

    def timeout(self, seconds: float | None) -> Timeout:
        """Cancel what runs inside after `seconds` and raise `TimeoutError`; None never does."""
        ...


class SystemClock:
    """The clock of the machine and of the running event loop."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    def timeout(self, seconds: float | None) -> Timeout:
        return asyncio.timeout(seconds)


SYSTEM_CLOCK = SystemClock()
