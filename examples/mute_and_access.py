"""What a channel may do in a room: mute it, or change its access.

A muted channel still sees everything, and what it says is stored as blocked. Access decides
whether a channel may send to the room, receive from it, both or neither.
"""

from __future__ import annotations

import asyncio

from roomkit import (
    Access,
    Channel,
    InboundMessage,
    RoomEvent,
    RoomKit,
    TextContent,
    WebSocketChannel,
)


async def main() -> None:
    async with RoomKit() as kit:
        for name in ("ada", "bob"):

            async def show(event: RoomEvent, name: str = name) -> None:
                print(f"  {name} receives: {Channel.extract_text(event)}")

            channel = WebSocketChannel(name)
            channel.register_connection("tab", show)
            kit.register_channel(channel)
        await kit.create_room("stage")
        await kit.attach_channel("stage", "ada")
        await kit.attach_channel("stage", "bob")

        async def say(name: str, text: str) -> None:
            print(f"{name}: {text}")
            result = await kit.process_inbound(
                InboundMessage(channel_id=name, sender_id=name, content=TextContent(body=text))
            )
            if result.blocked:
                print(f"  blocked: {result.reason}")

        await kit.mute("stage", "bob")
        await say("ada", "Bob is muted.")
        await say("bob", "Can you hear me?")
        await kit.unmute("stage", "bob")
        await say("bob", "And now?")

        for access in (Access.READ_ONLY, Access.WRITE_ONLY, Access.NONE):
            await kit.set_access("stage", "bob", access)
            print(f"Bob's access: {access}")
            await say("ada", "Hello, Bob.")
            await say("bob", "Hello, Ada.")

        print("What the timeline says about it:")
        for event in await kit.get_timeline("stage"):
            if event.type.startswith("channel_") and event.source.channel_id == "bob":
                print(f"  {event.type}: access={event.data['access']} muted={event.data['muted']}")


if __name__ == "__main__":
    asyncio.run(main())
