"""Delivery reports: what became of a message, as the vendor tells later and in any order."""

from __future__ import annotations

import asyncio

from roomkit import (
    DeliveryStatus,
    HookTrigger,
    MockSMSProvider,
    RoomKit,
    SMSChannel,
    TextContent,
    WebSocketChannel,
)


async def main() -> None:
    async with RoomKit() as kit:

        @kit.on_delivery_status
        async def log(status: DeliveryStatus) -> None:
            print(f"handler: {status.message_id} {status.status}")

        @kit.hook(HookTrigger.ON_DELIVERY_STATUS)
        async def alert(status: DeliveryStatus) -> None:
            if status.status == "failed":
                print(f"  hook: {status.error_code} {status.error_message}")

        kit.register_channel(WebSocketChannel("desk"))
        kit.register_channel(SMSChannel("sms", provider=MockSMSProvider()))
        await kit.create_room("case")
        await kit.attach_channel("case", "desk")
        await kit.attach_channel("case", "sms", metadata={"phone_number": "+15551234567"})

        async def report(event_id: str, status: DeliveryStatus) -> None:
            await kit.process_delivery_status(status)
            event = await kit.store.get_event(event_id)
            assert event is not None
            kept = event.delivery_results["sms"]
            print(f"  kept: {kept.status}, success={kept.success}")

        event = await kit.send_event("case", "desk", TextContent(body="Your code is 1234"))
        sent = event.delivery_results["sms"]
        print(f"sent as {sent.provider_message_id}: {sent.status}")
        read = DeliveryStatus(provider="mock", message_id="mock-1", status="read")
        await report(event.id, read)
        late = DeliveryStatus(provider="mock", message_id="mock-1", status="delivered")
        await report(event.id, late)  # nothing goes back

        event = await kit.send_event("case", "desk", TextContent(body="Are you there?"))
        failed = DeliveryStatus(
            provider="mock",
            message_id="mock-2",
            status="failed",
            error_code="30003",
            error_message="unreachable",
        )
        await report(event.id, failed)


if __name__ == "__main__":
    asyncio.run(main())
