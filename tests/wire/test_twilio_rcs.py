"""RCS through Twilio: what goes over the wire, and what comes back."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from twilio.request_validator import RequestValidator

from roomkit.models.content import (
    CompositeContent,
    LocationContent,
    MediaContent,
    RichContent,
    TemplateContent,
    TextContent,
)
from roomkit.providers.sms import extract_sms_meta
from roomkit.providers.twilio import TwilioRCSConfig, TwilioRCSProvider, parse_twilio_rcs_webhook
from roomkit.testing.providers import example_event
from roomkit.testing.wire import Reply, ScriptedServer
from tests.wire.carried import carried

ADA = "+15551234567"
TAKEN = Reply.of_json(
    {"sid": "MM1", "status": "accepted", "from": None, "messaging_service_sid": "MG1"}, status=201
)
ACCOUNT: dict[str, Any] = {
    "account_sid": "AC1",
    "auth_token": "s3cret",
    "messaging_service_sid": "MG1",
}


@pytest.fixture
async def server() -> AsyncIterator[ScriptedServer]:
    async with ScriptedServer(default=TAKEN) as running:
        yield running


@pytest.fixture
async def twilio(server: ScriptedServer) -> AsyncIterator[TwilioRCSProvider]:
    provider = TwilioRCSProvider(TwilioRCSConfig(**ACCOUNT, base_url=server.url))
    yield provider
    await provider.close()


async def test_twilio_chooses_between_rcs_and_sms(
    server: ScriptedServer, twilio: TwilioRCSProvider
) -> None:
    result = await twilio.send(example_event(TextContent(body="Hello")), to="1 555 123-4567")
    assert (result.success, result.provider_message_id, result.fallback) == (True, "MM1", False)
    request = server.requests[0]
    assert request.target == "/2010-04-01/Accounts/AC1/Messages.json"
    assert request.form == {"To": [ADA], "MessagingServiceSid": ["MG1"], "Body": ["Hello"]}


async def test_without_fallback(server: ScriptedServer, twilio: TwilioRCSProvider) -> None:
    server.reply(status=400, json={"code": 63036, "message": "no RCS", "status": 400})
    result = await twilio.send(example_event(), to=ADA, fallback=False)
    assert server.requests[0].form["To"] == [f"rcs:{ADA}"]
    assert (result.success, result.error_code, result.fallback) == (
        False,
        "rcs_unavailable",
        False,
    )
    assert not result.retryable


@pytest.mark.parametrize(
    ("sender", "fallback"), [("+15550000000", True), ("rcs:bikes", False), (None, False)]
)
async def test_who_it_came_from_tells(
    server: ScriptedServer, twilio: TwilioRCSProvider, sender: str | None, fallback: bool
) -> None:
    server.reply(status=201, json={"sid": "MM1", "from": sender})
    assert (await twilio.send(example_event(), ADA)).fallback is fallback


async def test_settings(server: ScriptedServer) -> None:
    config = TwilioRCSConfig(
        **ACCOUNT,
        base_url=server.url,
        fallback_from="+15550000000",
        status_callback_url="https://example.com/status",
    )
    provider = TwilioRCSProvider(config)
    await provider.send(example_event(), ADA)
    await provider.send(example_event(), ADA, fallback=False)
    await provider.close()
    with_fallback, without = [request.form for request in server.requests]
    assert with_fallback["FallbackFrom"] == ["+15550000000"]
    assert with_fallback["StatusCallback"] == ["https://example.com/status"]
    assert "FallbackFrom" not in without


async def test_a_template(server: ScriptedServer, twilio: TwilioRCSProvider) -> None:
    template = TemplateContent(template_id="HX1", parameters={"1": "Ada"})
    assert (await twilio.send(example_event(template), ADA)).success
    form = server.requests[0].form
    assert form["ContentSid"] == ["HX1"]
    assert json.loads(form["ContentVariables"][0]) == {"1": "Ada"}
    assert "Body" not in form
    await twilio.send(example_event(TemplateContent(template_id="HX2")), ADA)
    assert "ContentVariables" not in server.requests[1].form


async def test_buttons_and_cards_become_lines(
    server: ScriptedServer, twilio: TwilioRCSProvider
) -> None:
    content = RichContent(
        body="Pick",
        buttons=[{"text": "Red"}],
        quick_replies=[{"title": "None", "url": "https://example.com"}],
        cards=[{"title": "Bicycle", "description": "Fast", "buttons": [{"text": "Buy"}, 7]}],
    )
    await twilio.send(example_event(content), ADA)
    assert server.requests[0].form["Body"] == [
        "Pick\nBicycle\nFast\n- Buy\n- Red\n- None: https://example.com"
    ]


async def test_places_and_files(server: ScriptedServer, twilio: TwilioRCSProvider) -> None:
    place = LocationContent(latitude=45.5, longitude=-73.6)
    png = MediaContent(url="https://example.com/a.png", mime_type="image/png", caption="Us")
    await twilio.send(example_event(CompositeContent(parts=[place, png])), ADA)
    form = server.requests[0].form
    assert form["Body"] == ["https://maps.google.com/?q=45.5,-73.6\nUs"]
    assert form["MediaUrl"] == [png.url]


async def test_whoever_has_opted_out(server: ScriptedServer, twilio: TwilioRCSProvider) -> None:
    twilio.parse_webhook({**MESSAGE, "Body": "STOP", "MessagingServiceSid": "MG1"})
    result = await twilio.send(example_event(), ADA)
    assert (result.error_code, result.fallback) == ("opted_out", False)
    assert not server.requests


async def test_anybody_may_be_able_to_receive_rcs(twilio: TwilioRCSProvider) -> None:
    assert await twilio.check_capability(ADA)


# https://www.twilio.com/docs/rcs/send-an-rcs-message and
# https://www.twilio.com/docs/messaging/guides/webhook-request
MESSAGE = {
    "MessageSid": "SM1",
    "AccountSid": "AC1",
    "SmsStatus": "received",
    "From": f"rcs:{ADA}",
    "To": "rcs:bikes_agent",
    "Body": "Hello",
    "NumMedia": "0",
    "ChannelPrefix": "rcs",
}


class TestWebhooks:
    def test_a_message(self) -> None:
        message = carried(parse_twilio_rcs_webhook(MESSAGE, channel_id="rcs"))
        assert (message.channel_id, message.sender_id) == ("rcs", ADA)
        assert message.content == TextContent(body="Hello")
        assert message.metadata == {"recipient": "bikes_agent"}
        assert message.provider_message_id == "SM1"

    def test_a_button_that_was_tapped(self) -> None:
        payload = {**MESSAGE, "Body": "", "ButtonText": "Red", "ButtonPayload": "pick-red"}
        message = carried(parse_twilio_rcs_webhook(payload, channel_id="rcs"))
        assert message.content == TextContent(body="Red")
        assert message.metadata["postback_data"] == "pick-red"

    def test_a_place(self) -> None:
        payload = {
            **MESSAGE,
            "Body": "",
            "Latitude": "45.5",
            "Longitude": "-73.6",
            "Address": "Main Street 1",
        }
        message = carried(parse_twilio_rcs_webhook(payload, channel_id="rcs"))
        assert message.content == LocationContent(
            latitude=45.5, longitude=-73.6, address="Main Street 1"
        )

    @pytest.mark.parametrize("latitude", ["", "north", "91", "nan"])
    def test_a_place_that_is_none(self, latitude: str) -> None:
        payload = {**MESSAGE, "Latitude": latitude, "Longitude": "1"}
        message = carried(parse_twilio_rcs_webhook(payload, channel_id="rcs"))
        assert message.content == TextContent(body="Hello")

    def test_a_message_that_was_read(self) -> None:
        report = {
            "MessageSid": "MM1",
            "MessageStatus": "read",
            "From": "rcs:bikes_agent",
            "To": f"rcs:{ADA}",
        }
        status = extract_sms_meta("twilio", report).status
        assert status is not None
        assert (status.status, status.sender, status.recipient) == ("read", "bikes_agent", ADA)

    def test_the_report_of_a_message_that_became_an_sms(self) -> None:
        report = {"MessageSid": "MM1", "MessageStatus": "sent", "From": "+15550000000", "To": ADA}
        status = extract_sms_meta("twilio", report).status
        assert status is not None
        assert status.sender == "+15550000000"

    def test_signatures(self, twilio: TwilioRCSProvider) -> None:
        url = "https://example.com/rcs"
        signature = str(RequestValidator("s3cret").compute_signature(url, MESSAGE))
        assert twilio.verify_signature(payload=MESSAGE, signature=signature, url=url)
        changed = {**MESSAGE, "Body": "Bye"}
        assert not twilio.verify_signature(payload=changed, signature=signature, url=url)


@pytest.mark.parametrize(
    "settings",
    [
        {"account_sid": "AC1", "auth_token": "s3cret"},
        {**ACCOUNT, "messaging_service_sid": ""},
        {**ACCOUNT, "from_number": "+15550000000"},
    ],
)
def test_a_configuration_that_cannot_work(settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="TwilioRCSConfig") as caught:
        TwilioRCSConfig(**settings)
    assert "s3cret" not in str(caught.value)
