"""Circuit breaker: a channel that keeps failing is left alone for a minute.

After five failures in a row nothing is sent for 60 seconds; then one message is let through as a
probe. The other channels of the room are not affected.
"""

from __future__ import annotations

import asyncio
import logging

from roomkit import (
    FrameworkEvent,
    MockSMSProvider,
    ProviderError,
    RoomKit,
    SMSChannel,
    TextContent,
    WebSocketChannel,
)
from roomkit.testing import VirtualClock


async def main() -> None:
    logging.getLogger("roomkit").setLevel(logging.ERROR)  # the failure is logged otherwise
    clock = VirtualClock()
    sms = MockSMSProvider(results=[ProviderError("out of order", retryable=True)] * 6)
    async with RoomKit(clock=clock) as kit:

        @kit.on("delivery_failed")
        async def alarm(event: FrameworkEvent) -> None:
            print(f"  delivery_failed on {event.channel_id}: {event.data['code']}")

        kit.register_channel(WebSocketChannel("desk"))
        kit.register_channel(SMSChannel("sms", provider=sms))
        await kit.create_room("case")
        await kit.attach_channel("case", "desk")
        await kit.attach_channel("case", "sms", metadata={"phone_number": "+15551234567"})

        async def send(text: str) -> None:
            attempts = len(sms.sent)
            event = await kit.send_event("case", "desk", TextContent(body=text))
            outcome = "sent" if event.delivery_results["sms"].success else "failed"
            print(f"{text}: {outcome}, provider called: {len(sms.sent) > attempts}")

        for number in range(1, 8):
            await send(f"message {number}")

        await clock.advance(60)
        await send("the probe, after a minute")
        await clock.advance(60)
        await send("another probe")
        await send("back to normal")


if __name__ == "__main__":
    asyncio.run(main())
