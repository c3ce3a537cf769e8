"""The generic webhook as it goes out: what is posted, and who may be called."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from roomkit.models.content import TextContent
from roomkit.providers.http import HTTPProviderConfig, WebhookHTTPProvider, parse_http_webhook
from roomkit.testing.clock import VirtualClock
from roomkit.testing.providers import CONTENTS, example_event
from roomkit.testing.wire import ScriptedServer

NOW = datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC)


def signature_of(secret: str, body: bytes, moment: datetime) -> str:
    """As another system would compute it, from the documentation alone."""
    seconds = int(moment.timestamp())
    mac = hmac.new(secret.encode(), f"{seconds}.".encode() + body, hashlib.sha256)
    return f"t={seconds},v1={mac.hexdigest()}"


@pytest.fixture
async def server() -> AsyncIterator[ScriptedServer]:
    async with ScriptedServer() as running:
        yield running


@pytest.fixture
async def webhook(server: ScriptedServer) -> AsyncIterator[WebhookHTTPProvider]:
    config = HTTPProviderConfig(
        url=f"{server.url}/messages?token=abc",
        headers={"Authorization": "Bearer s3cret"},
        secret="k3y",
        allow_private_hosts=True,
    )
    provider = WebhookHTTPProvider(config, clock=VirtualClock(NOW))
    yield provider
    await provider.close()


class TestSending:
    async def test_a_message_is_posted_as_json(
        self, server: ScriptedServer, webhook: WebhookHTTPProvider
    ) -> None:
        event = example_event(TextContent(body="Grüße 👋"))
        result = await webhook.send(event, "customer-7")
        assert result.success
        assert result.provider_message_id == event.id
        request = server.requests[0]
        assert (request.method, request.target) == ("POST", "/messages?token=abc")
        assert request.headers["content-type"] == "application/json"
        assert request.headers["authorization"] == "Bearer s3cret"
        assert request.headers["idempotency-key"] == "event-1"
        assert request.json() == {
            "id": "event-1",
            "room_id": "room-1",
            "type": "message",
            "to": "customer-7",
            "sender": "ada",
            "channel_id": "agent",
            "channel_type": None,
            "content": {"type": "text", "body": "Grüße 👋", "language": None},
            "text": "Grüße 👋",
            "parent_event_id": None,
            "created_at": event.created_at.isoformat().replace("+00:00", "Z"),
        }

    async def test_it_is_signed(
        self, server: ScriptedServer, webhook: WebhookHTTPProvider
    ) -> None:
        await webhook.send(example_event(), "customer-7")
        request = server.requests[0]
        expected = signature_of("k3y", request.body, NOW)
        assert request.headers["x-roomkit-signature"] == expected

    async def test_without_a_secret_it_is_not(self, server: ScriptedServer) -> None:
        provider = WebhookHTTPProvider(
            HTTPProviderConfig(url=server.url, allow_private_hosts=True)
        )
        await provider.send(example_event(), "customer-7")
        await provider.close()
        assert "x-roomkit-signature" not in server.requests[0].headers

    async def test_the_receivers_id_is_kept(
        self, server: ScriptedServer, webhook: WebhookHTTPProvider
    ) -> None:
        for answer in ({"id": "m-1"}, {"message_id": "m-2"}, {"id": 7}, ["m-3"]):
            server.reply(status=202, json=answer)
        ids = [
            (await webhook.send(example_event(), "customer-7")).provider_message_id
            for _ in range(4)
        ]
        assert ids == ["m-1", "m-2", "event-1", "event-1"]

    async def test_any_event_id_fits_into_a_header(
        self, server: ScriptedServer, webhook: WebhookHTTPProvider
    ) -> None:
        assert (await webhook.send(example_event(event_id="é\r\nx: y"), "c")).success
        assert server.requests[0].headers["idempotency-key"] == "%C3%A9%0D%0Ax:%20y"

    async def test_what_cannot_be_written_is_refused(
        self, server: ScriptedServer, webhook: WebhookHTTPProvider
    ) -> None:
        result = await webhook.send(example_event(event_id="\ud800"), "customer-7")
        assert (result.error_code, result.retryable) == ("bad_request", False)
        assert not server.requests

    async def test_what_is_posted_can_be_read_by_another_kit(
        self, server: ScriptedServer, webhook: WebhookHTTPProvider
    ) -> None:
        for name, content in CONTENTS.items():
            await webhook.send(example_event(content), "customer-7")
            payload = server.requests[-1].json()
            if name == "system":
                assert parse_http_webhook(payload, "http").content == TextContent(
                    body="Ada joined"
                )
                continue
            message = parse_http_webhook(payload, channel_id="http")
            assert message.sender_id == "ada"
            assert message.content == content
            assert message.provider_message_id == "event-1"


class FakeDNS:
    def __init__(self, addresses: Sequence[str]) -> None:
        self.addresses = addresses

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        return self.addresses


class TestWhereItGoes:
    async def test_a_name_that_leads_to_this_machine_is_not_called(
        self, server: ScriptedServer
    ) -> None:
        port = server.url.rpartition(":")[2]
        config = HTTPProviderConfig(url=f"http://hooks.example:{port}/")
        provider = WebhookHTTPProvider(config, resolve=FakeDNS(["127.0.0.1"]))
        result = await provider.send(example_event(), "customer-7")
        await provider.close()
        assert (result.error_code, result.retryable) == ("address_blocked", False)
        assert not server.requests

    async def test_the_address_that_was_checked_is_the_one_that_is_called(self) -> None:
        seen: list[httpx.Request] = []

        def answer(request: httpx.Request) -> httpx.Response:
            seen.append(request)
            return httpx.Response(200)

        config = HTTPProviderConfig(url="https://hooks.example/path?token=abc")
        async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
            provider = WebhookHTTPProvider(
                config, http_client=client, resolve=FakeDNS(["93.184.216.34"])
            )
            assert (await provider.send(example_event(), "customer-7")).success
        assert str(seen[0].url) == "https://93.184.216.34/path?token=abc"
        assert seen[0].headers["host"] == "hooks.example"
        assert seen[0].extensions["sni_hostname"] == "hooks.example"

    async def test_a_name_that_nobody_knows_may_be_known_later(self) -> None:
        provider = WebhookHTTPProvider(
            HTTPProviderConfig(url="https://hooks.example/"), resolve=FakeDNS([])
        )
        result = await provider.send(example_event(), "customer-7")
        await provider.close()
        assert (result.error_code, result.retryable) == ("unreachable", True)

    @pytest.mark.parametrize(
        "url",
        [
            "http://127.0.0.1/",
            "http://localhost:8000/",
            "http://[::ffff:7f00:1]/",
            "http://100.64.0.1/",
            "http://192.0.0.10/",
            "http://[2002:7f00:1::]/",
            "http://0x7f.1/",
            "https://user:s3cret@example.com/",
            "ftp://example.com/",
            "example.com",
            "",
        ],
    )
    def test_a_url_that_leads_inside_is_refused_in_the_configuration(self, url: str) -> None:
        with pytest.raises(ValueError, match="URL") as caught:
            HTTPProviderConfig(url=url)
        assert "s3cret" not in str(caught.value)

    def test_the_refusal_names_the_way_out_where_there_is_one(self) -> None:
        for url in ("http://127.0.0.1:8000/", "http://localhost:8000/"):
            with pytest.raises(ValueError, match="allow_private_hosts=True"):
                HTTPProviderConfig(url=url)
        with pytest.raises(ValueError, match=r"use a header \["):
            HTTPProviderConfig(url="https://user:s3cret@example.com/")

    def test_the_operator_may_allow_private_hosts(self) -> None:
        config = HTTPProviderConfig(url="http://localhost:8000/", allow_private_hosts=True)
        assert config.url == config.webhook_url == "http://localhost:8000/"
        with pytest.raises(ValueError, match="URL"):
            HTTPProviderConfig(url="file:///etc/passwd", allow_private_hosts=True)


class TestConfiguration:
    def test_the_url_has_two_names(self) -> None:
        build: Any = HTTPProviderConfig
        config = build(webhook_url="https://example.com/hook")
        assert config == HTTPProviderConfig(url="https://example.com/hook")
        assert config.url == config.webhook_url == "https://example.com/hook"

    def test_it_keeps_its_secrets(self) -> None:
        config = HTTPProviderConfig(
            url="https://example.com:8443/hook?token=t0ken",
            headers={"Authorization": "Bearer s3cret"},
            secret="k3y",
        )
        shown = f"{config!r} {config} {config.model_dump_json()}"
        for secret in ("t0ken", "s3cret", "k3y"):
            assert secret not in shown
        assert "https://example.com:8443/hook" in shown
        assert config.headers["Authorization"].get_secret_value() == "Bearer s3cret"

    @pytest.mark.parametrize(
        "settings",
        [
            {"headers": {"Host": "internal"}},
            {"headers": {"content-length": "0"}},
            {"headers": {"x y": "1"}},
            {"headers": {"": "1"}},
            {"headers": {"x": "s3cret\r\ny: 2"}},
            {"headers": {"x": "s3crét"}},
            {"secret": ""},
            {"timeout": 0},
            {"tiemout": 1},
        ],
    )
    def test_what_cannot_work_is_refused(self, settings: dict[str, Any]) -> None:
        with pytest.raises(ValueError, match="HTTPProviderConfig") as caught:
            HTTPProviderConfig(url="https://example.com/", **settings)
        assert "s3cr" not in str(caught.value)
