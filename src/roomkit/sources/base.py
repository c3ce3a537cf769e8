"""`SourceProvider`, the interface to whatever messages are fetched or streamed from."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Literal

from roomkit.models._base import FrozenModel
from roomkit.models.delivery import InboundMessage, InboundResult

type Emit = Callable[[InboundMessage], Awaitable[InboundResult]]
"""Hands a message in and returns when the room is done with it, so that a source that awaits it
never runs ahead of the rooms."""

type SourceStatus = Literal["running", "waiting", "ended", "failed", "stopped"]


class SourceHealth(FrozenModel):
    """How a source is doing.

    ``waiting`` is a source between two attempts, ``ended`` one that had no more to give,
    ``failed`` one that was given up. ``restarts`` counts the attempts since it last delivered
    something.
    """

    status: SourceStatus
    started_at: datetime | None = None
    last_message_at: datetime | None = None
    messages: int = 0
    restarts: int = 0
    error: str | None = None


class SourceProvider(ABC):
    """A connection that messages come in through, attached to a channel with
    `RoomKit.attach_source`."""

    @property
    def name(self) -> str:
        """For logs and events. Must not contain credentials: leave out a URL's query and user."""
        return type(self).__name__

    @abstractmethod
    async def start(self, emit: Emit) -> None:
        """Connect, and `emit` messages for as long as there are any.

        Returns when the source has ended for good. Raises when the connection fails: it is then
        started again, on the same object. Cancellation must release everything.
        """

    async def stop(self) -> None:  # noqa: B027 - an optional callback
        """Release what `start` may have left open. Called once, after `start` has ended."""
