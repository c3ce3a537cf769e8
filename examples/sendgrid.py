"""Mail over SendGrid: a mail that goes out, and the signed webhooks about what became of it.

The real provider, with a stand-in for SendGrid's server on this machine. Needs `pip install
"roomkit[sendgrid]"`.
"""

from __future__ import annotations

import asyncio
import base64
import json
import time
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from roomkit import EmailChannel, RichContent, RoomKit, WebSocketChannel
from roomkit.providers.base import WebhookRequest
from roomkit.providers.sendgrid import SendGridConfig, SendGridEmailProvider
from roomkit.testing.wire import Reply, ScriptedServer

KEY = ec.generate_private_key(
    ec.SECP256R1()
)  # SendGrid has this half, its settings show the other
PUBLIC_KEY = base64.b64encode(
    KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
).decode()


def webhook(*events: dict[str, Any]) -> WebhookRequest:
    """What SendGrid posts, with its signature."""
    body, moment = json.dumps(events).encode(), str(int(time.time()))
    signature = KEY.sign(moment.encode() + body, ec.ECDSA(SHA256()))
    name = "x-twilio-email-event-webhook"
    headers = {
        f"{name}-signature": base64.b64encode(signature).decode(),
        f"{name}-timestamp": moment,
    }
    return WebhookRequest(url="https://example.com/webhooks/mail", headers=headers, body=body)


async def main() -> None:
    taken = Reply(status=202, headers={"x-message-id": "14c5d75ce93"})
    async with ScriptedServer(default=taken) as server, RoomKit() as kit:
        config = SendGridConfig(
            api_key="SG....",
            from_email="desk@example.com",
            webhook_public_key=PUBLIC_KEY,
            base_url=server.url,
        )
        sendgrid = SendGridEmailProvider(config)
        kit.register_channel(EmailChannel("mail", provider=sendgrid))
        kit.register_channel(WebSocketChannel("desk"))
        await kit.create_room("ada")
        binding = {"email_address": "ada@example.com", "subject": "Your bicycle"}
        await kit.attach_channel("ada", "mail", metadata=binding)
        await kit.attach_channel("ada", "desk")

        ready = RichContent(body="It is <b>ready</b>.", format="html")
        event = await kit.send_event("ada", "desk", ready)
        mail = server.requests[-1].json()
        print("out:", mail["subject"], [part["value"] for part in mail["content"]])

        ids = {"sg_message_id": "14c5d75ce93.filter0", "email": "ada@example.com"}
        bounce = {"event": "bounce", "type": "bounce", "status": "5.1.1", **ids}
        for request in (webhook({"event": "processed", **ids}), webhook(bounce)):
            assert sendgrid.verify_webhook(request), "answer 403"
            await kit.process_webhook(sendgrid.decode_webhook(request), channel_id="mail")
            stored = await kit.store.get_event(event.id)
            assert stored is not None
            outcome = stored.delivery_results["mail"]
            print("it is", outcome.status, outcome.error_code)


if __name__ == "__main__":
    asyncio.run(main())
