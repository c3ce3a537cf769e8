"""Visibility: a message for some channels of a room only.

A whisper goes to the named channels, a note to the agents' side, and everything that comes through
the supervisor's channel is hidden from the customer because its binding says so.
"""

from __future__ import annotations

import asyncio

from roomkit import AIChannel, Channel, RoomEvent, RoomKit, TextContent, WebSocketChannel
from roomkit.providers.ai.mock import MockAIProvider


async def main() -> None:
    ai = MockAIProvider()
    async with RoomKit() as kit:
        for name in ("customer", "agent", "supervisor"):

            async def show(event: RoomEvent, name: str = name) -> None:
                print(f"  {name} sees: {Channel.extract_text(event)}")

            channel = WebSocketChannel(name)
            channel.register_connection("tab", show)
            kit.register_channel(channel)
        kit.register_channel(AIChannel("ai", ai))

        await kit.create_room("case")
        await kit.attach_channel("case", "customer")
        await kit.attach_channel("case", "agent")
        await kit.attach_channel("case", "supervisor", visibility="agent,intelligence")
        await kit.attach_channel("case", "ai")

        async def send(sender: str, text: str, visibility: str = "all") -> None:
            print(f"{sender} ({visibility}): {text}")
            before = len(ai.calls)
            await kit.send_event("case", sender, TextContent(body=text), visibility=visibility)
            print(f"  the AI {'is asked' if len(ai.calls) > before else 'does not see it'}")

        await send("agent", "Hello, how can I help?")
        await send("agent", "Is that a known customer?", visibility="supervisor")
        await send("agent", "Summarise, please.", visibility="intelligence")
        await send("supervisor", "Offer a discount.")
        await send("agent", "For the record only.", visibility="none")


if __name__ == "__main__":
    asyncio.run(main())
