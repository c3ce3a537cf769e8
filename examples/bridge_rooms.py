"""Two rooms that hear each other: a hook carries messages from one to the other.

It runs at AFTER_BROADCAST, which holds no room's lock, and marks what it has carried, so that
nothing is carried back.
"""

from __future__ import annotations

import asyncio

from roomkit import (
    Channel,
    HookTrigger,
    InboundMessage,
    RoomContext,
    RoomEvent,
    RoomKit,
    TextContent,
    WebSocketChannel,
)

NEIGHBOURS = {"sales": "workshop", "workshop": "sales"}


async def main() -> None:
    async with RoomKit() as kit:
        kit.register_channel(WebSocketChannel("bridge"))
        for room_id in NEIGHBOURS:
            page = WebSocketChannel(f"{room_id} page")

            async def show(connection_id: str, event: RoomEvent) -> None:
                said_by = event.metadata.get("said_by", event.source.participant_id)
                print(f"  [{connection_id}] {said_by}: {Channel.extract_text(event)}")

            page.register_connection(room_id, show)
            kit.register_channel(page)
            await kit.create_room(room_id)
            await kit.attach_channel(room_id, page.channel_id)
            await kit.attach_channel(room_id, "bridge")

        @kit.hook(HookTrigger.AFTER_BROADCAST)
        async def carry(event: RoomEvent, context: RoomContext) -> None:
            if event.type == "message" and event.source.channel_id != "bridge":
                said_by = f"{event.source.participant_id} ({event.room_id})"
                await kit.send_event(
                    NEIGHBOURS[event.room_id],
                    "bridge",
                    event.content,
                    metadata={"said_by": said_by},
                )

        async def say(room_id: str, sender: str, text: str) -> None:
            print(f"{sender}:")
            message = InboundMessage(
                channel_id=f"{room_id} page", sender_id=sender, content=TextContent(body=text)
            )
            await kit.process_inbound(message, room_id=room_id)

        await say("sales", "ada", "When is it ready?")
        await say("workshop", "bob", "At nine.")
        for room_id in NEIGHBOURS:
            events = [e for e in await kit.get_timeline(room_id) if e.type == "message"]
            print(f"{room_id}:", [Channel.extract_text(event) for event in events])


if __name__ == "__main__":
    asyncio.run(main())
