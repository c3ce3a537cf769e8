"""The real Twilio provider, against a stand-in for Twilio on this machine.

Messages go out through the REST API; answers, pictures and delivery reports come in as signed
webhooks. Needs `pip install "roomkit[twilio]"`.
"""

from __future__ import annotations

import asyncio
import logging

import httpx

from roomkit import DeliveryStatus, RoomKit, SMSChannel, TextContent, WebSocketChannel
from roomkit.providers.base import WebhookRequest
from roomkit.providers.twilio import TwilioConfig, TwilioSMSProvider
from roomkit.testing import create_twilio_standin

ADA, SHOP = "+15551234567", "+15550000000"
WEBHOOK = "https://example.com/webhooks/twilio"


async def main() -> None:
    standin = create_twilio_standin()
    client = httpx.AsyncClient(transport=httpx.ASGITransport(app=standin))
    config = TwilioConfig(
        account_sid=standin.account_sid, auth_token=standin.auth_token, from_number=SHOP
    )
    twilio = TwilioSMSProvider(config, http_client=client)

    async with client, RoomKit() as kit:
        kit.register_channel(SMSChannel("sms", provider=twilio))
        kit.register_channel(WebSocketChannel("desk"))
        await kit.create_room("ada")
        await kit.attach_channel("ada", "sms", metadata={"phone_number": ADA})
        await kit.attach_channel("ada", "desk")

        @kit.on_delivery_status
        async def report(status: DeliveryStatus) -> None:
            print("report:", status.status)

        async def webhook(params: dict[str, str]) -> None:
            """What a handler of the application's web framework does."""
            headers, body = standin.signed_webhook(WEBHOOK, params)
            lower = {name.lower(): value for name, value in headers.items()}
            request = WebhookRequest(url=WEBHOOK, headers=lower, body=body)
            if not twilio.verify_webhook(request):
                print("refused: answer 403")
                return
            await kit.process_webhook(twilio.decode_webhook(request), channel_id="sms")

        await kit.send_event("ada", "desk", TextContent(body="Your bicycle is ready."))
        (message,) = standin.messages
        print(f"sent: {message.from_} -> {message.to}: {message.body}")

        await webhook(standin.status_params(message, "delivered"))
        photo = [("https://example.com/1.jpg", "image/jpeg")]
        await webhook(standin.inbound_params(from_=ADA, to=SHOP, body="This one?", media=photo))

        outgoing, incoming = [e for e in await kit.get_timeline("ada") if e.type == "message"]
        print("kept with the message:", outgoing.delivery_results["sms"].status)
        print(f"came in: {incoming.source.channel_type}, {incoming.content.type}")

        logging.getLogger("roomkit").setLevel(logging.ERROR)  # a refusal is logged otherwise
        standin.opted_out.add(ADA)
        refused = await kit.send_event("ada", "desk", TextContent(body="Special offer!"))
        print("refused:", refused.delivery_results["sms"].error_code)


if __name__ == "__main__":
    asyncio.run(main())
