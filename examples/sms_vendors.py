"""Four vendors of text messages behind the same channel: their webhooks, and what they are sent.

The vendors are played by a few lines on this machine. Needs `pip install "roomkit[httpx]"`.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx

from roomkit import RoomKit, SMSChannel, TextContent, WebSocketChannel
from roomkit.providers.sinch import SinchConfig, SinchSMSProvider
from roomkit.providers.sms import VendorSMSProvider, count_segments, extract_sms_meta
from roomkit.providers.telnyx import TelnyxConfig, TelnyxSMSProvider
from roomkit.providers.twilio import TwilioConfig, TwilioSMSProvider
from roomkit.providers.voicemeup import VoiceMeUpConfig, VoiceMeUpSMSProvider

ADA, SHOP = "+15551234567", "+15550000000"
QUESTION, ANSWER = "Is my bicycle ready?", "Yes, you can come by 🚲"

TELNYX_MESSAGE = {"from": {"phone_number": ADA}, "to": [{"phone_number": SHOP}], "text": QUESTION}
WEBHOOKS: dict[str, dict[str, Any]] = {
    "twilio": {"MessageSid": "SM1", "From": ADA, "To": SHOP, "Body": QUESTION},
    "telnyx": {"data": {"event_type": "message.received", "payload": TELNYX_MESSAGE}},
    "sinch": {"type": "mo_text", "from": ADA[1:], "to": SHOP[1:], "body": QUESTION},
    "voicemeup": {"source_number": ADA, "destination_number": SHOP, "message": QUESTION},
}


def take(request: httpx.Request) -> httpx.Response:
    """Any of the vendors: says yes, in all of their words at once."""
    print(f"  {request.method} {request.url.host}{request.url.path}")
    named = {"sid": "m-1", "data": {"id": "m-1"}, "id": "m-1", "sms_hash": "m-1"}
    return httpx.Response(201, content=json.dumps(named))


def providers(client: httpx.AsyncClient) -> list[VendorSMSProvider]:
    twilio = TwilioConfig(account_sid="AC1", auth_token="secret", from_number=SHOP)
    telnyx = TelnyxConfig(api_key="KEY1", from_number=SHOP)
    sinch = SinchConfig(service_plan_id="plan", api_token="secret", from_number=SHOP)
    voicemeup = VoiceMeUpConfig(username="shop", auth_token="secret", from_number=SHOP)
    return [
        TwilioSMSProvider(twilio, http_client=client),
        TelnyxSMSProvider(telnyx, http_client=client),
        SinchSMSProvider(sinch, http_client=client),
        VoiceMeUpSMSProvider(voicemeup, http_client=client),
    ]


async def converse(provider: VendorSMSProvider) -> None:
    async with RoomKit() as kit:
        kit.register_channel(SMSChannel("sms", provider=provider))
        kit.register_channel(WebSocketChannel("desk"))
        await kit.create_room("ada")
        await kit.attach_channel("ada", "sms", metadata={"phone_number": ADA})
        await kit.attach_channel("ada", "desk")

        meta = extract_sms_meta(provider.name, WEBHOOKS[provider.name])
        print(f"{provider.name}: {meta.sender} asks {meta.body!r}")
        await kit.process_webhook(WEBHOOKS[provider.name], channel_id="sms")
        event = await kit.send_event("ada", "desk", TextContent(body=ANSWER))
        print("  sent:", event.delivery_results["sms"].success)


async def main() -> None:
    async with httpx.AsyncClient(transport=httpx.MockTransport(take)) as client:
        for provider in providers(client):
            await converse(provider)
    for text in (QUESTION, ANSWER, ANSWER * 4):
        print(f"{len(text)} characters:", count_segments(text))


if __name__ == "__main__":
    asyncio.run(main())
