"""Ephemeral events: what is happening right now and is never stored."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any, Self

from pydantic import Field

from roomkit.models._base import EMPTY_DICT, FrozenModel, Metadata, new_id, utc_now
from roomkit.models.enums import EphemeralEventType

__all__ = ["EphemeralCallback", "EphemeralEvent", "EphemeralEventType", "RealtimeBackend"]


class EphemeralEvent(FrozenModel):
    """Somebody types, came online, reacted; an agent runs a tool.

    ``user_id`` is who it is about, ``channel_id`` the channel that told it, if one did.
    ``visibility`` is that of the message the event belongs to: the tools behind an answer that
    only some channels may see are their business alone. The words are those of
    `RoomEvent.visibility`.
    """

    type: EphemeralEventType
    room_id: str
    user_id: str
    data: Metadata = EMPTY_DICT
    timestamp: datetime = Field(default_factory=utc_now)
    id: str = Field(default_factory=new_id)
    visibility: str = "all"
    channel_id: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """The event in plain JSON types."""
        return self.model_dump(mode="json")

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The event that `to_dict` was called on.

        Raises:
            pydantic.ValidationError: it is no such event, or of a type that this version does not
                know.
        """
        return cls.model_validate(data)


EphemeralCallback = Callable[[EphemeralEvent], Awaitable[object] | None]
"""A subscriber: a function, async or not."""


class RealtimeBackend(ABC):
    """Carries ephemeral events from publishers to subscribers.

    `roomkit.testing.RealtimeBackendContract` tests an implementation. A subscriber gets the events
    of one publisher in the order in which they were published, one at a time. Events may be lost:
    when a subscriber is too slow, when a connection breaks, when nobody subscribes.
    """

    @abstractmethod
    async def publish(self, channel: str, event: EphemeralEvent) -> None:
        """Send `event` to all who subscribe to `channel`.

        Neither waits for a slow subscriber nor raises for one that fails.
        """

    @abstractmethod
    async def subscribe(self, channel: str, callback: EphemeralCallback) -> str:
        """Call `callback` with every event published to `channel` from now on.

        What it raises is logged. The same function may subscribe several times. Returns an id for
        `unsubscribe`.
        """

    @abstractmethod
    async def unsubscribe(self, subscription_id: str) -> bool:
        """End a subscription: no call of its callback begins after this. False if there is
        none."""

    async def close(self) -> None:  # noqa: B027 - an optional callback
        """End all subscriptions and what runs for them. May be called again."""
