"""Sending through Sinch, and the two signatures of its webhooks."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roomkit.models.content import CompositeContent, MediaContent, TextContent
from roomkit.providers.base import WebhookRequest
from roomkit.providers.sinch import SinchConfig, SinchSMSProvider
from roomkit.testing.clock import VirtualClock
from roomkit.testing.providers import example_event
from roomkit.testing.wire import Reply, ScriptedServer

ADA, SHOP = "+15551234567", "+15550000000"
# https://developers.sinch.com/docs/sms/api-reference/sms/batches
TAKEN = Reply.of_json(
    {
        "id": "01FC66621XXXXX119Z8PMV1QPQ",
        "to": ["15551234567"],
        "from": "15550000000",
        "canceled": False,
        "body": "Hello",
        "type": "mt_text",
        "created_at": "2019-08-24T14:15:22Z",
    },
    status=201,
)
ACCOUNT: dict[str, Any] = {
    "service_plan_id": "plan/1",
    "api_token": "s3cret",
    "from_number": SHOP,
}
PNG = MediaContent(url="https://example.com/a.png", mime_type="image/png")
GIF = MediaContent(url="https://example.com/b.gif", mime_type="image/gif")


@pytest.fixture
async def server() -> AsyncIterator[ScriptedServer]:
    async with ScriptedServer(default=TAKEN) as running:
        yield running


@pytest.fixture
async def sinch(server: ScriptedServer) -> AsyncIterator[SinchSMSProvider]:
    provider = SinchSMSProvider(SinchConfig(**ACCOUNT, base_url=f"{server.url}/"))
    yield provider
    await provider.close()


async def test_a_text_message(server: ScriptedServer, sinch: SinchSMSProvider) -> None:
    result = await sinch.send(example_event(TextContent(body="Grüße 👋")), "1 555 123-4567")
    assert result.success
    assert result.provider_message_id == "01FC66621XXXXX119Z8PMV1QPQ"
    assert result.metadata == {"segments": 1}
    request = server.requests[0]
    assert (request.method, request.target) == ("POST", "/xms/v1/plan%2F1/batches")
    assert request.headers["authorization"] == "Bearer s3cret"
    assert request.json() == {
        "from": SHOP,
        "to": [ADA],
        "type": "mt_text",
        "body": "Grüße 👋",
        "client_reference": "event-1",
        "delivery_report": "per_recipient",
    }


async def test_a_picture_with_words(server: ScriptedServer, sinch: SinchSMSProvider) -> None:
    content = CompositeContent(parts=[TextContent(body="Look"), PNG])
    await sinch.send(example_event(content), ADA)
    sent = server.requests[0].json()
    assert (sent["type"], sent["body"]) == ("mt_media", {"url": PNG.url, "message": "Look"})


async def test_a_picture_alone(server: ScriptedServer, sinch: SinchSMSProvider) -> None:
    await sinch.send(example_event(PNG), ADA)
    assert server.requests[0].json()["body"] == {"url": PNG.url}


async def test_further_files_go_out_as_links(
    server: ScriptedServer, sinch: SinchSMSProvider
) -> None:
    content = CompositeContent(parts=[TextContent(body="Look"), PNG, GIF])
    await sinch.send(example_event(content), ADA)
    body = server.requests[0].json()["body"]
    assert body == {"url": PNG.url, "message": f"Look\n{GIF.url}"}


async def test_settings(server: ScriptedServer) -> None:
    config = SinchConfig(
        **ACCOUNT,
        base_url=server.url,
        callback_url="https://example.com/hook",
        delivery_report="none",
    )
    provider = SinchSMSProvider(config)
    await provider.send(example_event(), ADA, from_="1 555 999 9999")
    await provider.close()
    sent = server.requests[0].json()
    assert sent["from"] == "+15559999999"
    assert sent["callback_url"] == "https://example.com/hook"
    assert sent["delivery_report"] == "none"


def test_each_region_has_its_address() -> None:
    assert SinchConfig(**ACCOUNT).api_url == "https://us.sms.api.sinch.com"
    assert SinchConfig(**ACCOUNT, region="eu").api_url == "https://eu.sms.api.sinch.com"


@pytest.mark.parametrize(
    ("status", "vendor_code", "code", "retryable"),
    [
        (400, "syntax_invalid_parameter_format", "rejected", False),
        (401, None, "unauthorized", False),
        (402, "insufficient_credit", "http_402", False),
        (403, "unknown_campaign", "forbidden", False),
        (429, None, "rate_limited", True),
        (503, None, "unavailable", True),
    ],
)
async def test_what_sinch_refuses(
    server: ScriptedServer,
    sinch: SinchSMSProvider,
    status: int,
    vendor_code: str | None,
    code: str,
    retryable: bool,
) -> None:
    answer = {"text": f"about {ADA}", **({"code": vendor_code} if vendor_code else {})}
    server.reply(status=status, json=answer)
    result = await sinch.send(example_event(), ADA)
    assert (result.success, result.error_code, result.retryable) == (False, code, retryable)
    assert result.metadata.get("vendor_code") == vendor_code
    assert ADA not in repr(result)


@pytest.mark.parametrize("code", [7, {}, "not a word: +15551234567", "x" * 99, "é", ""])
async def test_a_word_that_is_none(
    server: ScriptedServer, sinch: SinchSMSProvider, code: Any
) -> None:
    server.reply(status=400, json={"code": code})
    result = await sinch.send(example_event(), ADA)
    assert result.metadata == {"status_code": 400}


NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
MOMENT = str(int(NOW.timestamp()))
NONCE = "01FJA8B4A7BM43YGWSG9GBV067"
# The key is that of the tests of the library by Sinch. The signatures were computed with openssl:
# printf %s "$BODY.$NONCE.$MOMENT" | openssl dgst -sha256 -hmac $SECRET -binary | base64
SECRET = "KayakingTheSwell"
BODY = '{"type":"mo_text","body":"Hello John! 👋"}'.encode()
VECTOR = "cXQWrBE3ttuJE7PjY9Vw/qeWhRkLOQ9HPm8EfEsYJzk="
OLD_VECTOR = "1c7197a49441265465ec29d8c2ec3547bac5ac62"


def signed(body: bytes = BODY, moment: str = MOMENT, nonce: str = NONCE) -> str:
    text = b".".join([body, nonce.encode(), moment.encode()])
    return base64.b64encode(hmac.digest(SECRET.encode(), text, hashlib.sha256)).decode()


def signed_the_old_way(body: bytes = BODY) -> str:
    return hmac.digest(SECRET.encode(), body, hashlib.sha1).hex()


@pytest.fixture
def webhooks() -> SinchSMSProvider:
    config = SinchConfig(**ACCOUNT, webhook_secret=SECRET)
    return SinchSMSProvider(config, clock=VirtualClock(start=NOW))


def request(headers: dict[str, str], body: bytes = BODY) -> WebhookRequest:
    return WebhookRequest(url="https://example.com/hook", headers=headers, body=body)


TODAYS = {
    "x-sinch-webhook-signature": signed(),
    "x-sinch-webhook-signature-nonce": NONCE,
    "x-sinch-webhook-signature-timestamp": MOMENT,
}


class TestSignatures:
    def test_known_values(self, webhooks: SinchSMSProvider) -> None:
        assert webhooks.verify_signature(BODY, VECTOR, MOMENT, NONCE)
        assert webhooks.verify_signature(BODY, OLD_VECTOR)

    def test_what_sinch_signed_is_genuine(self, webhooks: SinchSMSProvider) -> None:
        assert webhooks.verifies_webhooks
        assert webhooks.verify_webhook(request(TODAYS))
        assert webhooks.verify_signature(
            payload=BODY.decode(), signature=signed(), timestamp=MOMENT, nonce=NONCE
        )

    def test_the_older_scheme(self, webhooks: SinchSMSProvider) -> None:
        assert webhooks.verify_webhook(request({"x-sinch-signature": signed_the_old_way()}))
        assert webhooks.verify_signature(payload=BODY, signature=signed_the_old_way().upper())
        assert not webhooks.verify_signature(BODY + b" ", signed_the_old_way())

    def test_todays_scheme_never_passes_as_the_older_one(self, webhooks: SinchSMSProvider) -> None:
        old = signed_the_old_way()
        assert not webhooks.verify_webhook(request({"x-sinch-webhook-signature": old}))
        assert not webhooks.verify_webhook(request({**TODAYS, "x-sinch-webhook-signature": old}))
        assert not webhooks.verify_signature(BODY, old, timestamp=MOMENT)

    @pytest.mark.parametrize("seconds", [-301, 301, 3600])
    def test_what_is_old_or_from_the_future_is_refused(
        self, webhooks: SinchSMSProvider, seconds: int
    ) -> None:
        moment = str(int(NOW.timestamp()) + seconds)
        assert not webhooks.verify_signature(BODY, signed(moment=moment), moment, NONCE)

    @pytest.mark.parametrize(
        "changes",
        [
            {"x-sinch-webhook-signature": "AAAA"},
            {"x-sinch-webhook-signature": "é"},
            {"x-sinch-webhook-signature": ""},
            {"x-sinch-webhook-signature-nonce": "another"},
            {"x-sinch-webhook-signature-nonce": ""},
            {"x-sinch-webhook-signature-timestamp": str(int(MOMENT) + 1)},
            {"x-sinch-webhook-signature-timestamp": ""},
            {"x-sinch-webhook-signature-timestamp": "now"},
        ],
    )
    def test_anything_that_was_changed_is_refused(
        self, webhooks: SinchSMSProvider, changes: dict[str, str]
    ) -> None:
        assert webhooks.verify_webhook(request({**TODAYS, **changes})) is False
        assert webhooks.verify_webhook(request(TODAYS, BODY + b" ")) is False
        assert webhooks.verify_webhook(request({})) is False

    def test_without_a_secret_nothing_can_be_verified(self) -> None:
        provider = SinchSMSProvider(SinchConfig(**ACCOUNT))
        assert not provider.verifies_webhooks
        assert not provider.verify_webhook(request(TODAYS))
        with pytest.raises(ValueError, match="webhook_secret"):
            provider.verify_signature(BODY, signed(), MOMENT, NONCE)


ANY_TEXT = st.text(st.characters())


@given(st.binary() | ANY_TEXT | st.none(), ANY_TEXT | st.none(), ANY_TEXT | st.none(), ANY_TEXT)
def test_nothing_makes_it_raise(payload: Any, signature: Any, moment: Any, nonce: str) -> None:
    provider = SinchSMSProvider(SinchConfig(**ACCOUNT, webhook_secret=SECRET))
    assert provider.verify_signature(payload, signature, moment, nonce) is False
    assert provider.verify_signature(payload, signature) is False


@pytest.mark.parametrize(
    "settings",
    [
        {**ACCOUNT, "region": "mars"},
        {**ACCOUNT, "webhook_secret": ""},
        {**ACCOUNT, "api_token": ""},
        {**ACCOUNT, "service_plan_id": ""},
        {**ACCOUNT, "delivery_report": "sometimes"},
        {"service_plan_id": "p", "api_token": "s3cret"},
    ],
)
def test_a_configuration_that_cannot_work(settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="SinchConfig") as caught:
        SinchConfig(**settings)
    assert "s3cret" not in str(caught.value)


def test_a_configuration_keeps_its_secrets() -> None:
    config = SinchConfig(**ACCOUNT, webhook_secret="s3cret-too")
    assert "s3cret" not in f"{config!r} {config.model_dump()} {config.model_dump_json()}"
