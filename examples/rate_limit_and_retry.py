"""Limits and retries, on a `VirtualClock`: a minute of waiting takes milliseconds.

Outgoing messages wait for their turn; a failed attempt is made again if that may help; what comes
in too fast is refused.
"""

from __future__ import annotations

import asyncio
import logging

from roomkit import (
    InboundMessage,
    MockSMSProvider,
    ProviderResult,
    RateLimit,
    RetryPolicy,
    RoomKit,
    SMSChannel,
    TextContent,
    WebSocketChannel,
)
from roomkit.testing import VirtualClock

BUSY = ProviderResult(success=False, error="busy", retryable=True, retry_after=30)
NO_SUCH_NUMBER = ProviderResult(success=False, error="no such number", error_code="bad_number")


def message(text: str) -> InboundMessage:
    return InboundMessage(channel_id="desk", sender_id="grace", content=TextContent(body=text))


async def main() -> None:
    logging.getLogger("roomkit").setLevel(logging.ERROR)  # the failure is logged otherwise
    clock = VirtualClock(auto=True)
    sms = MockSMSProvider()
    async with RoomKit(clock=clock, inbound_rate_limit=RateLimit(max_per_minute=6)) as kit:
        kit.register_channel(WebSocketChannel("desk"))
        kit.register_channel(SMSChannel("sms", provider=sms))
        await kit.create_room("case")
        await kit.attach_channel("case", "desk")
        await kit.attach_channel(
            "case",
            "sms",
            metadata={"phone_number": "+15551234567"},
            rate_limit=RateLimit(max_per_second=0.5),
            retry_policy=RetryPolicy(max_retries=3, base_delay_seconds=0.1),
        )

        async def say(text: str) -> None:
            before, attempts = clock.monotonic(), len(sms.sent)
            result = await kit.process_inbound(message(text), room_id="case")
            delivery = result.delivery_results["sms"]
            print(
                f"{text}: {delivery.error or 'sent'}, {len(sms.sent) - attempts} attempts, "
                f"{clock.monotonic() - before:.0f} s"
            )

        await say("first")
        await say("second, which waits for its turn")
        sms.results.append(BUSY)
        await say("third, while the vendor is busy")
        sms.results.append(NO_SUCH_NUMBER)
        await say("fourth, which the vendor refuses")

        await clock.advance(60)
        await kit.create_room("lobby")
        for number in range(1, 9):
            result = await kit.process_inbound(message("hello"), room_id="lobby")
            print(f"flood, message {number}: {result.reason or 'accepted'}")


if __name__ == "__main__":
    asyncio.run(main())
