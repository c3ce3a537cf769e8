"""Sending through the WhatsApp Cloud API: what goes over the wire, what becomes of each answer."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from roomkit import RoomKit, WhatsAppChannel
from roomkit.errors import ProviderError
from roomkit.models.content import (
    AudioContent,
    CompositeContent,
    DeleteContent,
    EventContent,
    LocationContent,
    MediaContent,
    RichContent,
    SystemContent,
    TemplateContent,
    TextContent,
    VideoContent,
)
from roomkit.models.delivery import InboundMessage
from roomkit.models.enums import ChannelType
from roomkit.models.event import EventSource
from roomkit.providers.whatsapp import (
    WhatsAppCloudProvider,
    WhatsAppConfig,
    WhatsAppProvider,
    media_reference,
    parse_whatsapp_webhook,
)
from roomkit.testing.clock import VirtualClock
from roomkit.testing.providers import example_event
from roomkit.testing.wire import Reply, ScriptedServer
from tests.wire.test_whatsapp_webhooks import webhook

ADA = "+16505551234"
NUMBER_ID = "106540352242922"
PATH = f"/v25.0/{NUMBER_ID}/messages"
# https://developers.facebook.com/documentation/business-messaging/whatsapp/messages/send-messages
TAKEN = Reply.of_json(
    {
        "messaging_product": "whatsapp",
        "contacts": [{"input": ADA, "wa_id": "16505551234"}],
        "messages": [{"id": "wamid.HBgLMTY0NjcwNDM1OTUVAgARGBI1RjQyNUE3NEYxMzAzMzQ5MkEA"}],
    }
)
PNG = MediaContent(url="https://example.com/a.png", mime_type="image/png")


def taken(message_id: str) -> Reply:
    return Reply.of_json({"messages": [{"id": message_id}]})


def refused(code: int, *, status: int = 400, subcode: int | None = None) -> Reply:
    """https://developers.facebook.com/documentation/business-messaging/whatsapp/support/error-codes"""
    error: dict[str, Any] = {
        "message": f"(#{code}) to {ADA}",
        "type": "OAuthException",
        "code": code,
        "error_data": {"messaging_product": "whatsapp", "details": f"not to {ADA}"},
        "fbtrace_id": "AMYmLJ0WmgJRcGNFZtEqIoM",
    }
    if subcode is not None:
        error["error_subcode"] = subcode
    return Reply.of_json({"error": error}, status=status)


@pytest.fixture
async def server() -> AsyncIterator[ScriptedServer]:
    async with ScriptedServer(default=TAKEN) as running:
        yield running


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
async def whatsapp(
    server: ScriptedServer, clock: VirtualClock
) -> AsyncIterator[WhatsAppCloudProvider]:
    config = WhatsAppConfig(
        access_token="EAA", phone_number_id=NUMBER_ID, base_url=f"{server.url}/"
    )
    provider = WhatsAppCloudProvider(config, clock=clock)
    yield provider
    await provider.close()


async def shown(
    server: ScriptedServer, whatsapp: WhatsAppCloudProvider, content: EventContent
) -> list[dict[str, Any]]:
    """What WhatsApp is asked to show for a content, without the envelope."""
    result = await whatsapp.send(example_event(content), ADA)
    assert result.success, result
    envelope = ("messaging_product", "recipient_type", "to")
    bodies = [request.json() for request in server.requests]
    return [{k: v for k, v in body.items() if k not in envelope} for body in bodies]


async def test_a_text(server: ScriptedServer, whatsapp: WhatsAppCloudProvider) -> None:
    result = await whatsapp.send(example_event(TextContent(body="Grüße 👋")), "1 650 555-1234")
    assert (
        result.provider_message_id == "wamid.HBgLMTY0NjcwNDM1OTUVAgARGBI1RjQyNUE3NEYxMzAzMzQ5MkEA"
    )
    (request,) = server.requests
    assert (request.method, request.target) == ("POST", PATH)
    assert request.headers["authorization"] == "Bearer EAA"
    assert request.json() == {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": ADA,
        "type": "text",
        "text": {"body": "Grüße 👋"},
    }


async def test_the_documented_way_to_make_one(server: ScriptedServer) -> None:
    provider = WhatsAppProvider(
        access_token="EAA", phone_number_id=NUMBER_ID, base_url=server.url, preview_urls=True
    )
    assert isinstance(provider, WhatsAppCloudProvider)
    assert (await provider.send(example_event(), ADA)).success
    assert server.requests[0].json()["text"]["preview_url"] is True
    await provider.close()
    with pytest.raises(TypeError, match="not both"):
        WhatsAppCloudProvider(  # type: ignore[call-overload]
            WhatsAppConfig(access_token="EAA", phone_number_id="1"), access_token="EAA"
        )


@pytest.mark.parametrize("phone_number_id", ["106540352242922", "desk-1", "..."])
def test_whether_an_id_exists_is_for_meta_to_say(phone_number_id: str) -> None:
    WhatsAppProvider(access_token="...", phone_number_id=phone_number_id)


@pytest.mark.parametrize("phone_number_id", ["", ".", "..", "1/media", "1?x", "+15550783881"])
def test_an_id_does_not_lead_elsewhere(phone_number_id: str) -> None:
    with pytest.raises(ValueError, match="which the console shows"):
        WhatsAppConfig(access_token="EAA", phone_number_id=phone_number_id)


async def test_a_person_without_a_number_and_a_group(
    server: ScriptedServer, whatsapp: WhatsAppCloudProvider
) -> None:
    await whatsapp.send(example_event(), "US.13491208655302741918")
    await whatsapp.send(example_event(), "HBgLMTY1MDM4Nzk0MzkVAgARGBJDQjZC")
    person, group = (request.json() for request in server.requests)
    assert person["recipient"] == "US.13491208655302741918"
    assert "to" not in person
    assert (group["recipient_type"], group["to"]) == ("group", "HBgLMTY1MDM4Nzk0MzkVAgARGBJDQjZC")


async def test_an_app_that_wants_proof(server: ScriptedServer) -> None:
    config = WhatsAppConfig(
        access_token="EAA",
        phone_number_id=NUMBER_ID,
        app_secret="s3cret",
        app_secret_proof=True,
        api_version="v26.0",
        base_url=server.url,
    )
    provider = WhatsAppCloudProvider(config)
    await provider.send(example_event(), ADA)
    await provider.close()
    proof = hmac.new(b"s3cret", b"EAA", hashlib.sha256).hexdigest()
    assert server.requests[0].path == f"/v26.0/{NUMBER_ID}/messages"
    assert server.requests[0].query == {"appsecret_proof": [proof]}


class TestContents:
    @pytest.mark.parametrize(
        ("content", "message"),
        [
            (PNG.evolve(caption="Look"), ("image", {"link": PNG.url, "caption": "Look"})),
            (
                MediaContent(url="https://x.example/a", mime_type="image/webp", caption="hi"),
                ("sticker", {"link": "https://x.example/a"}),
            ),
            (
                MediaContent(
                    url="https://x.example/a", mime_type="application/pdf", filename="a.pdf"
                ),
                ("document", {"link": "https://x.example/a", "filename": "a.pdf"}),
            ),
            (
                MediaContent(url=media_reference("13"), mime_type="image/gif"),
                ("document", {"id": "13"}),
            ),
            (
                AudioContent(url="https://x.example/a", mime_type="audio/ogg; codecs=opus"),
                ("audio", {"link": "https://x.example/a", "voice": True}),
            ),
            (
                VideoContent(url="https://x.example/a", mime_type="video/mp4"),
                ("video", {"link": "https://x.example/a"}),
            ),
            (
                LocationContent(latitude=45.5, longitude=-73.6, label="Office", address="1 Rue"),
                (
                    "location",
                    {"latitude": 45.5, "longitude": -73.6, "name": "Office", "address": "1 Rue"},
                ),
            ),
            (SystemContent(body="Ada joined"), ("text", {"body": "Ada joined"})),
        ],
    )
    async def test_one_message_each(
        self,
        server: ScriptedServer,
        whatsapp: WhatsAppCloudProvider,
        content: EventContent,
        message: tuple[str, Any],
    ) -> None:
        kind, shape = message
        first, *_ = await shown(server, whatsapp, content)
        assert first == {"type": kind, kind: shape}

    async def test_a_text_and_a_picture_are_one_message(
        self, server: ScriptedServer, whatsapp: WhatsAppCloudProvider
    ) -> None:
        content = CompositeContent(parts=[TextContent(body="Look"), PNG])
        assert await shown(server, whatsapp, content) == [
            {"type": "image", "image": {"link": PNG.url, "caption": "Look"}}
        ]

    async def test_an_album_is_several(
        self, server: ScriptedServer, whatsapp: WhatsAppCloudProvider
    ) -> None:
        for message_id in ("wamid.1", "wamid.2", "wamid.3"):
            server.reply(taken(message_id))
        content = CompositeContent(parts=[TextContent(body="Look"), PNG, PNG])
        result = await whatsapp.send(example_event(content), ADA)
        assert [request.json()["type"] for request in server.requests] == [
            "text",
            "image",
            "image",
        ]
        assert result.provider_message_id == "wamid.1"
        assert result.metadata["provider_message_ids"] == ["wamid.1", "wamid.2", "wamid.3"]

    async def test_what_went_out_does_not_go_out_again(
        self, server: ScriptedServer, whatsapp: WhatsAppCloudProvider
    ) -> None:
        server.reply(taken("wamid.1"))
        server.reply(status=503)
        content = CompositeContent(parts=[TextContent(body="Look"), PNG, PNG])
        result = await whatsapp.send(example_event(content), ADA)
        assert (result.success, result.error_code, result.retryable) == (
            False,
            "unavailable",
            False,
        )
        assert result.metadata["provider_message_ids"] == ["wamid.1"]
        assert len(server.requests) == 2

    async def test_captions_that_are_too_long_or_have_no_place(
        self, server: ScriptedServer, whatsapp: WhatsAppCloudProvider
    ) -> None:
        long = "x" * 1025
        messages = await shown(server, whatsapp, PNG.evolve(caption=long))
        assert [message["type"] for message in messages] == ["image", "text"]
        assert messages[1]["text"]["body"] == long

    async def test_a_file_inside_of_the_message_is_uploaded(
        self, server: ScriptedServer, whatsapp: WhatsAppCloudProvider
    ) -> None:
        data = base64.b64encode(b"%PDF").decode()
        file = MediaContent(
            url=f"data:application/pdf;base64,{data}",
            mime_type="application/pdf",
            filename='b"ill.pdf',
        )
        server.reply(json={"id": "1013859600285441"})
        result = await whatsapp.send(example_event(file), ADA)
        assert result.success
        upload, message = server.requests
        assert upload.path == f"/v25.0/{NUMBER_ID}/media"
        assert upload.headers["content-type"].startswith("multipart/form-data; boundary=")
        for piece in (b"%PDF", b'name="messaging_product"', b"application/pdf", b"ill.pdf"):
            assert piece in upload.body
        assert message.json()["document"]["id"] == "1013859600285441"

    async def test_a_file_that_cannot_be_uploaded(
        self, server: ScriptedServer, whatsapp: WhatsAppCloudProvider
    ) -> None:
        broken = MediaContent(url="data:image/png;base64,é", mime_type="image/png")
        result = await whatsapp.send(example_event(broken), ADA)
        assert (result.error_code, result.retryable) == ("invalid_media", False)
        good = MediaContent(url="data:image/png;base64,aGk=", mime_type="image/png")
        server.reply(json={"nothing": 1})
        assert (await whatsapp.send(example_event(good), ADA)).error_code == "bad_answer"
        server.reply(refused(131053))
        assert (await whatsapp.send(example_event(good), ADA)).error_code == "invalid_media"

    async def test_nothing_to_show_asks_nobody(
        self, server: ScriptedServer, whatsapp: WhatsAppCloudProvider
    ) -> None:
        for content in (TextContent(body=" "), DeleteContent(target_event_id="e-1")):
            result = await whatsapp.send(example_event(content), ADA)
            assert result.error_code == "empty_message"
        assert not server.requests


class TestControls:
    async def test_three_buttons(
        self, server: ScriptedServer, whatsapp: WhatsAppCloudProvider
    ) -> None:
        content = RichContent(
            body="**When?**",
            plain_text="When?",
            buttons=[
                {"text": "Today", "payload": "t"},
                {"title": "At some later point in time", "id": "later"},
            ],
            quick_replies=[{"text": "Never"}, {"nothing": 1}],
        )
        (message,) = await shown(server, whatsapp, content)
        assert message == {
            "type": "interactive",
            "interactive": {
                "type": "button",
                "body": {"text": "When?"},
                "action": {
                    "buttons": [
                        {"type": "reply", "reply": {"id": "t", "title": "Today"}},
                        {
                            "type": "reply",
                            "reply": {"id": "later", "title": "At some later point…"},
                        },
                        {"type": "reply", "reply": {"id": "Never", "title": "Never"}},
                    ]
                },
            },
        }

    async def test_more_become_a_list_and_the_rest_lines(
        self, server: ScriptedServer, whatsapp: WhatsAppCloudProvider
    ) -> None:
        replies = [{"text": f"Slot {n}", "description": "free"} for n in range(12)]
        (message,) = await shown(server, whatsapp, RichContent(body="Pick", quick_replies=replies))
        shape = message["interactive"]
        assert shape["type"] == "list"
        assert shape["action"]["button"] == "Options"
        (section,) = shape["action"]["sections"]
        assert len(section["rows"]) == 10
        assert section["rows"][0] == {"id": "Slot 0", "title": "Slot 0", "description": "free"}
        assert shape["body"]["text"] == "Pick\n- Slot 10\n- Slot 11"

    async def test_buttons_that_look_the_same_become_a_list(
        self, server: ScriptedServer, whatsapp: WhatsAppCloudProvider
    ) -> None:
        buttons = [{"text": "Yes", "payload": "1"}, {"text": "Yes", "payload": "2"}]
        buttons += [{"text": "Yes again", "payload": "1"}]
        (message,) = await shown(server, whatsapp, RichContent(body="?", buttons=buttons))
        (section,) = message["interactive"]["action"]["sections"]
        assert [row["id"] for row in section["rows"]] == ["1", "2"]

    async def test_a_link(self, server: ScriptedServer, whatsapp: WhatsAppCloudProvider) -> None:
        content = RichContent(
            body="<p>See <b>this</b></p>",
            format="html",
            buttons=[
                {"text": "Our page", "url": "https://example.com"},
                {"text": "Call us", "phone_number": "+15550000000"},
            ],
        )
        (message,) = await shown(server, whatsapp, content)
        assert message["interactive"] == {
            "type": "cta_url",
            "body": {"text": "See this\n- Call us: +15550000000"},
            "action": {
                "name": "cta_url",
                "parameters": {"display_text": "Our page", "url": "https://example.com"},
            },
        }

    async def test_links_beside_replies_and_cards_are_text(
        self, server: ScriptedServer, whatsapp: WhatsAppCloudProvider
    ) -> None:
        content = RichContent(
            body="Hello",
            buttons=[{"text": "Yes"}, {"text": "Page", "url": "https://example.com"}],
            cards=[{"title": "Bicycle", "description": "Red"}],
        )
        (message,) = await shown(server, whatsapp, content)
        assert message["interactive"]["body"]["text"] == (
            "Hello\nBicycle\nRed\n- Page: https://example.com"
        )

    async def test_a_long_text_with_buttons(
        self, server: ScriptedServer, whatsapp: WhatsAppCloudProvider
    ) -> None:
        body = "word " * 300 + "\nYes or no?"
        text, message = await shown(
            server, whatsapp, RichContent(body=body, buttons=[{"text": "Yes"}])
        )
        assert text["type"] == "text"
        assert message["interactive"]["body"]["text"] == "Yes or no?"

    async def test_buttons_without_a_text(
        self, server: ScriptedServer, whatsapp: WhatsAppCloudProvider
    ) -> None:
        (message,) = await shown(server, whatsapp, RichContent(body="", buttons=[{"text": "Yes"}]))
        assert message["interactive"]["body"]["text"] == "…"

    async def test_formatted_text_without_controls(
        self, server: ScriptedServer, whatsapp: WhatsAppCloudProvider
    ) -> None:
        (message,) = await shown(server, whatsapp, RichContent(body="*Hello*"))
        assert message == {"type": "text", "text": {"body": "*Hello*"}}


class TestTemplates:
    async def test_positions_and_names(
        self, server: ScriptedServer, whatsapp: WhatsAppCloudProvider
    ) -> None:
        content = TemplateContent(
            template_id="order_ready",
            language="en_US",
            parameters={"10": "j", "2": 7, "1": "Ada", "shop": "Bikes"},
        )
        (message,) = await shown(server, whatsapp, content)
        assert message == {
            "type": "template",
            "template": {
                "name": "order_ready",
                "language": {"code": "en_US"},
                "components": [
                    {
                        "type": "body",
                        "parameters": [
                            {"type": "text", "text": "Ada"},
                            {"type": "text", "text": "7"},
                            {"type": "text", "text": "j"},
                            {"type": "text", "text": "Bikes", "parameter_name": "shop"},
                        ],
                    }
                ],
            },
        }

    async def test_metas_own_form(
        self, server: ScriptedServer, whatsapp: WhatsAppCloudProvider
    ) -> None:
        amount = {"type": "currency", "currency": {"code": "USD", "amount_1000": 1000}}
        header = {"type": "header", "parameters": [{"type": "image", "image": {"id": "1"}}]}
        for parameters in ({}, {"1": amount}, {"components": [header]}):
            content = TemplateContent(template_id="t", parameters=parameters)
            await whatsapp.send(example_event(content), ADA)
        bare, own, whole = (request.json()["template"] for request in server.requests)
        assert bare == {"name": "t", "language": {"code": "en"}}
        assert own["components"] == [{"type": "body", "parameters": [amount]}]
        assert whole["components"] == [header]


class TestAnswers:
    async def test_an_event_that_answers_a_message(
        self, server: ScriptedServer, whatsapp: WhatsAppCloudProvider
    ) -> None:
        event = example_event().evolve(metadata={"reply_to_message_id": "wamid.7"})
        await whatsapp.send(event, ADA)
        relayed = event.evolve(
            source=EventSource(channel_id="wa2", channel_type=ChannelType.WHATSAPP)
        )
        await whatsapp.send(relayed, ADA)
        await whatsapp.send(event.evolve(metadata={"reply_to_message_id": "m_1"}), ADA)
        first, *others = (request.json() for request in server.requests)
        assert first["context"] == {"message_id": "wamid.7"}
        assert not any("context" in other for other in others)

    async def test_read_receipts_typing_and_reactions(
        self, server: ScriptedServer, whatsapp: WhatsAppCloudProvider
    ) -> None:
        server.reply(json={"success": True})
        server.reply(json={"success": True})
        await whatsapp.mark_read("wamid.7")
        await whatsapp.send_typing("wamid.7")
        await whatsapp.send_reaction(ADA, "wamid.7", "👍")
        read, typing, reaction = (request.json() for request in server.requests)
        assert read == {
            "messaging_product": "whatsapp",
            "status": "read",
            "message_id": "wamid.7",
        }
        assert typing == {**read, "typing_indicator": {"type": "text"}}
        assert reaction["reaction"] == {"message_id": "wamid.7", "emoji": "👍"}
        server.reply(refused(131009))
        with pytest.raises(ProviderError) as failure:
            await whatsapp.mark_read("wamid.7")
        assert failure.value.code == "rejected"


class TestRefusals:
    @pytest.mark.parametrize(
        ("code", "status", "word", "retryable"),
        [
            (0, 401, "unauthorized", False),
            (4, 400, "rate_limited", True),
            (10, 403, "forbidden", False),
            (100, 400, "rejected", False),
            (190, 401, "unauthorized", False),
            (130429, 400, "rate_limited", True),
            (131000, 500, "unavailable", True),
            (131026, 400, "invalid_recipient", False),
            (131042, 400, "payment_required", False),
            (131048, 400, "rate_limited", False),
            (131049, 400, "withheld", False),
            (131050, 400, "opted_out", False),
            (131053, 400, "invalid_media", False),
            (131056, 400, "rate_limited", True),
            (132001, 404, "invalid_template", False),
            (133010, 400, "invalid_sender", False),
            (999999, 400, "rejected", False),
            (999999, 500, "unavailable", True),
        ],
    )
    async def test_what_metas_numbers_mean(
        self,
        server: ScriptedServer,
        whatsapp: WhatsAppCloudProvider,
        code: int,
        status: int,
        word: str,
        retryable: bool,
    ) -> None:
        server.reply(refused(code, status=status))
        result = await whatsapp.send(example_event(), ADA)
        assert (result.success, result.error_code, result.retryable) == (False, word, retryable)
        assert result.metadata == {"status_code": status, "vendor_code": str(code)}
        assert result.error is not None
        assert ADA not in result.error

    @pytest.mark.parametrize("error", [None, [], "x", {}, {"code": "1"}, {"code": True}])
    async def test_a_refusal_without_a_number(
        self, server: ScriptedServer, whatsapp: WhatsAppCloudProvider, error: Any
    ) -> None:
        server.reply(status=400, json={"error": error})
        result = await whatsapp.send(example_event(), ADA)
        assert (result.error_code, result.retryable) == ("rejected", False)


class TestWindow:
    """WhatsApp takes free messages for 24 hours after the person last wrote."""

    @pytest.fixture
    async def careful(
        self, server: ScriptedServer, clock: VirtualClock
    ) -> AsyncIterator[WhatsAppCloudProvider]:
        config = WhatsAppConfig(
            access_token="EAA",
            phone_number_id=NUMBER_ID,
            base_url=server.url,
            fallback_template=TemplateContent(
                template_id="follow_up", language="en_US", parameters={"1": "News: {text}"}
            ),
        )
        provider = WhatsAppCloudProvider(config, clock=clock)
        yield provider
        await provider.close()

    def writes(self, provider: WhatsAppCloudProvider, clock: VirtualClock) -> None:
        moment = str(int(clock.now().timestamp()))
        text = {"type": "text", "text": {"body": "Hi"}, "timestamp": moment}
        provider.parse_webhook(webhook({"from": "16505551234", "id": "wamid.1", **text}))

    async def test_too_late_is_final(
        self, server: ScriptedServer, whatsapp: WhatsAppCloudProvider
    ) -> None:
        server.reply(refused(131047))
        result = await whatsapp.send(example_event(), ADA)
        assert (result.success, result.error_code, result.retryable) == (
            False,
            "outside_window",
            False,
        )

    async def test_a_refused_message_becomes_the_template(
        self, server: ScriptedServer, careful: WhatsAppCloudProvider
    ) -> None:
        server.reply(refused(131047))
        event = example_event(TextContent(body="Your bicycle\n  is    ready"))
        result = await careful.send(event, ADA)
        assert result.success
        assert result.metadata["fallback_template"] == "follow_up"
        first, second = (request.json() for request in server.requests)
        assert first["type"] == "text"
        (component,) = second["template"]["components"]
        assert component["parameters"] == [{"type": "text", "text": "News: Your bicycle is ready"}]
        await careful.send(event, ADA)
        assert server.requests[-1].json()["type"] == "template"
        assert len(server.requests) == 3

    async def test_the_window_opens_when_they_write_and_closes_a_day_later(
        self, server: ScriptedServer, careful: WhatsAppCloudProvider, clock: VirtualClock
    ) -> None:
        self.writes(careful, clock)
        await clock.advance(timedelta(hours=23, minutes=59).total_seconds())
        await careful.send(example_event(), ADA)
        await clock.advance(60)
        await careful.send(example_event(), ADA)
        self.writes(careful, clock)
        await careful.send(example_event(), ADA)
        assert [request.json()["type"] for request in server.requests] == [
            "text",
            "template",
            "text",
        ]

    async def test_it_opens_however_the_message_came_in(
        self, server: ScriptedServer, careful: WhatsAppCloudProvider, clock: VirtualClock
    ) -> None:
        server.reply(refused(131047))
        await careful.send(example_event(), ADA)
        moment = str(int(clock.now().timestamp()) + 1)
        await clock.advance(1)
        text = {"type": "text", "text": {"body": "Hi"}, "timestamp": moment}
        payload = webhook({"from": "16505551234", "id": "wamid.1", **text})
        async with RoomKit() as kit:
            kit.register_channel(WhatsAppChannel("wa", provider=careful))
            await kit.create_room("ada")
            await kit.attach_channel("ada", "wa", metadata={"phone_number": ADA})
            for message in parse_whatsapp_webhook(payload, channel_id="wa"):
                await kit.process_inbound(message)
            await careful.send(example_event(), ADA)
        assert server.requests[-1].json()["type"] == "text"

    async def test_a_webhook_that_comes_late(
        self, server: ScriptedServer, careful: WhatsAppCloudProvider, clock: VirtualClock
    ) -> None:
        long_ago = int(clock.now().timestamp()) - 3 * 86400
        message = {"from": "16505551234", "id": "wamid.1", "type": "text"}
        careful.parse_webhook(webhook({**message, "timestamp": str(long_ago)}))
        await careful.send(example_event(), ADA)
        assert server.requests[-1].json()["type"] == "template"

    async def test_what_whatsapp_reports_later_counts_too(
        self, server: ScriptedServer, careful: WhatsAppCloudProvider, clock: VirtualClock
    ) -> None:
        self.writes(careful, clock)
        report = {
            "id": "wamid.2",
            "status": "failed",
            "recipient_id": "16505551234",
            "errors": [{"code": 131047, "title": "Re-engagement message"}],
        }
        careful.parse_webhook(webhook(statuses=[report]))
        await careful.send(example_event(), ADA)
        assert server.requests[-1].json()["type"] == "template"

    async def test_messages_that_came_in_elsewhere(
        self, server: ScriptedServer, careful: WhatsAppCloudProvider, clock: VirtualClock
    ) -> None:
        self.writes(careful, clock)
        await clock.advance(86400)
        for sent_at in (clock.now().isoformat(), "2024-01-01T00:00:00", "soon", 7):
            await careful.note_inbound(
                InboundMessage(
                    channel_id="wa",
                    sender_id=ADA,
                    content=TextContent(body="Hi"),
                    metadata={"sent_at": sent_at, "user_id": "US.1"},
                )
            )
        await careful.send(example_event(), ADA)
        assert server.requests[-1].json()["type"] == "text"

    async def test_templates_need_no_window(
        self, server: ScriptedServer, careful: WhatsAppCloudProvider
    ) -> None:
        server.reply(refused(131047))
        await careful.send(example_event(), ADA)
        await careful.send(example_event(TemplateContent(template_id="mine")), ADA)
        assert server.requests[-1].json()["template"]["name"] == "mine"

    async def test_nothing_to_say_does_not_become_a_template(
        self, server: ScriptedServer, careful: WhatsAppCloudProvider
    ) -> None:
        server.reply(refused(131047))
        await careful.send(example_event(), ADA)
        asked = len(server.requests)
        result = await careful.send(example_event(TextContent(body="")), ADA)
        assert result.error_code == "empty_message"
        assert len(server.requests) == asked

    async def test_half_a_message_is_not_sent_again_as_a_template(
        self, server: ScriptedServer, careful: WhatsAppCloudProvider
    ) -> None:
        server.reply(taken("wamid.1"))
        server.reply(refused(131047))
        content = CompositeContent(parts=[TextContent(body="Look"), PNG, PNG])
        result = await careful.send(example_event(content), ADA)
        assert result.error_code == "outside_window"
        assert len(server.requests) == 2


class TestMedia:
    """https://developers.facebook.com/documentation/business-messaging/whatsapp/business-phone-numbers/media/"""

    def about(self, server: ScriptedServer, **changes: Any) -> dict[str, Any]:
        return {
            "messaging_product": "whatsapp",
            "url": f"{server.url}/whatsapp_business/attachments/?mid=1&ext=2&hash=3",
            "mime_type": "image/jpeg",
            "sha256": "81d3bd8a8db4868c9520ed47186e8b7c5789e61ff79f7f834be6950b808a90d3",
            "file_size": 4,
            "id": "2754859441498128",
            **changes,
        }

    @pytest.mark.parametrize(
        "reference", ["2754859441498128", media_reference("2754859441498128")]
    )
    async def test_a_file_that_came_in(
        self, server: ScriptedServer, whatsapp: WhatsAppCloudProvider, reference: str
    ) -> None:
        server.reply(json=self.about(server))
        server.reply(body=b"\xff\xd8\xff\xe0", headers={"content-type": "image/jpeg"})
        file = await whatsapp.fetch_media(reference)
        assert (file.content, file.mime_type) == (b"\xff\xd8\xff\xe0", "image/jpeg")
        about, download = server.requests
        assert (about.method, about.path) == ("GET", "/v25.0/2754859441498128")
        assert download.target == "/whatsapp_business/attachments/?mid=1&ext=2&hash=3"
        assert download.headers["authorization"] == "Bearer EAA"

    async def test_more_than_a_megabyte(
        self, server: ScriptedServer, whatsapp: WhatsAppCloudProvider
    ) -> None:
        film = b"x" * 3_000_000
        server.reply(json=self.about(server, file_size=len(film)))
        server.reply(body=film)
        assert (await whatsapp.fetch_media("1")).content == film

    async def test_too_large(
        self, server: ScriptedServer, whatsapp: WhatsAppCloudProvider
    ) -> None:
        server.reply(json=self.about(server, file_size=11))
        with pytest.raises(ProviderError) as announced:
            await whatsapp.fetch_media("1", max_bytes=10)
        server.reply(json=self.about(server))
        server.reply(body=b"x" * 11)
        with pytest.raises(ProviderError) as found_out:
            await whatsapp.fetch_media("1", max_bytes=10)
        assert announced.value.code == found_out.value.code == "too_large"

    @pytest.mark.parametrize(
        "url",
        [
            "",
            "https://evil.example/x",
            "https://lookaside.fbsbx.com.evil.example/x",
            "http://lookaside.fbsbx.com/x",
            "https://[::1",
            "https://evil.example/lookaside.fbsbx.com",
        ],
    )
    async def test_the_token_goes_to_meta_alone(
        self, server: ScriptedServer, whatsapp: WhatsAppCloudProvider, url: str
    ) -> None:
        server.reply(json=self.about(server, url=url))
        with pytest.raises(ProviderError) as failure:
            await whatsapp.fetch_media("1")
        assert failure.value.code == "bad_answer"

    async def test_a_file_that_is_gone(
        self, server: ScriptedServer, whatsapp: WhatsAppCloudProvider
    ) -> None:
        server.reply(refused(100, subcode=33))
        with pytest.raises(ProviderError) as failure:
            await whatsapp.fetch_media("1")
        assert (failure.value.code, failure.value.vendor_code) == ("rejected", "100/33")

    @pytest.mark.parametrize("reference", ["", "https://example.com/1", "../me", "1/2", "١"])
    async def test_what_is_no_file(self, whatsapp: WhatsAppCloudProvider, reference: str) -> None:
        with pytest.raises(ValueError, match="neither"):
            await whatsapp.fetch_media(reference)
