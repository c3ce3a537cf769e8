"""The webhooks of every vendor, with their signatures, in a FastAPI application."""

from __future__ import annotations

import asyncio
import importlib
import pkgutil
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from fastapi import FastAPI

import roomkit.providers
from roomkit import (
    AIChannel,
    Channel,
    DeliveryStatus,
    HookResult,
    HookTrigger,
    MockAIProvider,
    RoomContext,
    RoomEvent,
    RoomKit,
    WebhookError,
)
from roomkit.channels.transport import TransportChannel
from roomkit.core.services.webhooks import provider_of
from roomkit.integrations.fastapi import webhook_router
from roomkit.providers.base import TransportProvider, WebhookRequest
from roomkit.testing import Reply, ScriptedServer, VirtualClock
from tests.integrations.vendors import NOW, TEXT, VENDORS, Vendor, teams_keys

BASE = "https://chat.example.com"
URL = f"{BASE}/webhooks/it"


@dataclass(eq=False)
class Stage:
    """A vendor, and the application that it posts to."""

    vendor: Vendor
    kit: RoomKit
    clock: VirtualClock
    client: httpx.AsyncClient
    reports: list[DeliveryStatus] = field(default_factory=list)

    async def texts(self) -> list[str]:
        """What was stored, in all rooms."""
        return [
            Channel.extract_text(event)
            for room in await self.kit.store.list_rooms()
            for event in await self.kit.store.list_events(room.id)
            if event.type == "message"
        ]

    @property
    def provider(self) -> TransportProvider:
        channel = self.kit.get_channel("it")
        assert isinstance(channel, TransportChannel)
        provider: TransportProvider = channel.provider
        return provider


def application(kit: RoomKit, **options: Any) -> httpx.AsyncClient:
    app = FastAPI()
    app.include_router(webhook_router(kit, **options))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=BASE)


@pytest.fixture
async def keys() -> AsyncIterator[str]:
    """Where Microsoft would publish what it signs with."""
    async with ScriptedServer(default=Reply.of_json(teams_keys())) as server:
        server.reply(json={"jwks_uri": f"{server.url}/keys"})
        yield server.url


def of(vendors: list[Vendor]) -> pytest.MarkDecorator:
    """Play a test with these vendors only."""
    names = [vendor.name for vendor in vendors]
    return pytest.mark.parametrize("stage", vendors, ids=names, indirect=True)


VERIFIED = [vendor for vendor in VENDORS if vendor.sign is not None or vendor.query]
UNVERIFIED = [vendor for vendor in VENDORS if vendor not in VERIFIED]
REPORTING = [vendor for vendor in VENDORS if vendor.report is not None]
META = [vendor for vendor in VENDORS if vendor.name in ("whatsapp", "messenger")]


@pytest.fixture(params=VENDORS, ids=lambda vendor: vendor.name)
async def stage(request: pytest.FixtureRequest, keys: str) -> AsyncIterator[Stage]:
    vendor: Vendor = request.param
    clock = VirtualClock(NOW)
    async with RoomKit(clock=clock) as kit:
        kit.register_channel(vendor.channel(clock, keys))
        unverified = ["it"] if vendor in UNVERIFIED else []
        async with application(
            kit, unverified_channels=unverified, max_body_bytes=10_000
        ) as client:
            stage = Stage(vendor, kit, clock, client)
            kit.on_delivery_status(stage.reports.append)
            yield stage


def test_no_vendor_is_left_out(keys: str) -> None:
    """Every provider that reads webhooks is played with in the tests below."""
    for module in pkgutil.walk_packages(roomkit.providers.__path__, "roomkit.providers."):
        importlib.import_module(module.name)
    reading = {
        kind
        for kind in _kinds_of(TransportProvider)
        if kind.parse_webhook is not TransportProvider.parse_webhook
    }
    vendors = {kind for kind in reading if not any(_kinds_of(kind))}
    played = {type(provider_of(vendor.channel(VirtualClock(), keys))) for vendor in VENDORS}
    assert played == vendors


def _kinds_of(base: type[TransportProvider]) -> Iterator[type[TransportProvider]]:
    for kind in base.__subclasses__():
        if kind.__module__.startswith("roomkit.providers."):
            yield kind
            yield from _kinds_of(kind)


async def test_a_message_is_taken_once(stage: Stage) -> None:
    vendor = stage.vendor
    for _ in range(2):
        answer = await stage.client.send(vendor.says(URL))
        assert (answer.status_code, answer.content) == (200, vendor.reply)
    assert [text.splitlines()[-1] for text in await stage.texts()] == [TEXT]
    (room,) = await stage.kit.store.list_rooms()
    (event,) = [it for it in await stage.kit.get_timeline(room.id) if it.type == "message"]
    assert event.source.participant_id == vendor.sender


@of(REPORTING)
async def test_a_report_reaches_whoever_asks(stage: Stage) -> None:
    for path in ("", "/status"):
        answer = await stage.client.send(stage.vendor.reports(URL + path))
        assert (answer.status_code, answer.content) == (200, stage.vendor.reply)
    assert [report.status for report in stage.reports] in (
        ["delivered", "delivered"],
        ["read", "read"],
    )
    assert await stage.texts() == []


@of(VERIFIED)
async def test_what_somebody_else_posts_is_refused(stage: Stage) -> None:
    for request in stage.vendor.forged(URL):
        answer = await stage.client.send(request)
        assert (answer.status_code, answer.json()["error"]) == (
            403,
            "the signature is missing or wrong",
        )
    assert await stage.texts() == []


@of(UNVERIFIED)
async def test_what_cannot_be_verified_is_refused(stage: Stage) -> None:
    """Unless somebody says that it need not be."""
    assert not stage.provider.verifies_webhooks
    async with application(stage.kit) as strict:
        answer = await strict.send(stage.vendor.says(URL))
    assert answer.status_code == 403
    assert "cannot be verified" in answer.json()["error"]


async def test_a_body_that_is_too_long_is_refused(stage: Stage) -> None:
    answer = await stage.client.send(stage.vendor.post(URL, b"x=" + b"y" * 10_000))
    assert answer.status_code == 413


async def test_what_makes_no_sense_is_answered_so_that_it_does_not_come_again(
    stage: Stage,
) -> None:
    answer = await stage.client.send(stage.vendor.post(URL, b"0=1"))
    assert answer.status_code == stage.vendor.malformed
    assert "error" in answer.json()
    assert await stage.texts() == []


async def test_a_retry_of_a_running_turn_is_no_second_turn(stage: Stage) -> None:
    """Neither while hooks look at the message, nor while a model answers it."""
    looked, looks = 0, asyncio.Event()

    @stage.kit.hook(HookTrigger.BEFORE_BROADCAST)
    async def look(event: RoomEvent, _context: RoomContext) -> HookResult:
        nonlocal looked
        if event.source.channel_id == "it":
            looked += 1
            looks.set()
            await stage.clock.sleep(2)
        return HookResult.allow()

    model = MockAIProvider(["Hello."], delay=2, clock=stage.clock)
    stage.kit.register_channel(AIChannel("ai", model))
    await stage.kit.create_room("room")
    await stage.kit.attach_channel("room", "ai")
    await stage.kit.attach_channel("room", "it")

    async def attempt() -> int:
        return (await stage.client.send(stage.vendor.says(URL))).status_code

    attempts = []
    for _ in range(5):  # the last ones come while the model is writing
        attempts.append(asyncio.create_task(attempt()))
        await asyncio.wait_for(looks.wait(), 10)  # some vendors' keys come over a connection
        await stage.clock.advance(0.7)
    await stage.clock.advance(10)
    assert [await one for one in attempts] == [200] * 5
    assert (looked, len(model.calls)) == (1, 1)
    assert (await stage.texts())[0].endswith(TEXT)


async def test_a_webhook_may_be_handed_to_the_kit_as_it_is(stage: Stage) -> None:
    """By an application that mounts nothing of ours, and that may hand the message in again."""
    vendor, kit = stage.vendor, stage.kit
    sent = vendor.says(URL)
    payload = stage.provider.decode_webhook(
        WebhookRequest(url=str(sent.url), headers=dict(sent.headers), body=sent.content)
    )
    message = await kit.process_webhook(meta=payload, channel_id="it")
    assert message is not None
    assert (message.channel_id, message.sender_id) == ("it", vendor.sender)
    assert message.idempotency_key
    again = await kit.process_inbound(message)
    assert (again.blocked, again.reason) == (True, "duplicate")
    (meta,) = stage.provider.parse_webhook(payload)
    assert await kit.process_webhook(meta=meta, channel_id="it") == message
    assert len(await stage.texts()) == 1


@of(REPORTING)
async def test_a_report_may_be_handed_to_the_kit_as_it_is(stage: Stage) -> None:
    assert await stage.kit.process_webhook(stage.vendor.report, "it") is None
    assert len(stage.reports) == 1


@pytest.mark.parametrize("payload", [{}, {"surprise": [1]}, b"{}", "null", b"[]", b"\xff"])
async def test_what_makes_no_sense_is_an_error_or_nothing(stage: Stage, payload: Any) -> None:
    with suppress(WebhookError):
        assert await stage.kit.process_webhook(payload, "it") is None
    assert (await stage.texts(), stage.reports) == ([], [])


CHALLENGE = {"hub.mode": "subscribe", "hub.verify_token": "word", "hub.challenge": "1158201444"}


@of(META)
@pytest.mark.parametrize("path", ["", "/status"])
async def test_meta_makes_sure_of_the_address(stage: Stage, path: str) -> None:
    answer = await stage.client.get(f"{URL}{path}?{urlencode(CHALLENGE)}")
    assert (answer.status_code, answer.text) == (200, "1158201444")
    assert answer.headers["content-type"].startswith("text/plain")
    for wrong in ({"hub.verify_token": "another"}, {"hub.mode": ""}, {"hub.challenge": "<b>"}):
        answer = await stage.client.get(f"{URL}{path}?{urlencode({**CHALLENGE, **wrong})}")
        assert answer.status_code == 403


async def test_other_methods_are_not_allowed(stage: Stage) -> None:
    assert (await stage.client.put(URL)).status_code == 405
    answer = await stage.client.get(URL)
    if stage.vendor in META or stage.vendor.in_query:
        assert answer.status_code == 403
    else:
        assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert (await stage.client.get(f"{BASE}/webhooks/nobody")).status_code == 404
