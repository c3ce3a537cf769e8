"""Response visibility: who sees the answers to a message.

The agent asks the AI in front of the customer's eyes, but the answer is for the agent alone.
"""

from __future__ import annotations

import asyncio

from roomkit import AIChannel, Channel, RoomEvent, RoomKit, TextContent, WebSocketChannel
from roomkit.providers.ai.mock import MockAIProvider


async def main() -> None:
    provider = MockAIProvider(responses=["It was delivered on Monday.", "You are welcome!"])
    async with RoomKit() as kit:
        for name in ("customer", "agent"):

            async def show(event: RoomEvent, name: str = name) -> None:
                author = event.source.channel_id
                print(f"  {name} sees {author}: {Channel.extract_text(event)}")

            channel = WebSocketChannel(name)
            channel.register_connection("tab", show)
            kit.register_channel(channel)
        kit.register_channel(AIChannel("ai", provider))

        await kit.create_room("case")
        for channel_id in ("customer", "agent", "ai"):
            await kit.attach_channel("case", channel_id)

        print("A question whose answer only the agent sees:")
        question = TextContent(body="Let me look up your parcel.")
        await kit.send_event("case", "agent", question, response_visibility="agent")

        print("A message whose answer everybody sees:")
        await kit.send_event("case", "customer", TextContent(body="Thank you!"))


if __name__ == "__main__":
    asyncio.run(main())
