"""What vendors report later: kept with the event, in whatever order it comes."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from roomkit import (
    DeliveryResult,
    DeliveryStatus,
    HookExecution,
    HookTrigger,
    ProviderResult,
    RoomContext,
    RoomEvent,
    RoomKit,
    SMSChannel,
    WebhookError,
    WebhookMeta,
)
from roomkit.providers.sms.mock import MockSMSProvider
from tests.helpers import say
from tests.scenarios.actors import Transport, Witness, seat, timeline

PHONE = {"phone_number": "+15551234567"}


def report(status: str, message_id: str = "mock-1", **values: Any) -> DeliveryStatus:
    return DeliveryStatus(provider="mock", message_id=message_id, status=status, **values)


@pytest.fixture
async def sent(kit: RoomKit) -> MockSMSProvider:
    """A message was sent to a telephone; the vendor calls it `mock-1`."""
    provider = MockSMSProvider()
    await seat(kit, "r", Transport("a"), Transport("b"))
    await seat(kit, "r", SMSChannel("sms", provider=provider), metadata=PHONE)
    await say(kit, "a", "hello")
    return provider


async def kept(kit: RoomKit, channel_id: str = "sms") -> DeliveryResult:
    (event,) = [event for event in await timeline(kit) if event.type == "message"]
    return event.delivery_results[channel_id]


async def test_report_is_kept_with_its_event(kit: RoomKit, sent: MockSMSProvider) -> None:
    assert (await kept(kit)).status == "sent"
    await kit.process_delivery_status(report("delivered"))
    assert ((await kept(kit)).status, (await kept(kit)).success) == ("delivered", True)
    # The other channels' outcomes are not touched.
    assert (await kept(kit, "b")).status is None


LADDER = [
    (["delivered", "sent"], "delivered", True),
    (["sent", "queued", "delivered", "sent"], "delivered", True),
    (["read", "delivered"], "read", True),
    (["failed", "sent", "delivered"], "failed", False),
    (["undelivered"], "failed", False),
    (["delivered", "failed"], "delivered", True),
    (["DELIVERED"], "delivered", True),
    (["no such status"], "sent", True),
]


@pytest.mark.parametrize(("reports", "status", "success"), LADDER, ids=str)
async def test_status_only_ever_gets_further(
    kit: RoomKit, sent: MockSMSProvider, reports: list[str], status: str, success: bool
) -> None:
    """Reports come in any order; failed is terminal."""
    for each in reports:
        await kit.process_delivery_status(report(each, error_code="30005"))
    result = await kept(kit)
    assert (result.status, result.success) == (status, success)
    assert result.error_code == (None if success else "30005")


async def test_simultaneous_reports_do_not_overtake_each_other(
    kit: RoomKit, sent: MockSMSProvider
) -> None:
    statuses = ["queued", "sent", "read", "delivered", "sent", "delivered"]
    await asyncio.gather(*(kit.process_delivery_status(report(one)) for one in statuses))
    assert (await kept(kit)).status == "read"


async def test_handlers_and_hooks_hear_of_every_report(
    kit: RoomKit, sent: MockSMSProvider
) -> None:
    heard: list[tuple[str, str]] = []

    @kit.on_delivery_status
    async def first(status: DeliveryStatus) -> None:
        heard.append(("first", status.status))

    @kit.on_delivery_status
    def second(status: DeliveryStatus) -> None:
        heard.append(("second", status.status))

    @kit.hook(HookTrigger.ON_DELIVERY_STATUS, HookExecution.ASYNC)
    async def short(status: DeliveryStatus) -> None:
        heard.append(("short", status.status))

    def long(status: DeliveryStatus, context: RoomContext | None) -> None:
        heard.append(("long", "nowhere" if context is None else context.room.id))

    kit.hook_engine.register(HookTrigger.ON_DELIVERY_STATUS, long, execution=HookExecution.ASYNC)

    await kit.process_delivery_status(report("delivered"))
    assert sorted(heard) == [
        ("first", "delivered"),
        ("long", "r"),
        ("second", "delivered"),
        ("short", "delivered"),
    ]
    heard.clear()
    await kit.process_delivery_status(report("delivered", "somebody else's"))
    assert ("first", "delivered") in heard
    assert ("long", "nowhere") in heard


async def awaits_something_cancelled(_status: DeliveryStatus) -> None:
    gone = asyncio.get_running_loop().create_future()
    gone.cancel()
    await gone


def fails(_status: DeliveryStatus) -> None:
    raise ValueError("no")


@pytest.mark.parametrize("failing", [fails, awaits_something_cancelled])
async def test_failing_handler_keeps_nobody_from_hearing(
    kit: RoomKit, sent: MockSMSProvider, failing: Any
) -> None:
    heard: list[str] = []
    kit.on_delivery_status(failing)
    kit.on_delivery_status(lambda status: heard.append(status.status))
    kit.hook(HookTrigger.ON_DELIVERY_STATUS, HookExecution.ASYNC)(failing)
    witness = Witness(kit).on("hook_error")
    await kit.process_delivery_status(report("delivered"))
    assert heard == ["delivered"]
    assert (await kept(kit)).status == "delivered"
    assert len(witness.heard) == 1


async def test_room_hooks_hear_of_their_rooms_reports(kit: RoomKit, sent: MockSMSProvider) -> None:
    heard: list[str] = []
    kit.add_room_hook(
        "r",
        HookTrigger.ON_DELIVERY_STATUS,
        HookExecution.ASYNC,
        lambda status, _context: heard.append(status.message_id),
    )
    await kit.process_delivery_status(report("delivered"))
    await kit.process_delivery_status(report("delivered", "somebody else's"))
    assert heard == ["mock-1"]


async def test_report_by_webhook_is_no_message(kit: RoomKit, sent: MockSMSProvider) -> None:
    rows = await timeline(kit)
    meta = WebhookMeta(provider="mock", event_type="status", status=report("delivered"))
    assert await kit.process_webhook(meta, "sms") is None
    assert len(await timeline(kit)) == len(rows)
    assert (await kept(kit)).status == "delivered"
    unknown = WebhookMeta(provider="mock", event_type="conversation_started")
    assert await kit.process_webhook(unknown, "sms") is None


async def test_report_that_comes_before_the_neighbours_are_served_is_kept(kit: RoomKit) -> None:
    """A vendor's webhook is often faster than the slowest channel of the room."""
    arrived, go_on = asyncio.Event(), asyncio.Event()

    async def deliver(_event: object) -> None:
        arrived.set()
        await go_on.wait()

    await seat(kit, "r", Transport("a"), Transport("slow", deliver))
    await seat(kit, "r", SMSChannel("sms", provider=MockSMSProvider()), metadata=PHONE)
    call = asyncio.create_task(say(kit, "a", "hello"))
    await arrived.wait()
    for _ in range(50):
        await asyncio.sleep(0)
    await kit.process_delivery_status(report("delivered"))
    go_on.set()
    await call
    assert (await kept(kit)).status == "delivered"


async def test_report_that_overtakes_the_answer_to_the_send_is_kept(kit: RoomKit) -> None:
    """A vendor's webhook may even be faster than the answer to the request that it is about."""

    class Hasty(MockSMSProvider):
        async def send(
            self, event: RoomEvent, to: str, from_: str | None = None
        ) -> ProviderResult:
            result = await super().send(event, to, from_)
            await kit.process_delivery_status(report("delivered"))
            await kit.process_delivery_status(report("sent"))
            return result

    await seat(kit, "r", Transport("a"))
    await seat(kit, "r", SMSChannel("sms", provider=Hasty()), metadata=PHONE)
    await say(kit, "a", "hello")
    assert (await kept(kit)).status == "delivered"


@pytest.fixture
async def sent_in_parts(kit: RoomKit) -> MockSMSProvider:
    """A long message went out as three text messages."""
    provider = MockSMSProvider()
    await seat(kit, "r", Transport("a"))
    await seat(kit, "r", SMSChannel("sms", provider=provider), metadata=PHONE)
    await say(kit, "a", "word " * 900)
    assert len(provider.sent) == 3
    return provider


PARTS = [
    (["delivered", None, None], "sent"),
    (["delivered", "delivered", "delivered"], "delivered"),
    (["read", "delivered", "read"], "delivered"),
    (["delivered", "failed", "delivered"], "failed"),
    ([None, None, "failed"], "failed"),
]


@pytest.mark.parametrize(("reports", "status"), PARTS, ids=str)
async def test_a_message_in_parts_is_as_far_as_its_last_part(
    kit: RoomKit, sent_in_parts: MockSMSProvider, reports: list[str | None], status: str
) -> None:
    for number, each in enumerate(reports, 1):
        if each is not None:
            await kit.process_delivery_status(report(each, f"mock-{number}"))
    result = await kept(kit)
    assert (result.status, result.parts) == (status, 3)
    assert result.success is (status != "failed")


@pytest.mark.parametrize("body", [b'{"id": "1"}', '{"id": "1"}', b"id=1&text=", "id=1"])
async def test_raw_webhook_is_json_or_a_form(kit: RoomKit, body: bytes | str) -> None:
    """Twilio, for one, sends forms."""
    seen: list[Mapping[str, Any]] = []

    class Provider(MockSMSProvider):
        def parse_webhook(self, payload: Mapping[str, Any]) -> list[WebhookMeta]:
            seen.append(payload)
            return []

    kit.register_channel(SMSChannel("sms", provider=Provider()))
    await kit.process_webhook(body, "sms")
    assert seen[0]["id"] == "1"


@pytest.mark.parametrize("body", [b"", b"hello", b"{", b"\xff\xfe", b"[1]", "=", b"[" * 100_000])
async def test_raw_webhook_that_is_neither(kit: RoomKit, body: bytes | str) -> None:
    kit.register_channel(SMSChannel("sms", provider=MockSMSProvider()))
    with pytest.raises(WebhookError):
        await kit.process_webhook(body, "sms")
