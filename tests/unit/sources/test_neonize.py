"""A linked device as a source of messages."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from roomkit import FrameworkEvent, RoomKit, TextContent, WhatsAppPersonalChannel
from roomkit.models.delivery import DeliveryStatus
from roomkit.providers.whatsapp import WhatsAppPersonalProvider
from roomkit.sources.neonize import NeonizeSource
from tests.helpers import join_room
from tests.unit.providers.whatsapp.fake_neonize import (
    FakeClient,
    N,
    W,
    message_event,
    receipt_event,
    until,
)

NUMBER = "+15551234567"


class Phone:
    """A provider with a new client for each session, and the means to wait for things."""

    def __init__(self) -> None:
        self.clients: list[FakeClient] = []
        self.connects = True
        self.provider = WhatsAppPersonalProvider(make_client=self._make)

    def _make(self) -> FakeClient:
        self.clients.append(FakeClient(connects=self.connects))
        return self.clients[-1]

    async def session(self, number: int) -> FakeClient:
        """The client of the session with this number, once it runs."""
        await until(lambda: len(self.clients) >= number)
        client = self.clients[number - 1]
        assert await asyncio.to_thread(client.running.wait, 5)
        return client


@pytest.fixture
def phone() -> Phone:
    return Phone()


@pytest.fixture
async def kit(phone: Phone) -> AsyncIterator[RoomKit]:
    async with RoomKit() as running:
        running.register_channel(WhatsAppPersonalChannel("wa", provider=phone.provider))
        yield running


async def test_a_conversation(kit: RoomKit, phone: Phone) -> None:
    reports: list[DeliveryStatus] = []
    kit.on_delivery_status(reports.append)
    inboxes = await join_room(kit, "r", "desk")
    await kit.attach_channel("r", "wa", metadata={"phone_number": NUMBER})
    source = NeonizeSource(phone.provider, on_status=kit.process_delivery_status)
    await kit.attach_source("wa", source)
    client = await phone.session(1)
    await asyncio.to_thread(client.tell, message_event(W.Message(conversation="Is it ready?")))
    await until(lambda: inboxes["desk"].texts)
    assert inboxes["desk"].texts == ["Is it ready?"]

    event = await kit.send_event("r", "desk", TextContent(body="Yes"))
    assert event.delivery_results["wa"].success
    sent = event.delivery_results["wa"].provider_message_id
    assert sent is not None
    await asyncio.to_thread(client.tell, receipt_event("READ", sent))
    await until(lambda: reports)
    stored = await kit.store.get_event(event.id)
    assert stored is not None
    assert stored.delivery_results["wa"].status == "read"
    assert kit.source_health("wa").status == "running"


async def test_the_same_message_twice(kit: RoomKit, phone: Phone) -> None:
    inboxes = await join_room(kit, "r", "desk")
    await kit.attach_channel("r", "wa", metadata={"phone_number": NUMBER})
    await kit.attach_source("wa", NeonizeSource(phone.provider))
    client = await phone.session(1)
    one = message_event(W.Message(conversation="one"))
    two = message_event(W.Message(conversation="two"), message_id="3A02")
    for event in (one, one, receipt_event("READ", "3EB01"), two):
        await asyncio.to_thread(client.tell, event)
    await until(lambda: len(inboxes["desk"].texts) == 2)
    assert inboxes["desk"].texts == ["one", "two"]


async def test_a_lost_connection_is_made_again(kit: RoomKit, phone: Phone) -> None:
    errors: list[str] = []

    def note(event: FrameworkEvent) -> None:
        errors.append(event.data["error"])

    kit.on("source_error")(note)
    await kit.attach_source("wa", NeonizeSource(phone.provider), restart_delay=0.01)
    first = await phone.session(1)
    first.stopped.set()
    second = await phone.session(2)
    assert errors == ["whatsapp_personal: the session is over: lost"]
    assert first is not second


@pytest.mark.parametrize(
    ("event", "code"),
    [(N.LoggedOut(), "logged_out"), (N.StreamReplaced(), "replaced")],
)
async def test_a_device_that_is_not_wanted_stays_away(
    kit: RoomKit, phone: Phone, event: Any, code: str
) -> None:
    await kit.attach_source("wa", NeonizeSource(phone.provider), restart_delay=0.01)
    client = await phone.session(1)
    await asyncio.to_thread(client.tell, event)
    await until(lambda: kit.source_health("wa").status == "failed")
    assert len(phone.clients) == 1
    assert code in (kit.source_health("wa").error or "")


@pytest.mark.parametrize("connects", [True, False])
async def test_a_device_may_be_laid_down_and_taken_up_again(
    kit: RoomKit, phone: Phone, connects: bool
) -> None:
    phone.connects = connects
    source = NeonizeSource(phone.provider)
    for number in (1, 2):
        await kit.attach_source("wa", source)
        client = await phone.session(number)
        await kit.detach_source("wa")
        assert client.stopped.is_set()
        assert phone.provider.state == "idle"


async def test_health_tells_of_the_connection(kit: RoomKit, phone: Phone) -> None:
    phone.connects = False
    await kit.attach_source("wa", NeonizeSource(phone.provider))
    client = await phone.session(1)
    assert kit.source_health("wa").status == "connecting"
    await asyncio.to_thread(client.tell, N.Connected(status=True))
    await until(lambda: kit.source_health("wa").status == "running")
    await asyncio.to_thread(client.tell, N.Disconnected(status=True))
    await until(lambda: phone.provider.state == "connecting")
    assert kit.source_health("wa").status == "running", "neonize connects again by itself"


async def test_a_report_that_fails_holds_nobody_up(phone: Phone) -> None:
    taken: list[str | None] = []

    async def emit(message: Any) -> Any:
        taken.append(message.provider_message_id)

    async def report(status: DeliveryStatus) -> None:
        taken.append(status.message_id)
        raise ValueError("no such message")

    source = NeonizeSource(phone.provider, on_status=report)
    assert source.name == "neonize"
    running = asyncio.ensure_future(source.start(emit))
    client = await phone.session(1)
    await asyncio.to_thread(client.tell, receipt_event("READ", "3EB01"))
    await asyncio.to_thread(client.tell, message_event(W.Message(conversation="x")))
    await until(lambda: len(taken) == 2)
    assert taken == ["3EB01", "3A01"]
    assert source.dropped == 1
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert client.stopped.is_set()
    await phone.provider.close()
