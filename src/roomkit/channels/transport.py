"""`TransportChannel`: any channel that is a vendor's API on one side and a room on the other."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from roomkit.channels.base import Channel
from roomkit.channels.host import ChannelHost
from roomkit.errors import DeliveryError, WebhookError, locate_error
from roomkit.models.channel import ChannelBinding, ChannelCapabilities, ChannelOutput
from roomkit.models.content import (
    AudioContent,
    CompositeContent,
    DeleteContent,
    EditContent,
    EventContent,
    MediaContent,
    VideoContent,
)
from roomkit.models.context import RoomContext
from roomkit.models.delivery import InboundMessage, ProviderResult, WebhookMeta
from roomkit.models.enums import ChannelMediaType, ChannelType
from roomkit.models.event import RoomEvent

logger = logging.getLogger("roomkit.channels")


class SendingProvider(Protocol):
    """What a transport channel needs of its provider; the ABCs of `roomkit.providers` have it."""

    @property
    def name(self) -> str: ...

    async def send(self, event: RoomEvent, to: str, **options: Any) -> ProviderResult: ...

    def parse_webhook(self, payload: Mapping[str, Any]) -> list[WebhookMeta]: ...

    async def close(self) -> None: ...


type SendOptions = Callable[[RoomEvent, ChannelBinding, RoomContext], Mapping[str, Any]]
"""Arguments for one ``provider.send``, worked out from the message and the room around it."""

type Recognise = Callable[[InboundMessage], InboundMessage]
"""A message that comes in, with what can be told from its words noted in its metadata."""


class TransportChannel(Channel):
    """A messaging channel, described by data rather than by a subclass.

    Args:
        channel_id: its id.
        channel_type: what kind of channel it is.
        provider: the vendor's account. Without one the channel can receive but not send.
        capabilities: what it can carry.
        recipient_key: under which key of a binding's metadata the recipient's address is.
        defaults: arguments for every ``provider.send``. One that is None is taken from the
            binding's metadata, under the same key, and left out if it is not there.
        options: works out such an argument for each message; comes before the binding's metadata.
        recognise: looks at every message that comes in before anything else does.
    """

    def __init__(
        self,
        channel_id: str,
        channel_type: ChannelType,
        *,
        provider: Any = None,
        capabilities: ChannelCapabilities | None = None,
        recipient_key: str | None = None,
        defaults: Mapping[str, Any] | None = None,
        options: SendOptions | None = None,
        recognise: Recognise | None = None,
    ) -> None:
        super().__init__(channel_id)
        self.channel_type = channel_type
        self.recipient_key = recipient_key
        self._provider: SendingProvider | None = provider
        self._capabilities = capabilities or ChannelCapabilities()
        self._defaults = dict(defaults or {})
        self._host: ChannelHost | None = None
        self._options = options
        self._recognise = recognise

    @property
    def provider(self) -> Any:
        """The vendor's account, or None."""
        return self._provider

    @property
    def provider_name(self) -> str | None:
        return None if self._provider is None else self._provider.name

    def capabilities(self) -> ChannelCapabilities:
        capabilities = self._capabilities
        if getattr(self._provider, "supports_mms", True):
            return capabilities
        kept = [kind for kind in capabilities.media_types if kind is not ChannelMediaType.MEDIA]
        return capabilities.model_copy(update={"media_types": kept, "supports_media": False})

    def on_registered(self, host: ChannelHost) -> None:
        self._host = host

    async def handle_inbound(self, message: InboundMessage, context: RoomContext) -> RoomEvent:
        if self._recognise is not None:
            message = self._recognise(message)
        await self._note(message)
        channel_type = self.channel_type
        if channel_type is ChannelType.SMS and _has_media(message.content):
            channel_type = ChannelType.MMS
        return self.event_from(message, context, channel_type=channel_type)

    async def _note(self, message: InboundMessage) -> None:
        """Let the provider learn from a message, whichever way it has come."""
        note = getattr(self._provider, "note_inbound", None)
        if note is None:
            return
        try:
            await note(message)
        except Exception as error:  # the message is worth having all the same
            logger.error(
                "note_inbound of channel %s failed: %s",
                self.channel_id,
                locate_error(error),
            )

    async def deliver(
        self, event: RoomEvent, binding: ChannelBinding, context: RoomContext
    ) -> ChannelOutput:
        if self._provider is None:
            raise DeliveryError(
                f"channel {self.channel_id!r} has no provider to send with", code="no_provider"
            )
        recipient = binding.recipient
        if recipient is None:
            raise DeliveryError(f"missing recipient {self.recipient_key}", code="no_recipient")
        options = dict(self._defaults)
        found = {} if self._options is None else self._options(event, binding, context)
        for name, value in self._defaults.items():
            if value is None:
                configured = found.get(name, binding.metadata.get(name))
                if configured is None:
                    del options[name]
                else:
                    options[name] = configured
        content = event.content
        if isinstance(content, EditContent | DeleteContent) and getattr(
            self._provider, "revises_messages", False
        ):
            options["target_ids"] = await self._ids_of(content.target_event_id)
        result: object = await self._provider.send(event, to=recipient, **options)
        if result is not None and not isinstance(result, ProviderResult):
            # Otherwise the False of somebody's own provider would count as sent.
            raise DeliveryError(
                f"send() returned {type(result).__name__}, not ProviderResult", code="bad_output"
            )
        return ChannelOutput.empty().evolve(result=result)

    def reply_address(self, message: InboundMessage) -> str:
        """What the vendor's reader has put under `recipient_key`, or the sender."""
        told = message.metadata.get(self.recipient_key or "")
        return told if isinstance(told, str) and told else message.sender_id

    def parse_webhook(self, payload: Mapping[str, Any]) -> list[WebhookMeta]:
        if self._provider is None:
            raise WebhookError(
                f"channel {self.channel_id!r} has no provider to read webhooks with"
            )
        return self._provider.parse_webhook(payload)

    async def _ids_of(self, event_id: str) -> list[str]:
        """What the vendor calls the messages that show an event here."""
        target = None if self._host is None else await self._host.find_event(event_id)
        if target is None:
            return []
        sent = target.delivery_results.get(self.channel_id)
        if sent is not None and sent.message_ids:
            return list(sent.message_ids)
        known = target.channel_data.external_id
        return [known] if known and target.source.channel_id == self.channel_id else []

    async def close(self) -> None:
        if self._provider is not None:
            await self._provider.close()


def _has_media(content: EventContent) -> bool:
    if isinstance(content, CompositeContent):
        return any(_has_media(part) for part in content.parts)
    return isinstance(content, MediaContent | AudioContent | VideoContent)
