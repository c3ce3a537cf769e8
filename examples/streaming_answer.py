"""A streamed answer: a client sees it grow, others get the finished event.

The stored answer is one event. A stream ends with that event, or without one if the answer was
withheld, and the client takes back what it has shown.
"""

from __future__ import annotations

import asyncio

from roomkit import (
    AIChannel,
    Channel,
    InboundMessage,
    RoomEvent,
    RoomKit,
    StreamChunk,
    StreamEnd,
    StreamMessage,
    StreamStart,
    TextContent,
    WebSocketChannel,
)
from roomkit.providers.ai.mock import MockAIProvider


async def main() -> None:
    async def plain(event: RoomEvent) -> None:
        print(f"plain client: {Channel.extract_text(event)}")

    async def modern(connection_id: str, event: RoomEvent) -> None:
        print(f"{connection_id}: {Channel.extract_text(event)}")

    async def modern_stream(connection_id: str, message: StreamMessage) -> None:
        match message:
            case StreamStart():
                print(f"{connection_id}: {message.source_channel_id} begins to write")
            case StreamChunk():
                print(f"{connection_id}: + {message.delta!r}")
            case StreamEnd(event=None):
                print(f"{connection_id}: taken back ({message.reason})")
            case StreamEnd():
                print(f"{connection_id}: complete ({message.reason})")

    provider = MockAIProvider(["Paris is the capital of France."], streaming=True)
    async with RoomKit() as kit:
        web = WebSocketChannel("web")
        web.register_connection("modern client", modern, stream_send_fn=modern_stream)
        web.register_connection("plain client", plain)
        kit.register_channel(web)
        kit.register_channel(AIChannel("ai", provider))
        await kit.create_room("quiz")
        await kit.attach_channel("quiz", "web")
        await kit.attach_channel("quiz", "ai")

        question = TextContent(body="What is the capital of France?")
        result = await kit.process_inbound(
            InboundMessage(channel_id="web", sender_id="ada", content=question)
        )
        (answer,) = result.response_events
        print(f"stored: {Channel.extract_text(answer)}")


if __name__ == "__main__":
    asyncio.run(main())
