"""The real provider for WhatsApp Business, against a stand-in for Meta on this machine.

Somebody taps a button and sends a voice note. An answer comes too late, so that a template goes
out in its place. Needs `pip install "roomkit[httpx]"`.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import logging
from typing import Any

from roomkit import RichContent, RoomKit, TemplateContent, TextContent
from roomkit.channels import WebSocketChannel, WhatsAppChannel
from roomkit.providers.base import WebhookRequest
from roomkit.providers.whatsapp import WhatsAppCloudProvider, WhatsAppConfig
from roomkit.testing.wire import Reply, ScriptedServer

ADA, SHOP, SECRET = "15551234567", "106540352242922", "app secret"


def webhook(message: dict[str, Any]) -> WebhookRequest:
    """What Meta posts when Ada has written, with its signature."""
    value = {"metadata": {"phone_number_id": SHOP}, "messages": [{"from": ADA, **message}]}
    change = {"field": "messages", "value": value}
    body = json.dumps({"entry": [{"id": "1", "changes": [change]}]}).encode()
    signature = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    headers = {"x-hub-signature-256": f"sha256={signature}"}
    return WebhookRequest(url="https://example.com/webhooks/wa", headers=headers, body=body)


async def main() -> None:
    sent = Reply.of_json({"messages": [{"id": "wamid.from-shop"}]})
    async with ScriptedServer(default=sent) as meta, RoomKit() as kit:
        news = TemplateContent(template_id="news", parameters={"1": "{text}"})
        keys: Any = {"access_token": "token", "app_secret": SECRET, "base_url": meta.url}
        config = WhatsAppConfig(phone_number_id=SHOP, fallback_template=news, **keys)
        whatsapp = WhatsAppCloudProvider(config)
        kit.register_channel(WhatsAppChannel("wa", provider=whatsapp))
        kit.register_channel(WebSocketChannel("desk"))
        await kit.create_room("ada")
        await kit.attach_channel("ada", "wa", metadata={"phone_number": f"+{ADA}"})
        await kit.attach_channel("ada", "desk")

        async def receive(request: WebhookRequest) -> Any:
            """What a handler of the application's web framework does."""
            assert whatsapp.verify_webhook(request), "answer 403"
            await kit.process_webhook(request.body, channel_id="wa")
            return (await kit.get_timeline("ada"))[-1].content

        days = [{"text": "Today"}, {"text": "Tomorrow"}]
        await kit.send_event("ada", "desk", RichContent(body="When?", buttons=days))
        buttons = meta.requests[-1].json()["interactive"]["action"]["buttons"]
        print("buttons:", [button["reply"]["title"] for button in buttons])

        tap = {"type": "button_reply", "button_reply": {"id": "Today", "title": "Today"}}
        content = await receive(webhook({"id": "w.1", "type": "interactive", "interactive": tap}))
        print("tapped:", content.body)

        note = {"id": "42", "mime_type": "audio/ogg; codecs=opus", "voice": True}
        content = await receive(webhook({"id": "w.2", "type": "audio", "audio": note}))
        meta.reply(json={"url": f"{meta.url}/files/42", "mime_type": "audio/ogg"})
        meta.reply(body=b"OggS...")
        file = await whatsapp.fetch_media(content.url)
        print(f"voice note: {content.url}, {file.mime_type}, {len(file.content)} bytes")

        meta.reply(status=400, json={"error": {"code": 131047, "message": "Too late"}})
        logging.getLogger("roomkit").setLevel(logging.ERROR)  # the refusal is logged otherwise
        await kit.send_event("ada", "desk", TextContent(body="It is ready."))
        print("too late, so instead:", json.dumps(meta.requests[-1].json()["template"]))


if __name__ == "__main__":
    asyncio.run(main())
