"""The stand-in for Twilio, as a demonstration or a test of an application uses it."""

from __future__ import annotations

from collections.abc import AsyncIterator, MutableMapping
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from twilio.request_validator import RequestValidator

from roomkit.models.content import CompositeContent, MediaContent, TextContent
from roomkit.providers.base import WebhookRequest
from roomkit.providers.twilio import TwilioConfig, TwilioSMSProvider
from roomkit.testing.providers import example_event
from roomkit.testing.twilio_standin import StandinMessage, TwilioStandin, create_twilio_standin

HOOK = "https://example.com/sms"


@pytest.fixture
def standin() -> TwilioStandin:
    return create_twilio_standin()


@pytest.fixture
async def twilio(standin: TwilioStandin) -> AsyncIterator[TwilioSMSProvider]:
    config = TwilioConfig(
        account_sid=standin.account_sid,
        auth_token=standin.auth_token,
        from_number="+15550000000",
        base_url="http://twilio.test/standin",
    )
    app = Starlette(routes=[Mount("/standin", app=standin)])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app)) as client:
        yield TwilioSMSProvider(config, http_client=client)


async def test_a_message_arrives(standin: TwilioStandin, twilio: TwilioSMSProvider) -> None:
    seen: list[StandinMessage] = []

    async def on_message(message: StandinMessage) -> None:
        seen.append(message)

    standin.on_message = on_message
    picture = MediaContent(url="https://example.com/a.png", mime_type="image/png")
    content = CompositeContent(parts=[TextContent(body="Grüße"), picture])
    result = await twilio.send(example_event(content), "+15551234567")
    (message,) = standin.messages
    assert seen == [message]
    assert result.provider_message_id == message.sid
    assert (message.to, message.from_, message.body) == ("+15551234567", "+15550000000", "Grüße")
    assert message.media_urls == ("https://example.com/a.png",)


async def test_it_refuses_like_twilio(standin: TwilioStandin, twilio: TwilioSMSProvider) -> None:
    standin.opted_out.add("+15551234567")
    assert (await twilio.send(example_event(), "+15551234567")).error_code == "opted_out"
    long = example_event(TextContent(body="x" * 1601))
    assert (await twilio.send(long, "+15559999999")).error_code == "too_long"
    assert (await twilio.send(example_event(), "")).error_code == "invalid_recipient"
    standin.auth_token = "rotated"
    assert (await twilio.send(example_event(), "+15559999999")).error_code == "unauthorized"
    assert not standin.messages


async def test_a_persons_message_comes_in_with_a_good_signature(
    standin: TwilioStandin, twilio: TwilioSMSProvider
) -> None:
    params = standin.inbound_params(
        from_="+15551234567",
        to="+15550000000",
        body="Grüße & more",
        media=[("https://example.com/a.png", "image/png")],
        opt_out_type="STOP",
    )
    headers, body = standin.signed_webhook(HOOK, params)
    validator = RequestValidator(standin.auth_token)
    assert validator.validate(HOOK, params, headers["X-Twilio-Signature"])
    lower = {name.lower(): value for name, value in headers.items()}
    request = WebhookRequest(url=HOOK, headers=lower, body=body)
    assert twilio.verify_webhook(request)
    (meta,) = twilio.parse_webhook(twilio.decode_webhook(request))
    message = meta.to_inbound("sms")
    assert message.sender_id == "+15551234567"
    assert message.metadata["opt_out_type"] == "STOP"
    assert message.provider_message_id == params["MessageSid"]
    again = standin.inbound_params(from_="+15551234567", to="+15550000000", body="Hi")
    assert again["MessageSid"] != params["MessageSid"]


async def test_it_reports_what_became_of_a_message(
    standin: TwilioStandin, twilio: TwilioSMSProvider
) -> None:
    result = await twilio.send(example_event(), "+15551234567")
    params = standin.status_params(standin.messages[0], "undelivered", error_code=30006)
    (meta,) = twilio.parse_webhook(params)
    assert meta.status is not None
    assert meta.status.message_id == result.provider_message_id
    assert (meta.status.status, meta.status.error_code) == ("failed", "30006")


async def test_a_web_server_can_run_it(standin: TwilioStandin) -> None:
    told = iter(["lifespan.startup", "lifespan.shutdown"])
    answers: list[str] = []

    async def receive() -> dict[str, Any]:
        return {"type": next(told)}

    async def send(message: MutableMapping[str, Any]) -> None:
        answers.append(message["type"])

    await standin({"type": "lifespan"}, receive, send)
    assert answers == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


async def test_strangers_and_other_pages_are_turned_away(standin: TwilioStandin) -> None:
    transport = httpx.ASGITransport(app=standin)
    async with httpx.AsyncClient(transport=transport, base_url="http://twilio.test") as client:
        answer = await client.post("/2010-04-01/Accounts/AC1/Messages.json", data={"To": "1"})
        assert (answer.status_code, answer.json()["code"]) == (401, 20003)
        assert (await client.get("/")).json()["code"] == 20404


def test_it_keeps_its_token(standin: TwilioStandin) -> None:
    assert standin.auth_token not in repr(standin)
