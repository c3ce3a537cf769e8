"""A paused room takes messages and holds them back; resuming sends them out in their order."""

from __future__ import annotations

import asyncio

from roomkit import (
    AIChannel,
    Channel,
    InboundMessage,
    RoomEvent,
    RoomKit,
    TextContent,
    WebSocketChannel,
)
from roomkit.providers.ai.mock import MockAIProvider


async def main() -> None:
    async with RoomKit() as kit:

        async def show(event: RoomEvent) -> None:
            print(f"  desk receives: {Channel.extract_text(event)}")

        desk = WebSocketChannel("desk")
        desk.register_connection("tab", show)
        kit.register_channel(desk)
        kit.register_channel(WebSocketChannel("customer"))
        kit.register_channel(AIChannel("ai", MockAIProvider(["Noted."])))
        await kit.create_room("night")
        for channel_id in ("desk", "customer", "ai"):
            await kit.attach_channel("night", channel_id)

        async def say(text: str) -> None:
            message = InboundMessage(
                channel_id="customer", sender_id="ada", content=TextContent(body=text)
            )
            result = await kit.process_inbound(message)
            assert result.event is not None
            print(f"Ada: {text} -> {result.event.status} ({result.reason})")

        await kit.pause_room("night")
        await say("The heating is broken.")
        await say("It is cold.")

        print("In the morning:")
        await kit.resume_room("night")
        await say("Thank you!")


if __name__ == "__main__":
    asyncio.run(main())
