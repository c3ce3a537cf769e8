"""Vendors' webhooks in a FastAPI application, over real HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from roomkit import (
    DeliveryStatus,
    HookResult,
    HookTrigger,
    RoomContext,
    RoomEvent,
    RoomKit,
    SMSChannel,
    TextContent,
    WebSocketChannel,
)
from roomkit.channels.factories import HTTPChannel
from roomkit.errors import RoomKitError
from roomkit.integrations.fastapi import kit_lifespan, mount_roomkit, webhook_router
from roomkit.models.channel import RateLimit
from roomkit.models.delivery import WebhookMeta
from roomkit.providers.base import WebhookRequest
from roomkit.providers.http import HTTPProviderConfig, WebhookHTTPProvider
from roomkit.providers.sms import MockSMSProvider
from roomkit.providers.twilio import TwilioConfig, TwilioSMSProvider
from roomkit.testing.clock import VirtualClock
from roomkit.testing.twilio_standin import TwilioStandin, create_twilio_standin
from tests.integrations.serving import serving

ADA, DESK = "+15551234567", "+15550000000"


@pytest.fixture
def standin() -> TwilioStandin:
    return create_twilio_standin()


@pytest.fixture
async def kit(standin: TwilioStandin) -> AsyncIterator[RoomKit]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=standin)) as client:
        config = TwilioConfig(
            account_sid=standin.account_sid, auth_token=standin.auth_token, from_number=DESK
        )
        kit = RoomKit()
        provider = TwilioSMSProvider(config, http_client=client)
        kit.register_channel(SMSChannel("sms", provider=provider))
        kit.register_channel(WebSocketChannel("desk"))
        await kit.create_room("ada")
        await kit.attach_channel("ada", "sms", metadata={"phone_number": ADA})
        await kit.attach_channel("ada", "desk")
        yield kit
        await kit.close()


class Vendor:
    """Twilio, calling the application."""

    def __init__(self, standin: TwilioStandin, host: str, client: httpx.AsyncClient) -> None:
        self.standin = standin
        self.base = f"http://{host}"
        self.client = client

    async def text(
        self, body: str, *, path: str = "/webhooks/sms", signed_url: str | None = None, **more: Any
    ) -> httpx.Response:
        """Deliver a text message that Ada wrote."""
        params = self.standin.inbound_params(from_=ADA, to=DESK, body=body, **more)
        return await self.post(params, path=path, signed_url=signed_url)

    async def post(
        self,
        params: Mapping[str, str],
        *,
        path: str = "/webhooks/sms",
        signed_url: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        url = self.base + path
        signed, content = self.standin.signed_webhook(signed_url or url, params)
        return await self.client.post(url, headers={**signed, **(headers or {})}, content=content)


@asynccontextmanager
async def vendor(app: FastAPI, standin: TwilioStandin) -> AsyncIterator[Vendor]:
    async with serving(app) as host, httpx.AsyncClient() as client:
        yield Vendor(standin, host, client)


def application(kit: RoomKit, **options: Any) -> FastAPI:
    app = FastAPI()
    mount_roomkit(app, kit, websocket=False, close_kit=False, **options)
    return app


async def texts(kit: RoomKit, room_id: str = "ada") -> list[str]:
    events = await kit.store.list_events(room_id)
    return [event.content.body for event in events if isinstance(event.content, TextContent)]


async def test_a_signed_message_lands_in_its_room(kit: RoomKit, standin: TwilioStandin) -> None:
    async with vendor(application(kit), standin) as twilio:
        answer = await twilio.text("Grüße & more")
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "application/xml"
        assert answer.text == "<Response/>"
        again = await twilio.text("Grüße & more", sid="SM1")
        redelivered = await twilio.text("Grüße & more", sid="SM1")
    assert (again.status_code, redelivered.status_code) == (200, 200)
    assert await texts(kit) == ["Grüße & more", "Grüße & more"]


async def test_a_report_reaches_its_message(kit: RoomKit, standin: TwilioStandin) -> None:
    reports: list[DeliveryStatus] = []
    kit.on_delivery_status(reports.append)
    sent = await kit.send_event("ada", "desk", TextContent(body="hello"))
    (message,) = standin.messages
    async with vendor(application(kit), standin) as twilio:
        params = standin.status_params(message, "delivered")
        answer = await twilio.post(params, path="/webhooks/sms/status")
        assert (answer.status_code, answer.text) == (200, "<Response/>")
        params = standin.status_params(message, "read")
        assert (await twilio.post(params)).status_code == 200
    assert [report.status for report in reports] == ["delivered", "read"]
    stored = await kit.store.get_event(sent.id)
    assert stored is not None
    assert stored.delivery_results["sms"].status == "read"


@pytest.mark.parametrize(
    "headers", [{"X-Twilio-Signature": "bm9wZQ=="}, {"X-Twilio-Signature": ""}]
)
async def test_a_bad_signature_is_refused(
    kit: RoomKit, standin: TwilioStandin, headers: dict[str, str]
) -> None:
    async with vendor(application(kit), standin) as twilio:
        params = standin.inbound_params(from_=ADA, to=DESK, body="let me in")
        answer = await twilio.post(params, headers=headers)
        assert answer.status_code == 403
        assert answer.json() == {"error": "the signature is missing or wrong"}
        elsewhere = await twilio.text("let me in", signed_url="https://evil.example/webhooks/sms")
        assert elsewhere.status_code == 403
    assert await texts(kit) == []


async def test_the_public_url_is_what_is_signed(kit: RoomKit, standin: TwilioStandin) -> None:
    public = "https://chat.example.com"
    app = application(kit, public_url=public, prefix="/api")
    path = "/api/webhooks/sms?tenant=a%20b"
    async with vendor(app, standin) as twilio:
        assert (await twilio.text("direct", path=path)).status_code == 403
        answer = await twilio.text("through the proxy", path=path, signed_url=public + path)
        assert answer.status_code == 200
    assert await texts(kit) == ["through the proxy"]


async def test_forwarded_headers_count_only_if_trusted(
    kit: RoomKit, standin: TwilioStandin
) -> None:
    forwarded = {"X-Forwarded-Proto": "https, http", "X-Forwarded-Host": "chat.example.com"}
    signed = "https://chat.example.com/webhooks/sms"
    for trust, status in ((False, 403), (True, 200)):
        async with vendor(application(kit, trust_forwarded=trust), standin) as twilio:
            params = standin.inbound_params(from_=ADA, to=DESK, body="hi")
            answer = await twilio.post(params, signed_url=signed, headers=forwarded)
            assert answer.status_code == status


@pytest.mark.parametrize("url", ["chat.example.com", "ftp://x", "https://x/?a=1", "https://"])
def test_a_public_url_that_is_none(url: str) -> None:
    with pytest.raises(ValueError, match="public_url"):
        webhook_router(RoomKit(), public_url=url)


async def test_unknown_channels_are_named(kit: RoomKit, standin: TwilioStandin) -> None:
    async with vendor(application(kit), standin) as twilio:
        answer = await twilio.text("hi", path="/webhooks/nobody")
        assert answer.status_code == 404
        assert "'nobody'" in answer.json()["error"]
        without = await twilio.text("hi", path="/webhooks/desk")
        assert without.status_code == 404
        assert "'desk' takes no webhooks" in without.json()["error"]
        assert (await twilio.client.get(f"{twilio.base}/webhooks/sms")).status_code == 405


async def test_long_bodies_are_refused(kit: RoomKit, standin: TwilioStandin) -> None:
    async with vendor(application(kit, max_body_bytes=2000), standin) as twilio:
        assert (await twilio.text("x" * 2000)).status_code == 413

        async def endless() -> AsyncIterator[bytes]:
            for _ in range(100):
                yield b"x" * 1000

        url = f"{twilio.base}/webhooks/sms"
        assert (await twilio.client.post(url, content=endless())).status_code == 413
    assert await texts(kit) == []


async def test_half_a_body_is_no_webhook() -> None:
    clock = VirtualClock()
    async with RoomKit(clock=clock) as kit:
        kit.register_channel(SMSChannel("sms", provider=MockSMSProvider()))
        async with serving(application(kit, verify=False)) as host:
            head = f"POST /webhooks/sms HTTP/1.1\r\nHost: {host}\r\nContent-Length: 9\r\n\r\nhalf"
            address, port = host.split(":")
            _, gone = await asyncio.open_connection(address, int(port))
            gone.write(head.encode())
            await gone.drain()
            gone.close()
            reader, slow = await asyncio.open_connection(address, int(port))
            slow.write(head.encode())
            await slow.drain()
            answered = asyncio.create_task(reader.readline())
            while not answered.done():
                await asyncio.sleep(0.01)
                await clock.advance(1)
            assert b"408" in await answered
            slow.close()


JUNK = [
    b"",
    b"\xff\xfe",
    b"null",
    b"[]",
    b"{",
    b"[" * 100_000,
    b'{"text": "no sender"}',
    b'{"sender": {"a": 1}, "text": ["b"]}',
    b'{"sender": "a", "content": {"type": "composite", "parts": [{}]}}',
]


async def test_junk_is_a_bad_request() -> None:
    provider = WebhookHTTPProvider(HTTPProviderConfig(url="https://x.example"))
    async with RoomKit() as kit:
        kit.register_channel(HTTPChannel("http", provider=provider))
        app = application(kit, unverified_channels=["http"])
        async with serving(app) as host, httpx.AsyncClient() as client:
            for body in JUNK:
                for content_type in ("application/json", "application/x-www-form-urlencoded", "?"):
                    answer = await client.post(
                        f"http://{host}/webhooks/http",
                        content=body,
                        headers={"content-type": content_type},
                    )
                    assert answer.status_code == 400, body[:80]
                    assert answer.json()["error"]
        assert await kit.store.list_rooms() == []


async def test_a_signed_form_without_a_sender(kit: RoomKit, standin: TwilioStandin) -> None:
    async with vendor(application(kit), standin) as twilio:
        answer = await twilio.post({"Body": "who am I?"})
        assert answer.status_code == 400
        assert "sender" in answer.json()["error"]


async def test_a_provider_that_cannot_verify_needs_a_permission() -> None:
    async with RoomKit() as kit:
        provider = WebhookHTTPProvider(HTTPProviderConfig(url="https://x.example"))
        kit.register_channel(HTTPChannel("http", provider=provider))
        kit.register_channel(SMSChannel("mock", provider=MockSMSProvider()))
        content = {"sender": "ada", "text": "hi"}
        # A mock reads no webhooks, so that what is let through is a bad request.
        for options, http, mock in (
            ({}, 403, 403),
            ({"unverified_channels": ["mock"]}, 403, 400),
            ({"unverified_channels": ["http"]}, 200, 403),
            ({"verify": False}, 200, 400),
        ):
            async with serving(application(kit, **options)) as host, httpx.AsyncClient() as client:
                for channel_id, status in (("http", http), ("mock", mock)):
                    answer = await client.post(
                        f"http://{host}/webhooks/{channel_id}", json=content
                    )
                    assert answer.status_code == status
                    refused = status == 403
                    assert refused == ("cannot be verified" in answer.text)


async def test_a_check_that_fails_is_a_refusal(kit: RoomKit, standin: TwilioStandin) -> None:
    class Broken(MockSMSProvider):
        def verify_webhook(self, request: WebhookRequest) -> bool:
            raise ZeroDivisionError

    kit.register_channel(SMSChannel("broken", provider=Broken()))
    async with vendor(application(kit), standin) as twilio:
        assert (await twilio.text("hi", path="/webhooks/broken")).status_code == 403


class Batch(MockSMSProvider):
    """A vendor that sends several things at once."""

    def __init__(self, items: list[WebhookMeta]) -> None:
        super().__init__()
        self.items = items

    def parse_webhook(self, payload: Mapping[str, Any]) -> list[WebhookMeta]:
        return self.items


async def test_a_parser_that_trips_was_given_bad_input() -> None:
    class Fragile(MockSMSProvider):
        def parse_webhook(self, payload: Mapping[str, Any]) -> list[WebhookMeta]:
            return [payload["messages"][0]]

    async with RoomKit() as kit:
        kit.register_channel(SMSChannel("sms", provider=Fragile()))
        async with (
            serving(application(kit, verify=False)) as host,
            httpx.AsyncClient() as client,
        ):
            answer = await client.post(f"http://{host}/webhooks/sms", json={})
    assert answer.status_code == 400
    assert answer.json() == {"error": "the webhook cannot be read: KeyError"}


async def test_one_items_failure_does_not_take_its_siblings_along(kit: RoomKit) -> None:
    standin = create_twilio_standin()
    reader = kit.get_channel("sms")
    assert reader is not None
    items = [
        reader.parse_webhook(standin.inbound_params(from_=ADA, to=DESK, body=body))[0]
        for body in ("one", "two", "three")
    ]
    kit.register_channel(SMSChannel("batch", provider=Batch(items)))
    await kit.attach_channel("ada", "batch", metadata={"phone_number": ADA})
    channel = kit.get_channel("batch")
    assert channel is not None
    original = channel.handle_inbound

    async def picky(message: Any, context: RoomContext) -> RoomEvent:
        if message.content.body == "two":
            raise RoomKitError("not that one")
        return await original(message, context)

    channel.handle_inbound = picky  # type: ignore[method-assign]
    app = application(kit, unverified_channels=["batch"])
    async with serving(app) as host, httpx.AsyncClient() as client:
        answer = await client.post(f"http://{host}/webhooks/batch", json={})
        assert answer.status_code == 503
        assert answer.headers["retry-after"]
        channel.handle_inbound = original  # type: ignore[method-assign]
        assert (await client.post(f"http://{host}/webhooks/batch", json={})).status_code == 200
    assert await texts(kit) == ["one", "three", "two"]


async def test_what_the_kit_had_no_time_for_comes_again() -> None:
    async with RoomKit(inbound_rate_limit=RateLimit(max_per_minute=1)) as kit:
        kit.register_channel(SMSChannel("sms", provider=MockSMSProvider()))
        provider = WebhookHTTPProvider(HTTPProviderConfig(url="https://x.example"))
        kit.register_channel(HTTPChannel("http", provider=provider))
        app = application(kit, verify=False)
        async with serving(app) as host, httpx.AsyncClient() as client:
            url = f"http://{host}/webhooks/http"
            answers = [
                await client.post(url, json={"sender": "a", "text": str(number)})
                for number in range(2)
            ]
        assert [answer.status_code for answer in answers] == [200, 503]
        assert answers[1].json() == {"error": "rate_limited"}


async def test_a_closed_kit_asks_to_come_again(kit: RoomKit, standin: TwilioStandin) -> None:
    async with vendor(application(kit), standin) as twilio:
        await kit.close()
        answer = await twilio.text("hi")
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0


@pytest.fixture
def slow(kit: RoomKit) -> asyncio.Event:
    """Holds every message back until it is set."""
    gate = asyncio.Event()

    @kit.hook(HookTrigger.BEFORE_BROADCAST)
    async def wait(_event: RoomEvent, _context: RoomContext) -> HookResult:
        await gate.wait()
        return HookResult.allow()

    return gate


async def test_accepting_does_not_wait(
    kit: RoomKit, standin: TwilioStandin, slow: asyncio.Event
) -> None:
    async with vendor(application(kit, wait="accept"), standin) as twilio:
        for number in range(3):
            assert (await twilio.text(f"message {number}")).status_code == 200
        assert (await twilio.text("again", sid="SM9")).status_code == 200
        assert (await twilio.text("again", sid="SM9")).status_code == 200
        assert await texts(kit) == []
        slow.set()
    assert await texts(kit) == ["message 0", "message 1", "message 2", "again"]


async def test_a_deadline_ends_the_wait_and_not_the_work(
    kit: RoomKit, standin: TwilioStandin, slow: asyncio.Event
) -> None:
    app = FastAPI()
    app.include_router(webhook_router(kit, answer_within=0.05))
    async with vendor(app, standin) as twilio:
        assert (await twilio.text("slow")).status_code == 200
        assert await texts(kit) == []
        slow.set()
    assert await texts(kit) == ["slow"]


async def test_too_much_at_once_is_put_off(
    kit: RoomKit, standin: TwilioStandin, slow: asyncio.Event
) -> None:
    app = FastAPI()
    app.include_router(webhook_router(kit, wait="accept", max_pending=2))
    async with vendor(app, standin) as twilio:
        answers = [await twilio.text(str(number)) for number in range(4)]
        assert [answer.status_code for answer in answers] == [200, 200, 503, 503]
        slow.set()
        await twilio.text("later")
    assert await texts(kit) == ["0", "1", "later"]


async def test_the_lifespan_closes_the_kit() -> None:
    explicit, mounted = RoomKit(), RoomKit()
    app = FastAPI(lifespan=kit_lifespan(explicit))
    app.include_router(webhook_router(explicit))
    mount_roomkit(app, mounted, websocket=False, prefix="/other")
    async with serving(app) as host, httpx.AsyncClient() as client:
        for path in ("/webhooks/x", "/other/webhooks/x"):
            answer = await client.post(f"http://{host}{path}")
            assert answer.status_code == 404
    assert explicit.closed
    assert mounted.closed
