"""A transcoder of your own: what becomes of content that a channel cannot show.

Here a location becomes a link to a map on channels without locations. Everything else keeps its
usual form, also inside of composite messages and edits.
"""

from __future__ import annotations

import asyncio

from roomkit import (
    ChannelBinding,
    DefaultContentTranscoder,
    MockSMSProvider,
    RoomKit,
    SMSChannel,
    TextContent,
    WebSocketChannel,
)
from roomkit.core.transcoder import representable
from roomkit.models.event import CompositeContent, EventContent, LocationContent


class MapLinks(DefaultContentTranscoder):
    async def transcode(
        self,
        content: EventContent,
        source_binding: ChannelBinding,
        target_binding: ChannelBinding,
    ) -> EventContent | None:
        can_show_it = representable(content, target_binding.capabilities)
        if isinstance(content, LocationContent) and not can_show_it:
            link = f"https://maps.example.com/?q={content.latitude},{content.longitude}"
            return TextContent(body=f"{content.label or 'Here'}: {link}")
        return await super().transcode(content, source_binding, target_binding)


async def main() -> None:
    sms = MockSMSProvider()
    async with RoomKit(transcoder=MapLinks()) as kit:
        kit.register_channel(WebSocketChannel("desk"))
        kit.register_channel(SMSChannel("sms", provider=sms))
        await kit.create_room("visit")
        await kit.attach_channel("visit", "desk")
        await kit.attach_channel("visit", "sms", metadata={"phone_number": "+15551234567"})

        office = LocationContent(latitude=48.8584, longitude=2.2945, label="Our office")
        await kit.send_event("visit", "desk", office)
        await kit.send_event(
            "visit", "desk", CompositeContent(parts=[TextContent(body="Come in at nine."), office])
        )
        for message in sms.sent:
            print(message.body)
        events = await kit.get_timeline("visit")
        print("stored as:", [event.content.type for event in events if event.type == "message"])


if __name__ == "__main__":
    asyncio.run(main())
