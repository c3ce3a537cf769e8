"""Vendors' webhooks in a FastAPI application, over real HTTP where that makes a difference."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from roomkit import (
    Channel,
    ChannelType,
    DeliveryStatus,
    HookResult,
    HookTrigger,
    InboundMessage,
    RoomContext,
    RoomEvent,
    RoomKit,
    SMSChannel,
    TextContent,
    WebSocketChannel,
)
from roomkit.channels.factories import HTTPChannel
from roomkit.channels.transport import TransportChannel
from roomkit.errors import DeliveryError, RoomKitError
from roomkit.integrations.fastapi import kit_lifespan, mount_roomkit, webhook_router
from roomkit.models.channel import RateLimit
from roomkit.models.delivery import WebhookMeta
from roomkit.providers.base import WebhookReply, WebhookRequest
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
async def vendor(
    app: FastAPI, standin: TwilioStandin, *, over_http: bool = False
) -> AsyncIterator[Vendor]:
    if over_http:
        async with serving(app) as host, httpx.AsyncClient() as client:
            yield Vendor(standin, host, client)
    else:
        async with app.router.lifespan_context(app), within(app) as client:
            yield Vendor(standin, "app.example", client)


def within(app: FastAPI) -> httpx.AsyncClient:
    """A client of an application in this process."""
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://app.example")


def application(kit: RoomKit, **options: Any) -> FastAPI:
    app = FastAPI()
    mount_roomkit(app, kit, websocket=False, close_kit=False, **options)
    return app


async def texts(kit: RoomKit, room_id: str = "ada") -> list[str]:
    events = await kit.store.list_events(room_id)
    return [event.content.body for event in events if isinstance(event.content, TextContent)]


async def test_a_signed_message_lands_in_its_room(kit: RoomKit, standin: TwilioStandin) -> None:
    async with vendor(application(kit), standin, over_http=True) as twilio:
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


@pytest.mark.parametrize("public", ["https://example.com", "https://example.com/chat"])
async def test_a_prefix_may_be_stripped_or_not(
    kit: RoomKit, standin: TwilioStandin, public: str
) -> None:
    """A server that was told of the prefix (``uvicorn --root-path``) puts it back in front."""
    signed = "https://example.com/chat/webhooks/sms"
    headers, content = standin.signed_webhook(
        signed, standin.inbound_params(from_=ADA, to=DESK, body="hi")
    )
    transport = httpx.ASGITransport(app=application(kit, public_url=public), root_path="/chat")
    async with httpx.AsyncClient(transport=transport, base_url="http://10.0.0.1") as client:
        answer = await client.post("/chat/webhooks/sms", headers=headers, content=content)
    assert answer.status_code == 200


async def test_an_application_within_another_one(kit: RoomKit, standin: TwilioStandin) -> None:
    outer = FastAPI()
    outer.mount("/chat", application(kit, public_url="https://example.com"))
    path = "/chat/webhooks/sms"
    async with vendor(outer, standin) as twilio:
        assert (
            await twilio.text("hi", path=path, signed_url=f"https://x{path}")
        ).status_code == 403
        answer = await twilio.text("hi", path=path, signed_url=f"https://example.com{path}")
        assert answer.status_code == 200
    assert await texts(kit) == ["hi"]


def test_the_applications_own_documentation_is_left_alone(kit: RoomKit) -> None:
    app = FastAPI()
    mount_roomkit(app, kit, allow_anonymous=True)

    @app.get("/orders/{number}")
    async def order(number: int) -> dict[str, int]:
        return {"number": number}

    assert list(app.openapi()["paths"]) == ["/orders/{number}"]


async def test_what_will_be_refused_is_said_at_once(
    kit: RoomKit, standin: TwilioStandin, caplog: pytest.LogCaptureFixture
) -> None:
    kit.register_channel(SMSChannel("mock", provider=MockSMSProvider()))
    kit.register_channel(SMSChannel("internal", provider=MockSMSProvider()))
    async with vendor(application(kit, unverified_channels=["internal"]), standin):
        pass
    (warning,) = [
        record.getMessage() for record in caplog.records if record.levelname == "WARNING"
    ]
    assert warning.startswith("webhooks will be refused: webhooks of channel 'mock'")


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
    app = application(kit, max_body_bytes=2000)
    async with vendor(app, standin, over_http=True) as twilio:
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
        async with within(app) as client:
            for body in JUNK:
                for content_type in ("application/json", "application/x-www-form-urlencoded", "?"):
                    answer = await client.post(
                        "/webhooks/http",
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
            async with within(application(kit, **options)) as client:
                for channel_id, status in (("http", http), ("mock", mock)):
                    answer = await client.post(f"/webhooks/{channel_id}", json=content)
                    assert answer.status_code == status
                    refused = status == 403
                    assert refused == ("cannot be verified" in answer.text)


async def test_a_check_that_fails_is_a_refusal(kit: RoomKit, standin: TwilioStandin) -> None:
    class Broken(MockSMSProvider):
        def verify_webhook(self, request: WebhookRequest) -> bool:
            raise ZeroDivisionError

        def answer_challenge(self, request: WebhookRequest) -> WebhookReply:
            raise ZeroDivisionError

    kit.register_channel(SMSChannel("broken", provider=Broken()))
    async with vendor(application(kit), standin) as twilio:
        assert (await twilio.text("hi", path="/webhooks/broken")).status_code == 403
        assert (await twilio.client.get(f"{twilio.base}/webhooks/broken")).status_code == 403


async def test_a_check_that_does_not_end_is_a_refusal() -> None:
    class Endless(MockSMSProvider):
        async def authenticate_webhook(self, request: WebhookRequest) -> bool:
            await asyncio.Event().wait()
            return True

    clock = VirtualClock()
    async with RoomKit(clock=clock) as kit:
        kit.register_channel(SMSChannel("sms", provider=Endless()))
        transport = httpx.ASGITransport(app=application(kit))
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
            asking = asyncio.create_task(client.post("/webhooks/sms", json={}))
            await clock.advance(11)
            assert (await asking).status_code == 403


class Batch(MockSMSProvider):
    """A vendor that sends several things at once, and that wants more than to be read."""

    def __init__(self, items: Sequence[WebhookMeta] = ()) -> None:
        super().__init__()
        self.items = list(items)
        self.told: list[Mapping[str, Any]] = []
        self.trouble: Exception | None = None

    def parse_webhook(self, payload: Mapping[str, Any]) -> list[WebhookMeta]:
        return self.items

    async def on_webhook(self, payload: Mapping[str, Any]) -> None:
        self.told.append(payload)
        if self.trouble is not None:
            raise self.trouble


@pytest.mark.parametrize("by", ["router", "kit"])
async def test_a_vendor_hears_of_its_webhooks_before_they_are_processed(
    kit: RoomKit, batch: Picky, by: str
) -> None:
    before: list[int] = []

    @kit.hook(HookTrigger.BEFORE_BROADCAST)
    async def note(_event: RoomEvent, _context: RoomContext) -> HookResult:
        before.append(len(batch.provider.told))
        return HookResult.allow()

    batch.provider.trouble = ConnectionError("its own")
    if by == "kit":
        await kit.process_webhook({}, "batch")
    else:
        assert (await post_batch(kit)).status_code == 200
    assert batch.provider.told == [{}]
    assert before == [1, 1, 1]
    assert await texts(kit) == ["one", "two", "three"]


async def test_what_is_not_genuine_is_not_told_to_the_vendor(kit: RoomKit, batch: Picky) -> None:
    transport = httpx.ASGITransport(app=application(kit))
    async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
        assert (await client.post("/webhooks/batch", json={})).status_code == 403
    assert batch.provider.told == []


async def test_a_parser_that_trips_was_given_bad_input() -> None:
    class Fragile(MockSMSProvider):
        def parse_webhook(self, payload: Mapping[str, Any]) -> list[WebhookMeta]:
            return [payload["messages"][0]]

    async with RoomKit() as kit:
        kit.register_channel(SMSChannel("sms", provider=Fragile()))
        async with within(application(kit, verify=False)) as client:
            answer = await client.post("/webhooks/sms", json={})
    assert answer.status_code == 400
    assert answer.json() == {"error": "the webhook cannot be read: KeyError"}


@pytest.fixture
async def batch(kit: RoomKit, standin: TwilioStandin) -> AsyncIterator[Picky]:
    """A channel that is given three messages with each webhook."""
    reader = kit.get_channel("sms")
    assert reader is not None
    items = [
        reader.parse_webhook(standin.inbound_params(from_=ADA, to=DESK, body=body))[0]
        for body in ("one", "two", "three")
    ]
    channel = Picky("batch", ChannelType.SMS, provider=Batch(items))
    kit.register_channel(channel)
    await kit.attach_channel("ada", "batch")
    yield channel


class Picky(TransportChannel):
    """Fails over messages as it is told to."""

    failures: Mapping[str, Exception] = {}

    async def handle_inbound(self, message: InboundMessage, context: RoomContext) -> RoomEvent:
        text = Channel.extract_text(await super().handle_inbound(message, context))
        if text in self.failures:
            raise self.failures[text]
        return await super().handle_inbound(message, context)


async def post_batch(kit: RoomKit, **options: Any) -> httpx.Response:
    app = application(kit, unverified_channels=["batch"], **options)
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
        return await client.post("/webhooks/batch", json={})


@pytest.mark.parametrize(
    "error", [ConnectionError("gone"), KeyError("a bug"), DeliveryError("busy", retryable=True)]
)
async def test_what_may_go_well_the_next_time_comes_again(
    kit: RoomKit, batch: Picky, error: Exception
) -> None:
    """With its siblings, which are stored already and known again."""
    batch.failures = {"two": error}
    answer = await post_batch(kit)
    assert answer.status_code == 503
    assert answer.headers["retry-after"]
    assert await texts(kit) == ["one", "three"]
    batch.failures = {}
    assert (await post_batch(kit)).status_code == 200
    assert await texts(kit) == ["one", "three", "two"]


async def test_what_will_not_go_well_the_next_time_does_not_hold_its_siblings_back(
    kit: RoomKit, batch: Picky, caplog: pytest.LogCaptureFixture
) -> None:
    batch.failures = {"two": RoomKitError("not that one")}
    assert (await post_batch(kit)).status_code == 200
    assert await texts(kit) == ["one", "three"]
    assert "a webhook of channel batch failed: RoomKitError" in caplog.text


async def test_nothing_that_could_be_taken_is_a_bad_request(kit: RoomKit, batch: Picky) -> None:
    refusal = RoomKitError("none of them")
    batch.failures = dict.fromkeys(("one", "two", "three"), refusal)
    answer = await post_batch(kit)
    assert (answer.status_code, await texts(kit)) == (400, [])
    assert answer.json() == {"error": "what the webhook holds could not be processed"}


async def test_one_items_failure_ends_no_processing_by_the_kit_itself(
    kit: RoomKit, batch: Picky
) -> None:
    batch.failures = {"two": RoomKitError("not that one")}
    with pytest.raises(RoomKitError, match="not that one"):
        await kit.process_webhook({}, "batch")
    assert await texts(kit) == ["one", "three"]
    batch.failures = {"one": RoomKitError("no"), "three": KeyError("nor that")}
    with pytest.raises(ExceptionGroup) as caught:
        await kit.process_webhook({}, "batch")
    assert len(caught.value.exceptions) == 2
    assert await texts(kit) == ["one", "three", "two"]


async def test_what_the_kit_had_no_time_for_comes_again() -> None:
    async with RoomKit(inbound_rate_limit=RateLimit(max_per_minute=1)) as kit:
        kit.register_channel(SMSChannel("sms", provider=MockSMSProvider()))
        provider = WebhookHTTPProvider(HTTPProviderConfig(url="https://x.example"))
        kit.register_channel(HTTPChannel("http", provider=provider))
        app = application(kit, verify=False)
        async with within(app) as client:
            answers = [
                await client.post("/webhooks/http", json={"sender": "a", "text": str(number)})
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


async def test_a_second_copy_waits_for_the_first(
    kit: RoomKit, standin: TwilioStandin, slow: asyncio.Event
) -> None:
    """Not even the steps before its key is looked up are taken twice."""
    asked: list[str] = []
    begun = asyncio.Event()

    class Noting(TransportChannel):
        async def handle_inbound(self, message: InboundMessage, context: RoomContext) -> RoomEvent:
            asked.append(message.sender_id)
            begun.set()
            return await super().handle_inbound(message, context)

    plain = kit.get_channel("sms")
    assert isinstance(plain, TransportChannel)
    noting = Noting("noting", ChannelType.SMS, provider=plain.provider)
    kit.register_channel(noting)
    await kit.attach_channel("ada", "noting")
    async with vendor(application(kit), standin) as twilio:
        copies = [
            asyncio.create_task(twilio.text("hi", path="/webhooks/noting", sid="SM1"))
            for _ in range(5)
        ]
        await begun.wait()
        await asyncio.sleep(0.1)
        assert not any(copy.done() for copy in copies)
        slow.set()
        assert [(await copy).status_code for copy in copies] == [200] * 5
        assert asked == [ADA]
        assert await texts(kit) == ["hi"]
        assert (await twilio.text("hi", path="/webhooks/noting", sid="SM1")).status_code == 200
    assert asked == [ADA] * 2
    assert await texts(kit) == ["hi"]


async def test_the_end_of_the_application_waits_for_what_is_under_way(
    kit: RoomKit, standin: TwilioStandin, slow: asyncio.Event
) -> None:
    app = application(kit, wait="accept")
    async with vendor(app, standin, over_http=True) as twilio:
        assert (await twilio.text("in the last moment")).status_code == 200
        asyncio.get_running_loop().call_later(0.3, slow.set)
    assert await texts(kit) == ["in the last moment"]


async def test_too_much_at_once_is_put_off(
    kit: RoomKit, standin: TwilioStandin, slow: asyncio.Event
) -> None:
    app = FastAPI()
    app.include_router(webhook_router(kit, wait="accept", max_pending=2))
    async with vendor(app, standin, over_http=True) as twilio:
        answers = [await twilio.text(str(number)) for number in range(4)]
        assert [answer.status_code for answer in answers] == [200, 200, 503, 503]
        slow.set()
        attempts = [(await twilio.text("later", sid="SM9")).status_code for _ in range(10)]
        assert attempts[-1] == 200
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
