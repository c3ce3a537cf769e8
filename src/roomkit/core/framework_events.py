"""Telling the host application what the framework does."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Awaitable, Callable
from typing import Any, get_args

from roomkit._clock import Clock
from roomkit._tasks import as_coroutine, bounded
from roomkit.errors import locate_error
from roomkit.models.framework_event import FrameworkEvent, FrameworkEventType

logger = logging.getLogger("roomkit.events")

type FrameworkEventHandler = Callable[[FrameworkEvent], Any | Awaitable[Any]]

_TYPES = frozenset(get_args(FrameworkEventType))
_HANDLER_TIMEOUT = 30.0


class FrameworkEvents:
    """Handlers by type of framework event. No event object is made that nobody listens for."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._handlers: dict[str, list[FrameworkEventHandler]] = {}

    def on(self, event_type: str, handler: FrameworkEventHandler) -> None:
        """Add a handler.

        Raises:
            ValueError: there is no such type.
        """
        if event_type not in _TYPES:
            known = ", ".join(sorted(_TYPES))
            raise ValueError(f"unknown framework event {event_type!r}; there are: {known}")
        if not callable(handler):
            raise TypeError(f"a handler must be a function, not {type(handler).__name__}")
        self._handlers.setdefault(event_type, []).append(handler)

    def listens(self, event_type: FrameworkEventType) -> bool:
        return event_type in self._handlers

    async def emit(
        self,
        event_type: FrameworkEventType,
        *,
        room_id: str | None = None,
        channel_id: str | None = None,
        event_id: str | None = None,
        **data: Any,
    ) -> None:
        """Call the handlers in order of registration. What they raise is logged and goes no
        further."""
        handlers = self._handlers.get(event_type)
        if not handlers:
            return
        ids = {"room_id": room_id, "channel_id": channel_id, "event_id": event_id}
        event = FrameworkEvent(
            type=event_type,
            room_id=room_id,
            channel_id=channel_id,
            event_id=event_id,
            data={**{key: value for key, value in ids.items() if value is not None}, **data},
            timestamp=self._clock.now(),
        )
        for handler in list(handlers):
            try:
                result = handler(event)
                if inspect.isawaitable(result):
                    await bounded(self._clock, _HANDLER_TIMEOUT, as_coroutine(result))
            except (
                Exception
            ) as error:  # a handler is foreign code and must not disturb the pipeline
                logger.error("handler of %s failed: %s", event_type, locate_error(error))
