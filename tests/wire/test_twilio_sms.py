"""Sending through Twilio: what goes over the wire, and what becomes of each answer."""

from __future__ import annotations

import asyncio
import base64
import sys
from collections.abc import AsyncIterator
from typing import Any

import pytest

from roomkit.models.content import (
    AudioContent,
    CompositeContent,
    DeleteContent,
    MediaContent,
    RichContent,
    TextContent,
    VideoContent,
)
from roomkit.providers.twilio import TwilioConfig, TwilioSMSProvider
from roomkit.testing.providers import example_event
from roomkit.testing.wire import Reply, ScriptedServer

TAKEN = Reply.of_json({"sid": "SM1", "status": "queued", "num_segments": "1"}, status=201)
ACCOUNT: dict[str, Any] = {
    "account_sid": "AC1",
    "auth_token": "s3cret",
    "from_number": "+15550000000",
}


@pytest.fixture
async def server() -> AsyncIterator[ScriptedServer]:
    async with ScriptedServer(default=TAKEN) as running:
        yield running


@pytest.fixture
async def twilio(server: ScriptedServer) -> AsyncIterator[TwilioSMSProvider]:
    provider = TwilioSMSProvider(TwilioConfig(**ACCOUNT, base_url=server.url))
    yield provider
    await provider.close()


async def test_a_text_message(server: ScriptedServer, twilio: TwilioSMSProvider) -> None:
    result = await twilio.send(example_event(TextContent(body="Grüße 👋")), "+15551234567")
    assert result.success
    assert result.provider_message_id == "SM1"
    assert result.metadata == {"status": "queued", "num_segments": "1", "segments": 1}
    request = server.requests[0]
    assert (request.method, request.target) == (
        "POST",
        "/2010-04-01/Accounts/AC1/Messages.json",
    )
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    credentials = base64.b64encode(b"AC1:s3cret").decode()
    assert request.headers["authorization"] == f"Basic {credentials}"
    assert request.form == {
        "To": ["+15551234567"],
        "From": ["+15550000000"],
        "Body": ["Grüße 👋"],
    }


async def test_pictures_and_sounds_go_out_as_mms(
    server: ScriptedServer, twilio: TwilioSMSProvider
) -> None:
    content = CompositeContent(
        parts=[
            TextContent(body="Look"),
            MediaContent(url="https://example.com/a.png?x=1&y=2", mime_type="image/png"),
            AudioContent(url="https://example.com/b.ogg", mime_type="audio/ogg"),
            VideoContent(url="https://example.com/c.mp4", mime_type="video/mp4"),
        ]
    )
    await twilio.send(example_event(content), "+15551234567")
    form = server.requests[0].form
    assert form["Body"] == ["Look"]
    assert form["MediaUrl"] == [
        "https://example.com/a.png?x=1&y=2",
        "https://example.com/b.ogg",
        "https://example.com/c.mp4",
    ]


async def test_a_picture_without_words(server: ScriptedServer, twilio: TwilioSMSProvider) -> None:
    picture = MediaContent(url="https://example.com/a.png", mime_type="image/png")
    await twilio.send(example_event(picture), "+15551234567")
    form = server.requests[0].form
    assert "Body" not in form
    assert form["MediaUrl"] == ["https://example.com/a.png"]


async def test_formatted_text_goes_out_plain(
    server: ScriptedServer, twilio: TwilioSMSProvider
) -> None:
    rich = RichContent(body="**Hi**", plain_text="Hi")
    await twilio.send(example_event(rich), "+15551234567")
    assert server.requests[0].form["Body"] == ["Hi"]


async def test_more_files_than_twilio_takes(
    server: ScriptedServer, twilio: TwilioSMSProvider
) -> None:
    pictures = [
        MediaContent(url=f"https://example.com/{n}.png", mime_type="image/png") for n in range(11)
    ]
    result = await twilio.send(example_event(CompositeContent(parts=list(pictures))), "+1555")
    assert (result.error_code, result.retryable) == ("invalid_media", False)
    assert not server.requests


async def test_nothing_to_say_asks_nobody(
    server: ScriptedServer, twilio: TwilioSMSProvider
) -> None:
    for content in (TextContent(body=" "), DeleteContent(target_event_id="e-1")):
        result = await twilio.send(example_event(content), "+15551234567")
        assert (result.error_code, result.retryable) == ("empty_message", False)
    assert not server.requests


async def test_the_channel_may_name_another_number(
    server: ScriptedServer, twilio: TwilioSMSProvider
) -> None:
    assert twilio.from_number == "+15550000000"
    assert twilio.supports_mms
    await twilio.send(example_event(), "1 (555) 123-4567", from_="+1 555 999 9999")
    form = server.requests[0].form
    assert form["From"] == ["+15559999999"]
    assert form["To"] == ["+15551234567"]


async def test_a_messaging_service_chooses_the_number(server: ScriptedServer) -> None:
    provider = TwilioSMSProvider(
        TwilioConfig(
            account_sid="AC1",
            auth_token="s3cret",
            messaging_service_sid="MG1",
            base_url=f"{server.url}/",
            status_callback_url="https://example.com/status",
        )
    )
    await provider.send(example_event(), "+15551234567")
    await provider.send(example_event(), "+15551234567", from_="12345")
    await provider.close()
    chosen, named = [request.form for request in server.requests]
    assert chosen["MessagingServiceSid"] == ["MG1"]
    assert "From" not in chosen
    assert chosen["StatusCallback"] == ["https://example.com/status"]
    assert named["From"] == ["12345"]
    assert "MessagingServiceSid" not in named


@pytest.mark.parametrize(
    ("status", "number", "code", "retryable"),
    [
        (400, 21610, "opted_out", False),
        (400, 21211, "invalid_recipient", False),
        (400, 21614, "invalid_recipient", False),
        (400, 21606, "invalid_sender", False),
        (400, 21617, "too_long", False),
        (400, 21620, "invalid_media", False),
        (401, 20003, "unauthorized", False),
        (403, 21408, "forbidden", False),
        (429, 20429, "rate_limited", True),
        (400, 21611, "rate_limited", True),
        (400, 99999, "rejected", False),
        (503, 20503, "unavailable", True),
    ],
)
async def test_what_twilios_numbers_mean(
    server: ScriptedServer,
    twilio: TwilioSMSProvider,
    status: int,
    number: int,
    code: str,
    retryable: bool,
) -> None:
    server.reply(status=status, json={"code": number, "message": "to +15551234567", "status": 1})
    result = await twilio.send(example_event(), "+15551234567")
    assert (result.success, result.error_code, result.retryable) == (False, code, retryable)
    assert result.metadata == {"status_code": status, "vendor_code": str(number)}
    assert result.error is not None
    assert "+15551234567" not in result.error


@pytest.mark.parametrize("code", [None, True, [], {}, "abc", "٣", 1.5, "9" * 99])
async def test_a_number_that_is_none(
    server: ScriptedServer, twilio: TwilioSMSProvider, code: Any
) -> None:
    server.reply(status=400, json={"code": code})
    result = await twilio.send(example_event(), "+15551234567")
    assert (result.error_code, result.retryable) == ("rejected", False)


async def test_connections_are_reused(server: ScriptedServer, twilio: TwilioSMSProvider) -> None:
    for _ in range(3):
        await asyncio.gather(*(twilio.send(example_event(), "+15551234567") for _ in range(5)))
    assert len(server.requests) == 15
    assert server.connections <= 5


def test_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "httpx", None)
    with pytest.raises(ImportError, match=r"pip install 'roomkit\[twilio\]'"):
        TwilioSMSProvider(TwilioConfig(**ACCOUNT))


@pytest.mark.parametrize(
    "settings",
    [
        {"account_sid": "AC1", "auth_token": "s3cret"},
        {"account_sid": "", "auth_token": "s3cret", "from_number": "1"},
        {"account_sid": "AC1", "auth_token": "", "from_number": "1"},
        {"account_sid": "AC1", "auth_token": "s3cret", "from_nubmer": "1"},
        {"account_sid": "AC1", "auth_token": ["s3cret"], "from_number": "1"},
        {**ACCOUNT, "timeout": 0},
        {**ACCOUNT, "max_concurrency": 0},
    ],
)
def test_a_configuration_that_cannot_work(settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="TwilioConfig") as caught:
        TwilioConfig(**settings)
    assert "s3cret" not in str(caught.value)


def test_a_configuration_keeps_its_secret() -> None:
    config = TwilioConfig(**ACCOUNT)
    assert "s3cret" not in f"{config!r} {config} {config.model_dump()} {config.model_dump_json()}"
    assert config.auth_token.get_secret_value() == "s3cret"
