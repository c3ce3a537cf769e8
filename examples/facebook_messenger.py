"""The real provider for Facebook Messenger, against a stand-in for Meta on this machine.

A page offers its services, somebody taps a button, the answer is delivered and read. Needs
`pip install "roomkit[httpx]"`.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from typing import Any

from roomkit import DeliveryStatus, RichContent, RoomKit, TextContent
from roomkit.channels import MessengerChannel, WebSocketChannel
from roomkit.providers.base import WebhookRequest
from roomkit.providers.messenger import FacebookMessengerProvider, MessengerConfig
from roomkit.testing.wire import Reply, ScriptedServer

ADA, PAGE, SECRET = "1254477777772919", "682498302938465", "app secret"
WEBHOOK = "https://example.com/webhooks/messenger"


def webhook(*events: dict[str, Any]) -> WebhookRequest:
    """What Meta posts when something has happened, with its signature."""
    messaging = [{"sender": {"id": ADA}, "recipient": {"id": PAGE}, **event} for event in events]
    entry = {"id": PAGE, "messaging": messaging}
    body = json.dumps({"object": "page", "entry": [entry]}).encode()
    signature = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    headers = {"x-hub-signature-256": f"sha256={signature}"}
    return WebhookRequest(url=WEBHOOK, headers=headers, body=body)


async def main() -> None:
    async with ScriptedServer() as meta, RoomKit() as kit:
        config = MessengerConfig(
            page_access_token="token", app_secret=SECRET, verify_token="1234", base_url=meta.url
        )
        messenger = FacebookMessengerProvider(config)
        kit.register_channel(MessengerChannel("fb", provider=messenger))
        kit.register_channel(WebSocketChannel("desk"))
        await kit.create_room("ada")
        await kit.attach_channel("ada", "fb", metadata={"facebook_user_id": ADA})
        await kit.attach_channel("ada", "desk")

        @kit.on_delivery_status
        async def report(status: DeliveryStatus) -> None:
            print("report:", status.message_id, status.status)

        async def receive(request: WebhookRequest) -> None:
            """What a handler of the application's web framework does."""
            assert messenger.verify_webhook(request), "answer 403"
            await kit.process_webhook(request.body, channel_id="fb")

        query = "hub.mode=subscribe&hub.verify_token=1234&hub.challenge=1158201444"
        reply = messenger.answer_challenge(WebhookRequest(url=f"{WEBHOOK}?{query}"))
        print("the webhook is ours:", reply.status, reply.body.decode())

        meta.default = Reply.of_json({"message_id": "m_offer"})
        repair = {"text": "Book a repair", "payload": "repair"}
        page = {"text": "See our bicycles", "url": "https://example.com/bicycles"}
        await kit.send_event("ada", "desk", RichContent(body="Welcome!", buttons=[repair, page]))
        template = meta.requests[-1].json()["message"]["attachment"]["payload"]
        print("sent:", template["text"], [button["title"] for button in template["buttons"]])

        echo = {"mid": "m_0", "text": "Welcome!", "is_echo": True}
        tap = {"mid": "m_1", "title": "Book a repair", "payload": "repair"}
        await receive(webhook({"message": echo}, {"postback": tap}))
        print("tapped:", (await kit.get_timeline("ada"))[-1].metadata["postback_data"])

        meta.default = Reply.of_json({"message_id": "m_yes"})
        await kit.send_event("ada", "desk", TextContent(body="Come by at six."))
        await receive(webhook({"delivery": {"mids": ["m_yes"], "watermark": 1}}))
        await receive(webhook({"read": {"watermark": 4_102_444_800_000}}))


if __name__ == "__main__":
    asyncio.run(main())
