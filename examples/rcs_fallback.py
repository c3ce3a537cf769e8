"""A message with buttons for phones that have RCS, and the same as SMS for those that have not.

Telnyx is played by a few lines on this machine. Needs `pip install "roomkit[httpx]"`.
"""

from __future__ import annotations

import asyncio
import json

import httpx

from roomkit import RCSChannel, RichContent, RoomKit, WebSocketChannel
from roomkit.providers.telnyx import TelnyxRCSConfig, TelnyxRCSProvider

ADA, BOB = "+15551234567", "+15557654321"
HAS_RCS = {ADA}

QUESTION = RichContent(
    body="When shall we **come**?",
    plain_text="When shall we come?",
    buttons=[{"text": "Today", "payload": "today"}, {"text": "Tomorrow", "payload": "tomorrow"}],
)
TAPPED = {
    "data": {
        "event_type": "message.received",
        "payload": {
            "id": "m-9",
            "type": "RCS",
            "from": {"phone_number": ADA},
            "to": [{"agent_id": "bicycles"}],
            "body": {"suggestion_response": {"text": "Today", "postback_data": "today"}},
        },
    }
}


def telnyx(request: httpx.Request) -> httpx.Response:
    if request.method == "GET":
        features = ["RICHCARD_STANDALONE"] if request.url.path.endswith(ADA) else []
        return httpx.Response(200, json={"data": {"features": features}})
    sent = json.loads(request.content)
    if sent["to"] in HAS_RCS:
        message = sent["agent_message"]["content_message"]
        labels = [it["reply"]["text"] for it in message["suggestions"]]
        print("  the phone shows:", message["text"], labels)
        return httpx.Response(200, json={"data": {"id": "m-1", "type": "RCS"}})
    print("  the phone shows:", sent["sms_fallback"]["text"].splitlines())
    return httpx.Response(200, json={"data": {"id": "m-2", "type": "SMS"}})


async def main() -> None:
    config = TelnyxRCSConfig(api_key="KEY1", agent_id="bicycles", messaging_profile_id="shop")
    async with (
        httpx.AsyncClient(transport=httpx.MockTransport(telnyx)) as client,
        RoomKit() as kit,
    ):
        provider = TelnyxRCSProvider(config, http_client=client)
        kit.register_channel(RCSChannel("rcs", provider=provider))
        kit.register_channel(WebSocketChannel("desk"))

        for name, number in (("ada", ADA), ("bob", BOB)):
            print(f"{name}: can receive RCS: {await provider.check_capability(number)}")
            await kit.create_room(name)
            await kit.attach_channel(name, "rcs", metadata={"phone_number": number})
            await kit.attach_channel(name, "desk")
            event = await kit.send_event(name, "desk", QUESTION)
            print("  sent:", event.delivery_results["rcs"].success)

        result = await provider.send(event, to=BOB, fallback=True)
        print("fell back to SMS:", result.fallback)

        message = await kit.process_webhook(TAPPED, channel_id="rcs")
        if message is not None:
            print("ada tapped:", message.metadata["postback_data"])


if __name__ == "__main__":
    asyncio.run(main())
