"""A router of your own: which room an inbound message belongs to.

Here every telephone number has one open room, whatever channel it writes on. The rooms are made
when they are first needed; when one is closed, the next takes its place.
"""

from __future__ import annotations

import asyncio
import itertools

from roomkit import (
    Channel,
    ChannelType,
    ConversationStore,
    InboundMessage,
    InboundRoomRouter,
    InMemoryStore,
    MockSMSProvider,
    MockWhatsAppProvider,
    RoomKit,
    SMSChannel,
    TextContent,
    WhatsAppChannel,
)
from roomkit.store.rules import OPEN_STATUSES


class OneRoomPerNumber(InboundRoomRouter):
    def __init__(self, store: ConversationStore) -> None:
        self._store = store

    async def route(
        self, channel_id: str, channel_type: ChannelType, participant_id: str | None
    ) -> str | None:
        if not participant_id:
            return None
        for number in itertools.count(1):
            room = await self._store.get_room(f"{participant_id} / {number}")
            if room is None or room.status in OPEN_STATUSES:
                break  # a closed room must not be named
        return f"{participant_id} / {number}"


async def main() -> None:
    store = InMemoryStore()
    async with RoomKit(store=store, inbound_router=OneRoomPerNumber(store)) as kit:
        kit.register_channel(SMSChannel("sms", provider=MockSMSProvider()))
        kit.register_channel(WhatsAppChannel("whatsapp", provider=MockWhatsAppProvider()))

        async def receive(channel_id: str, sender: str, text: str) -> None:
            message = InboundMessage(
                channel_id=channel_id, sender_id=sender, content=TextContent(body=text)
            )
            await kit.process_inbound(message)

        await receive("sms", "+15551234567", "Hello by SMS")
        await receive("whatsapp", "+1 (555) 123-4567", "Hello by WhatsApp")
        await receive("sms", "+15559999999", "I am somebody else")
        await kit.close_room("+15551234567 / 1")
        await receive("sms", "+15551234567", "Here I am again")

        for room in await kit.store.list_rooms():
            print(room.id, room.status)
            for event in await kit.get_timeline(room.id):
                if event.type == "message":
                    print(f"  {event.source.channel_id}: {Channel.extract_text(event)}")


if __name__ == "__main__":
    asyncio.run(main())
