"""Ephemeral events: typing, presence, reactions, read receipts. Shown, and never stored."""

from __future__ import annotations

import asyncio

from roomkit import EphemeralEvent, RoomKit, TextContent, WebSocketChannel


async def main() -> None:
    async with RoomKit() as kit:
        kit.register_channel(WebSocketChannel("web"))
        await kit.create_room("support")
        await kit.attach_channel("support", "web")
        await kit.send_event("support", "web", TextContent(body="Hello"))

        def show(event: EphemeralEvent) -> None:
            details = ", ".join(f"{key}={value}" for key, value in event.data.items())
            print(f"{event.user_id}: {event.type} ({details})")

        subscription = await kit.subscribe_room("support", show)
        await kit.publish_presence("support", "ada", "online")
        await kit.publish_typing("support", "ada")
        await kit.publish_typing("support", "ada", is_typing=False)
        await kit.publish_read_receipt("support", "ada", event_id="message-1")
        await kit.publish_reaction("support", "bob", target_event_id="message-1", emoji="👍")

        print("unsubscribed:", await kit.unsubscribe_room(subscription))
        await kit.publish_presence("support", "ada", "offline")  # nobody listens

        room = await kit.get_room("support")
        print("events in the timeline:", room.event_count, "(attached, Hello)")


if __name__ == "__main__":
    asyncio.run(main())
