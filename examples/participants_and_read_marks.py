"""People in a room, and how far each channel has read."""

from __future__ import annotations

import asyncio

from roomkit import InboundMessage, RoomKit, TextContent, WebSocketChannel
from roomkit.models.enums import ParticipantRole, ParticipantStatus


async def main() -> None:
    async with RoomKit() as kit:
        for channel_id in ("web", "app"):
            kit.register_channel(WebSocketChannel(channel_id))
        await kit.create_room("club")
        await kit.attach_channel("club", "web")
        await kit.attach_channel("club", "app")

        # The host of the room is added by hand; whoever writes becomes a participant.
        await kit.ensure_participant(
            "club", "app", "grace", display_name="Grace", role=ParticipantRole.OWNER
        )

        async def say(sender: str, text: str) -> str:
            message = InboundMessage(
                channel_id="web", sender_id=sender, content=TextContent(body=text)
            )
            result = await kit.process_inbound(message)
            print(f"{sender}: {text} -> {result.reason or 'sent'}")
            return result.event.id if result.event else ""

        async def show_unread() -> None:
            print("  unread on the app:", await kit.store.get_unread_count("club", "app"))

        first = await say("ada", "Hello!")
        await say("bob", "Buy cheap watches!")
        await show_unread()

        await kit.mark_read("club", "app", first)
        await show_unread()
        await kit.mark_all_read("club", "app")
        await show_unread()

        await kit.set_participant_status("club", "bob", ParticipantStatus.BANNED)
        await say("bob", "Really cheap!")
        await show_unread()

        for one in await kit.store.list_participants("club"):
            print(f"{one.id}: {one.role}, {one.status}, first seen on {one.channel_id}")


if __name__ == "__main__":
    asyncio.run(main())
