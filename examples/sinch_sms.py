"""Text messages over Sinch: a signed webhook, an answer, and what became of it.

The real provider, with a stand-in for Sinch's server on this machine. Needs `pip install
"roomkit[httpx]"`.
"""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
import time
from typing import Any

from roomkit import RoomKit, SMSChannel, TextContent, WebSocketChannel
from roomkit.channels.base import text_of
from roomkit.providers.base import WebhookRequest
from roomkit.providers.sinch import SinchConfig, SinchSMSProvider
from roomkit.testing.wire import Reply, ScriptedServer

ADA, SHOP, SECRET = "+15551234567", "+15550000000", "agreed with Sinch"


def webhook(**payload: Any) -> WebhookRequest:
    """What Sinch posts, with its signature."""
    body, nonce, moment = json.dumps(payload).encode(), "01FJA8B4A7BM43", str(int(time.time()))
    signed = b".".join([body, nonce.encode(), moment.encode()])
    signature = base64.b64encode(hmac.digest(SECRET.encode(), signed, "sha256")).decode()
    name = "x-sinch-webhook-signature"
    headers = {name: signature, f"{name}-nonce": nonce, f"{name}-timestamp": moment}
    return WebhookRequest(url="https://example.com/webhooks/sms", headers=headers, body=body)


async def main() -> None:
    taken = Reply.of_json({"id": "batch-1", "to": [ADA[1:]]}, status=201)
    async with ScriptedServer(default=taken) as server, RoomKit() as kit:
        config = SinchConfig(
            service_plan_id="plan",
            api_token="token",
            from_number=SHOP,
            webhook_secret=SECRET,
            base_url=server.url,
        )
        sinch = SinchSMSProvider(config)
        kit.register_channel(SMSChannel("sms", provider=sinch))
        kit.register_channel(WebSocketChannel("desk"))
        await kit.create_room("ada")
        await kit.attach_channel("ada", "sms", metadata={"phone_number": ADA})
        await kit.attach_channel("ada", "desk")

        async def receive(request: WebhookRequest) -> None:
            """What a handler of the application's web framework does."""
            assert sinch.verify_webhook(request), "answer 403"
            await kit.process_webhook(request.body, channel_id="sms")

        ends = {"from": ADA[1:], "to": SHOP[1:]}
        await receive(webhook(type="mo_text", id="m-1", body="Is it ready?", **ends))
        print("in:", text_of((await kit.get_timeline("ada"))[-1].content))

        event = await kit.send_event("ada", "desk", TextContent(body="Yes, come by 🚲"))
        batch = server.requests[-1].json()
        print("out:", batch["type"], batch["to"], batch["body"])

        kind = "recipient_delivery_report_sms"
        for status, code in (("Dispatched", 400), ("Failed", 417)):
            report = {"batch_id": "batch-1", "status": status, "code": code}
            await receive(webhook(type=kind, recipient=ADA[1:], **report))
            stored = await kit.store.get_event(event.id)
            assert stored is not None
            outcome = stored.delivery_results["sms"]
            print("it is", outcome.status, outcome.error or "and on its way")


if __name__ == "__main__":
    asyncio.run(main())
