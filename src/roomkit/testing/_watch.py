"""What goes wrong in a test without reaching it as an exception."""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

from roomkit.models.framework_event import FrameworkEvent

_YOUNG_GENERATIONS = 1
_LAST_STEPS_SECONDS = 0.1

# AnyIO's plugin runs each step of a fixture, and each test, in a task that waits for it.
_RUNNER = "TestRunner."


class _Listener(logging.Handler):
    """Notes the records that tell of a failure: all errors, and whatever carries an exception."""

    def __init__(self, errors: list[str]) -> None:
        super().__init__(logging.WARNING)
        self._errors = errors

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno >= logging.ERROR or record.exc_info:
            self._errors.append(f"{record.name}: {record.getMessage()}")


@contextmanager
def noting(errors: list[str]) -> Iterator[None]:
    """Inside, `errors` gets a line for everything that RoomKit isolates and that the event loop
    reports because nobody asked.

    Logs are listened to, rather than a single kit: they tell of every kit of the test, of its
    background tasks, and of what happens while it is closed.
    """
    loop = asyncio.get_running_loop()
    original = loop.get_exception_handler()
    listener = _Listener(errors)

    def note(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        kind = "" if error is None else f": {type(error).__name__}"
        errors.append(f"event loop: {context.get('message', 'an error')}{kind}")
        if original is None:
            loop.default_exception_handler(context)
        else:
            original(loop, context)

    logger = logging.getLogger("roomkit")
    logger.addHandler(listener)
    loop.set_exception_handler(note)
    try:
        yield
        # A task that nobody waited for tells what it raised when it is forgotten, which a
        # reference cycle may put off.
        gc.collect(_YOUNG_GENERATIONS)
    finally:
        loop.set_exception_handler(original)
        logger.removeHandler(listener)


def channel_failure(event: FrameworkEvent) -> str:
    """A line about a channel that should have reacted and could not."""
    return f"channel {event.channel_id}: {event.data['error']}"


async def end_tasks(known: Collection[asyncio.Task[Any]]) -> list[str]:
    """End the tasks that still run, but for those that were `known` before and for the caller's.

    Returns:
        Their names.
    """
    others = asyncio.all_tasks() - set(known) - {asyncio.current_task()}
    left = {task for task in others if not _coroutine_of(task).startswith(_RUNNER)}
    if left:  # they may be about to end
        _, left = await asyncio.wait(left, timeout=_LAST_STEPS_SECONDS)
    for task in left:
        task.cancel()
    if left:
        await asyncio.wait(left, timeout=_LAST_STEPS_SECONDS)
    return sorted(_called(task) for task in left)


def _called(task: asyncio.Task[Any]) -> str:
    return f"{task.get_name()} ({_coroutine_of(task)})"


def _coroutine_of(task: asyncio.Task[Any]) -> str:
    return getattr(task.get_coro(), "__qualname__", "?")
