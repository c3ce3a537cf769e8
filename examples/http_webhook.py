"""The real HTTP provider: messages go out as signed JSON and come in the same way.

The other system is a small web server on this machine. It checks the signature as a receiver in
any language would. Needs `pip install "roomkit[httpx]"`.
"""

from __future__ import annotations

import asyncio
import logging

from roomkit import HTTPChannel, RoomKit, TextContent, WebSocketChannel
from roomkit.providers.base import WebhookRequest
from roomkit.providers.http import HTTPProviderConfig, WebhookHTTPProvider
from roomkit.testing import ScriptedServer

SECRET = "shared-secret"


async def main() -> None:
    async with ScriptedServer() as server, RoomKit() as kit:
        config = HTTPProviderConfig(
            url=f"{server.url}/messages",
            secret=SECRET,
            allow_private_hosts=True,  # the server is on this machine
        )
        provider = WebhookHTTPProvider(config)
        kit.register_channel(HTTPChannel("crm", provider=provider))
        kit.register_channel(WebSocketChannel("desk"))
        await kit.create_room("order-7")
        await kit.attach_channel("order-7", "crm", metadata={"recipient_id": "customer-7"})
        await kit.attach_channel("order-7", "desk")

        server.reply(status=202, json={"id": "crm-1"})
        event = await kit.send_event("order-7", "desk", TextContent(body="It has left."))
        received = server.requests[0]
        print("posted to", received.path, "for", received.json()["to"])
        print("text:", received.json()["text"])
        print("the CRM calls it", event.delivery_results["crm"].provider_message_id)

        signature = received.headers["x-roomkit-signature"]
        print("genuine:", provider.verify_signature(received.body, signature))
        print("altered:", provider.verify_signature(received.body + b" ", signature))

        logging.getLogger("roomkit").setLevel(logging.ERROR)  # a refusal is logged otherwise
        server.reply(status=422, json={"error": "no such customer"})
        event = await kit.send_event("order-7", "desk", TextContent(body="Hello?"))
        refused = event.delivery_results["crm"]
        print("refused:", refused.success, refused.error_code)

        # The other direction: what a handler of the application's web framework does.
        body = b'{"id": "m-1", "sender": "customer-7", "text": "Thanks!"}'
        request = WebhookRequest(
            url="https://example.com/webhooks/crm",
            headers={"content-type": "application/json"},
            body=body,
        )
        print("unsigned webhook accepted:", provider.verify_webhook(request))
        message = await kit.process_webhook(provider.decode_webhook(request), channel_id="crm")
        assert message is not None
        print("came in from", message.sender_id)


if __name__ == "__main__":
    asyncio.run(main())
