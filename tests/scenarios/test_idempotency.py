"""Redeliveries: stored once, answered with what they became the first time."""

from __future__ import annotations

import asyncio

import pytest

from roomkit import (
    EventStatus,
    HookResult,
    HookTrigger,
    Identity,
    InboundMessage,
    InMemoryLockManager,
    MockIdentityResolver,
    RoomContext,
    RoomEvent,
    RoomKit,
    SMSChannel,
    TextContent,
    WebhookMeta,
)
from roomkit.providers.sms.mock import MockSMSProvider
from roomkit.testing import VirtualClock
from tests.helpers import message, say
from tests.scenarios.actors import Thinker, Transport, Witness, said, seat, timeline
from tests.scenarios.conftest import KitFactory
from tests.scenarios.stores import CountingStore


@pytest.fixture
async def b(kit: RoomKit) -> Transport:
    """The other channel of a room with `a` in it."""
    channel = Transport("b")
    await seat(kit, "r", Transport("a"), channel)
    return channel


def from_vendor(message_id: str, text: str = "hello", channel_id: str = "a") -> InboundMessage:
    return InboundMessage(
        channel_id=channel_id,
        sender_id="u",
        content=TextContent(body=text),
        provider_message_id=message_id,
    )


async def test_redelivery_is_answered_with_the_first_event(kit: RoomKit, b: Transport) -> None:
    first = await say(kit, "a", "hello", key="k")
    rows = await timeline(kit)
    witness = Witness(kit).on("event_processed", "event_blocked")
    witness.hook(HookTrigger.AFTER_BROADCAST)

    second = await say(kit, "a", "hello", key="k")

    assert (second.blocked, second.reason) == (True, "duplicate")
    assert second.event == first.event
    assert await timeline(kit) == rows
    assert b.texts == ["hello"]
    assert witness.heard == []


async def test_redelivery_tells_what_became_of_the_first_delivery(kit: RoomKit) -> None:
    """Outcomes included."""
    await seat(kit, "r", SMSChannel("sms", provider=MockSMSProvider()), Transport("a"))
    await kit.update_binding_metadata("r", "sms", {"phone_number": "+15551234567"})
    await say(kit, "a", "hello", key="k")
    again = await say(kit, "a", "hello", key="k")
    assert again.event is not None
    assert again.event.delivery_results["sms"].provider_message_id == "mock-1"
    assert again.delivery_results["sms"].success


async def test_vendors_id_serves_as_key(kit: RoomKit, b: Transport) -> None:
    first = await kit.process_inbound(from_vendor("m-1"))
    second = await kit.process_inbound(from_vendor("m-1"))
    third = await kit.process_inbound(from_vendor("m-2"))
    assert [result.reason for result in (first, second, third)] == [None, "duplicate", None]
    assert len(await said(kit)) == 2


async def test_given_key_wins_over_the_vendors_id(kit: RoomKit, b: Transport) -> None:
    one = from_vendor("m-1").model_copy(update={"idempotency_key": "k-1"})
    two = from_vendor("m-1").model_copy(update={"idempotency_key": "k-2"})
    results = [await kit.process_inbound(each) for each in (one, two, one)]
    assert [result.reason for result in results] == [None, None, "duplicate"]


async def test_keys_of_different_channels_are_different(kit: RoomKit, b: Transport) -> None:
    """Small numeric ids do not swallow each other."""
    results = [
        await kit.process_inbound(from_vendor("1", "from a", "a"), "r"),
        await kit.process_inbound(from_vendor("1", "from b", "b"), "r"),
        await say(kit, "a", "keyed", key="1"),
        await say(kit, "b", "keyed too", key="1"),
    ]
    assert [result.reason for result in results] == [None] * 4
    assert len(await said(kit)) == 4


async def test_keys_of_different_rooms_are_different(kit: RoomKit, b: Transport) -> None:
    await seat(kit, "r2", Transport("c"))
    await kit.attach_channel("r2", "a")
    results = [
        await kit.process_inbound(message("a", "hello", key="k"), room_id)
        for room_id in ("r", "r2", "r")
    ]
    assert [result.reason for result in results] == [None, None, "duplicate"]


async def test_simultaneous_redeliveries_are_stored_once(kit: RoomKit, b: Transport) -> None:
    results = await asyncio.gather(*(say(kit, "a", "hello", key="k") for _ in range(20)))
    (fresh,) = [result for result in results if not result.blocked]
    assert {result.reason for result in results if result.blocked} == {"duplicate"}
    assert {result.event.id for result in results if result.event} == {
        fresh.event.id if fresh.event else None
    }
    assert b.texts == await said(kit) == ["hello"]


async def test_simultaneous_redeliveries_to_two_kits_are_stored_once(
    make_kit: KitFactory,
) -> None:
    """Two processes that share store and locks."""
    locks = InMemoryLockManager()
    kits = [make_kit(lock_manager=locks) for _ in range(2)]
    outboxes = []
    for kit in kits:
        outboxes.append(b := Transport("b"))
        await seat(kit, "r", Transport("a"), b)
    results = await asyncio.gather(
        *(say(kits[number % 2], "a", "hello", key="k") for number in range(20))
    )
    assert sum(not result.blocked for result in results) == 1
    assert await said(kits[0]) == ["hello"]
    assert sorted(map(len, (b.received for b in outboxes))) == [0, 1]


async def test_first_messages_that_are_redelivered_open_one_room(kit: RoomKit) -> None:
    kit.register_channel(SMSChannel("sms", provider=MockSMSProvider()))
    results = await asyncio.gather(
        *(say(kit, "sms", "hello", sender="+15551234567", key="k") for _ in range(10))
    )
    assert sum(not result.blocked for result in results) == 1
    assert len({result.room_id for result in results}) == 1


async def test_blocked_message_uses_up_its_key(kit: RoomKit, b: Transport) -> None:
    """Moderation is not asked again about the same message."""
    asked: list[str] = []

    @kit.hook(HookTrigger.BEFORE_BROADCAST, name="no")
    async def gate(event: RoomEvent, _context: RoomContext) -> HookResult:
        asked.append(event.id)
        return HookResult.block("why")

    first = await say(kit, "a", "hello", key="k")
    second = await say(kit, "a", "hello", key="k")
    assert second.reason == "duplicate"
    assert second.event == first.event
    assert second.event is not None
    assert second.event.status is EventStatus.BLOCKED
    assert len(asked) == 1


async def test_redelivery_does_not_wake_the_ai(kit: RoomKit, b: Transport) -> None:
    """Nor while it is still thinking about the first."""
    thinking, go_on = asyncio.Event(), asyncio.Event()

    async def answer(_event: RoomEvent, _context: RoomContext) -> str:
        thinking.set()
        await go_on.wait()
        return "answer"

    ai = Thinker("ai", answer)
    await seat(kit, "r", ai)
    first = asyncio.create_task(say(kit, "a", "hello", key="k"))
    await thinking.wait()
    retry = await say(kit, "a", "hello", key="k")
    go_on.set()
    result = await first
    assert retry.reason == "duplicate"
    assert retry.event is not None
    assert result.event is not None
    assert retry.event.id == result.event.id
    assert ai.texts == ["hello"]


async def test_late_message_with_an_old_number_is_still_new(kit: RoomKit, b: Transport) -> None:
    """Ids are remembered one by one, not as "the highest seen"."""
    for number in ("10", "11", "9"):
        assert not (await kit.process_inbound(from_vendor(number))).blocked


async def test_sent_events_can_be_made_safe_to_repeat(kit: RoomKit, b: Transport) -> None:
    first = await kit.send_event("r", "a", TextContent(body="once"), idempotency_key="k")
    second = await kit.send_event("r", "a", TextContent(body="once"), idempotency_key="k")
    assert second.id == first.id
    assert b.texts == ["once"]


async def test_messages_without_a_key_are_all_new(kit: RoomKit, b: Transport) -> None:
    for _ in range(3):
        assert not (await say(kit, "a", "hello")).blocked
    assert b.texts == ["hello"] * 3


async def test_an_empty_key_is_no_key(kit: RoomKit, b: Transport) -> None:
    """A vendor that leaves the id of a message empty would otherwise be heard only once."""
    for text in ("one", "two"):
        assert not (await kit.process_inbound(message("a", text, key=""))).blocked
        assert not (await kit.process_inbound(from_vendor("", text))).blocked
        await kit.send_event("r", "a", TextContent(body=text), idempotency_key="")
    assert b.texts == ["one"] * 3 + ["two"] * 3


async def test_message_of_a_webhook_may_be_processed_once_more(kit: RoomKit) -> None:
    await seat(kit, "r", SMSChannel("sms", provider=MockSMSProvider()), Transport("b"))
    inbound = from_vendor("SM1", channel_id="sms").model_copy(update={"sender_id": "+15551234567"})
    meta = WebhookMeta(provider="mock", sender="+15551234567", body="hello", message=inbound)
    returned = await kit.process_webhook(meta, "sms")
    assert returned is not None
    assert (await kit.process_inbound(returned)).reason == "duplicate"
    assert (await kit.process_webhook(meta, "sms")) == returned
    assert await said(kit) == ["hello"]


@pytest.fixture
async def desk(make_kit: KitFactory) -> RoomKit:
    """A number that anybody may write to; `u` is known as a person elsewhere."""
    kit = make_kit(identity_resolver=MockIdentityResolver({"+15551234567": Identity(id="ada")}))
    kit.register_channel(SMSChannel("sms", provider=MockSMSProvider()))
    return kit


def sms(message_id: str, sender: str = "+15551234567") -> InboundMessage:
    return from_vendor(message_id, channel_id="sms").model_copy(update={"sender_id": sender})


@pytest.mark.parametrize("end", ["close_room", "archive_room"])
@pytest.mark.parametrize("talks_on", [False, True])
async def test_redelivery_after_the_conversation_has_ended_is_no_new_one(
    desk: RoomKit, end: str, talks_on: bool
) -> None:
    """Whether or not the sender has another by now."""
    first = await desk.process_inbound(sms("m-1"))
    assert first.room_id is not None
    await getattr(desk, end)(first.room_id)
    if talks_on:
        assert (await desk.process_inbound(sms("m-2"))).room_id != first.room_id
    rooms = await desk.store.list_rooms()
    witness = Witness(desk).on("room_created").hook(HookTrigger.BEFORE_BROADCAST)

    again = await desk.process_inbound(sms("m-1"))

    assert (again.blocked, again.reason, again.event) == (True, "duplicate", first.event)
    assert await desk.store.list_rooms() == rooms
    assert witness.heard == []


async def test_keys_of_different_senders_are_different(desk: RoomKit) -> None:
    """Clients that count their messages do not swallow each other's, nor their own of long ago."""
    first = await desk.process_inbound(sms("1"))
    await desk.close_room(str(first.room_id))
    assert not (await desk.process_inbound(sms("1", "+15557654321"))).blocked


async def test_key_of_long_ago_is_free_in_another_room(desk: RoomKit, clock: VirtualClock) -> None:
    first = await desk.process_inbound(sms("1"))
    await desk.close_room(str(first.room_id))
    await clock.advance(8 * 24 * 3600)
    assert not (await desk.process_inbound(sms("1"))).blocked
    assert (await desk.process_inbound(sms("1"))).reason == "duplicate"


async def test_redelivered_webhook_of_a_closed_room_is_harmless(desk: RoomKit) -> None:
    meta = WebhookMeta(provider="mock", sender="+15551234567", body="hello", message=sms("m-1"))
    await desk.process_webhook(meta, "sms")
    (room,) = await desk.store.list_rooms()
    await desk.close_room(room.id)
    await desk.process_webhook(meta, "sms")
    assert len(await desk.store.list_rooms()) == 1


async def test_redeliveries_cost_the_hot_path_no_reads(clock: VirtualClock) -> None:
    async with RoomKit(store=(store := CountingStore()), clock=clock) as kit:
        await seat(kit, "r", Transport("a"), Transport("b"))
        for key in (None, "k-1", "k-2"):
            await say(kit, "a", "hello", key=key)
            store.calls.clear()
        await say(kit, "a", "hello")
        without = store.calls.copy()
        store.calls.clear()
        await say(kit, "a", "hello", key="k-3")
        assert store.calls == without
