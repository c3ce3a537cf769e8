"""One of several connections: people at a desk take turns, or one is addressed directly.

`delivery_mode` is a capability of the channel, and may be another one in a single room.
"""

from __future__ import annotations

import asyncio

from roomkit import (
    Channel,
    ChannelCapabilities,
    InboundMessage,
    RoomEvent,
    RoomKit,
    TextContent,
    WebSocketChannel,
)
from roomkit.models.enums import DeliveryMode


async def main() -> None:
    async with RoomKit() as kit:
        desk = WebSocketChannel("desk")
        kit.register_channel(desk)
        kit.register_channel(WebSocketChannel("web"))

        async def show(connection_id: str, event: RoomEvent) -> None:
            print(f"  {connection_id} <- {Channel.extract_text(event)}")

        for name in ("grace", "alan", "edith"):
            desk.register_connection(name, show)

        await kit.create_room("chat")
        await kit.attach_channel("chat", "web")

        async def ask(*questions: str, **metadata: str) -> None:
            for question in questions:
                message = InboundMessage(
                    channel_id="web",
                    sender_id="ada",
                    content=TextContent(body=question),
                    metadata=dict(metadata),
                )
                await kit.process_inbound(message, room_id="chat")

        for mode in DeliveryMode:
            print(mode)
            capabilities = ChannelCapabilities(delivery_mode=mode)
            await kit.attach_channel("chat", "desk", capabilities=capabilities)
            if mode is DeliveryMode.DIRECT:
                await kit.update_binding_metadata("chat", "desk", {"connection_id": "grace"})
                await ask("Are you there, Grace?")
                await ask("And you?", target_connection_id="alan")
            else:
                await ask("One.", "Two.")


if __name__ == "__main__":
    asyncio.run(main())
