"""`Channel`, the interface between the world outside and a room."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, assert_never

from roomkit._clock import SYSTEM_CLOCK, Clock
from roomkit.errors import VoiceBackendNotConfiguredError, WebhookError
from roomkit.models._base import new_id
from roomkit.models.channel import ChannelBinding, ChannelCapabilities, ChannelOutput
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
from roomkit.models.context import RoomContext
from roomkit.models.delivery import InboundMessage, WebhookMeta
from roomkit.models.enums import ChannelCategory, ChannelDirection, ChannelType, EventType
from roomkit.models.event import (
    BLANK_EVENT,
    NO_CHANNEL_DATA,
    ChannelData,
    EventSource,
    RoomEvent,
)

if TYPE_CHECKING:
    from roomkit.channels.host import ChannelHost
    from roomkit.channels.streaming import StreamSink, StreamStart

_MAX_SOURCES = 1024
_EVENT_TYPES: dict[str, EventType] = {"edit": EventType.EDIT, "delete": EventType.DELETE}


class Channel(ABC):
    """A communication endpoint: registered once, attached to any number of rooms.

    Subclasses turn what comes in into events (`handle_inbound`) and push events out (`deliver`). A
    channel that answers, such as an AI, overrides `on_event`. One object serves all rooms at once:
    state that belongs to a room lives in the binding.

    Calls for one room arrive one at a time and in the order of its timeline; calls for different
    rooms overlap.
    """

    channel_type: ChannelType
    category: ChannelCategory = ChannelCategory.TRANSPORT
    direction: ChannelDirection = ChannelDirection.BIDIRECTIONAL
    recipient_key: str | None = None
    """The key of ``binding.metadata`` under which the recipient's address is kept, if there is
    one."""

    reaction_timeout: float | None = 120.0
    """How long `on_event` may take, and each piece of an answer that it streams, in seconds.

    None for a channel that bounds its own work.
    """

    greeting: str | None = None
    """What it says first, if it is an agent that greets."""

    clock: Clock = SYSTEM_CLOCK
    """Where the channel takes time from; set to the kit's clock when the channel is registered."""

    accepts_streams: ClassVar[bool] = False
    """Whether `open_stream` may return a sink: only such channels are asked."""

    def __init__(self, channel_id: str) -> None:
        if not channel_id:
            raise ValueError("channel_id must not be empty")
        self.channel_id = channel_id
        self._sources: dict[tuple[str, ChannelType], EventSource] = {}

    @property
    def provider_name(self) -> str | None:
        """The vendor behind the channel, as it is stamped on events."""
        return None

    @property
    def reacts(self) -> bool:
        """Whether `on_event` does anything, so that the router need not call a no-op."""
        return type(self).on_event is not Channel.on_event

    def echoes(self, event: RoomEvent) -> bool:
        """Whether the channel gets an event of its own back, for its other connections for
        instance."""
        return False

    def on_registered(self, host: ChannelHost) -> None:  # noqa: B027 - an optional callback
        """Called once by `RoomKit.register_channel` with all that a channel may ask of the kit."""

    @abstractmethod
    async def handle_inbound(self, message: InboundMessage, context: RoomContext) -> RoomEvent:
        """Turn a message into an event of ``context.room``. `event_from` does the usual thing.

        An exception goes to whoever called `RoomKit.process_inbound`; nothing is stored then.
        """

    @abstractmethod
    async def deliver(
        self, event: RoomEvent, binding: ChannelBinding, context: RoomContext
    ) -> ChannelOutput:
        """Push an event out. The content is already in a form that ``binding.capabilities`` allow.

        Raise `DeliveryError` (or return a failed `ProviderResult` in ``ChannelOutput.result``)
        when it did not go out; ``retryable`` decides whether the binding's retry policy applies.
        """

    async def on_event(
        self, event: RoomEvent, binding: ChannelBinding, context: RoomContext
    ) -> ChannelOutput:
        """React to an event. Called for every event the channel may see, also while it is
        muted."""
        return ChannelOutput.empty()

    def open_stream(self, start: StreamStart, binding: ChannelBinding) -> StreamSink | None:
        """A sink for an answer that is being written, or None to get only the finished event."""
        return None

    def parse_webhook(self, payload: Mapping[str, Any]) -> list[WebhookMeta]:
        """What a vendor's webhook says, in normal form.

        Raises:
            WebhookError: it cannot be understood, or the channel has no webhooks.
        """
        raise WebhookError(f"channel {self.channel_id!r} has no webhooks")

    def reply_address(self, message: InboundMessage) -> str:
        """Where answers to a message go, and by what its room is found: the sender, unless they
        have written in a conversation with an address of its own, such as a group."""
        return message.sender_id

    async def open_session(
        self, room_id: str, participant_id: str, *, metadata: Mapping[str, Any] | None = None
    ) -> Any:
        """Let somebody into a live session (a call) of a room.

        Raises:
            VoiceBackendNotConfiguredError: the channel has none; this is the default.
        """
        raise VoiceBackendNotConfiguredError(self.channel_id)

    async def close_session(self, session: Any) -> None:
        """End a session that `open_session` returned. Ending it again does nothing."""
        raise VoiceBackendNotConfiguredError(self.channel_id)

    def capabilities(self) -> ChannelCapabilities:
        """What the channel can carry; copied into the binding when it is attached."""
        return ChannelCapabilities()

    async def close(self) -> None:  # noqa: B027 - an optional callback
        """Release what the channel holds, its provider included. Called once, by
        `RoomKit.close`."""

    def event_from(
        self,
        message: InboundMessage,
        context: RoomContext,
        *,
        channel_type: ChannelType | None = None,
    ) -> RoomEvent:
        """The plain event for a message: its content, with this channel and the sender as
        source."""
        external_id = message.provider_message_id
        key = message.idempotency_key
        channel_data = NO_CHANNEL_DATA
        if external_id is not None:
            key = key or f"{self.channel_id}:{external_id}"
            channel_data = ChannelData(provider=self.provider_name, external_id=external_id)
        event_id = new_id()
        # Every part was validated when it was made; to do it again would be most of the cost.
        return BLANK_EVENT.evolve(
            id=event_id,
            room_id=context.room.id,
            type=message.event_type or _EVENT_TYPES.get(message.content.type, EventType.MESSAGE),
            source=self._source_of(message.sender_id, channel_type or self.channel_type),
            content=message.content,
            correlation_id=event_id,
            idempotency_key=key,
            created_at=self.clock.now(),
            metadata=message.metadata,
            channel_data=channel_data,
        )

    def _source_of(self, sender_id: str, channel_type: ChannelType) -> EventSource:
        """The source of a sender's messages: one object for all of them, since they are kept for
        long."""
        source = self._sources.get((sender_id, channel_type))
        if source is None:
            if len(self._sources) >= _MAX_SOURCES:
                self._sources.clear()
            source = self._sources[sender_id, channel_type] = EventSource(
                channel_id=self.channel_id,
                channel_type=channel_type,
                participant_id=sender_id,
                direction=ChannelDirection.INBOUND,
                provider=self.provider_name,
            )
        return source

    @staticmethod
    def extract_text(event: RoomEvent) -> str:
        """The words in an event, whatever its content is; "" where there are none."""
        return text_of(event.content)


def text_of(content: EventContent) -> str:
    """The words in a content; "" where there are none."""
    match content:
        case TextContent() | SystemContent():
            return content.body
        case RichContent():
            return content.plain_text or content.body
        case MediaContent():
            return content.caption or ""
        case AudioContent():
            return content.transcript or ""
        case LocationContent():
            return content.label or content.address or ""
        case TemplateContent():
            return content.body or ""
        case EditContent():
            return text_of(content.new_content)
        case CompositeContent():
            return "\n".join(filter(None, (text_of(part) for part in content.parts)))
        case VideoContent() | DeleteContent():
            return ""
    assert_never(content)
