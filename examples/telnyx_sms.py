"""Text messages over Telnyx: a signed webhook, a picture message, and what became of it.

The real provider, with a stand-in for Telnyx's server on this machine. Needs `pip install
"roomkit[httpx,pynacl]"`.
"""

from __future__ import annotations

import asyncio
import base64
import json
import time
from typing import Any

from nacl.signing import SigningKey

from roomkit import MediaContent, RoomKit, SMSChannel, WebSocketChannel
from roomkit.channels.base import text_of
from roomkit.providers.base import WebhookRequest
from roomkit.providers.telnyx import TelnyxConfig, TelnyxSMSProvider
from roomkit.testing.wire import Reply, ScriptedServer

ADA, SHOP = "+15551234567", "+15550000000"
KEY = SigningKey.generate()  # Telnyx has this half, and the portal shows you the other one
PUBLIC_KEY = base64.b64encode(bytes(KEY.verify_key)).decode()


def webhook(event_type: str, **payload: Any) -> WebhookRequest:
    """What Telnyx posts, with its signature."""
    body = json.dumps({"data": {"event_type": event_type, "payload": payload}}).encode()
    moment = str(int(time.time()))
    signature = KEY.sign(f"{moment}|".encode() + body).signature
    headers = {
        "telnyx-signature-ed25519": base64.b64encode(signature).decode(),
        "telnyx-timestamp": moment,
    }
    return WebhookRequest(url="https://example.com/webhooks/sms", headers=headers, body=body)


async def main() -> None:
    taken = Reply.of_json({"data": {"id": "m-2", "to": [{"status": "queued"}]}})
    async with ScriptedServer(default=taken) as server, RoomKit() as kit:
        config = TelnyxConfig(api_key="KEY...", from_number=SHOP, base_url=server.url)
        telnyx = TelnyxSMSProvider(config, public_key=PUBLIC_KEY)
        kit.register_channel(SMSChannel("sms", provider=telnyx))
        kit.register_channel(WebSocketChannel("desk"))
        await kit.create_room("ada")
        await kit.attach_channel("ada", "sms", metadata={"phone_number": ADA})
        await kit.attach_channel("ada", "desk")

        async def receive(request: WebhookRequest) -> None:
            """What a handler of the application's web framework does."""
            if not telnyx.verify_webhook(request):
                print("refused: answer 403")
                return
            await kit.process_webhook(request.body, channel_id="sms")

        question = {"id": "m-1", "text": "Is my bicycle ready?", "to": [{"phone_number": SHOP}]}
        asked = webhook("message.received", **question, **{"from": {"phone_number": ADA}})
        await receive(asked)
        await receive(WebhookRequest(url=asked.url, headers=asked.headers, body=asked.body + b" "))
        print("in:", text_of((await kit.get_timeline("ada"))[-1].content))

        photo = "https://example.com/bicycle.jpg"
        picture = MediaContent(url=photo, mime_type="image/jpeg", caption="Like new!")
        event = await kit.send_event("ada", "desk", picture)
        sent = server.requests[-1].json()
        print("out:", sent["text"], sent["media_urls"])

        report = {"id": "m-2", "to": [{"phone_number": ADA, "status": "delivered"}]}
        await receive(webhook("message.finalized", **report))
        stored = await kit.store.get_event(event.id)
        assert stored is not None
        print("it was", stored.delivery_results["sms"].status)


if __name__ == "__main__":
    asyncio.run(main())
