"""An AI in rooms that change, close or hide things under its hands, and memories that fail."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from roomkit import (
    AIChannel,
    RoomContext,
    RoomKit,
    TextContent,
)
from roomkit.channels.base import text_of
from roomkit.channels.streaming import StreamEnd
from roomkit.memory.base import MemoryProvider, MemoryResult
from roomkit.memory.sliding_window import SlidingWindowMemory
from roomkit.models.enums import Access, EventStatus, EventType
from roomkit.models.event import DeleteContent, EditContent, RoomEvent
from roomkit.providers.ai.base import (
    AIContext,
    AIMessage,
    AIResponse,
    AIStreamEvent,
)
from roomkit.providers.ai.mock import MockAIProvider
from roomkit.testing import VirtualClock
from tests.helpers import join_room, say
from tests.scenarios.ai_stories import WORK, calling, watch, words, work
from tests.unit.channels.stories import ask_room


@pytest.fixture(params=[False, True], ids=["whole", "streamed"])
def streaming(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


class Slow(MockAIProvider):
    """Waits after the first word until it is told to go on."""

    def __init__(self, *responses: str, streaming: bool = True) -> None:
        super().__init__(responses, streaming=streaming)
        self.begun = asyncio.Event()
        self.go_on = asyncio.Event()

    async def generate(self, context: AIContext) -> AIResponse:
        self.begun.set()
        await self.go_on.wait()
        return await super().generate(context)

    async def generate_stream(self, context: AIContext) -> AsyncIterator[AIStreamEvent]:
        async for event in super().generate_stream(context):
            yield event
            self.begun.set()
            await self.go_on.wait()


async def answers(kit: RoomKit) -> list[str]:
    """What the AI has said and everybody may read."""
    return [
        text_of(event.content)
        for event in await kit.get_timeline("r")
        if event.source.channel_id == "ai"
        and event.type is EventType.MESSAGE
        and event.status is not EventStatus.BLOCKED
    ]


@pytest.mark.parametrize("how", ["mute", "mute_output", "detach", "close", "read_only"])
async def test_an_answer_that_must_not_be_given_any_more_is_taken_back(
    kit: RoomKit, how: str, streaming: bool
) -> None:
    provider = Slow("one two", streaming=streaming)
    inbox = await ask_room(kit, provider)
    seen = watch(kit)
    saying = asyncio.create_task(say(kit, "web"))
    await provider.begun.wait()
    match how:
        case "mute":
            await kit.mute("r", "ai")
        case "mute_output":
            await kit.mute_output("r", "ai")
        case "detach":
            await kit.detach_channel("r", "ai")
        case "close":
            await kit.close_room("r")
        case "read_only":
            await kit.set_access("r", "ai", Access.READ_ONLY)
    provider.go_on.set()
    await saying
    assert inbox.texts == []
    assert await answers(kit) == []
    ends = [message for message in seen if isinstance(message, StreamEnd)]
    if streaming:
        assert [(end.event, end.reason) for end in ends] == [(None, "blocked")]


async def test_what_is_deleted_while_it_waits_its_turn_is_not_read(
    kit: RoomKit, clock: VirtualClock, streaming: bool
) -> None:
    provider = Slow("first", "second", streaming=streaming)
    await ask_room(kit, provider)
    first = asyncio.create_task(say(kit, "web", "Hello"))
    await provider.begun.wait()
    second = asyncio.create_task(say(kit, "web", "my password is hunter2"))
    await clock.settle()
    said = (await kit.get_timeline("r"))[-1]
    assert text_of(said.content) == "my password is hunter2"
    third = asyncio.create_task(say(kit, "web", DeleteContent(target_event_id=said.id)))
    await clock.settle()
    provider.go_on.set()
    await asyncio.gather(first, second, third)
    assert "hunter2" not in str([words(call) for call in provider.calls])


async def test_what_is_edited_while_it_waits_its_turn_is_read_as_edited(
    kit: RoomKit, clock: VirtualClock, streaming: bool
) -> None:
    provider = Slow("first", "second", streaming=streaming)
    await ask_room(kit, provider)
    first = asyncio.create_task(say(kit, "web", "Hello"))
    await provider.begun.wait()
    second = asyncio.create_task(say(kit, "web", "my password is hunter2"))
    await clock.settle()
    said = (await kit.get_timeline("r"))[-1]
    assert text_of(said.content) == "my password is hunter2"
    new = EditContent(target_event_id=said.id, new_content=TextContent(body="never mind"))
    third = asyncio.create_task(say(kit, "web", new))
    await clock.settle()
    provider.go_on.set()
    await asyncio.gather(first, second, third)
    assert "hunter2" not in str([words(call) for call in provider.calls])
    assert "never mind" in words(provider.calls[-1])


async def test_the_newest_it_may_see_are_shown_however_many_are_hidden(kit: RoomKit) -> None:
    provider = MockAIProvider([""])
    await ask_room(kit, provider)
    await kit.mute("r", "ai")
    await kit.set_access("r", "ai", Access.NONE)
    for number in range(80):
        await kit.send_event("r", "web", TextContent(body=f"open {number}"))
        for _ in range(3):
            await kit.send_event("r", "web", TextContent(body="hidden"), visibility="transport")
    await kit.set_access("r", "ai", Access.READ_WRITE)
    await kit.unmute("r", "ai")
    await say(kit, "web", "Well?")
    told = [message.content for message in provider.calls[-1].messages]
    assert told == [*(f"web: open {number}" for number in range(30, 80)), "u: Well?"]
    room = provider.calls[-1].room
    assert room is not None
    assert all(text_of(event.content) != "hidden" for event in room.recent_events)


async def test_fifty_are_shown_and_the_question(kit: RoomKit) -> None:
    provider = MockAIProvider([""])
    await ask_room(kit, provider)
    for number in range(60):
        await say(kit, "web", str(number))
    assert len(provider.calls[-1].messages) == 51


@pytest.mark.parametrize("size", [0, 1, 120])
async def test_a_window_of_any_size(kit: RoomKit, size: int) -> None:
    provider = MockAIProvider([""])
    await ask_room(kit, provider, max_context_events=size)
    for number in range(130):
        await say(kit, "web", str(number))
    told = [message.content for message in provider.calls[-1].messages]
    assert told == [str(number) for number in range(129 - size, 130)]


async def test_two_models_come_to_an_end(kit: RoomKit, streaming: bool) -> None:
    await ask_room(kit, MockAIProvider(["ping"], streaming=streaming))
    kit.register_channel(AIChannel("ai-2", MockAIProvider(["pong"], streaming=streaming)))
    await kit.attach_channel("r", "ai-2")
    await say(kit, "web")
    said = [
        event
        for event in await kit.get_timeline("r")
        if event.source.channel_id in ("ai", "ai-2") and event.type is EventType.MESSAGE
    ]
    open_ones = [event for event in said if event.status is not EventStatus.BLOCKED]
    assert max(event.chain_depth for event in open_ones) == 5
    assert len(said) <= 20


async def test_one_channel_in_many_rooms_mixes_nothing_up(kit: RoomKit, streaming: bool) -> None:
    provider = MockAIProvider([calling("work", text="Wait."), "ok"] * 20, streaming=streaming)
    rooms = [f"room-{number}" for number in range(8)]
    kit.register_channel(AIChannel("ai", provider, tools=[WORK], tool_handler=work))
    for room_id in rooms:
        await join_room(kit, room_id, "web")
        await kit.attach_channel(room_id, "ai")
    for turn in range(2):
        await asyncio.gather(
            *(say(kit, "web", f"{room_id} {turn}", room_id=room_id) for room_id in rooms)
        )
    for call in provider.calls:
        assert call.room is not None
        own = call.room.room.id
        for message in call.messages:
            if message.role == "user":
                assert str(message.content).startswith(own)


class Bad(MemoryProvider):
    """Does what it is told instead of remembering."""

    def __init__(self, outcome: Any, clock: VirtualClock | None = None) -> None:
        self._outcome = outcome
        self._clock = clock

    async def retrieve(
        self,
        room_id: str,
        current_event: RoomEvent,
        context: RoomContext,
        *,
        channel_id: str | None = None,
    ) -> MemoryResult:
        if self._clock is not None:
            await self._clock.sleep(3600)
        if isinstance(self._outcome, Exception):
            raise self._outcome
        result: MemoryResult = self._outcome
        return result


@pytest.mark.parametrize(
    ("outcome", "error"),
    [
        (OSError("disk"), "OSError"),
        (None, "TypeError"),
        ([AIMessage(role="user", content="x")], "TypeError"),
    ],
)
async def test_a_memory_that_fails_is_named(
    kit: RoomKit, outcome: Any, error: str, streaming: bool
) -> None:
    provider = MockAIProvider(["ok"], streaming=streaming)
    await ask_room(kit, provider, memory=Bad(outcome))
    result = await say(kit, "web")
    assert (result.error, result.blocked) == (f"ai: {error}", False)
    assert provider.calls == []


async def test_a_memory_that_hangs_is_given_up(
    kit: RoomKit, clock: VirtualClock, streaming: bool
) -> None:
    provider = MockAIProvider(["ok"], streaming=streaming)
    await ask_room(kit, provider, memory=Bad(None, clock), generation_timeout=30)
    saying = asyncio.create_task(say(kit, "web"))
    await clock.advance(31)
    assert (await saying).error == "ai: DeadlineExceededError"


async def test_a_memory_may_be_wrapped_later(kit: RoomKit) -> None:
    class Noted(SlidingWindowMemory):
        async def retrieve(self, *args: Any, **named: Any) -> MemoryResult:
            found = await super().retrieve(*args, **named)
            return found.evolve(messages=[AIMessage(role="system", content="Taken over.")])

    provider = MockAIProvider(["ok"])
    await ask_room(kit, provider)
    ai = kit.get_channel("ai")
    assert isinstance(ai, AIChannel)
    ai.memory = Noted()
    await say(kit, "web")
    assert [message.content for message in provider.calls[0].messages] == ["Taken over.", "hello"]
