"""Time that passes only when a test says so."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable, Generator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from enum import Enum
from heapq import heappop, heappush
from types import TracebackType, coroutine

__all__ = ["VirtualClock", "VirtualTimeout", "VirtualTimer"]

_ROUNDING_SECONDS = 1e-9


@coroutine
def _one_round() -> Generator[None]:
    """Let everything else that can run take one step."""
    yield


class VirtualTimer:
    """A callback that waits for its moment."""

    __slots__ = ("_order", "callback", "when")

    def __init__(self, when: float, order: int, callback: Callable[[], object]) -> None:
        self.when = when
        self.callback: Callable[[], object] | None = callback
        self._order = (when, order)

    def __lt__(self, other: VirtualTimer) -> bool:
        return self._order < other._order

    def cancel(self) -> None:
        """Never call back; does nothing if that has happened."""
        self.callback = None


class VirtualClock:
    """A `roomkit` clock for tests, on which an hour takes milliseconds.

    Time stands still until `advance` moves it, or until all tasks have nothing to do but wait
    while `auto` is in force. Between two moments everything that can run gets `settle_rounds`
    turns of the event loop, so that what one timer set off is done before the next fires. That
    holds also if several tasks call `advance` and `settle` at once; `auto` waits for them.

    Only what waits on this clock is virtual. A test that also uses threads or sockets should give
    them time with `io_grace`, or `auto` may run into a timeout while an answer is on its way.

    Args:
        start: what `now` says at the beginning; the real time by default.
        auto: whether time moves on by itself from the start.
        settle_rounds: how many turns of the loop tasks may need to come to rest.
        io_grace: real seconds to wait before time moves on by itself.
    """

    def __init__(
        self,
        start: datetime | None = None,
        *,
        auto: bool = False,
        settle_rounds: int = 100,
        io_grace: float = 0.0,
    ) -> None:
        self._start = start or datetime.now(UTC)
        self._elapsed = 0.0
        self._timers: list[VirtualTimer] = []
        self._order = itertools.count()
        self._settle_rounds = settle_rounds
        self._io_grace = io_grace
        self._auto = int(auto)
        self._settling = 0
        self._moments = 0
        self._quiet_rounds = 0
        self._driven_loop: asyncio.AbstractEventLoop | None = None

    def now(self) -> datetime:
        """The virtual time of day."""
        return self._start + timedelta(seconds=self._elapsed)

    def monotonic(self) -> float:
        """Virtual seconds since the clock was made."""
        return self._elapsed

    async def sleep(self, seconds: float) -> None:
        """Wait until time has moved on by `seconds`; zero or less gives other tasks one turn."""
        if seconds <= 0:
            await _one_round()
            return
        woken = asyncio.get_running_loop().create_future()

        def wake() -> None:
            if not woken.done():
                woken.set_result(None)

        timer = self.call_at(self._elapsed + seconds, wake)
        try:
            await woken
        finally:
            timer.cancel()

    def timeout(self, seconds: float | None) -> VirtualTimeout:
        """The counterpart of `asyncio.timeout`."""
        return VirtualTimeout(self, None if seconds is None else self._elapsed + seconds)

    def call_at(self, when: float, callback: Callable[[], object]) -> VirtualTimer:
        """Call back as soon as `monotonic` reaches `when`. Needs a running loop."""
        timer = VirtualTimer(when, next(self._order), callback)
        heappush(self._timers, timer)
        self._quiet_rounds = 0
        self._drive()
        return timer

    @property
    def pending(self) -> int:
        """How many timers wait: sleepers and timeouts."""
        return sum(timer.callback is not None for timer in self._timers)

    async def advance(self, seconds: float) -> None:
        """Move time on, stopping at every timer on the way until what it set off has come to
        rest."""
        if seconds < 0:
            raise ValueError("time does not go back")
        target = self._elapsed + seconds
        await self.settle()
        while self._fire_next(target):
            await self.settle()
        self._elapsed = max(self._elapsed, target)

    async def settle(self) -> None:
        """Let everything run that can without time moving on; if somebody else moves it meanwhile,
        what can run by then."""
        self._settling += 1
        try:
            moment, rounds = self._moments, 0
            while rounds < self._settle_rounds:
                await _one_round()
                rounds += 1
                if moment != self._moments:
                    moment, rounds = self._moments, 0
        finally:
            self._settling -= 1

    @asynccontextmanager
    async def auto(self) -> AsyncIterator[None]:
        """Inside, time jumps to the next timer whenever there is nothing else to do."""
        self._auto += 1
        self._drive()
        try:
            yield
        finally:
            self._auto -= 1

    def _next_timer(self) -> VirtualTimer | None:
        while self._timers and self._timers[0].callback is None:
            heappop(self._timers)
        return self._timers[0] if self._timers else None

    def _fire_next(self, limit: float | None = None) -> bool:
        """Move to the next moment at which timers are due, if there is one, and fire them."""
        timer = self._next_timer()
        if timer is None or (limit is not None and timer.when > limit + _ROUNDING_SECONDS):
            return False
        self._elapsed = max(self._elapsed, timer.when)
        self._moments += 1
        due = []
        while self._timers and self._timers[0].when <= self._elapsed:
            due.append(heappop(self._timers))
        for timer in due:
            if timer.callback is not None:
                timer.callback()
        return True

    def _drive(self) -> None:
        if self._auto and self._timers:
            loop = asyncio.get_running_loop()
            if self._driven_loop is not loop:
                self._driven_loop = loop
                loop.call_soon(self._turn, loop)

    def _turn(self, loop: asyncio.AbstractEventLoop) -> None:
        """One turn of the loop in automatic mode: a plain callback, so that no task has to be
        owned."""
        if not self._auto or self._next_timer() is None:
            self._driven_loop = None
            return
        self._quiet_rounds = 0 if self._settling else self._quiet_rounds + 1
        if self._quiet_rounds < self._settle_rounds:
            loop.call_soon(self._turn, loop)
            return
        self._quiet_rounds = 0
        if self._io_grace > 0:
            loop.call_later(self._io_grace, self._jump, loop)
        else:
            self._jump(loop)

    def _jump(self, loop: asyncio.AbstractEventLoop) -> None:
        loop.call_soon(self._turn, loop)
        if self._auto and self._quiet_rounds == 0 and not self._settling:
            self._fire_next()


class _State(Enum):
    CREATED = "created"
    ENTERED = "entered"
    EXPIRING = "expiring"
    EXPIRED = "expired"
    LEFT = "left"


class VirtualTimeout:
    """What `VirtualClock.timeout` returns; behaves as `asyncio.Timeout` does."""

    def __init__(self, clock: VirtualClock, deadline: float | None) -> None:
        self._clock = clock
        self._deadline = deadline
        self._state = _State.CREATED
        self._handle: VirtualTimer | asyncio.Handle | None = None

    async def __aenter__(self) -> VirtualTimeout:
        if self._state is not _State.CREATED:
            raise RuntimeError("this timeout has been entered before")
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a timeout is used inside a task")
        self._task = task
        self._cancelling_before = task.cancelling()
        self._state = _State.ENTERED
        if self._deadline is not None:
            if self._deadline <= self._clock.monotonic():
                self._handle = asyncio.get_running_loop().call_soon(self._expire)
            else:
                self._handle = self._clock.call_at(self._deadline, self._expire)
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._handle is not None:
            self._handle.cancel()
        if self._state is not _State.EXPIRING:
            self._state = _State.LEFT
            return
        self._state = _State.EXPIRED
        no_other_cancellation = self._task.uncancel() <= self._cancelling_before
        if no_other_cancellation and isinstance(exc, asyncio.CancelledError):
            raise TimeoutError from exc

    def expired(self) -> bool:
        """Whether the time ran out."""
        return self._state in (_State.EXPIRING, _State.EXPIRED)

    def _expire(self) -> None:
        self._state = _State.EXPIRING
        self._task.cancel()
