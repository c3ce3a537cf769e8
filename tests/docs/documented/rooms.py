"""Rooms in which the code of the documents is tried out."""

from __future__ import annotations

from roomkit import (
    AIChannel,
    InboundMessage,
    RoomEvent,
    RoomKit,
    TextContent,
    WebSocketChannel,
)
from roomkit.channels.base import text_of


async def ask(ai: AIChannel, *texts: str, over: WebSocketChannel | None = None) -> list[str]:
    """Ask an AI in a room of a kit of its own; returns what it says."""
    async with RoomKit() as kit:
        await kit.create_room(room_id="room")
        kit.register_channel(ai)
        await kit.attach_channel("room", ai.channel_id)
        return await ask_in(kit, "room", texts=texts or ("Hello?",), over=over)


async def ask_in(
    kit: RoomKit,
    *room_ids: str,
    texts: tuple[str, ...] = ("Hello?",),
    over: WebSocketChannel | None = None,
) -> list[str]:
    """Say something in rooms, over a WebSocket; returns what comes back over it."""
    heard: list[str] = []

    async def on_recv(_connection_id: str, event: RoomEvent) -> None:
        heard.append(text_of(event.content))

    web = over or kit.get_channel("asking") or WebSocketChannel("asking")
    assert isinstance(web, WebSocketChannel)
    if kit.get_channel(web.channel_id) is None:
        kit.register_channel(web)
    web.register_connection("asks", on_recv)
    for room_id in room_ids:
        await kit.attach_channel(room_id, web.channel_id)
        for text in texts:
            said = InboundMessage(
                channel_id=web.channel_id, sender_id="u", content=TextContent(body=text)
            )
            result = await kit.process_inbound(said, room_id)
            assert result.error is None, result.error
    return heard
