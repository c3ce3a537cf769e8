"""What agents say about their progress, for whoever shows it."""

from __future__ import annotations

import inspect
import logging
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from roomkit.errors import locate_error
from roomkit.models._base import EMPTY_DICT, FrozenModel, Metadata, new_id, utc_now

logger = logging.getLogger("roomkit.status")


class StatusUpdate(FrozenModel):
    """An agent's word on what it is doing."""

    agent_id: str
    message: str
    level: Literal["info", "progress", "warning", "error", "done"] = "info"
    room_id: str | None = None
    timestamp: datetime = Field(default_factory=utc_now)
    metadata: Metadata = EMPTY_DICT


type StatusCallback = Callable[[StatusUpdate], Any | Awaitable[Any]]


class StatusBus(ABC):
    """Carries status updates from agents to subscribers."""

    @abstractmethod
    async def publish(self, update: StatusUpdate) -> None:
        """Tell all subscribers. What one raises concerns neither the others nor the caller."""

    @abstractmethod
    async def subscribe(self, callback: StatusCallback) -> str:
        """Call `callback` with every update from now on; returns an id for `unsubscribe`."""

    @abstractmethod
    async def unsubscribe(self, subscription_id: str) -> bool:
        """End a subscription; False if there is none."""

    async def close(self) -> None:  # noqa: B027 - an optional callback
        """Release connections."""


class InMemoryStatusBus(StatusBus):
    """Calls the subscribers of this process, one after the other, before `publish` returns."""

    def __init__(self) -> None:
        self._callbacks: dict[str, StatusCallback] = {}

    async def publish(self, update: StatusUpdate) -> None:
        for callback in list(self._callbacks.values()):
            try:
                result = callback(update)
                if inspect.isawaitable(result):
                    await result
            except Exception as error:  # a subscriber is foreign code
                logger.error("status subscriber failed: %s", locate_error(error))

    async def subscribe(self, callback: StatusCallback) -> str:
        subscription_id = new_id()
        self._callbacks[subscription_id] = callback
        return subscription_id

    async def unsubscribe(self, subscription_id: str) -> bool:
        return self._callbacks.pop(subscription_id, None) is not None
