"""What a handler for webhooks does, whatever framework it is written in: verify, decode, hand in.

A webhook with one bad item keeps the others, and what comes again changes nothing.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from typing import Any

from roomkit import DeliveryStatus, InboundMessage, RoomKit, SMSChannel, TextContent, WebhookError
from roomkit.models.delivery import WebhookMeta
from roomkit.providers.base import WebhookRequest
from roomkit.providers.sms import MockSMSProvider


def signature(body: bytes) -> str:
    return hmac.new(b"s3cret", body, hashlib.sha256).hexdigest()


class Acme(MockSMSProvider):
    def verify_webhook(self, request: WebhookRequest) -> bool:
        given = request.headers.get("x-acme-signature", "")
        return hmac.compare_digest(signature(request.body).encode(), given.encode())

    def parse_webhook(self, payload: Any) -> list[WebhookMeta]:
        found = []
        items = payload.get("items")
        for item in items if isinstance(items, list) else ():
            match item:
                case {"id": str(id_), "status": str(status)}:
                    report = DeliveryStatus(provider="acme", message_id=id_, status=status)
                    found.append(WebhookMeta(provider="acme", status=report))
                case {"id": str(id_), "from": str(sender), "text": str(text)}:
                    content = TextContent(body=text)
                    message = InboundMessage(
                        channel_id="", sender_id=sender, content=content, provider_message_id=id_
                    )
                    found.append(WebhookMeta(provider="acme", message=message))
        return found


async def main() -> None:
    async with RoomKit() as kit:
        acme = Acme()
        kit.register_channel(SMSChannel("sms", provider=acme))
        kit.on_delivery_status(lambda status: print("  report:", status.status))

        async def handle(request: WebhookRequest) -> int:
            if not acme.verify_webhook(request):
                return 403
            try:
                await kit.process_webhook(acme.decode_webhook(request), channel_id="sms")
            except WebhookError:
                return 400
            return 200

        async def call(what: str, items: Any, *, signed: bool = True) -> None:
            body = json.dumps({"items": items}).encode()
            headers = {"x-acme-signature": signature(body) if signed else "guessed"}
            status = await handle(WebhookRequest(url="/", headers=headers, body=body))
            rooms = await kit.store.list_rooms()
            print(f"{what}: {status}, {sum(room.event_count for room in rooms)} events")

        hello = {"id": "m1", "from": "+15551234567", "text": "Hello"}
        await call("forged", [hello], signed=False)
        await call("a message", [hello])
        await call("the same again", [hello])
        await call("several", [{}, {"id": "m0", "status": "delivered"}, {**hello, "id": "m2"}])
        await call("nonsense", [None])


if __name__ == "__main__":
    asyncio.run(main())
