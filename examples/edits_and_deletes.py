"""Edits and deletes: who may change a message, and what each channel gets to see of it.

A channel that can show edits gets the edit itself. SMS gets a correction as a new text message.
"""

from __future__ import annotations

import asyncio

from roomkit import (
    InboundMessage,
    MockSMSProvider,
    RoomEvent,
    RoomKit,
    SMSChannel,
    TextContent,
    WebSocketChannel,
)
from roomkit.models.event import DeleteContent, EditContent, EventContent


async def main() -> None:
    sms = MockSMSProvider()
    async with RoomKit() as kit:

        async def on_page(event: RoomEvent) -> None:
            print(f"  page gets: {event.type}")

        page = WebSocketChannel("page")
        page.register_connection("tab", on_page)
        kit.register_channel(page)
        kit.register_channel(WebSocketChannel("chat"))
        kit.register_channel(SMSChannel("sms", provider=sms))
        await kit.create_room("trip")
        await kit.attach_channel("trip", "page")
        await kit.attach_channel("trip", "chat")
        await kit.attach_channel("trip", "sms", metadata={"phone_number": "+15551234567"})

        async def send(sender: str, content: EventContent) -> RoomEvent:
            print(f"{sender} sends {content.type}")
            result = await kit.process_inbound(
                InboundMessage(channel_id="chat", sender_id=sender, content=content)
            )
            if result.blocked:
                print(f"  refused: {result.reason}")
            else:
                print(f"  SMS gets: {sms.sent[-1].body}")
            assert result.event is not None
            return result.event

        original = await send("ada", TextContent(body="We leave at nine."))
        correction = TextContent(body="We leave at ten.")
        edit = EditContent(target_event_id=original.id, new_content=correction)
        await send("mallory", edit)
        await send("ada", edit)

        changed = await kit.store.get_event(original.id)
        assert changed is not None
        print("stored:", changed.content.model_dump()["body"], changed.metadata["edited"])

        await send("ada", DeleteContent(target_event_id=original.id, reason="cancelled"))
        gone = await kit.store.get_event(original.id)
        assert gone is not None
        print("stored:", gone.content.model_dump()["body"], gone.metadata["deleted"])


if __name__ == "__main__":
    asyncio.run(main())
