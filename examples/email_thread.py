"""Mail in threads: what a customer writes comes in as MIME, answers go out in the same thread.

Quotations and signatures are trimmed, an out-of-office reply is marked so that nobody answers it,
and an answer names the message that it answers. The real SendGrid provider, with a stand-in for
SendGrid's server. Needs `pip install "roomkit[httpx]"`.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx

from roomkit import EmailChannel, InboundResult, RoomKit, TextContent, WebSocketChannel
from roomkit.channels.base import text_of
from roomkit.providers.email import parse_email
from roomkit.providers.sendgrid import SendGridConfig, SendGridEmailProvider

outbox: list[dict[str, Any]] = []


def sendgrid_server(request: httpx.Request) -> httpx.Response:
    outbox.append(json.loads(request.content))
    return httpx.Response(202, headers={"x-message-id": f"sg-{len(outbox)}"})


def mail(message_id: str, body: str, **headers: str) -> bytes:
    fields = {"From": "Ada <ada@example.com>", "Subject": "My bicycle", "Message-ID": message_id}
    fields |= {name.replace("_", "-"): value for name, value in headers.items()}
    return ("".join(f"{k}: {v}\r\n" for k, v in fields.items()) + "\r\n" + body).encode()


async def main() -> None:
    client = httpx.AsyncClient(transport=httpx.MockTransport(sendgrid_server))
    config = SendGridConfig(api_key="SG.example", from_email="help@desk.example")
    provider = SendGridEmailProvider(config, http_client=client)

    async with client, RoomKit() as kit:
        kit.register_channel(EmailChannel("mail", provider=provider))
        kit.register_channel(WebSocketChannel("desk"))
        await kit.create_room("ada")
        await kit.attach_channel("ada", "mail", metadata={"email_address": "ada@example.com"})
        await kit.attach_channel("ada", "desk")

        async def receive(raw: bytes) -> InboundResult:
            message = parse_email(raw, "mail", own_domain=provider.message_id_domain)
            assert message is not None
            who = "automatic:" if "no_reply" in message.metadata else "Ada:"
            print("in:", who, text_of(message.content))
            return await kit.process_inbound(message)

        await receive(mail("<1@example.com>", "Is it ready?\n\n-- \nAda\n"))
        asked = await kit.send_event("ada", "desk", TextContent(body="Yes. When will you come?"))
        first = outbox[0]["headers"]
        print("out:", outbox[0]["subject"], "| answers", first["In-Reply-To"])

        reply = "On Tuesday.\n\nOn 6 Jan 2026 at 10:15 Desk <help@desk.example> wrote:\n> When?\n"
        ids = {"In_Reply_To": first["Message-ID"], "References": first["References"]}
        result = await receive(mail("<2@example.com>", reply, **ids))
        assert result.event is not None
        print("it answers our question:", result.event.metadata["reply_to_event_id"] == asked.id)

        await receive(mail("<3@example.com>", "I am away.", Auto_Submitted="auto-replied"))
        await kit.send_event("ada", "desk", TextContent(body="Tuesday it is."))
        print("out:", outbox[1]["subject"], "| answers", outbox[1]["headers"]["In-Reply-To"])


if __name__ == "__main__":
    asyncio.run(main())
