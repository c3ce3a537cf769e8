"""Conversations over WhatsApp and Messenger, from signed webhooks to what is sent."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from roomkit import MessengerChannel, RoomKit, WebSocketChannel, WhatsAppChannel
from roomkit.channels.transport import TransportChannel
from roomkit.integrations.fastapi import mount_roomkit
from roomkit.models.content import AudioContent, RichContent, TextContent
from roomkit.models.enums import EventType
from roomkit.providers.base import WebhookRequest
from roomkit.providers.messenger import FacebookMessengerProvider, MessengerConfig
from roomkit.providers.whatsapp import WhatsAppCloudProvider, WhatsAppConfig
from roomkit.testing.wire import Reply, ScriptedServer
from tests.wire import test_messenger_webhooks as from_messenger
from tests.wire import test_whatsapp_webhooks as from_whatsapp

SECRET = "app-s3cret"
TAKEN = Reply.of_json({"messages": [{"id": "wamid.out"}], "message_id": "m_out"})


@pytest.fixture
async def server() -> AsyncIterator[ScriptedServer]:
    async with ScriptedServer(default=TAKEN) as running:
        yield running


@pytest.fixture
async def kit(server: ScriptedServer) -> AsyncIterator[RoomKit]:
    whatsapp = WhatsAppConfig(
        access_token="EAA",
        phone_number_id="106540352242922",
        app_secret=SECRET,
        verify_token="t0ken",
        base_url=server.url,
    )
    messenger = MessengerConfig(page_access_token="EAA", app_secret=SECRET, base_url=server.url)
    async with RoomKit() as running:
        running.register_channel(WhatsAppChannel("wa", provider=WhatsAppCloudProvider(whatsapp)))
        running.register_channel(
            MessengerChannel("fb", provider=FacebookMessengerProvider(messenger))
        )
        running.register_channel(WebSocketChannel("desk"))
        await running.create_room("ada")
        await running.attach_channel("ada", "desk")
        yield running


type Post = Callable[[str, dict[str, Any]], Any]


@pytest.fixture
def post(kit: RoomKit) -> Post:
    """Meta posts a webhook."""

    async def post(channel_id: str, payload: dict[str, Any]) -> None:
        body = json.dumps(payload).encode()
        digest = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
        request = WebhookRequest(
            url=f"https://example.com/webhooks/{channel_id}",
            headers={"x-hub-signature-256": f"sha256={digest}"},
            body=body,
        )
        channel = kit.get_channel(channel_id)
        assert isinstance(channel, TransportChannel)
        provider = channel.provider
        assert provider.verify_webhook(request)
        await kit.process_webhook(provider.decode_webhook(request), channel_id=channel_id)

    return post


async def messages(kit: RoomKit) -> list[Any]:
    kinds = (EventType.MESSAGE, EventType.REACTION)
    return [event for event in await kit.get_timeline("ada") if event.type in kinds]


async def test_whatsapp_both_ways(kit: RoomKit, server: ScriptedServer, post: Post) -> None:
    await kit.attach_channel("ada", "wa", metadata={"phone_number": "+1 650 555 1234"})
    voice = {"mime_type": "audio/ogg; codecs=opus", "id": "1", "voice": True}
    batch = from_whatsapp.webhook(
        from_whatsapp.TEXT,
        from_whatsapp.TEXT,
        {"from": "16505551234", "id": "wamid.2", "type": "audio", "audio": voice},
    )
    await post("wa", batch)
    await post("wa", batch)
    text, note = await messages(kit)
    assert text.content == TextContent(body="Does it come in another color?")
    assert isinstance(note.content, AudioContent)

    answer = RichContent(body="Which one?", buttons=[{"text": "Red"}, {"text": "Blue"}])
    event = await kit.send_event("ada", "desk", answer)
    assert event.delivery_results["wa"].provider_message_id == "wamid.out"
    (request,) = server.requests
    assert request.json()["to"] == "+16505551234"
    assert len(request.json()["interactive"]["action"]["buttons"]) == 2

    read = {**from_whatsapp.STATUS, "id": "wamid.out", "status": "read"}
    sent = {**read, "status": "sent"}
    await post("wa", from_whatsapp.webhook(statuses=[read, sent]))
    stored = await kit.store.get_event(event.id)
    assert stored is not None
    assert stored.delivery_results["wa"].status == "read"


async def test_a_message_is_edited_and_taken_back(kit: RoomKit, post: Post) -> None:
    await kit.attach_channel("ada", "wa", metadata={"phone_number": "+16505551234"})
    await post("wa", from_whatsapp.webhook(from_whatsapp.TEXT))
    (text,) = await messages(kit)
    original = {"original_message_id": from_whatsapp.TEXT["id"]}
    new = {"type": "text", "text": {"body": "In red?"}}
    base = {**from_whatsapp.TEXT, "id": "wamid.edit", "type": "edit"}
    await post("wa", from_whatsapp.webhook({**base, "edit": {**original, "message": new}}))
    edited = await kit.store.get_event(text.id)
    assert edited is not None
    assert edited.content == TextContent(body="In red?")

    other = {**from_whatsapp.TEXT, "from": "16505550000", "id": "wamid.no", "type": "revoke"}
    base = {**from_whatsapp.TEXT, "id": "wamid.revoke", "type": "revoke"}
    for revoke, gone in ((other, False), (base, True)):
        await post("wa", from_whatsapp.webhook({**revoke, "revoke": original}))
        kept = await kit.store.get_event(text.id)
        assert kept is not None
        assert (kept.content != edited.content) is gone


async def test_a_group_has_one_room(kit: RoomKit, server: ScriptedServer, post: Post) -> None:
    await kit.attach_channel("ada", "wa", metadata={"phone_number": "HBgLMTY1MDM4"})
    people = ("16505551234", "16505550000")
    for person in people:
        message = {**from_whatsapp.TEXT, "from": person, "id": f"wamid.{person}"}
        await post("wa", from_whatsapp.webhook({**message, "group_id": "HBgLMTY1MDM4"}))
    senders = [event.source.participant_id for event in await messages(kit)]
    assert senders == [f"+{person}" for person in people]
    await kit.send_event("ada", "desk", TextContent(body="Hello, all"))
    (request,) = server.requests
    assert (request.json()["recipient_type"], request.json()["to"]) == ("group", "HBgLMTY1MDM4")


async def test_messenger_both_ways(kit: RoomKit, server: ScriptedServer, post: Post) -> None:
    await kit.attach_channel("ada", "fb", metadata={"facebook_user_id": from_messenger.ADA})
    echo = from_messenger.event(message={"mid": "m_e", "is_echo": True, "text": "x"})
    reaction = from_messenger.event(reaction={"mid": "m_1", "emoji": "❤️", "action": "react"})
    await post("fb", from_messenger.webhook(from_messenger.TEXT, echo, reaction))
    text, heart = await messages(kit)
    assert text.content == TextContent(body="hello, world!")
    assert (heart.type, heart.metadata["target_message_id"]) == (EventType.REACTION, "m_1")

    buttons = [{"text": str(number)} for number in range(4)]
    event = await kit.send_event("ada", "desk", RichContent(body="Pick", buttons=buttons))
    (request,) = server.requests
    template = request.json()["message"]["attachment"]["payload"]
    assert [button["title"] for button in template["buttons"]] == ["0", "1", "2"]
    assert template["text"] == "Pick\n- 3"

    watermark = int(kit.clock.now().timestamp() * 1000) + 1000
    await post("fb", from_messenger.webhook(from_messenger.event(read={"watermark": watermark})))
    stored = await kit.store.get_event(event.id)
    assert stored is not None
    assert stored.delivery_results["fb"].status == "read"


async def test_meta_calls_the_routers(kit: RoomKit) -> None:
    """The subscription, a message, one that somebody else made up, and what makes no sense."""
    await kit.attach_channel("ada", "wa", metadata={"phone_number": "+16505551234"})
    app = FastAPI()
    mount_roomkit(app, kit, public_url="https://example.com", websocket=False)
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="https://example.com") as meta:
        query = {"hub.mode": "subscribe", "hub.verify_token": "t0ken", "hub.challenge": "42"}
        answer = await meta.get("/webhooks/wa", params=query)
        assert (answer.status_code, answer.text) == (200, "42")
        answer = await meta.get("/webhooks/wa", params={**query, "hub.verify_token": "x"})
        assert (answer.status_code, answer.text) == (403, "")

        async def post(body: bytes, signature: str | None = None) -> int:
            signature = signature or hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
            headers = {"x-hub-signature-256": f"sha256={signature}"}
            return (await meta.post("/webhooks/wa", content=body, headers=headers)).status_code

        body = json.dumps(from_whatsapp.webhook(from_whatsapp.TEXT)).encode()
        assert await post(body, "0" * 64) == 403
        assert await post(b"{}") == 200, "anything else would come again for days"
        assert not await messages(kit)
        assert await post(body) == 200
        assert len(await messages(kit)) == 1


async def test_a_refusal_is_told(kit: RoomKit, server: ScriptedServer) -> None:
    await kit.attach_channel("ada", "wa", metadata={"phone_number": "+16505551234"})
    server.reply(status=400, json={"error": {"code": 131047, "message": "Re-engagement"}})
    event = await kit.send_event("ada", "desk", TextContent(body="Hello?"))
    outcome = event.delivery_results["wa"]
    assert (outcome.success, outcome.error_code) == (False, "outside_window")
    assert outcome.metadata["vendor_code"] == "131047"
    assert len(server.requests) == 1
