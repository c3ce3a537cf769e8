"""One conversation on three channels: a web page, SMS and e-mail.

The agent sends formatted text with buttons and a picture once. Every channel gets it in a form
that it can show; the timeline keeps the original. The SMS and e-mail providers are stand-ins that
record what they were given.
"""

from __future__ import annotations

import asyncio

from roomkit import (
    ChannelCapabilities,
    EmailChannel,
    InboundMessage,
    MockEmailProvider,
    MockSMSProvider,
    RoomEvent,
    RoomKit,
    SMSChannel,
    TextContent,
    WebSocketChannel,
)
from roomkit.models.event import CompositeContent, MediaContent, RichContent

OFFER = CompositeContent(
    parts=[
        RichContent(
            body="**Your new bicycle** is ready.",
            plain_text="Your new bicycle is ready.",
            buttons=[{"text": "Collect it today"}, {"text": "Deliver it"}],
        ),
        MediaContent(url="https://example.com/bike.jpg", mime_type="image/jpeg", caption="Red"),
    ]
)


async def main() -> None:
    sms = MockSMSProvider(from_number="+15550000000", supports_mms=False)
    email = MockEmailProvider()

    async def on_page(event: RoomEvent) -> None:
        content = event.content
        text = content.body if isinstance(content, TextContent) else f"<{content.type}>"
        print(f"  page: {text}")

    async with RoomKit() as kit:
        web = WebSocketChannel("web")
        web.register_connection("tab", on_page)
        kit.register_channel(web)
        kit.register_channel(WebSocketChannel("desk", capabilities=ChannelCapabilities()))
        kit.register_channel(SMSChannel("sms", provider=sms))
        kit.register_channel(EmailChannel("email", provider=email, from_email="shop@example.com"))

        await kit.create_room("order-7")
        await kit.attach_channel("order-7", "web")
        await kit.attach_channel("order-7", "desk")
        await kit.attach_channel("order-7", "sms", metadata={"phone_number": "+15551234567"})
        await kit.attach_channel(
            "order-7", "email", metadata={"email_address": "ada@example.com", "subject": "Order 7"}
        )

        print("The desk sends an offer:")
        await kit.send_event("order-7", "desk", OFFER)
        print(f"  SMS to {sms.sent[-1].to}: {sms.sent[-1].body!r}")
        mail = email.sent[-1]
        print(f"  e-mail to {mail.to}, {mail.subject!r}: {mail.body!r}")

        print("Ada answers by SMS:")
        answer = InboundMessage(
            channel_id="sms", sender_id="+1 555 123 4567", content=TextContent(body="Deliver it")
        )
        result = await kit.process_inbound(answer)
        print(f"  room: {result.room_id}, e-mail: {email.sent[-1].body!r}")


if __name__ == "__main__":
    asyncio.run(main())
