"""Text and picture messages over VoiceMeUp: two webhooks that are one message, and one that stays
alone.

The real provider, with a stand-in for VoiceMeUp's server on this machine. Needs `pip install
"roomkit[httpx]"`.
"""

from __future__ import annotations

import asyncio
from urllib.parse import urlencode

from roomkit import RoomKit, SMSChannel, TextContent, WebSocketChannel
from roomkit.channels.base import text_of
from roomkit.models.content import CompositeContent, EventContent
from roomkit.providers.base import WebhookRequest
from roomkit.providers.voicemeup import VoiceMeUpConfig, VoiceMeUpSMSProvider
from roomkit.testing.clock import VirtualClock
from roomkit.testing.wire import Reply, ScriptedServer

ADA, SHOP = "+15551234567", "+15550000000"


def webhook(**fields: str) -> WebhookRequest:
    """What VoiceMeUp posts. It signs nothing, so the URL has to be a secret."""
    ends = {"source_number": ADA[1:], "destination_number": SHOP[1:]}
    return WebhookRequest(
        url="https://example.com/webhooks/a-long-secret",
        headers={"content-type": "application/x-www-form-urlencoded"},
        body=urlencode({**ends, **fields}).encode(),
    )


async def main() -> None:
    taken = Reply.of_json({"response_status": "success", "sms_hash": "h-9"})
    clock = VirtualClock()  # so that nobody has to wait for a picture that does not come
    async with ScriptedServer(default=taken) as server, RoomKit() as kit:
        config = VoiceMeUpConfig(
            username="shop", auth_token="token", from_number=SHOP, base_url=server.url
        )
        voicemeup = VoiceMeUpSMSProvider(
            config, on_mms_timeout=kit.process_inbound, channel_id="sms", clock=clock
        )
        kit.register_channel(SMSChannel("sms", provider=voicemeup))
        kit.register_channel(WebSocketChannel("desk"))
        await kit.create_room("ada")
        await kit.attach_channel("ada", "sms", metadata={"phone_number": ADA})
        await kit.attach_channel("ada", "desk")

        async def receive(request: WebhookRequest) -> None:
            """What a handler of the application's web framework does."""
            await kit.process_webhook(voicemeup.decode_webhook(request), channel_id="sms")

        async def newest() -> EventContent:
            return (await kit.get_timeline("ada"))[-1].content

        page, photo = "https://voicemeup.example/1.html", "https://voicemeup.example/1.jpg"
        await receive(webhook(sms_hash="h-1", message="This one?", file=page))
        print("half a message is kept back:", (await newest()).type != "text")
        await receive(webhook(sms_hash="h-2", message="", file=photo))
        whole = await newest()
        assert isinstance(whole, CompositeContent)
        print("a whole one:", [part.type for part in whole.parts])

        await receive(webhook(sms_hash="h-3", message="Or this one?", file=page))
        await clock.advance(5)
        print("its picture never came:", text_of(await newest()))

        await kit.send_event("ada", "desk", TextContent(body="The first one."))
        print("out:", server.requests[-1].form["message"])


if __name__ == "__main__":
    asyncio.run(main())
