"""Sending through Telnyx: what goes over the wire, and what becomes of each answer."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from roomkit.errors import ProviderError
from roomkit.models.content import (
    CompositeContent,
    DeleteContent,
    EventContent,
    LocationContent,
    MediaContent,
    RichContent,
    TemplateContent,
    TextContent,
)
from roomkit.providers.telnyx import (
    TelnyxConfig,
    TelnyxRCSConfig,
    TelnyxRCSProvider,
    TelnyxSMSProvider,
)
from roomkit.testing.providers import example_event
from roomkit.testing.wire import Reply, ScriptedServer

ADA, SHOP = "+15551234567", "+15550000000"
# https://developers.telnyx.com/api-reference/messages/send-a-message
TAKEN = Reply.of_json(
    {
        "data": {
            "record_type": "message",
            "direction": "outbound",
            "id": "40385f64-5717-4562-b3fc-2c963f66afa6",
            "type": "SMS",
            "from": {"phone_number": SHOP, "carrier": "TELNYX LLC", "line_type": "VoIP"},
            "to": [{"phone_number": ADA, "status": "queued", "carrier": "", "line_type": ""}],
            "text": "Hello",
            "parts": 1,
        }
    }
)
# https://developers.telnyx.com/api-reference/rcs/send-an-rcs-message
RCS_TAKEN = Reply.of_json(
    {
        "data": {
            "record_type": "message",
            "id": "4031938e-60e4-4235-a8dd-0b1c55a23e7a",
            "type": "RCS",
            "from": {"agent_id": "Agent007", "agent_name": "Test Agent"},
            "to": [{"phone_number": ADA, "status": "queued"}],
        }
    }
)
PNG = MediaContent(url="https://example.com/a.png", mime_type="image/png")
PDF = MediaContent(url="https://example.com/b.pdf", mime_type="application/pdf")


@pytest.fixture
async def server() -> AsyncIterator[ScriptedServer]:
    async with ScriptedServer(default=TAKEN) as running:
        yield running


@pytest.fixture
async def telnyx(server: ScriptedServer) -> AsyncIterator[TelnyxSMSProvider]:
    config = TelnyxConfig(api_key="KEY1", from_number=SHOP, base_url=f"{server.url}/")
    provider = TelnyxSMSProvider(config)
    yield provider
    await provider.close()


@pytest.fixture
async def rcs(server: ScriptedServer) -> AsyncIterator[TelnyxRCSProvider]:
    server.default = RCS_TAKEN
    config = TelnyxRCSConfig(
        api_key="KEY1", agent_id="Agent 007", messaging_profile_id="p-1", base_url=server.url
    )
    provider = TelnyxRCSProvider(config)
    yield provider
    await provider.close()


class TestSMS:
    async def test_a_text_message(self, server: ScriptedServer, telnyx: TelnyxSMSProvider) -> None:
        result = await telnyx.send(example_event(TextContent(body="Grüße 👋")), "1 555 123-4567")
        assert result.success
        assert result.provider_message_id == "40385f64-5717-4562-b3fc-2c963f66afa6"
        assert result.metadata == {"type": "SMS", "status": "queued", "segments": 1}
        request = server.requests[0]
        assert (request.method, request.target) == ("POST", "/v2/messages")
        assert request.headers["authorization"] == "Bearer KEY1"
        assert request.json() == {"from": SHOP, "to": ADA, "text": "Grüße 👋"}

    async def test_pictures_go_out_as_mms(
        self, server: ScriptedServer, telnyx: TelnyxSMSProvider
    ) -> None:
        content = CompositeContent(parts=[TextContent(body="Look"), PNG, PDF])
        result = await telnyx.send(example_event(content), ADA)
        assert server.requests[0].json() == {
            "from": SHOP,
            "to": ADA,
            "text": "Look",
            "media_urls": [PNG.url, PDF.url],
        }
        assert "segments" not in result.metadata

    async def test_a_profile_and_where_to_report(self, server: ScriptedServer) -> None:
        config = TelnyxConfig(
            api_key="KEY1",
            from_number="Bikes",
            messaging_profile_id="p-1",
            webhook_url="https://example.com/hook",
            base_url=server.url,
        )
        provider = TelnyxSMSProvider(config)
        await provider.send(example_event(), ADA, from_="1 555 999 9999")
        await provider.close()
        sent = server.requests[0].json()
        assert sent["from"] == "+15559999999"
        assert sent["messaging_profile_id"] == "p-1"
        assert sent["webhook_url"] == "https://example.com/hook"

    async def test_whoever_opts_out_of_a_profile(self, server: ScriptedServer) -> None:
        config = TelnyxConfig(
            api_key="KEY1", from_number=SHOP, messaging_profile_id="p-1", base_url=server.url
        )
        provider = TelnyxSMSProvider(config)
        await provider.opt_outs.set_opted_out(ADA, ["p-1"], True)
        result = await provider.send(example_event(), ADA, from_="+15559999999")
        await provider.close()
        assert (result.error_code, result.retryable) == ("opted_out", False)
        assert not server.requests

    @pytest.mark.parametrize(
        ("status", "number", "code", "retryable"),
        [
            (403, "40300", "opted_out", False),
            (400, "40310", "invalid_recipient", False),
            (400, "40305", "invalid_sender", False),
            (400, "40302", "too_long", False),
            (400, "40317", "invalid_media", False),
            (429, "40318", "rate_limited", True),
            (401, "10009", "unauthorized", False),
            (403, "10010", "forbidden", False),
            (429, "10011", "rate_limited", True),
            (422, "99999", "rejected", False),
            (500, "10007", "unavailable", True),
        ],
    )
    async def test_what_telnyxs_numbers_mean(
        self,
        server: ScriptedServer,
        telnyx: TelnyxSMSProvider,
        status: int,
        number: str,
        code: str,
        retryable: bool,
    ) -> None:
        fault = {"code": number, "title": f"to {ADA}", "detail": f"from {SHOP} to {ADA}"}
        server.reply(status=status, json={"errors": [fault]})
        result = await telnyx.send(example_event(), ADA)
        assert (result.success, result.error_code, result.retryable) == (False, code, retryable)
        assert result.metadata == {"status_code": status, "vendor_code": number}
        assert result.error is not None
        assert ADA not in result.error

    @pytest.mark.parametrize(
        "errors", [None, [], {}, [None], [{}], [{"code": None}], [{"code": "٣"}], "x"]
    )
    async def test_a_refusal_without_a_number(
        self, server: ScriptedServer, telnyx: TelnyxSMSProvider, errors: Any
    ) -> None:
        server.reply(status=400, json={"errors": errors})
        result = await telnyx.send(example_event(), ADA)
        assert (result.error_code, result.retryable) == ("rejected", False)


async def shown(server: ScriptedServer, rcs: TelnyxRCSProvider, content: EventContent) -> Any:
    """What Telnyx is asked to show for a content."""
    result = await rcs.send(example_event(content), ADA)
    assert result.success
    return server.requests[-1].json()["agent_message"]["content_message"]


class TestRCS:
    async def test_a_text_with_its_plain_version(
        self, server: ScriptedServer, rcs: TelnyxRCSProvider
    ) -> None:
        result = await rcs.send(example_event(TextContent(body="Hello")), "1 555 123-4567")
        assert (result.success, result.fallback) == (True, False)
        assert result.provider_message_id == "4031938e-60e4-4235-a8dd-0b1c55a23e7a"
        request = server.requests[0]
        assert (request.method, request.target) == ("POST", "/v2/messages/rcs")
        assert request.headers["authorization"] == "Bearer KEY1"
        assert request.json() == {
            "agent_id": "Agent 007",
            "to": ADA,
            "type": "RCS",
            "messaging_profile_id": "p-1",
            "agent_message": {"content_message": {"text": "Hello"}},
            "sms_fallback": {"text": "Hello"},
        }

    async def test_without_fallback(self, server: ScriptedServer, rcs: TelnyxRCSProvider) -> None:
        result = await rcs.send(example_event(), to=ADA, fallback=False)
        assert not result.fallback
        assert not {"sms_fallback", "mms_fallback"} & set(server.requests[0].json())

    @pytest.mark.parametrize("kind", ["SMS", "MMS"])
    async def test_a_message_that_became_an_sms(
        self, server: ScriptedServer, rcs: TelnyxRCSProvider, kind: str
    ) -> None:
        server.reply(json={"data": {"id": "m-1", "type": kind}})
        result = await rcs.send(example_event(), to=ADA, fallback=True)
        assert (result.success, result.fallback) == (True, True)

    async def test_the_number_to_fall_back_to(self, server: ScriptedServer) -> None:
        server.default = RCS_TAKEN
        config = TelnyxRCSConfig(
            api_key="KEY1", agent_id="a", fallback_number=SHOP, base_url=server.url
        )
        provider = TelnyxRCSProvider(config)
        content = CompositeContent(parts=[TextContent(body="Look"), PNG])
        await provider.send(example_event(content), ADA)
        await provider.close()
        sent = server.requests[0].json()
        assert sent["mms_fallback"] == {"text": "Look", "from": SHOP, "media_urls": [PNG.url]}
        assert "sms_fallback" not in sent

    async def test_buttons_become_suggestions(
        self, server: ScriptedServer, rcs: TelnyxRCSProvider
    ) -> None:
        content = RichContent(
            body="**When?**",
            plain_text="When?",
            buttons=[
                {"text": "Today", "payload": "t"},
                {"text": "See our page", "url": "https://example.com"},
                {"text": "Call us", "phone_number": SHOP},
            ],
            quick_replies=[{"title": "Never in the whole wide world"}, {"nothing": 1}],
        )
        message = await shown(server, rcs, content)
        assert message["text"] == "When?"
        replies = message["suggestions"]
        assert replies[0] == {"reply": {"text": "Today", "postback_data": "t"}}
        assert replies[1]["action"]["open_url_action"]["url"] == "https://example.com"
        assert replies[2]["action"]["dial_action"] == {"phone_number": SHOP}
        assert replies[3]["reply"] == {
            "text": "Never in the whole wide …",
            "postback_data": "Never in the whole wide world",
        }
        assert len(replies) == 4
        plain = server.requests[-1].json()["sms_fallback"]["text"].splitlines()
        assert plain[:3] == ["When?", "- Today", "- See our page: https://example.com"]

    async def test_more_buttons_than_there_is_room_for(
        self, server: ScriptedServer, rcs: TelnyxRCSProvider
    ) -> None:
        buttons = [{"text": f"Option {number}"} for number in range(13)]
        message = await shown(server, rcs, RichContent(body="Pick", buttons=buttons))
        assert len(message["suggestions"]) == 11
        assert message["text"] == "Pick\n- Option 11\n- Option 12"

    async def test_one_card(self, server: ScriptedServer, rcs: TelnyxRCSProvider) -> None:
        card = {
            "title": "Bicycle",
            "description": "Red",
            "image_url": "https://example.com/bike.png",
            "buttons": [{"text": "Buy", "payload": "buy-1"}],
        }
        message = await shown(server, rcs, RichContent(body="For you:", cards=[card]))
        shape = message["rich_card"]["standalone_card"]
        assert (shape["card_orientation"], shape["thumbnail_image_alignment"]) == (
            "VERTICAL",
            "LEFT",
        )
        assert shape["card_content"] == {
            "title": "Bicycle",
            "description": "For you:\nRed",
            "media": {
                "height": "MEDIUM",
                "content_info": {"file_url": "https://example.com/bike.png"},
            },
            "suggestions": [{"reply": {"text": "Buy", "postback_data": "buy-1"}}],
        }
        assert "text" not in message

    async def test_several_cards(self, server: ScriptedServer, rcs: TelnyxRCSProvider) -> None:
        cards = [{"title": f"Bicycle {number}"} for number in range(12)]
        message = await shown(server, rcs, RichContent(body="Pick", cards=cards))
        carousel = message["rich_card"]["carousel_card"]
        assert carousel["card_width"] == "MEDIUM"
        assert [card["title"] for card in carousel["card_contents"]] == [
            f"Bicycle {number}" for number in range(10)
        ]

    async def test_files(self, server: ScriptedServer, rcs: TelnyxRCSProvider) -> None:
        assert await shown(server, rcs, PDF) == {"content_info": {"file_url": PDF.url}}
        with_words = CompositeContent(parts=[TextContent(body="Look"), PNG])
        (card,) = (await shown(server, rcs, with_words))["rich_card"].values()
        assert card["card_content"]["description"] == "Look"
        assert card["card_content"]["media"]["content_info"] == {"file_url": PNG.url}
        album = CompositeContent(parts=[PNG, PNG])
        carousel = (await shown(server, rcs, album))["rich_card"]["carousel_card"]
        assert len(carousel["card_contents"]) == 2
        mixed = CompositeContent(parts=[TextContent(body="Look"), PNG, PDF])
        assert await shown(server, rcs, mixed) == {"text": f"Look\n{PNG.url}\n{PDF.url}"}

    async def test_a_place(self, server: ScriptedServer, rcs: TelnyxRCSProvider) -> None:
        content = LocationContent(latitude=45.5, longitude=-73.6, label="Office")
        message = await shown(server, rcs, content)
        assert message["text"] == "Office\nhttps://maps.google.com/?q=45.5,-73.6"
        (suggestion,) = message["suggestions"]
        assert suggestion["action"]["text"] == "Office"
        assert suggestion["action"]["view_location_action"] == {
            "lat_long": {"latitude": 45.5, "longitude": -73.6},
            "label": "Office",
        }

    async def test_nothing_to_show_asks_nobody(
        self, server: ScriptedServer, rcs: TelnyxRCSProvider
    ) -> None:
        for content in (
            TextContent(body=" "),
            DeleteContent(target_event_id="e-1"),
            TemplateContent(template_id="t-1"),
        ):
            result = await rcs.send(example_event(content), ADA)
            assert (result.error_code, result.fallback) == ("empty_message", False)
        assert not server.requests

    async def test_whoever_has_opted_out(
        self, server: ScriptedServer, rcs: TelnyxRCSProvider
    ) -> None:
        await rcs.opt_outs.set_opted_out(ADA, ["p-1"], True)
        result = await rcs.send(example_event(), ADA)
        assert (result.error_code, result.fallback) == ("opted_out", False)
        assert not server.requests

    @pytest.mark.parametrize(
        ("answer", "capable"),
        [
            ({"data": {"features": ["RICHCARD_STANDALONE"]}}, True),
            ({"data": {"features": []}}, False),
            ({"data": {"features": "yes"}}, False),
            ({"data": None}, False),
            ([], False),
        ],
    )
    async def test_what_a_phone_can_receive(
        self, server: ScriptedServer, rcs: TelnyxRCSProvider, answer: Any, capable: bool
    ) -> None:
        server.reply(json=answer)
        assert await rcs.check_capability("1 555 123-4567") is capable
        request = server.requests[0]
        assert request.method == "GET"
        assert request.target == "/v2/messaging/rcs/capabilities/Agent%20007/%2B15551234567"

    async def test_not_being_able_to_ask_is_no_answer(
        self, server: ScriptedServer, rcs: TelnyxRCSProvider
    ) -> None:
        server.reply(status=503)
        with pytest.raises(ProviderError) as caught:
            await rcs.check_capability(ADA)
        assert caught.value.retryable


@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        (TelnyxConfig, {"api_key": "", "from_number": SHOP}),
        (TelnyxConfig, {"api_key": "KEY1", "from_number": ""}),
        (TelnyxConfig, {"api_key": "KEY1", "from_number": SHOP, "timeout": 0}),
        (TelnyxConfig, {"api_key": "KEY1", "from_number": SHOP, "profile": "p"}),
        (TelnyxRCSConfig, {"api_key": "KEY1"}),
        (TelnyxRCSConfig, {"api_key": "KEY1", "agent_id": ""}),
    ],
)
def test_a_configuration_that_cannot_work(kind: Any, settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=kind.__name__) as caught:
        kind(**settings)
    assert "KEY1" not in str(caught.value)


def test_a_configuration_keeps_its_secret() -> None:
    for config in (
        TelnyxConfig(api_key="KEY1", from_number=SHOP),
        TelnyxRCSConfig(api_key="KEY1", agent_id="a"),
    ):
        assert "KEY1" not in f"{config!r} {config.model_dump()} {config.model_dump_json()}"
        assert config.timeout == 10.0
