"""RCS over Twilio: a template with buttons, the tap on one, and a message that became an SMS.

The real provider, with a stand-in for Twilio's server on this machine. Needs `pip install
"roomkit[twilio]"`.
"""

from __future__ import annotations

import asyncio
from urllib.parse import urlencode

from roomkit import RCSChannel, RoomKit, TemplateContent, WebSocketChannel
from roomkit.channels.base import text_of
from roomkit.models.delivery import DeliveryStatus
from roomkit.providers.base import WebhookRequest
from roomkit.providers.twilio import TwilioRCSConfig, TwilioRCSProvider
from roomkit.providers.twilio.signature import SIGNATURE_HEADER, twilio_signature
from roomkit.testing.wire import Reply, ScriptedServer

ADA, AGENT, SHOP, TOKEN = "+15551234567", "bicycles", "+15550000000", "auth token"
HOOK = "https://example.com/webhooks/rcs"


def webhook(**fields: str) -> WebhookRequest:
    """What Twilio posts, with its signature."""
    headers = {
        SIGNATURE_HEADER.lower(): twilio_signature(TOKEN, HOOK, fields.items()),
        "content-type": "application/x-www-form-urlencoded",
    }
    return WebhookRequest(url=HOOK, headers=headers, body=urlencode(fields).encode())


async def main() -> None:
    taken = Reply.of_json({"sid": "SM1", "status": "accepted"}, status=201)
    async with ScriptedServer(default=taken) as server, RoomKit() as kit:
        config = TwilioRCSConfig(
            account_sid="AC1",
            auth_token=TOKEN,
            messaging_service_sid="MG1",
            base_url=server.url,
        )
        twilio = TwilioRCSProvider(config)
        kit.register_channel(RCSChannel("rcs", provider=twilio))
        kit.register_channel(WebSocketChannel("desk"))
        await kit.create_room("ada")
        await kit.attach_channel("ada", "rcs", metadata={"phone_number": ADA})
        await kit.attach_channel("ada", "desk")

        async def receive(request: WebhookRequest) -> None:
            """What a handler of the application's web framework does."""
            assert twilio.verify_webhook(request), "answer 403"
            await kit.process_webhook(twilio.decode_webhook(request), channel_id="rcs")

        # Made in Twilio's console, where its buttons are.
        when = TemplateContent(template_id="HX1", parameters={"1": "Ada"}, body="When, Ada?")
        event = await kit.send_event("ada", "desk", when)
        form = server.requests[-1].form
        print("out:", form["To"], form["ContentSid"], form["ContentVariables"])

        tap = {"ButtonText": "Today", "ButtonPayload": "today", "MessageSid": "SM2"}
        await receive(webhook(From=f"rcs:{ADA}", To=f"rcs:{AGENT}", **tap))
        tapped = (await kit.get_timeline("ada"))[-1]
        print("tapped:", text_of(tapped.content), tapped.metadata["postback_data"])

        @kit.on_delivery_status
        async def show(status: DeliveryStatus) -> None:
            print("it was", status.status, "as SMS" if status.sender == SHOP else "as RCS")

        report = {"MessageSid": "SM1", "MessageStatus": "delivered", "To": ADA, "From": SHOP}
        await receive(webhook(**report))
        stored = await kit.store.get_event(event.id)
        assert stored is not None
        print("kept with the event:", stored.delivery_results["rcs"].status)


if __name__ == "__main__":
    asyncio.run(main())
