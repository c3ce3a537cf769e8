"""Answers that clients see while they are being written."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from roomkit import (
    ChannelOutput,
    HookResult,
    HookTrigger,
    InMemoryStore,
    RoomContext,
    RoomKit,
    WebSocketChannel,
)
from roomkit.channels.ai import AIChannel
from roomkit.channels.base import text_of
from roomkit.channels.streaming import StreamChunk, StreamEnd, StreamMessage, StreamStart
from roomkit.errors import KitClosedError
from roomkit.models.enums import Access, DeliveryMode
from roomkit.models.event import RoomEvent, TextContent
from roomkit.providers.ai.mock import MockAIProvider
from roomkit.store.records import RoomSnapshot
from roomkit.testing import VirtualClock
from tests.helpers import join_room, say
from tests.scenarios.conftest import KitFactory

ANSWER = "It is on its way."
WORDS = ["It ", "is ", "on ", "its ", "way."]


class Viewer:
    """A client that shows answers as they grow, at a pace of its own."""

    def __init__(
        self,
        channel: WebSocketChannel,
        connection_id: str = "viewer",
        *,
        clock: VirtualClock | None = None,
        seconds: float = 0.0,
        **options: Any,
    ) -> None:
        self.events: list[RoomEvent] = []
        self.messages: list[StreamMessage] = []
        self._clock = clock
        self._seconds = seconds
        channel.register_connection(connection_id, self.receive, self.show, **options)

    async def receive(self, _connection_id: str, event: RoomEvent) -> None:
        self.events.append(event)

    async def show(self, _connection_id: str, message: StreamMessage) -> None:
        if self._clock is not None:
            await self._clock.sleep(self._seconds)
        self.messages.append(message)

    @property
    def kinds(self) -> list[str]:
        return [message.type.removeprefix("stream_") for message in self.messages]

    @property
    def pieces(self) -> list[str]:
        return [one.delta for one in self.messages if isinstance(one, StreamChunk)]

    @property
    def end(self) -> StreamEnd:
        """The end, of which there is exactly one."""
        (end,) = [one for one in self.messages if isinstance(one, StreamEnd)]
        return end

    @property
    def answers(self) -> list[str]:
        """The finished answers that arrived as events."""
        return [text_of(one.content) for one in self.events if one.source.channel_id == "ai"]


async def with_ai(
    kit: RoomKit,
    clock: VirtualClock,
    *answers: Any,
    seconds_per_word: float = 0.0,
    **binding: Any,
) -> WebSocketChannel:
    """A room, ``r``, with an AI that streams, somebody who asks, and a channel to watch on."""
    provider = MockAIProvider(
        answers or [ANSWER], streaming=True, delay=seconds_per_word, clock=clock
    )
    screen = WebSocketChannel("screen")
    kit.register_channel(screen)
    kit.register_channel(AIChannel("ai", provider))
    await join_room(kit, "r", "web")
    await kit.attach_channel("r", "screen", **binding)
    await kit.attach_channel("r", "ai")
    return screen


async def test_one_start_the_pieces_and_one_end(kit: RoomKit, clock: VirtualClock) -> None:
    viewer = Viewer(await with_ai(kit, clock, seconds_per_word=1))
    async with clock.auto():
        result = await say(kit, "web", "Where is it?")
    assert viewer.kinds == ["start", *["chunk"] * 5, "end"]
    assert viewer.pieces == WORDS
    (answer,) = result.response_events
    assert viewer.end.event == answer.model_copy(update={"delivery_results": {}})
    assert text_of(answer.content) == "".join(viewer.pieces)


async def test_the_start_says_what_it_answers(kit: RoomKit, clock: VirtualClock) -> None:
    viewer = Viewer(await with_ai(kit, clock))
    result = await say(kit, "web", "Where is it?")
    start = viewer.messages[0]
    assert isinstance(start, StreamStart)
    assert result.event is not None
    assert (start.room_id, start.source_channel_id) == ("r", "ai")
    assert start.parent_event_id == result.event.id
    assert {message.stream_id for message in viewer.messages} == {start.stream_id}
    assert start.stream_id == result.response_events[0].id


async def test_the_finished_answer_comes_once_as_an_event(
    kit: RoomKit, clock: VirtualClock
) -> None:
    screen = await with_ai(kit, clock)
    viewer = Viewer(screen)
    plain: list[str] = []

    async def receive(event: RoomEvent) -> None:
        plain.append(text_of(event.content))

    screen.register_connection("plain", receive)
    await say(kit, "web", "Where is it?")
    assert viewer.answers == [ANSWER]
    assert plain == ["Where is it?", ANSWER]


async def test_pieces_appear_while_the_answer_is_written(
    kit: RoomKit, clock: VirtualClock
) -> None:
    viewer = Viewer(await with_ai(kit, clock, seconds_per_word=1))
    asking = asyncio.create_task(say(kit, "web"))
    await clock.advance(2.5)
    assert viewer.pieces == WORDS[:2]
    await clock.advance(10)
    await asking
    assert viewer.pieces == WORDS


async def test_a_slow_client_gets_fewer_and_longer_pieces(
    kit: RoomKit, clock: VirtualClock
) -> None:
    screen = await with_ai(kit, clock, seconds_per_word=1)
    slow = Viewer(screen, "slow", clock=clock, seconds=2.5)
    fast = Viewer(screen, "fast")
    async with clock.auto():
        await say(kit, "web")
    assert fast.pieces == WORDS
    assert 1 < len(slow.pieces) < len(WORDS)
    assert "".join(slow.pieces) == ANSWER
    assert slow.kinds[0] == "start"
    assert slow.kinds[-1] == "end"


async def test_one_who_hangs_is_dropped_and_holds_up_nobody(
    kit: RoomKit, clock: VirtualClock
) -> None:
    screen = await with_ai(kit, clock)
    hanging = Viewer(screen, "hanging", clock=clock, seconds=3600)
    watching = Viewer(screen, "watching")
    asking = asyncio.create_task(say(kit, "web"))
    await clock.advance(5)
    assert watching.end.event is not None
    await clock.advance(60)
    await asking
    assert hanging.messages == []
    assert screen.connection_count == 1


async def test_a_channel_whose_client_hangs_holds_up_no_other_channel(
    kit: RoomKit, clock: VirtualClock
) -> None:
    screen = await with_ai(kit, clock)
    other = WebSocketChannel("other")
    kit.register_channel(other)
    await kit.attach_channel("r", "other")
    Viewer(screen, "hanging", clock=clock, seconds=3600)
    watching = Viewer(other, "watching")
    asking = asyncio.create_task(say(kit, "web"))
    await clock.advance(5)
    assert watching.end.event is not None
    asking.cancel()
    await clock.advance(60)
    assert watching.kinds[-1] == "end"


async def test_one_who_raises_is_dropped(kit: RoomKit, clock: VirtualClock) -> None:
    screen = await with_ai(kit, clock)

    async def broken(_connection_id: str, _message: object) -> None:
        raise ConnectionError("gone")

    screen.register_connection("broken", broken, broken)
    watching = Viewer(screen, "watching")
    await say(kit, "web")
    assert screen.connection_count == 1
    assert watching.end.reason == "completed"


async def test_one_who_comes_back_gets_no_half_of_an_answer(
    kit: RoomKit, clock: VirtualClock
) -> None:
    screen = await with_ai(kit, clock, seconds_per_word=1)
    first = Viewer(screen)
    asking = asyncio.create_task(say(kit, "web"))
    await clock.advance(2.5)
    second = Viewer(screen)
    await clock.advance(60)
    await asking
    assert first.kinds == ["start", "chunk", "chunk"]
    assert second.messages == []
    assert second.answers == [ANSWER]


async def test_a_client_of_another_room_sees_none_of_it(kit: RoomKit, clock: VirtualClock) -> None:
    screen = await with_ai(kit, clock)
    elsewhere = Viewer(screen, "elsewhere", room_id="other")
    here = Viewer(screen, "here", room_id="r")
    await say(kit, "web")
    assert elsewhere.messages == []
    assert here.pieces == WORDS


async def test_who_may_not_see_the_answer_does_not_see_it_grow(
    kit: RoomKit, clock: VirtualClock
) -> None:
    viewer = Viewer(await with_ai(kit, clock))
    await kit.set_visibility("r", "ai", "web")
    await say(kit, "web")
    assert (viewer.messages, viewer.answers) == ([], [])


@pytest.mark.parametrize("mode", [DeliveryMode.DIRECT, DeliveryMode.ROUND_ROBIN])
async def test_what_goes_to_one_client_is_not_shown_to_others(
    kit: RoomKit, clock: VirtualClock, mode: DeliveryMode
) -> None:
    screen = await with_ai(kit, clock)
    viewers = [Viewer(screen, f"c{number}") for number in range(3)]
    capabilities = screen.capabilities().model_copy(update={"delivery_mode": mode})
    metadata = {"connection_id": "c1"}
    await kit.attach_channel("r", "screen", capabilities=capabilities, metadata=metadata)
    await say(kit, "web")
    for viewer in viewers:
        shown = bool(viewer.pieces)
        assert not shown or viewer.answers == [ANSWER]


async def test_direct_streams_to_the_one_who_gets_the_answer(
    kit: RoomKit, clock: VirtualClock
) -> None:
    screen = await with_ai(kit, clock)
    viewers = [Viewer(screen, f"c{number}") for number in range(2)]
    direct = screen.capabilities().model_copy(update={"delivery_mode": DeliveryMode.DIRECT})
    await kit.attach_channel("r", "screen", capabilities=direct, metadata={"connection_id": "c1"})
    await say(kit, "web")
    assert viewers[0].messages == []
    assert viewers[1].pieces == WORDS


async def test_an_answer_that_begins_while_the_room_is_paused_is_not_seen_to_grow(
    kit: RoomKit, clock: VirtualClock
) -> None:
    viewer = Viewer(await with_ai(kit, clock, seconds_per_word=1))
    asking = [asyncio.create_task(say(kit, "web", text)) for text in ("Hello?", "And?")]
    await clock.advance(2.5)
    await kit.pause_room("r")
    await clock.advance(60)
    await asyncio.gather(*asking)
    assert viewer.kinds.count("start") == 1
    assert viewer.answers == []
    await kit.resume_room("r")
    assert viewer.answers == [ANSWER, ANSWER]


@pytest.mark.parametrize(
    "change",
    [
        lambda kit: kit.detach_channel("r", "screen"),
        lambda kit: kit.set_access("r", "screen", Access.WRITE_ONLY),
        lambda kit: kit.set_visibility("r", "ai", "web"),
        lambda kit: kit.mute("r", "ai"),
        lambda kit: kit.detach_channel("r", "ai"),
        lambda kit: kit.close_room("r"),
        lambda kit: kit.pause_room("r"),
    ],
    ids=["detached", "may not read", "hidden", "muted", "ai detached", "closed", "paused"],
)
async def test_who_may_not_see_it_any_more_sees_no_further_piece(
    kit: RoomKit, clock: VirtualClock, change: Callable[[RoomKit], Awaitable[object]]
) -> None:
    viewer = Viewer(await with_ai(kit, clock, seconds_per_word=1))
    asking = asyncio.create_task(say(kit, "web"))
    await clock.advance(2.5)
    await change(kit)
    await clock.advance(60)
    await asking
    assert viewer.pieces == WORDS[:2]
    assert (viewer.end.event, viewer.end.reason) == (None, "blocked")


class SlowToRead(InMemoryStore):
    """Reads a room, and takes a minute to tell what it was like."""

    clock: VirtualClock | None = None

    async def snapshot(self, room_id: str, **options: Any) -> RoomSnapshot | None:
        found = await super().snapshot(room_id, **options)
        clock, self.clock = self.clock, None
        if clock is not None:
            await clock.sleep(60)
        return found


async def test_who_leaves_while_it_is_looked_up_who_is_there_sees_nothing(
    clock: VirtualClock,
) -> None:
    store = SlowToRead()

    class Slow(AIChannel):
        async def on_event(self, *details: Any) -> ChannelOutput:
            output = await super().on_event(*details)
            store.clock = clock
            return output

    screen = WebSocketChannel("screen")
    viewer = Viewer(screen)
    async with RoomKit(store=store, clock=clock) as kit:
        kit.register_channel(screen)
        kit.register_channel(Slow("ai", MockAIProvider([ANSWER], streaming=True, clock=clock)))
        await join_room(kit, "r", "web")
        await kit.attach_channel("r", "screen")
        await kit.attach_channel("r", "ai")
        asking = asyncio.create_task(say(kit, "web"))
        await clock.advance(30)
        await kit.detach_channel("r", "screen")
        await clock.advance(60)
        result = await asking
    assert [text_of(one.content) for one in result.response_events] == [ANSWER]
    assert viewer.messages == []


async def test_what_does_not_concern_an_answer_does_not_disturb_it(
    kit: RoomKit, clock: VirtualClock
) -> None:
    viewer = Viewer(await with_ai(kit, clock, seconds_per_word=1))
    asking = asyncio.create_task(say(kit, "web"))
    await clock.advance(2.5)
    await kit.update_room_metadata("r", {"topic": "an order"})
    await kit.mute("r", "screen")
    await clock.advance(60)
    await asking
    assert viewer.pieces == WORDS
    assert viewer.end.reason == "completed"


async def test_a_muted_ai_is_not_seen_writing(kit: RoomKit, clock: VirtualClock) -> None:
    viewer = Viewer(await with_ai(kit, clock))
    await kit.mute("r", "ai")
    result = await say(kit, "web")
    assert viewer.messages == []
    assert result.response_events == []


async def test_what_a_hook_changes_is_in_the_end(kit: RoomKit, clock: VirtualClock) -> None:
    viewer = Viewer(await with_ai(kit, clock))

    @kit.hook(HookTrigger.BEFORE_BROADCAST, channel_ids=["ai"])
    def redact(event: RoomEvent, _context: RoomContext) -> HookResult:
        return HookResult.modify(event.model_copy(update={"content": TextContent(body="***")}))

    await say(kit, "web")
    assert viewer.end.reason == "completed"
    assert viewer.end.event is not None
    assert viewer.end.event.content == TextContent(body="***")
    assert viewer.answers == ["***"]


async def test_what_a_hook_blocks_is_taken_back(kit: RoomKit, clock: VirtualClock) -> None:
    viewer = Viewer(await with_ai(kit, clock))

    @kit.hook(HookTrigger.BEFORE_BROADCAST, channel_ids=["ai"])
    def refuse(_event: RoomEvent, _context: RoomContext) -> HookResult:
        return HookResult.block("no")

    await say(kit, "web")
    assert (viewer.end.event, viewer.end.reason) == (None, "blocked")
    assert viewer.answers == []


async def test_a_hook_that_withholds_sees_the_whole_before_anybody_sees_a_piece(
    kit: RoomKit, clock: VirtualClock
) -> None:
    viewer = Viewer(await with_ai(kit, clock))

    @kit.hook(HookTrigger.BEFORE_BROADCAST, channel_ids=["ai"], on_error="block")
    def moderate(_event: RoomEvent, _context: RoomContext) -> HookResult:
        return HookResult.allow()

    await say(kit, "web")
    assert viewer.messages == []
    assert viewer.answers == [ANSWER]


async def test_an_answer_that_comes_too_late_is_taken_back(
    kit: RoomKit, clock: VirtualClock
) -> None:
    viewer = Viewer(await with_ai(kit, clock, seconds_per_word=1))
    asking = asyncio.create_task(say(kit, "web"))
    await clock.advance(2.5)
    await kit.close_room("r")
    await clock.advance(60)
    await asking
    assert viewer.end.event is None
    assert viewer.answers == []


async def test_a_stream_that_the_kits_end_cuts_short_has_an_end(
    make_kit: KitFactory, clock: VirtualClock
) -> None:
    kit = make_kit(close_timeout=0.02)
    viewer = Viewer(await with_ai(kit, clock, seconds_per_word=600))
    asking = asyncio.create_task(say(kit, "web"))
    await clock.settle()
    assert viewer.kinds == ["start"]
    await kit.close()
    with pytest.raises(KitClosedError):
        await asking
    assert viewer.end.event is None
    assert viewer.end.reason == "cancelled"


async def test_two_answers_at_once_do_not_mix(kit: RoomKit, clock: VirtualClock) -> None:
    screen = await with_ai(kit, clock, seconds_per_word=1)
    other = MockAIProvider(["Hm, let me see."], streaming=True, delay=1, clock=clock)
    kit.register_channel(AIChannel("ai-2", other))
    await kit.attach_channel("r", "ai-2")
    for ai in ("ai", "ai-2"):
        await kit.set_visibility("r", ai, "transport")
    viewer = Viewer(screen)
    async with clock.auto():
        await say(kit, "web")
    streams: dict[str, str] = {}
    for message in viewer.messages:
        if isinstance(message, StreamChunk):
            streams[message.stream_id] = streams.get(message.stream_id, "") + message.delta
    assert sorted(streams.values()) == sorted([ANSWER, "Hm, let me see."])
    assert viewer.kinds.count("start") == viewer.kinds.count("end") == 2
