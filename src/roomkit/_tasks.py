"""Running coroutines: with an owner, with a bound, and without a task where none is needed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Coroutine, Generator
from typing import Any

from roomkit._clock import Clock
from roomkit.errors import locate_error

logger = logging.getLogger("roomkit.tasks")

_CLOSING_ROUNDS = 2
"""Tasks that are cancelled may start others to clean up behind them."""


class TaskScope:
    """Owns background tasks: keeps them alive, reports what they raise, and ends them on close."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._tasks: set[asyncio.Task[Any]] = set()

    def __len__(self) -> int:
        return len(self._tasks)

    def spawn[T](
        self,
        coro: Coroutine[Any, Any, T],
        *,
        name: str,
        awaited: bool = False,
        eager: bool = True,
    ) -> asyncio.Task[T]:
        """Start `coro` at once, in this call, up to its first real wait.

        Whoever waits for the task says so with `awaited` and gets what it raises; otherwise that
        is logged. One that is not `eager` starts in the next turn of the event loop.

        A coroutine that never waits is finished when this returns, at the cost of one task object
        and without a trip through the event loop.
        """
        loop = asyncio.get_running_loop()
        task = asyncio.Task(coro, loop=loop, name=name, eager_start=eager)
        if not task.done():
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            if not awaited:
                task.add_done_callback(self.report)
        elif not awaited:
            self.report(task)
        return task

    def report(self, task: asyncio.Task[Any]) -> None:
        """Log what a task that nobody waits for has raised."""
        if task.cancelled():
            return
        error = task.exception()
        if error is not None:
            logger.error(
                "task %s of %s failed: %s",
                task.get_name(),
                self._name,
                locate_error(error),
            )

    async def close(self, *, drain_seconds: float = 2.0) -> None:
        """Give the tasks `drain_seconds` to end by themselves, then cancel the rest and wait.

        The time is real whatever clock is in use: a process must end even if virtual time stands
        still.
        """
        if pending := self._pending():
            await asyncio.wait(pending, timeout=drain_seconds)
        for _ in range(_CLOSING_ROUNDS):
            pending = self._pending()
            if not pending:
                return
            logger.warning("%d tasks of %s did not end in time", len(pending), self._name)
            for task in pending:
                task.cancel()
            # A task that swallows its cancellation must not keep the process from ending.
            await asyncio.wait(pending, timeout=drain_seconds or 1.0)

    def _pending(self) -> set[asyncio.Task[Any]]:
        current = asyncio.current_task()
        return {task for task in self._tasks if task is not current}


class _Resumed(Awaitable[Any]):
    """Awaits the rest of a coroutine whose first step was already taken."""

    __slots__ = ("_coro", "_first")

    def __init__(self, coro: Coroutine[Any, Any, Any], first: Any) -> None:
        self._coro = coro
        self._first = first

    def __await__(self) -> Generator[Any, Any, Any]:
        coro = self._coro
        waiting_for = self._first
        while True:
            try:
                value = yield waiting_for
            except GeneratorExit:
                coro.close()
                raise
            except BaseException as error:
                try:
                    waiting_for = coro.throw(error)
                except StopIteration as done:
                    return done.value
            else:
                try:
                    waiting_for = coro.send(value)
                except StopIteration as done:
                    return done.value


class DeadlineExceededError(TimeoutError):
    """`bounded` ran out of time. A `TimeoutError` raised by the coroutine itself stays what it
    is."""


class StrayCancellationError(RuntimeError):
    """A coroutine ended as cancelled although nobody cancelled the task it ran in.

    It has awaited something of its own that was cancelled: a failure like any other, which must
    not end those who called it.
    """


def is_failure(error: BaseException) -> bool:
    """Whether something failed, as opposed to this task being cancelled or the process ending."""
    if isinstance(error, asyncio.CancelledError):
        task = asyncio.current_task()
        return task is None or not task.cancelling()
    if isinstance(error, BaseExceptionGroup):
        # Task groups, also those of other libraries, wrap what was cancelled inside of them.
        return all(is_failure(one) for one in error.exceptions)
    return isinstance(error, Exception)


async def as_coroutine(awaitable: Awaitable[Any]) -> Any:
    """Any awaitable as a coroutine, which is what `first_step` and `bounded` take."""
    return await awaitable


def first_step(coro: Coroutine[Any, Any, Any]) -> tuple[bool, Any]:
    """Run a coroutine up to its first real wait, in the current task.

    Returns:
        True and its result, or False and what it waits for, to be handed to `finish_within`.

    Raises:
        StrayCancellationError: it ended as cancelled.
    """
    try:
        return False, coro.send(None)
    except StopIteration as done:
        return True, done.value
    except asyncio.CancelledError as error:
        if is_failure(error):
            raise StrayCancellationError("something it awaited was cancelled") from error
        raise


def resumed(coro: Coroutine[Any, Any, Any], waits_for: Any) -> Awaitable[Any]:
    """The rest of a coroutine after its `first_step`, to be awaited in the same task."""
    return _Resumed(coro, waits_for)


async def finish_within(
    clock: Clock, seconds: float | None, coro: Coroutine[Any, Any, Any], waits_for: Any
) -> Any:
    """Await the rest of a coroutine after its `first_step`, for at most `seconds`.

    Raises:
        DeadlineExceededError: the time is up; the coroutine was cancelled.
        StrayCancellationError: it ended as cancelled by itself.
    """
    timeout = clock.timeout(seconds)
    try:
        async with timeout:
            return await _Resumed(coro, waits_for)
    except TimeoutError:
        if timeout.expired():
            raise DeadlineExceededError(f"not done within {seconds} s") from None
        raise
    except asyncio.CancelledError as error:
        if is_failure(error):
            raise StrayCancellationError("something it awaited was cancelled") from error
        raise


async def bounded[T](clock: Clock, seconds: float | None, coro: Coroutine[Any, Any, T]) -> T:
    """Await `coro` in this task, for at most `seconds`.

    The timer is set only if the coroutine really waits for something: most hooks and in-memory
    calls never do, and a timer costs more than they.

    Raises:
        DeadlineExceededError: the time is up; the coroutine was cancelled.
        StrayCancellationError: it ended as cancelled by itself.
    """
    done, value = first_step(coro)
    if not done:
        value = await finish_within(clock, seconds, coro, value)
    result: T = value
    return result
