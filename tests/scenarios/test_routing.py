"""Who gets an event: access, mute, direction, visibility, and whose conversation it is."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from roomkit import (
    Access,
    AIChannel,
    ChannelCategory,
    ChannelDirection,
    ChannelNotFoundError,
    ChannelOutput,
    ChannelType,
    EventStatus,
    EventType,
    Observation,
    RoomKit,
    SMSChannel,
    Task,
    TextContent,
    WebSocketChannel,
)
from roomkit.channels.base import text_of
from roomkit.providers.ai.mock import MockAIProvider
from roomkit.providers.sms.mock import MockSMSProvider
from tests.helpers import Inbox, join_room, say
from tests.scenarios.actors import Thinker, Transport, said, seat, streaming, timeline


@pytest.fixture
async def b(kit: RoomKit) -> Transport:
    """The other channel of a room with `a` in it."""
    channel = Transport("b")
    await seat(kit, "r", Transport("a"), channel)
    return channel


@pytest.mark.parametrize("access", [Access.READ_ONLY, Access.NONE])
async def test_channel_that_may_not_write_is_not_heard(
    kit: RoomKit, b: Transport, access: Access
) -> None:
    """Kept as evidence."""
    await kit.set_access("r", "a", access)
    result = await say(kit, "a", "hello")
    assert (result.blocked, result.reason) == (True, "channel_not_writable")
    assert result.event is not None
    assert (result.event.status, result.event.blocked_by) == (
        EventStatus.BLOCKED,
        "access_control",
    )
    assert (await timeline(kit))[-1] == result.event
    assert b.texts == []
    await kit.set_access("r", "a", Access.READ_WRITE)
    await say(kit, "a", "again")
    assert b.texts == ["again"]


@pytest.mark.parametrize("access", [Access.WRITE_ONLY, Access.NONE])
async def test_channel_that_may_not_read_gets_nothing(
    kit: RoomKit, b: Transport, access: Access
) -> None:
    await kit.set_access("r", "b", access)
    result = await say(kit, "a", "hello")
    assert b.texts == []
    assert result.delivery_results == {}


async def test_channel_with_half_the_rights_uses_that_half(kit: RoomKit, b: Transport) -> None:
    await kit.set_access("r", "a", Access.WRITE_ONLY)
    await kit.set_access("r", "b", Access.READ_ONLY)
    await say(kit, "a", "hello")
    await say(kit, "b", "hello back")
    assert b.texts == ["hello"]
    assert await said(kit) == ["hello"]


async def test_muted_channel_is_not_heard(kit: RoomKit, b: Transport) -> None:
    await kit.mute("r", "a")
    result = await say(kit, "a", "hello")
    assert (result.blocked, result.reason) == (True, "muted")
    assert result.event is not None
    assert result.event.blocked_by == "muted"
    assert b.texts == []
    await kit.unmute("r", "a")
    assert not (await say(kit, "a", "again")).blocked


async def test_muted_channel_still_listens(kit: RoomKit, b: Transport) -> None:
    await kit.mute("r", "b")
    await say(kit, "a", "hello")
    assert b.texts == ["hello"]


@pytest.mark.parametrize("how", ["mute", "mute_output"])
@pytest.mark.parametrize("streamed", [False, True])
async def test_mute_silences_the_voice_and_not_the_brain(
    kit: RoomKit, b: Transport, how: str, streamed: bool
) -> None:
    """Tasks and observations are kept, answers are not even stored."""
    extras: dict[str, Any] = {
        "tasks": [Task(title="call back")],
        "observations": [Observation(category="mood")],
    }

    def answer(event: Any, _context: object) -> ChannelOutput:
        if streamed:
            return streaming(["spo", "ken"]).evolve(**extras)
        return ChannelOutput(response_events=[ai.says("spoken", event)], **extras)

    ai = Thinker("ai", answer)
    await seat(kit, "r", ai)
    await getattr(kit, how)("r", "ai")
    result = await say(kit, "a", "hello")
    assert ai.texts == ["hello"]
    assert b.texts == await said(kit) == ["hello"]
    assert result.response_events == []
    assert [task.title for task in result.tasks] == ["call back"]
    assert [one.category for one in result.observations] == ["mood"]
    await getattr(kit, f"un{how}")("r", "ai")
    await say(kit, "a", "again")
    assert b.texts == ["hello", "again", "spoken"]


async def test_unmute_clears_its_own_flag_only(kit: RoomKit, b: Transport) -> None:
    await seat(kit, "r", Thinker("ai", "answer"))
    await kit.mute("r", "ai")
    await kit.mute_output("r", "ai")
    binding = await kit.unmute("r", "ai")
    assert (binding.muted, binding.output_muted) == (False, True)
    await say(kit, "a", "hello")
    assert b.texts == ["hello"]


async def test_output_mute_does_not_stop_what_comes_in(kit: RoomKit, b: Transport) -> None:
    await kit.mute_output("r", "a")
    await say(kit, "a", "hello")
    assert b.texts == ["hello"]


async def test_observer_ai_without_write_access_leaves_evidence_only(
    kit: RoomKit, b: Transport
) -> None:
    await seat(kit, "r", Thinker("ai", "psst"), access=Access.READ_ONLY)
    result = await say(kit, "a", "hello")
    assert b.texts == await said(kit) == ["hello"]
    assert result.response_events == []
    assert (await timeline(kit))[-1].blocked_by == "access_control"


async def test_sender_gets_no_echo(kit: RoomKit) -> None:
    inboxes = await join_room(kit, "r", "a", "b")
    await say(kit, "a", "hello")
    assert inboxes["a"].texts == []


async def test_echo_is_given_where_it_was_asked_for(kit: RoomKit) -> None:
    inbox, channel = Inbox(), WebSocketChannel("a", echo=True)
    channel.register_connection("c", inbox.receive)
    await seat(kit, "r", channel)
    await say(kit, "a", "hello")
    assert inbox.texts == ["hello"]


async def test_inbound_only_channel_is_not_delivered_to(kit: RoomKit, b: Transport) -> None:
    c = Transport("c")
    await seat(kit, "r", c, direction=ChannelDirection.INBOUND)
    await say(kit, "a", "hello")
    await say(kit, "c", "from c")
    assert c.texts == []
    assert b.texts == ["hello", "from c"]


async def test_detached_channel_gets_nothing_more(kit: RoomKit, b: Transport) -> None:
    assert await kit.detach_channel("r", "b")
    await say(kit, "a", "hello")
    assert b.texts == []
    with pytest.raises(ChannelNotFoundError, match="'b'"):
        await kit.get_binding("r", "b")


VISIBILITIES = {
    "all": {"b", "c", "sms", "ai"},
    "none": set[str](),
    "transport": {"b", "c", "sms"},
    "intelligence": {"ai"},
    "b": {"b"},
    "b,c": {"b", "c"},
    " b , ai ": {"b", "ai"},
    "sms": {"sms"},
    "websocket": {"b", "c"},
    "ghost": set[str](),
}


@pytest.mark.parametrize("visibility", VISIBILITIES)
@pytest.mark.parametrize("by", ["event", "binding", "set_visibility"])
async def test_visibility_says_who_may_see_an_event(
    kit: RoomKit, visibility: str, by: str
) -> None:
    ai = Thinker("ai")
    channels = [Transport("b"), Transport("c"), Transport("sms", channel_type=ChannelType.SMS)]
    own = visibility if by == "binding" else "all"
    await seat(kit, "r", Transport("a"), visibility=own)
    await seat(kit, "r", *channels, ai)
    if by == "set_visibility":
        await kit.set_visibility("r", "a", visibility)
    scope = visibility if by == "event" else "all"
    event = await kit.send_event("r", "a", TextContent(body="x"), visibility=scope)
    seen = {channel.channel_id for channel in channels if channel.received}
    assert seen | ({"ai"} if ai.seen else set()) == VISIBILITIES[visibility]
    assert event.visibility == visibility


async def test_events_own_visibility_wins_over_its_bindings(kit: RoomKit, b: Transport) -> None:
    c = Transport("c")
    await seat(kit, "r", c)
    await kit.set_visibility("r", "a", "b")
    await kit.send_event("r", "a", TextContent(body="for c"), visibility="c")
    await kit.send_event("r", "a", TextContent(body="for b"))
    assert (b.texts, c.texts) == (["for b"], ["for c"])


async def test_what_was_hidden_from_an_ai_does_not_come_back_as_history(
    kit: RoomKit, b: Transport
) -> None:
    provider = MockAIProvider(["ok"])
    await seat(kit, "r", AIChannel("ai", provider))
    await kit.send_event("r", "a", TextContent(body="our SECRET"), visibility="transport")
    await say(kit, "a", "hello")
    assert "SECRET" not in str(provider.calls)
    assert b.texts[:2] == ["our SECRET", "hello"]


async def test_nobody_is_handed_a_history_of_what_was_hidden_from_them(
    kit: RoomKit, b: Transport
) -> None:
    """Neither a channel that reacts nor one that delivers."""
    c, ai = Transport("c"), Thinker("ai")
    await seat(kit, "r", c, ai)
    await kit.send_event("r", "a", TextContent(body="for b"), visibility="b")
    await kit.send_event("r", "a", TextContent(body="for ai"), visibility="ai")
    await say(kit, "a", "for all")

    assert ai.remembered() == ["for ai"]
    delivered = [text_of(event.content) for event in c.contexts[-1].recent_events]
    assert "for b" not in delivered
    assert "for ai" not in delivered
    delivered = [text_of(event.content) for event in b.contexts[-1].recent_events]
    assert "for ai" not in delivered


async def test_channel_remembers_its_own_hidden_words(kit: RoomKit, b: Transport) -> None:
    ai = Thinker("ai", "whispered")
    await seat(kit, "r", ai)
    await kit.send_event("r", "a", TextContent(body="question"), response_visibility="a")
    await say(kit, "a", "next")
    assert ai.remembered() == ["question", "whispered"]


async def test_blocked_messages_are_not_history(kit: RoomKit, b: Transport) -> None:
    provider = MockAIProvider(["ok"])
    await seat(kit, "r", AIChannel("ai", provider))
    await kit.mute("r", "b")
    await say(kit, "b", "a muted SECRET")
    await say(kit, "a", "hello")
    assert "SECRET" not in str(provider.calls)


async def test_notices_of_the_framework_are_stored_but_shown_to_nobody(
    kit: RoomKit, b: Transport
) -> None:
    ai = Thinker("ai")
    await seat(kit, "r", ai)
    await kit.mute("r", "a")
    await kit.unmute("r", "a")
    await kit.ensure_participant("r", "a", "guest")
    await say(kit, "a", "hello")
    types = [event.type for event in await timeline(kit)]
    assert types == [
        *[EventType.CHANNEL_ATTACHED] * 3,
        EventType.CHANNEL_MUTED,
        EventType.CHANNEL_UNMUTED,
        EventType.PARTICIPANT_JOINED,
        EventType.MESSAGE,
    ]
    assert b.texts == ai.texts == ["hello"]
    assert ai.remembered() == []


async def test_intelligence_is_asked_and_never_delivered_to(kit: RoomKit, b: Transport) -> None:
    """`Thinker.deliver` would raise."""
    await seat(kit, "r", Thinker("ai"))
    result = await say(kit, "a", "hello")
    assert list(result.delivery_results) == ["b"]


async def test_category_of_a_channel_is_its_own_unless_the_binding_says_otherwise(
    kit: RoomKit, b: Transport
) -> None:
    await seat(kit, "r", Thinker("ai"))
    assert (await kit.get_binding("r", "ai")).category is ChannelCategory.INTELLIGENCE
    c = Transport("c")
    await seat(kit, "r", c, category=ChannelCategory.INTELLIGENCE)
    await say(kit, "a", "hello")
    assert c.texts == []


async def test_stranger_does_not_land_in_somebodys_conversation(kit: RoomKit) -> None:
    """One number, two customers, and a third who writes for the first time."""
    provider = MockSMSProvider()
    kit.register_channel(SMSChannel("sms", provider=provider))
    ada = await say(kit, "sms", "I am Ada", sender="+15550000001")
    bob = await say(kit, "sms", "I am Bob", sender="+15550000002")
    eve = await say(kit, "sms", "I am Eve", sender="+15550000003")
    assert len({ada.room_id, bob.room_id, eve.room_id}) == 3
    again = await say(kit, "sms", "Ada again", sender="+1 (555) 000-0001")
    assert again.room_id == ada.room_id
    assert provider.sent == []


async def test_stranger_joins_the_only_open_room_of_a_shared_channel(kit: RoomKit) -> None:
    """A room whose channel names nobody is open to all, if it is the only one."""
    await join_room(kit, "r", "a", "b")
    assert (await say(kit, "a", "hello", sender="anybody")).room_id == "r"
    await join_room(kit, "r2", "a", "c")
    # Now there are two: who takes part in one of them goes there, others get a room of their own.
    assert (await say(kit, "a", "me again", sender="anybody")).room_id == "r"
    new = await say(kit, "a", "who is there?", sender="stranger")
    assert new.room_id not in ("r", "r2")


@pytest.mark.parametrize("together", [False, True])
async def test_strangers_on_a_shared_websocket_do_not_meet(kit: RoomKit, together: bool) -> None:
    """The room that opened for one of them is theirs, although a WebSocket has no address."""
    kit.register_channel(WebSocketChannel("web"))
    if together:
        results = await asyncio.gather(*(say(kit, "web", sender=who) for who in ("ada", "eve")))
    else:
        results = [await say(kit, "web", sender=who) for who in ("ada", "eve")]
    ada, eve = (result.room_id for result in results)
    assert ada != eve
    assert (await say(kit, "web", "again", sender="ada")).room_id == ada
    assert ada is not None
    await kit.attach_channel(ada, "web")
    assert (await say(kit, "web", sender="bob")).room_id not in (ada, eve)


async def test_answers_to_answers_stay_where_those_are(kit: RoomKit, b: Transport) -> None:
    def answers(to: str, text: str) -> Thinker:
        return Thinker(text, lambda event, _: text if text_of(event.content) == to else None)

    c = Transport("c")
    await seat(kit, "r", c, answers("ask", "one"), answers("one", "two"))
    await kit.send_event("r", "b", TextContent(body="ask"), response_visibility="b,two")
    assert await said(kit) == ["ask", "one", "two"]
    assert b.texts == ["one", "two"]
    assert c.texts == ["ask"]


async def test_a_whisper_to_a_channel_is_not_for_all_of_its_type(kit: RoomKit) -> None:
    """Neither is it once that channel has left."""
    sms, other, ai = Transport("sms"), Transport("sms-2"), Thinker("ai-2")
    for channel in (sms, other):
        channel.channel_type = ChannelType.SMS
    await seat(kit, "r", Transport("a"), sms, other, ai)
    await kit.send_event("r", "a", TextContent(body="for one"), visibility="sms")
    await kit.send_event("r", "a", TextContent(body="for all of them"), visibility="websocket,ai")
    assert (sms.texts, other.texts) == (["for one"], [])
    assert ai.texts == ["for all of them"]
    await kit.detach_channel("r", "sms")
    await kit.send_event("r", "a", TextContent(body="gone"), visibility="sms")
    assert other.texts == []
