"""`RoomEvent`, one row of a room's timeline, and where it came from."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from roomkit.models._base import EMPTY_DICT, FrozenModel, Key, Metadata, Text, new_id, utc_now
from roomkit.models._frozen import FrozenDict
from roomkit.models.content import (
    AudioContent,
    CompositeContent,
    DeleteContent,
    EditContent,
    EventContent,
    LocationContent,
    MediaContent,
    RichContent,
    SystemContent,
    TemplateContent,
    TextContent,
    VideoContent,
)
from roomkit.models.delivery import DeliveryResult
from roomkit.models.enums import ChannelDirection, ChannelType, EventStatus, EventType

__all__ = [
    "AudioContent",
    "ChannelData",
    "CompositeContent",
    "DeleteContent",
    "EditContent",
    "EventContent",
    "EventSource",
    "LocationContent",
    "MediaContent",
    "RichContent",
    "RoomEvent",
    "SystemContent",
    "TemplateContent",
    "TextContent",
    "VideoContent",
]


class EventSource(FrozenModel):
    """Who sent an event, through which channel and in which direction.

    ``address`` is what the channel calls the sender, as far as that is not ``participant_id``.
    """

    channel_id: str
    channel_type: ChannelType | None = None
    participant_id: str | None = None
    address: str | None = None
    direction: ChannelDirection = ChannelDirection.INBOUND
    provider: str | None = None


class ChannelData(FrozenModel):
    """What the vendor said about the message: its name, its own id, and the original payload."""

    provider: str | None = None
    external_id: str | None = None
    raw: Metadata = EMPTY_DICT


NO_CHANNEL_DATA = ChannelData.constant()


class RoomEvent(FrozenModel):
    """One row of a room's timeline.

    ``index`` counts from 0 without gaps within a room and is given out by the store when the event
    is committed. ``visibility`` says which channels may see the event and ``response_visibility``
    which may see the answers to it: ``"all"``, ``"none"``, ``"transport"``, ``"intelligence"``, or
    a comma-separated list of channel ids or channel types. ``chain_depth`` is 0 for what people
    say and one more than the trigger's for each answer. A blocked event carries the hook's name in
    ``blocked_by`` and the reason in ``metadata["block_reason"]``.
    """

    id: str = Field(default_factory=new_id)
    room_id: str
    type: EventType = EventType.MESSAGE
    source: EventSource
    content: EventContent
    status: EventStatus = EventStatus.PENDING
    blocked_by: str | None = None
    visibility: Text = "all"
    response_visibility: Text | None = None
    index: int = 0
    chain_depth: int = 0
    parent_event_id: str | None = None
    correlation_id: str | None = None
    idempotency_key: Key | None = None
    created_at: datetime = Field(default_factory=utc_now)
    metadata: Metadata = EMPTY_DICT
    channel_data: ChannelData = NO_CHANNEL_DATA
    delivery_results: Annotated[dict[str, DeliveryResult], AfterValidator(FrozenDict)] = EMPTY_DICT

    def sealed(self) -> RoomEvent:
        """The event with nothing in it that could still be changed from outside.

        `model_copy` takes what it is given as it is; such an event is validated here and its
        containers are copied.

        Raises:
            pydantic.ValidationError: it is not a valid event.
        """
        content = self.content
        if (
            type(self.metadata) is FrozenDict
            and type(self.delivery_results) is FrozenDict
            # Most are text, and to ask pydantic's metaclass costs more than all the rest.
            and (type(content) is TextContent or isinstance(content, FrozenModel))
        ):
            return self
        return RoomEvent.model_validate(dict(self.__dict__))

    @property
    def data(self) -> dict[str, Any]:
        """The free-form payload of a system event (``content.data``), otherwise the metadata."""
        return self.content.data if isinstance(self.content, SystemContent) else self.metadata


BLANK_EVENT = RoomEvent.constant()
"""To be filled in with `evolve` where all parts of an event are known to be valid."""
