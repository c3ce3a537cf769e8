"""Limits and retries, on a `VirtualClock`: a minute of waiting takes milliseconds.

Outgoing messages wait for their turn; a failed attempt is made again if that may help; what comes
in too fast is refused.
"""

from __future__ import annotations

import asyncio

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


async def main() -> None:
    clock = VirtualClock(auto=True)
    sms = MockSMSProvider()
    async with RoomKit(clock=clock, inbound_rate_limit=RateLimit(max_per_minute=4)) as kit:
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
            message = InboundMessage(
                channel_id="desk", sender_id="grace", content=TextContent(body=text)
            )
            result = await kit.process_inbound(message)
            delivery = result.delivery_results.get("sms")
            outcome = result.reason or (delivery and (delivery.error or "sent"))
            print(
                f"{text}: {outcome}, {len(sms.sent) - attempts} attempts, "
                f"{clock.monotonic() - before:.0f} s"
            )

        await say("first")
        await say("second, which waits")
        sms.results.append(BUSY)
        await say("third, while the vendor is busy")
        sms.results.append(NO_SUCH_NUMBER)
        await say("fourth, which the vendor refuses")

        for _ in range(5):
            await kit.process_inbound(
                InboundMessage(channel_id="desk", sender_id="g", content=TextContent(body="x"))
            )
        await say("one too many")


if __name__ == "__main__":
    asyncio.run(main())
