"""A router of your own: which room an inbound message belongs to.

Here every telephone number has one room, whatever channel it writes on. The rooms are made when
they are first needed.
"""

from __future__ import annotations

import asyncio

from roomkit import (
    Channel,
    ChannelType,
    InboundMessage,
    InboundRoomRouter,
    MockSMSProvider,
    MockWhatsAppProvider,
    RoomKit,
    SMSChannel,
    TextContent,
    WhatsAppChannel,
)


class OneRoomPerNumber(InboundRoomRouter):
    async def route(
        self, channel_id: str, channel_type: ChannelType, participant_id: str | None
    ) -> str | None:
        return None if participant_id is None else f"customer {participant_id}"


async def main() -> None:
    async with RoomKit(inbound_router=OneRoomPerNumber()) as kit:
        kit.register_channel(SMSChannel("sms", provider=MockSMSProvider()))
        kit.register_channel(WhatsAppChannel("whatsapp", provider=MockWhatsAppProvider()))

        for channel_id, sender, text in (
            ("sms", "+15551234567", "Hello by SMS"),
            ("whatsapp", "+1 (555) 123-4567", "Hello by WhatsApp"),
            ("sms", "+15559999999", "I am somebody else"),
        ):
            await kit.process_inbound(
                InboundMessage(
                    channel_id=channel_id, sender_id=sender, content=TextContent(body=text)
                )
            )

        for room in await kit.store.list_rooms():
            print(room.id)
            for event in await kit.get_timeline(room.id):
                if event.type == "message":
                    print(f"  {event.source.channel_id}: {Channel.extract_text(event)}")


if __name__ == "__main__":
    asyncio.run(main())
