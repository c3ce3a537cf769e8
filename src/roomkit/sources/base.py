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
never runs ahead of the rooms.

A message that the kit has no time for is handed in again until it is taken. One that cannot be
processed is reported, counted as dropped and given the reason ``dropped``: it does not end the
source. May be called several times at once."""

type SourceStatus = Literal["connecting", "running", "waiting", "ended", "failed", "stopped"]


class SourceHealth(FrozenModel):
    """How a source is doing.

    Attributes:
        status: ``connecting`` and ``running`` for a source at work, ``waiting`` for one between
            two attempts, ``ended`` for one that had no more to give, ``failed`` for one that was
            given up, and ``stopped`` for one that was detached.
        started_at: when it was attached.
        last_message_at: when the last message came in.
        messages: how many have come in.
        dropped: how many of what came in did not become an event: it made no sense, or could not
            be processed.
        restarts: the attempts since it last worked.
        error: what its last failure was, also if that is over.
    """

    status: SourceStatus
    started_at: datetime | None = None
    last_message_at: datetime | None = None
    messages: int = 0
    dropped: int = 0
    restarts: int = 0
    error: str | None = None


class SourceProvider(ABC):
    """A connection that messages come in through, attached to a channel with
    `RoomKit.attach_source`."""

    @property
    def name(self) -> str:
        """For logs and events. Must not contain credentials: leave out a URL's query and user."""
        return type(self).__name__

    @property
    def connected(self) -> bool | None:
        """Whether the last call of `start` has got through to the other side, even if the
        connection is gone by now. None if the source cannot tell.

        One that has stayed connected for a while counts as recovered even without a message.
        """
        return None

    @property
    def dropped(self) -> int:
        """How much has come in that was no message and could not be handed in."""
        return 0

    @abstractmethod
    async def start(self, emit: Emit) -> None:
        """Connect, and `emit` messages for as long as there are any.

        Returns when the source has ended for good. Raises when the connection fails: it is then
        started again, on the same object, unless the exception has a false ``retryable``. One with
        a ``retry_after`` says how many seconds to wait first. Cancellation must release
        everything.
        """

    async def stop(self) -> None:  # noqa: B027 - an optional callback
        """Release what `start` may have left open. Called once, after `start` has ended."""
