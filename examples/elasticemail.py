"""Mail over Elastic Email: a mail in and out, and a notification about what became of it.

The real provider, with a stand-in for Elastic Email's server on this machine. Needs `pip install
"roomkit[elasticemail]"`.
"""

from __future__ import annotations

import asyncio
from urllib.parse import urlencode

from roomkit import EmailChannel, RoomKit, TextContent, WebSocketChannel
from roomkit.channels.base import text_of
from roomkit.providers.base import WebhookRequest
from roomkit.providers.elasticemail import ElasticEmailConfig, ElasticEmailProvider
from roomkit.testing.wire import Reply, ScriptedServer

HOOK = "https://example.com/webhooks/mail?token=a-long-secret"
MAIL = {
    "from_email": "ada@example.com",
    "to_list": "desk@example.net",
    "header_list": "From: Ada <ada@example.com>\r\nMessage-ID: <1@example.com>\r\n",
    "subject": "My bicycle",
    "body_text": "Is it ready?\n\n-- \nAda",
}


async def main() -> None:
    taken = Reply.of_json({"TransactionID": "t-1", "MessageID": "m-1"})
    async with ScriptedServer(default=taken) as server, RoomKit() as kit:
        config = ElasticEmailConfig(
            api_key="key",
            from_email="desk@example.net",
            webhook_token="a-long-secret",
            base_url=server.url,
        )
        elastic = ElasticEmailProvider(config)
        kit.register_channel(EmailChannel("mail", provider=elastic))
        kit.register_channel(WebSocketChannel("desk"))
        await kit.create_room("ada")
        await kit.attach_channel("ada", "mail", metadata={"email_address": "ada@example.com"})
        await kit.attach_channel("ada", "desk")

        async def receive(request: WebhookRequest) -> None:
            """What a handler of the application's web framework does."""
            if not elastic.verify_webhook(request):
                print("refused: answer 403")
                return
            await kit.process_webhook(elastic.decode_webhook(request), channel_id="mail")

        form, body = "application/x-www-form-urlencoded", urlencode(MAIL).encode()
        await receive(WebhookRequest(url=HOOK, headers={"content-type": form}, body=body))
        await receive(WebhookRequest(url=HOOK.replace("long", "wrong"), body=body))
        print("in:", text_of((await kit.get_timeline("ada"))[-1].content))

        event = await kit.send_event("ada", "desk", TextContent(body="Yes, come by."))
        mail = server.requests[-1].json()["Content"]
        print("out:", mail["Subject"], "| answers", mail["Headers"]["In-Reply-To"])

        # Notifications come as GET, with everything in the URL.
        told = {"status": "Error", "category": "NoMailbox", "messageid": "m-1"}
        await receive(WebhookRequest(url=f"{HOOK}&{urlencode(told)}", method="GET"))
        stored = await kit.store.get_event(event.id)
        assert stored is not None
        print(
            "it is",
            stored.delivery_results["mail"].status,
            stored.delivery_results["mail"].error_code,
        )


if __name__ == "__main__":
    asyncio.run(main())
