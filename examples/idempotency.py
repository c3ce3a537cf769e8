"""Idempotency: a message that is handed in twice is stored, delivered and answered once.

Vendors call a webhook again when they get no answer in time. Their own id of the message, or a key
of yours, tells RoomKit that it is the same one.
"""

from __future__ import annotations

import asyncio

from roomkit import AIChannel, InboundMessage, MockSMSProvider, RoomKit, SMSChannel, TextContent
from roomkit.providers.ai.mock import MockAIProvider


async def main() -> None:
    sms, ai = MockSMSProvider(), MockAIProvider(["We are on our way."])
    async with RoomKit() as kit:
        kit.register_channel(SMSChannel("sms", provider=sms))
        kit.register_channel(AIChannel("ai", ai))
        await kit.create_room("case")
        await kit.attach_channel("case", "sms", metadata={"phone_number": "+15551234567"})
        await kit.attach_channel("case", "ai")

        message = InboundMessage(
            channel_id="sms",
            sender_id="+15551234567",
            content=TextContent(body="Please come"),
            provider_message_id="SM123",
        )
        # Three deliveries of one webhook, all at the same time.
        results = await asyncio.gather(*(kit.process_inbound(message) for _ in range(3)))
        for result in results:
            print(f"blocked={result.blocked} reason={result.reason}")
        print("one event:", len({result.event.id for result in results if result.event}) == 1)
        print("AI asked:", len(ai.calls), "time; SMS sent:", len(sms.sent))

        # A key of the application's own, for what it sends by itself.
        for _ in range(2):
            await kit.send_event(
                "case", "ai", TextContent(body="Reminder"), idempotency_key="reminder-2031-05-01"
            )
        print("SMS sent:", [sent.body for sent in sms.sent])


if __name__ == "__main__":
    asyncio.run(main())
