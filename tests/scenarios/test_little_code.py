"""Code that says as little as it can, or forgets something: what it leaves out is filled in, and
what it cannot mean is refused."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from roomkit import (
    Channel,
    ChannelBinding,
    ChannelCategory,
    ChannelNotFoundError,
    ChannelOutput,
    ChannelType,
    DeleteContent,
    EventExistsError,
    InboundMessage,
    InMemoryStore,
    ParticipantStatus,
    RoomContext,
    RoomEvent,
    RoomKit,
    RoomNotFoundError,
    SMSChannel,
    TextContent,
)
from roomkit.models.event import EventSource
from roomkit.providers.sms.mock import MockSMSProvider
from tests.helpers import event_of, join_room, say
from tests.scenarios.actors import Thinker, Transport, seat, timeline


class Bare(Channel):
    """A channel of the fewest lines: its events do not say who wrote them."""

    channel_type = ChannelType.SMS
    category = ChannelCategory.TRANSPORT

    async def handle_inbound(self, message: InboundMessage, context: RoomContext) -> RoomEvent:
        return RoomEvent(
            room_id=context.room.id,
            source=EventSource(channel_id=self.channel_id),
            content=message.content,
        )

    async def deliver(
        self, event: RoomEvent, binding: ChannelBinding, context: RoomContext
    ) -> ChannelOutput:
        return ChannelOutput.empty()


@pytest.fixture
async def bare(kit: RoomKit) -> Bare:
    """A room with such a channel and another one."""
    channel = Bare("bare")
    await seat(kit, "r", channel, Transport("b"))
    return channel


async def test_an_event_is_its_senders(kit: RoomKit, bare: Bare) -> None:
    source = event_of(await say(kit, "bare", sender="ada")).source
    assert (source.participant_id, source.channel_type) == ("ada", ChannelType.SMS)


async def test_nobody_else_may_take_it_back(kit: RoomKit, bare: Bare) -> None:
    hers = event_of(await say(kit, "bare", sender="ada"))
    delete = DeleteContent(target_event_id=hers.id)
    assert (await say(kit, "bare", delete, sender="eve")).blocked
    assert not (await say(kit, "bare", delete, sender="ada")).blocked


async def test_who_is_banned_writes_no_more(kit: RoomKit, bare: Bare) -> None:
    await say(kit, "bare", sender="eve")
    await kit.set_participant_status("r", "eve", ParticipantStatus.BANNED)
    assert (await say(kit, "bare", sender="eve")).reason == "participant_banned"
    assert not (await say(kit, "bare", sender="ada")).blocked


async def test_an_answer_made_of_a_copy_is_another_event(kit: RoomKit, bare: Bare) -> None:
    class Echo(Thinker):
        async def on_event(
            self, event: RoomEvent, binding: ChannelBinding, context: RoomContext
        ) -> ChannelOutput:
            again = TextContent(body="again")
            return ChannelOutput(response_events=[event.model_copy(update={"content": again})])

    await seat(kit, "new", Transport("a"), Echo("echo"))
    result = await say(kit, "a", "hello", room_id="new")
    [answer] = result.response_events
    first = event_of(result)
    assert answer.id != first.id
    assert [event.id for event in await timeline(kit, "new")][-2:] == [first.id, answer.id]
    assert answer.delivery_results.keys() == {"a"}


async def test_an_id_that_is_taken_is_refused(kit: RoomKit) -> None:
    class Numbered(Bare):
        async def handle_inbound(self, message: InboundMessage, context: RoomContext) -> RoomEvent:
            event = await super().handle_inbound(message, context)
            return event.model_copy(update={"id": "same"})

    await seat(kit, "r", Numbered("bare"))
    await say(kit, "bare", "one")
    with pytest.raises(EventExistsError, match="'same'"):
        await say(kit, "bare", "two")
    assert [event.id for event in await timeline(kit)].count("same") == 1


async def test_an_unknown_webhook_is_taken_in_silence(kit: RoomKit) -> None:
    kit.register_channel(SMSChannel("sms", provider=MockSMSProvider()))
    assert await kit.process_webhook({"what": "ever"}, "sms") is None


async def test_a_delivery_that_fails_is_logged_without_words(
    kit: RoomKit, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_event: RoomEvent) -> None:
        raise OSError("secret words")

    await seat(kit, "r", Transport("a"), Transport("b", broken))
    with caplog.at_level(logging.WARNING, "roomkit"):
        event = event_of(await say(kit, "a"))
    assert f"channel b in room r did not get event {event.id}: exception" in caplog.text
    assert "secret" not in caplog.text


async def test_parts_of_the_kit_need_no_close() -> None:
    closed: list[str] = []

    class Store(InMemoryStore):
        async def close(self) -> None:
            closed.append("store")

    class Bus:
        """What a status bus is called for, but no `close`."""

    bus: Any = Bus()
    kit = RoomKit(store=Store(), status_bus=bus)
    with pytest.raises(ExceptionGroup):
        await kit.close()
    assert closed == ["store"]


async def test_what_is_missing_is_named(kit: RoomKit) -> None:
    with pytest.raises(RoomNotFoundError, match="'ghost'"):
        await kit.mute("ghost", "a")
    await join_room(kit, "r", "a")
    with pytest.raises(ChannelNotFoundError, match="'nobody'"):
        await kit.mute("r", "nobody")


@pytest.mark.parametrize(
    ("settings", "error", "words"),
    [
        ({"store": InMemoryStore}, TypeError, r"InMemoryStore\(\)"),
        ({"inbound_rate_limit": 10}, TypeError, r"RateLimit\(max_per_second=10\)"),
        ({"process_timeout": -1}, ValueError, "process_timeout"),
        ({"max_chain_depth": "deep"}, ValueError, "max_chain_depth"),
    ],
    ids=str,
)
def test_settings_that_cannot_be_meant(
    settings: dict[str, Any], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        RoomKit(**settings)


def test_only_channels_can_be_registered() -> None:
    no_channel: Any = "sms"
    with pytest.raises(TypeError, match="not str"):
        RoomKit().register_channel(no_channel)


@pytest.mark.parametrize("handed_in", [{"channel_id": "a"}, "hello", None], ids=repr)
async def test_only_messages_can_be_processed(kit: RoomKit, handed_in: Any) -> None:
    with pytest.raises(TypeError, match=type(handed_in).__name__):
        await kit.process_inbound(handed_in)


async def test_no_chain_is_longer_for_beginning_below_zero(kit: RoomKit) -> None:
    await join_room(kit, "r", "a")
    with pytest.raises(ValueError, match="chain_depth"):
        await kit.send_event("r", "a", TextContent(body="x"), chain_depth=-100)
