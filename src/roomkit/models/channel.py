"""How a channel sits in a room, what it can carry, and what it gives back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import ConfigDict, Field, SkipValidation

from roomkit.models._base import (
    EMPTY_DICT,
    EMPTY_LIST,
    READ_ONLY,
    FrozenModel,
    Metadata,
    Settings,
    utc_now,
)
from roomkit.models._frozen import FrozenList
from roomkit.models.enums import (
    Access,
    ChannelCategory,
    ChannelDirection,
    ChannelMediaType,
    ChannelType,
    DeliveryMode,
)

if TYPE_CHECKING:
    from roomkit.models.event import RoomEvent
    from roomkit.models.task import Observation, Task


_TEXT: list[ChannelMediaType] = FrozenList([ChannelMediaType.TEXT])


class ChannelCapabilities(Settings):
    """What a channel can carry. Content outside of it is converted before delivery.

    ``overflow`` decides what happens to text longer than ``max_length`` characters: ``"truncate"``
    cuts it at a word, ``"split"`` sends several messages.
    """

    media_types: Annotated[list[ChannelMediaType], READ_ONLY] = _TEXT
    max_length: int | None = Field(default=None, ge=1)
    overflow: Literal["truncate", "split"] = "truncate"
    supports_threading: bool = False
    supports_reactions: bool = False
    supports_read_receipts: bool = False
    supports_typing: bool = False
    supports_templates: bool = False
    supports_rich_text: bool = False
    supports_buttons: bool = False
    max_buttons: int | None = Field(default=None, ge=0)
    supports_cards: bool = False
    supports_quick_replies: bool = False
    supports_media: bool = False
    supported_media_types: Annotated[list[str], READ_ONLY] = EMPTY_LIST
    max_media_size_bytes: int | None = Field(default=None, ge=0)
    supports_audio: bool = False
    supports_video: bool = False
    supports_edit: bool = False
    supports_delete: bool = False
    delivery_mode: DeliveryMode = DeliveryMode.BROADCAST


TEXT_ONLY = ChannelCapabilities.constant()


class RateLimit(Settings):
    """How many messages may pass; several limits all apply. Each is at least one message per its
    unit."""

    max_per_second: float | None = Field(default=None, gt=0)
    max_per_minute: float | None = Field(default=None, gt=0)
    max_per_hour: float | None = Field(default=None, gt=0)


class RetryPolicy(Settings):
    """How often to try again and how long to wait: ``base * exponential_base ** attempt``,
    capped."""

    max_retries: int = Field(default=3, ge=0)
    base_delay_seconds: float = Field(default=1.0, ge=0)
    max_delay_seconds: float = Field(default=60.0, ge=0)
    exponential_base: float = Field(default=2.0, ge=1)


class ChannelBinding(FrozenModel):
    """A channel's seat in one room: its rights, its settings there, and how far it has read.

    ``metadata`` holds what is particular to this room: the recipient's address under the channel's
    ``recipient_key``, a system prompt for an AI, and so on. ``visibility`` is stamped on events
    from this channel that say ``"all"``. ``opened_for`` is whose message opened the room, where
    the channel has no key for recipients: the room is theirs all the same.
    """

    channel_id: str
    room_id: str
    channel_type: ChannelType
    category: ChannelCategory = ChannelCategory.TRANSPORT
    direction: ChannelDirection = ChannelDirection.BIDIRECTIONAL
    access: Access = Access.READ_WRITE
    muted: bool = False
    output_muted: bool = False
    visibility: str = "all"
    participant_id: str | None = None
    last_read_index: int | None = None
    attached_at: datetime = Field(default_factory=utc_now)
    capabilities: ChannelCapabilities = TEXT_ONLY
    rate_limit: RateLimit | None = None
    retry_policy: RetryPolicy | None = None
    recipient_key: str | None = None
    opened_for: str | None = None
    metadata: Metadata = EMPTY_DICT

    @property
    def addressee(self) -> str | None:
        """Whose conversation this is on the channel; None if it is open to all who write."""
        return self.recipient or self.opened_for

    @property
    def recipient(self) -> str | None:
        """The address this channel delivers to in this room, if it has one."""
        if self.recipient_key is None:
            return None
        value = self.metadata.get(self.recipient_key)
        return str(value) if value not in (None, "") else None


class ChannelOutput(FrozenModel):
    """What a channel gives back for an event.

    A reacting channel fills ``response_events`` (they pass the same gates as any message),
    ``tasks`` and ``observations``. Instead of finished events it may hand over a
    ``response_stream`` of text; the framework sends the pieces out as they come and commits the
    whole as one event. A transport reports its ``result``. ``error`` is what went wrong after the
    rest was done: it is reported as if the channel had raised it, and the rest is kept.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    response_events: Annotated[list[RoomEvent], READ_ONLY] = EMPTY_LIST
    tasks: Annotated[list[Task], READ_ONLY] = EMPTY_LIST
    observations: Annotated[list[Observation], READ_ONLY] = EMPTY_LIST
    result: Any = None
    error: SkipValidation[BaseException] | None = None
    response_stream: SkipValidation[AsyncIterator[Any]] | None = None
    metadata: Metadata = EMPTY_DICT

    @classmethod
    def empty(cls) -> ChannelOutput:
        """The answer of a channel that has nothing to say: one shared object."""
        return _EMPTY


_EMPTY = ChannelOutput.constant()
