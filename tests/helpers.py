"""What the stories in the tests are told with."""

from __future__ import annotations

from roomkit import (
    ChannelBinding,
    InboundMessage,
    InboundResult,
    RoomEvent,
    RoomKit,
    TextContent,
    WebSocketChannel,
)
from roomkit.channels.base import text_of
from roomkit.models.enums import ChannelType
from roomkit.models.event import EventContent, EventSource


class Inbox:
    """What one WebSocket client has received."""

    def __init__(self) -> None:
        self.events: list[RoomEvent] = []

    async def receive(self, _connection_id: str, event: RoomEvent) -> None:
        self.events.append(event)

    @property
    def texts(self) -> list[str]:
        return [text_of(event.content) for event in self.events]


def message(
    channel_id: str,
    content: str | EventContent = "hello",
    *,
    sender: str = "u",
    key: str | None = None,
    **metadata: object,
) -> InboundMessage:
    """A message as a webhook handler would build it."""
    return InboundMessage(
        channel_id=channel_id,
        sender_id=sender,
        content=TextContent(body=content) if isinstance(content, str) else content,
        idempotency_key=key,
        metadata=dict(metadata),
    )


async def say(
    kit: RoomKit,
    channel_id: str,
    content: str | EventContent = "hello",
    *,
    sender: str = "u",
    key: str | None = None,
    room_id: str | None = None,
    metadata: dict[str, object] | None = None,
) -> InboundResult:
    """Hand a message in."""
    said = message(channel_id, content, sender=sender, key=key, **metadata or {})
    return await kit.process_inbound(said, room_id)


def event_of(result: InboundResult) -> RoomEvent:
    """The event that a message became."""
    assert result.event is not None
    return result.event


async def join_room(kit: RoomKit, room_id: str, *channel_ids: str) -> dict[str, Inbox]:
    """A room with one WebSocket channel for each id, and an inbox behind each."""
    await kit.create_room(room_id=room_id)
    inboxes: dict[str, Inbox] = {}
    for channel_id in channel_ids:
        inbox = inboxes[channel_id] = Inbox()
        if kit.get_channel(channel_id) is None:
            channel = WebSocketChannel(channel_id)
            kit.register_channel(channel)
            channel.register_connection(f"{channel_id}-connection", inbox.receive)
        await kit.attach_channel(room_id, channel_id)
    return inboxes


def make_event(room_id: str = "r", body: str = "hello", **values: object) -> RoomEvent:
    """An event as a channel would build it."""
    defaults: dict[str, object] = {
        "source": EventSource(channel_id="a", channel_type=ChannelType.WEBSOCKET),
        "content": TextContent(body=body),
    }
    return RoomEvent.model_validate({"room_id": room_id, **defaults, **values})


def make_binding(room_id: str = "r", channel_id: str = "a", **values: object) -> ChannelBinding:
    """A binding as the kit would build it."""
    return ChannelBinding.model_validate(
        {
            "room_id": room_id,
            "channel_id": channel_id,
            "channel_type": ChannelType.WEBSOCKET,
            **values,
        }
    )
