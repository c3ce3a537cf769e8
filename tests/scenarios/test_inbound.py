"""The way of an inbound message: what each of its steps promises."""

from __future__ import annotations

import asyncio

import pytest

from roomkit import (
    ChannelNotRegisteredError,
    ChannelOutput,
    ChannelType,
    EventStatus,
    HookExecution,
    HookResult,
    HookTrigger,
    IdentificationStatus,
    IdentityResult,
    InboundMessage,
    InboundRoomRouter,
    MediaContent,
    RateLimit,
    RoomContext,
    RoomEvent,
    RoomKit,
    RoomNotFoundError,
    SMSChannel,
    Task,
    TextContent,
)
from roomkit.identity.base import IdentityResolver
from roomkit.providers.sms.mock import MockSMSProvider
from roomkit.testing import VirtualClock
from tests.helpers import event_of, join_room, message, say
from tests.scenarios.actors import Thinker, Transport, Witness, said, seat, timeline
from tests.scenarios.conftest import KitFactory


async def test_message_reaches_the_room_of_its_channel(kit: RoomKit) -> None:
    inboxes = await join_room(kit, "r", "a", "b")
    result = await say(kit, "a", "hello")
    assert result.room_id == "r"
    assert inboxes["b"].texts == ["hello"]


async def test_second_device_of_a_participant_joins_their_conversation(kit: RoomKit) -> None:
    """Found by participant and channel type where the channel is new."""
    await join_room(kit, "r", "phone", "desk")
    await say(kit, "phone", "hello", sender="ada")
    tablet = Transport("tablet")
    kit.register_channel(tablet)

    result = await say(kit, "tablet", "me again", sender="ada")

    assert result.room_id == "r"
    await say(kit, "desk", "welcome", sender="agent")
    assert tablet.texts == ["welcome"]


async def test_message_without_a_room_opens_one(kit: RoomKit) -> None:
    kit.register_channel(Transport("a"))
    witness = Witness(kit).hook(HookTrigger.ON_ROOM_CREATED)

    result = await say(kit, "a", "hello")

    assert result.room_id is not None
    bindings = await kit.list_bindings(result.room_id)
    assert [binding.channel_id for binding in bindings] == ["a"]
    assert [event.room_id for event in witness.of("on_room_created")] == [result.room_id]


async def test_hook_that_furnishes_a_new_room_is_done_before_the_first_message(
    kit: RoomKit,
) -> None:
    """An AI attached by ON_ROOM_CREATED answers the message that opened the room."""
    kit.register_channel(Transport("a"))
    ai = Thinker("ai", "at your service")
    kit.register_channel(ai)

    @kit.hook(HookTrigger.ON_ROOM_CREATED, HookExecution.ASYNC)
    async def furnish(event: RoomEvent, _context: RoomContext) -> None:
        await kit.attach_channel(event.room_id, "ai")

    result = await say(kit, "a", "hello")

    assert ai.texts == ["hello"]
    assert [event.source.channel_id for event in result.response_events] == ["ai"]


async def test_channel_parses_its_own_messages(kit: RoomKit) -> None:

    class Shouting(Transport):
        async def handle_inbound(self, message: InboundMessage, context: RoomContext) -> RoomEvent:
            event = self.event_from(message, context)
            return event.model_copy(update={"content": TextContent(body="HELLO")})

    await seat(kit, "r", Shouting("a"))
    await say(kit, "a", "hello")
    assert await said(kit) == ["HELLO"]


async def test_slow_resolver_does_not_hold_the_room(make_kit: KitFactory) -> None:
    """Identity is resolved before the lock."""
    asked, answer_now = asyncio.Event(), asyncio.Event()

    class Slow(IdentityResolver):
        async def resolve(self, message: InboundMessage, context: RoomContext) -> IdentityResult:
            if message.sender_id == "stranger":
                asked.set()
                await answer_now.wait()
            return IdentityResult(status=IdentificationStatus.UNKNOWN)

    kit = make_kit(identity_resolver=Slow())
    await join_room(kit, "r", "a", "b")
    waiting = asyncio.create_task(say(kit, "a", "first", sender="stranger"))
    await asked.wait()
    await say(kit, "b", "second", sender="friend")
    assert await said(kit) == ["second"]
    answer_now.set()
    await waiting
    assert await said(kit) == ["second", "first"]


async def test_messages_of_a_room_are_gated_one_at_a_time(kit: RoomKit) -> None:
    """Serial within a room."""
    await join_room(kit, "r", "a", "b")
    inside = 0

    @kit.hook(HookTrigger.BEFORE_BROADCAST)
    async def gate(event: RoomEvent, _context: RoomContext) -> HookResult:
        nonlocal inside
        inside += 1
        assert inside == 1
        await asyncio.sleep(0)
        inside -= 1
        return HookResult.allow()

    results = await asyncio.gather(*(say(kit, "a", str(number)) for number in range(50)))

    assert not any(result.hook_errors for result in results)
    messages = [event for event in await timeline(kit) if event.type == "message"]
    assert len({event.index for event in messages}) == 50
    assert [event.index for event in await timeline(kit)] == list(range(52))


async def test_rooms_do_not_wait_for_each_other(kit: RoomKit) -> None:
    """Concurrent across rooms."""
    await join_room(kit, "one", "a", "x")
    await join_room(kit, "two", "b", "y")
    other_is_inside = {"one": asyncio.Event(), "two": asyncio.Event()}

    @kit.hook(HookTrigger.BEFORE_BROADCAST)
    async def gate(event: RoomEvent, _context: RoomContext) -> HookResult:
        mine, other = event.room_id, "two" if event.room_id == "one" else "one"
        other_is_inside[mine].set()
        await other_is_inside[other].wait()
        return HookResult.allow()

    results = await asyncio.gather(say(kit, "a", "x"), say(kit, "b", "y"))
    assert [result.room_id for result in results] == ["one", "two"]


async def test_blocked_message_is_kept_as_evidence_and_reaches_nobody(kit: RoomKit) -> None:
    inboxes = await join_room(kit, "r", "a", "b")

    @kit.hook(HookTrigger.BEFORE_BROADCAST, name="moderation")
    async def gate(event: RoomEvent, _context: RoomContext) -> HookResult:
        return HookResult.block("rude")

    result = await say(kit, "a", "badword")

    assert result.blocked
    assert result.reason == "rude"
    stored = (await timeline(kit))[-1]
    assert (stored.status, stored.blocked_by) == (EventStatus.BLOCKED, "moderation")
    assert stored.metadata["block_reason"] == "rude"
    assert result.event == stored
    assert inboxes["b"].texts == []


async def test_modified_message_is_what_is_stored_and_delivered(kit: RoomKit) -> None:
    inboxes = await join_room(kit, "r", "a", "b")

    @kit.hook(HookTrigger.BEFORE_BROADCAST)
    async def redact(event: RoomEvent, _context: RoomContext) -> HookResult:
        return HookResult.modify(
            event.model_copy(update={"content": TextContent(body="[REDACTED]")})
        )

    result = await say(kit, "a", "my card is 4111")

    assert await said(kit) == ["[REDACTED]"]
    assert inboxes["b"].texts == ["[REDACTED]"]
    assert isinstance(result.event, RoomEvent)
    assert result.event.content == TextContent(body="[REDACTED]")


async def test_message_is_stored_before_anybody_gets_it(kit: RoomKit) -> None:
    stored: list[RoomEvent | None] = []

    async def look(event: RoomEvent, *_: object) -> None:
        stored.append(await kit.store.get_event(event.id))

    await seat(kit, "r", Transport("a"), Transport("b", look), Thinker("ai", look))
    await say(kit, "a", "hello")
    assert [event and event.status for event in stored] == [EventStatus.DELIVERED] * 2


async def test_after_broadcast_sees_the_answer_and_what_it_left_behind(kit: RoomKit) -> None:
    seen: list[tuple[list[str], int]] = []

    async def answer(event: RoomEvent, _context: RoomContext) -> ChannelOutput:
        reply = ai.says("answer", event)
        return ChannelOutput(response_events=[reply], tasks=[Task(title="t")])

    ai = Thinker("ai", answer)
    await seat(kit, "r", Transport("a"), ai)

    @kit.hook(HookTrigger.AFTER_BROADCAST, HookExecution.ASYNC)
    async def observer(event: RoomEvent, _context: RoomContext) -> None:
        seen.append((await said(kit), len(await kit.list_tasks("r"))))

    result = await say(kit, "a", "question")
    assert seen == [(["question", "answer"], 1)] * 2
    assert [task.title for task in result.tasks] == ["t"]
    assert await kit.list_tasks("r", "pending") == result.tasks


async def test_counters_follow_the_messages(kit: RoomKit, clock: VirtualClock) -> None:
    await join_room(kit, "r", "a", "b")
    before = await kit.get_room("r")
    await clock.advance(5)
    for number in range(3):
        await say(kit, "a", str(number))
    after = await kit.get_room("r")
    assert after.event_count == before.event_count + 3
    assert after.latest_index == after.event_count - 1
    assert (after.updated_at - before.updated_at).total_seconds() == 5


async def test_explicit_room_wins_over_routing(kit: RoomKit) -> None:
    """The channel gets its place there if it has none."""
    await join_room(kit, "r", "a", "b")
    await join_room(kit, "other", "c")
    result = await say(kit, "a", "hello", room_id="other")
    assert result.room_id == "other"
    assert (await kit.get_binding("other", "a")).channel_id == "a"
    assert await said(kit, "r") == []


async def test_explicit_room_must_exist(kit: RoomKit) -> None:
    kit.register_channel(Transport("a"))
    with pytest.raises(RoomNotFoundError, match="nowhere"):
        await say(kit, "a", "hello", room_id="nowhere")
    assert await kit.store.list_rooms() == []


async def test_channel_must_be_registered(kit: RoomKit) -> None:
    with pytest.raises(ChannelNotRegisteredError, match="'ghost'"):
        await say(kit, "ghost", "hello")


async def test_rooms_named_by_a_router_of_ones_own_are_opened(make_kit: KitFactory) -> None:

    class TenantRouter(InboundRoomRouter):
        async def route(
            self, channel_id: str, channel_type: ChannelType, participant_id: str | None
        ) -> str | None:
            return f"tenant-of-{participant_id}-on-{channel_type}"

    kit = make_kit(inbound_router=TenantRouter())
    kit.register_channel(Transport("a"))
    for sender in ("ada", "bob", "ada"):
        await say(kit, "a", "hello", sender=sender)
    assert await said(kit, "tenant-of-ada-on-websocket") == ["hello", "hello"]
    assert await said(kit, "tenant-of-bob-on-websocket") == ["hello"]


async def test_hook_that_fails_is_named_in_the_result_and_the_message_goes_on(
    kit: RoomKit,
) -> None:
    inboxes = await join_room(kit, "r", "a", "b")
    witness = Witness(kit).on("hook_error")

    @kit.hook(HookTrigger.BEFORE_BROADCAST, name="broken")
    async def broken(event: RoomEvent, _context: RoomContext) -> HookResult:
        raise LookupError("no such table")

    result = await say(kit, "a", "hello")

    assert inboxes["b"].texts == ["hello"]
    assert [(error.hook, error.trigger) for error in result.hook_errors] == [
        ("broken", "before_broadcast")
    ]
    assert [event.data["hook"] for event in witness.of("hook_error")] == ["broken"]


async def test_picture_by_text_message_is_an_mms(kit: RoomKit) -> None:
    await seat(kit, "r", SMSChannel("sms", provider=MockSMSProvider()))
    picture = MediaContent(url="https://example.com/a.png", mime_type="image/png")
    result = await say(kit, "sms", picture, sender="+15551234567")
    assert isinstance(result.event, RoomEvent)
    assert result.event.source.channel_type is ChannelType.MMS


async def test_burst_beyond_the_inbound_limit_is_refused(make_kit: KitFactory) -> None:
    kit = make_kit(inbound_rate_limit=RateLimit(max_per_second=10))
    await join_room(kit, "r", "a", "b")
    results = [await say(kit, "a", str(number)) for number in range(11)]
    assert [result.blocked for result in results] == [False] * 10 + [True]
    assert results[-1].reason == "rate_limited"
    assert len(await said(kit)) == 10


async def test_refused_burst_does_not_keep_the_limit_from_refilling(
    make_kit: KitFactory, clock: VirtualClock
) -> None:
    kit = make_kit(inbound_rate_limit=RateLimit(max_per_second=1))
    await join_room(kit, "r", "a", "b")
    results = [await say(kit, "a", "x") for _ in range(3)]
    await clock.advance(1)
    results.append(await say(kit, "a", "y"))
    assert [result.blocked for result in results] == [False, True, True, False]


async def test_error_of_the_parser_reaches_the_caller_and_nothing_is_stored(kit: RoomKit) -> None:

    class Broken(Transport):
        async def handle_inbound(self, message: InboundMessage, context: RoomContext) -> RoomEvent:
            raise ValueError("half a message")

    await seat(kit, "r", Broken("a"))
    witness = Witness(kit).hook(HookTrigger.ON_ERROR)
    rows = await timeline(kit)
    with pytest.raises(ValueError, match="half a message"):
        await say(kit, "a", "hello", key="k")
    assert await timeline(kit) == rows
    assert [event.data["channel_id"] for event in witness.of("on_error")] == ["a"]


async def test_key_of_a_message_that_failed_can_be_used_again(kit: RoomKit) -> None:
    """The vendor's retry must work."""

    class Recovering(Transport):
        broken = True

        async def handle_inbound(self, message: InboundMessage, context: RoomContext) -> RoomEvent:
            if self.broken:
                raise ValueError("not now")
            return await super().handle_inbound(message, context)

    channel = Recovering("a")
    await seat(kit, "r", channel)
    with pytest.raises(ValueError, match="not now"):
        await say(kit, "a", "hello", key="k")
    channel.broken = False
    result = await say(kit, "a", "hello", key="k")
    assert not result.blocked
    assert await said(kit) == ["hello"]


async def test_what_a_hook_is_handed_does_not_change(kit: RoomKit) -> None:
    """A modified event is a new one."""
    await join_room(kit, "r", "a", "b")
    handed: list[RoomEvent] = []

    @kit.hook(HookTrigger.BEFORE_BROADCAST, priority=-1)
    async def first(event: RoomEvent, _context: RoomContext) -> HookResult:
        handed.append(event)
        return HookResult.modify(event.model_copy(update={"content": TextContent(body="new")}))

    original = message("a", "old")
    await kit.process_inbound(original)
    assert original == message("a", "old")
    assert handed[0].content == TextContent(body="old")


@pytest.mark.parametrize("decision", [HookResult.allow(), HookResult.block("opted_out")])
async def test_message_whose_own_gate_closes_the_room_opens_no_other(
    kit: RoomKit, decision: HookResult
) -> None:
    await join_room(kit, "r", "a")
    witness = Witness(kit).on("room_created")

    @kit.hook(HookTrigger.BEFORE_BROADCAST)
    async def good_bye(event: RoomEvent, _context: RoomContext) -> HookResult:
        await kit.close_room(event.room_id)
        return decision

    result = await say(kit, "a", "STOP")
    assert (result.blocked, result.reason) == (True, "room_closed")
    assert witness.of("room_created") == []


async def test_reason_of_a_hook_is_not_taken_for_the_kits_own(kit: RoomKit) -> None:
    await join_room(kit, "r", "a")
    kit.hook(HookTrigger.BEFORE_BROADCAST)(lambda *_: HookResult.block("room_closed"))
    assert event_of(await say(kit, "a")).room_id == "r"
    assert [one.blocked_by for one in await timeline(kit)] == [None, "<lambda>"]
