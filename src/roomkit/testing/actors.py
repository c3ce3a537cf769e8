"""Who plays in a test: a channel that people speak through, and a model's wish to call a tool."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from roomkit.channels.base import Channel, text_of
from roomkit.channels.host import ChannelHost
from roomkit.errors import ChannelNotRegisteredError
from roomkit.models._base import new_id
from roomkit.models.channel import ChannelBinding, ChannelCapabilities, ChannelOutput
from roomkit.models.content import EventContent, TextContent
from roomkit.models.context import RoomContext
from roomkit.models.delivery import InboundMessage, InboundResult, ProviderResult
from roomkit.models.enums import ChannelMediaType, ChannelType
from roomkit.models.event import RoomEvent
from roomkit.providers.ai.base import AIResponse, AIToolCall
from roomkit.providers.ai.mock import MockAIProvider

__all__ = ["RecordingChannel", "RecordingChannels", "ScriptedAI", "wants_tool"]

_EVERYTHING = ChannelCapabilities.constant(
    media_types=list(ChannelMediaType),
    supports_rich_text=True,
    supports_templates=True,
    supports_buttons=True,
    supports_cards=True,
    supports_quick_replies=True,
    supports_media=True,
    supports_audio=True,
    supports_video=True,
    supports_threading=True,
    supports_reactions=True,
    supports_read_receipts=True,
    supports_typing=True,
    supports_edit=True,
    supports_delete=True,
)


class RecordingChannel(Channel):
    """A channel that keeps what is delivered to it, and through which a test speaks.

    It can carry everything, so that events arrive as they are stored. Give it the `capabilities`
    of another channel to see what that one would be given.

    Args:
        channel_id: its id.
        channel_type: what it passes for.
        capabilities: what it can carry.
        recipient_key: the key of the binding's metadata that holds the recipient; without one it
            needs none.
        results: what the first deliveries come to, in order: a `ProviderResult` to return or an
            exception to raise. After that they succeed.

    Attributes:
        received: what was delivered, the oldest first; not what `results` made fail.
        results: what is left of the script; append to it at any time.
    """

    def __init__(
        self,
        channel_id: str,
        *,
        channel_type: ChannelType = ChannelType.WEBSOCKET,
        capabilities: ChannelCapabilities = _EVERYTHING,
        recipient_key: str | None = None,
        results: tuple[ProviderResult | Exception, ...] = (),
    ) -> None:
        super().__init__(channel_id)
        self.channel_type = channel_type
        self.recipient_key = recipient_key
        self.received: list[RoomEvent] = []
        self.results: deque[ProviderResult | Exception] = deque(results)
        self._capabilities = capabilities
        self._host: ChannelHost | None = None

    @property
    def texts(self) -> list[str]:
        """The words of what was delivered."""
        return [text_of(event.content) for event in self.received]

    def capabilities(self) -> ChannelCapabilities:
        return self._capabilities

    def on_registered(self, host: ChannelHost) -> None:
        self._host = host

    async def say(
        self,
        content: str | EventContent,
        *,
        room_id: str | None = None,
        sender_id: str | None = None,
        message_id: str | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> InboundResult:
        """Hand in a message that comes through this channel.

        Args:
            content: what is said; a string is a `TextContent`.
            room_id: where; the kit's router finds out if it is not given.
            sender_id: who; the channel's own id if it is not given.
            message_id: the vendor's id of the message, which makes a redelivery harmless.

        Returns:
            What `RoomKit.process_inbound` returns, when all is done.

        Raises:
            ChannelNotRegisteredError: no kit knows the channel.
        """
        if self._host is None:
            raise ChannelNotRegisteredError(self.channel_id)
        message = InboundMessage(
            channel_id=self.channel_id,
            sender_id=sender_id or self.channel_id,
            content=TextContent(body=content) if isinstance(content, str) else content,
            provider_message_id=message_id,
            metadata=dict(metadata or {}),
        )
        return await self._host.process_inbound(message, room_id)

    async def handle_inbound(self, message: InboundMessage, context: RoomContext) -> RoomEvent:
        return self.event_from(message, context)

    async def deliver(
        self, event: RoomEvent, binding: ChannelBinding, context: RoomContext
    ) -> ChannelOutput:
        result = self.results.popleft() if self.results else None
        if isinstance(result, Exception):
            raise result
        if result is None or result.success:
            self.received.append(event)
        return ChannelOutput.empty() if result is None else ChannelOutput(result=result)


type RecordingChannels = Callable[..., RecordingChannel]
"""What the fixture ``recording_channel`` is: ``recording_channel("desk")`` makes a
`RecordingChannel`, with the same arguments, and registers it."""

type ScriptedAI = Callable[..., MockAIProvider]
"""What the fixture ``scripted_ai`` is: ``scripted_ai("Hello!", "Bye!")`` makes a
`MockAIProvider` of these responses. Further arguments are those of `MockAIProvider`."""


def wants_tool(name: str, /, **arguments: Any) -> AIResponse:
    """The response of a model that wants to have a tool called, for the script of a mock."""
    call = AIToolCall(id=f"call-{new_id()}", name=name, arguments=arguments)
    return AIResponse(content="", tool_calls=[call], finish_reason="tool_calls")
