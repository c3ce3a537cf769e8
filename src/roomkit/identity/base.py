"""Finding out who writes."""

from __future__ import annotations

from abc import ABC, abstractmethod

from roomkit.models.context import RoomContext
from roomkit.models.delivery import InboundMessage
from roomkit.models.identity import IdentityResult

__all__ = ["IdentityResolver"]


class IdentityResolver(ABC):
    """Places the sender of a message among the people that the application knows."""

    @abstractmethod
    async def resolve(self, message: InboundMessage, context: RoomContext) -> IdentityResult:
        """Say who ``message.sender_id`` is on ``message.channel_id``.

        Called before the room is locked, concurrently for different messages, and no more for a
        sender who was identified in the room. Raising, or taking longer than the kit's
        ``identity_timeout``, counts as an `UNKNOWN` sender. ``IDENTIFIED`` needs an ``identity``,
        ``AMBIGUOUS`` should name the ``candidates``.
        """

    async def close(self) -> None:  # noqa: B027 - an optional callback
        """Release connections. Called once, by `RoomKit.close`."""
