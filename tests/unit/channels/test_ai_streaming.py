"""Answers that a model writes piece by piece."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from roomkit import (
    AIThinkingEvent,
    HookResult,
    HookTrigger,
    RoomContext,
    RoomKit,
    WebSocketChannel,
)
from roomkit.channels.streaming import StreamChunk, StreamEnd, StreamMessage
from roomkit.errors import ProviderError
from roomkit.models.enums import EphemeralEventType
from roomkit.models.event import RoomEvent, TextContent
from roomkit.models.task import Task
from roomkit.providers.ai.base import (
    AIContext,
    AIResponse,
    AIStreamEvent,
    AIToolCall,
    StreamDone,
    StreamTextDelta,
    StreamThinkingDelta,
)
from roomkit.providers.ai.mock import MockAIProvider
from roomkit.realtime.base import EphemeralEvent
from roomkit.testing import VirtualClock
from tests.helpers import say
from tests.unit.channels.stories import DyingProvider, ask_room


async def watch(kit: RoomKit) -> list[StreamMessage]:
    """What a client of ``web`` sees of the answers while they grow."""
    seen: list[StreamMessage] = []

    async def show(_connection_id: str, message: StreamMessage) -> None:
        seen.append(message)

    async def receive(_connection_id: str, _event: RoomEvent) -> None: ...

    web = kit.get_channel("web")
    assert isinstance(web, WebSocketChannel)
    web.register_connection("watching", receive, show)
    return seen


def pieces(seen: list[StreamMessage]) -> list[str]:
    return [message.delta for message in seen if isinstance(message, StreamChunk)]


def end_of(seen: list[StreamMessage]) -> StreamEnd:
    (end,) = [message for message in seen if isinstance(message, StreamEnd)]
    return end


async def test_the_answer_is_stored_once_with_all_that_belongs_to_it(kit: RoomKit) -> None:
    response = AIResponse(
        content="Will do.",
        usage={"output_tokens": 2},
        finish_reason="stop",
        tasks=[Task(title="call back")],
    )
    inbox = await ask_room(kit, MockAIProvider([response], streaming=True))
    result = await say(kit, "web")
    (answer,) = result.response_events
    assert answer.content == TextContent(body="Will do.")
    assert answer.metadata == {
        "usage": {"output_tokens": 2},
        "finish_reason": "stop",
        "end_reason": "completed",
    }
    assert (answer.parent_event_id, answer.chain_depth) == (
        result.event and result.event.id,
        1,
    )
    assert inbox.texts == ["Will do."]
    assert [task.title for task in result.tasks] == ["call back"]


async def test_what_a_dying_provider_had_said_is_kept(kit: RoomKit) -> None:
    error = ProviderError("connection lost", code="network")
    provider = DyingProvider("It is ", "on its", error=error)
    inbox = await ask_room(kit, provider)
    seen = await watch(kit)
    failures: list[RoomEvent] = []

    @kit.hook(HookTrigger.ON_ERROR)
    def note(event: RoomEvent, _context: RoomContext) -> None:
        failures.append(event)

    result = await say(kit, "web")
    (answer,) = result.response_events
    assert answer.content == TextContent(body="It is on its")
    assert answer.metadata["partial"] is True
    assert answer.metadata["end_reason"] == "error"
    assert result.error == "ai: ProviderError"
    assert len(failures) == 1
    assert "".join(pieces(seen)) == "It is on its"
    end = end_of(seen)
    assert end.reason == "error"
    assert end.event is not None
    assert end.event.id == answer.id
    assert inbox.texts == ["It is on its"]
    assert provider.closed_streams == 1


async def test_one_that_dies_before_the_first_word_says_nothing(kit: RoomKit) -> None:
    inbox = await ask_room(kit, DyingProvider(error=ProviderError("no", code="refused")))
    seen = await watch(kit)
    result = await say(kit, "web")
    assert result.response_events == []
    assert result.error == "ai: ProviderError"
    assert (end_of(seen).event, end_of(seen).reason) == (None, "error")
    assert inbox.events == []


async def test_one_that_just_stops_has_said_what_it_said(kit: RoomKit) -> None:
    await ask_room(kit, DyingProvider("That ", "is all"))
    result = await say(kit, "web")
    (answer,) = result.response_events
    assert answer.content == TextContent(body="That is all")
    assert "partial" not in answer.metadata
    assert result.error is None


async def test_a_stream_that_takes_too_long_is_cut(kit: RoomKit, clock: VirtualClock) -> None:
    provider = MockAIProvider(["one two three"], streaming=True, delay=50, clock=clock)
    await ask_room(kit, provider)
    seen = await watch(kit)
    saying = asyncio.create_task(say(kit, "web"))
    await clock.advance(200)
    result = await saying
    (answer,) = result.response_events
    assert answer.content == TextContent(body="one two ")
    assert answer.metadata["partial"] is True
    assert end_of(seen).reason == "error"
    assert result.error is not None


async def test_an_empty_stream_is_no_answer(kit: RoomKit) -> None:
    await ask_room(kit, MockAIProvider([""], streaming=True))
    seen = await watch(kit)
    result = await say(kit, "web")
    assert result.response_events == []
    assert result.error is None
    assert end_of(seen).event is None


async def test_reasoning_is_not_part_of_the_answer(kit: RoomKit) -> None:
    response = AIResponse(content="Yes.", thinking="Hm, is it? It is.")
    inbox = await ask_room(kit, MockAIProvider([response], streaming=True))
    seen = await watch(kit)
    await say(kit, "web")
    assert pieces(seen) == ["Yes."]
    assert inbox.texts == ["Yes."]


@pytest.mark.parametrize("streaming", [False, True])
async def test_streaming_makes_no_difference_to_what_is_stored(
    kit: RoomKit, streaming: bool
) -> None:
    await ask_room(kit, MockAIProvider(["one two", "three"], streaming=streaming))
    await say(kit, "web", "a")
    await say(kit, "web", "b")
    timeline = await kit.get_timeline("r")
    said = [event.content.body for event in timeline if isinstance(event.content, TextContent)]
    assert said == ["a", "one two", "b", "three"]


async def test_what_is_said_before_a_tool_is_shown_before_it_runs(kit: RoomKit) -> None:
    seen: list[StreamMessage] = []
    shown_by_then: list[str] = []

    async def look_up(_name: str, _arguments: dict[str, object]) -> str:
        shown_by_then.extend(pieces(seen))
        return "sunny"

    call = AIToolCall(id="1", name="look_up")
    provider = MockAIProvider(
        [AIResponse(content="Let me see.", tool_calls=[call]), "It is sunny."], streaming=True
    )
    await ask_room(kit, provider, tool_handler=look_up)
    seen = await watch(kit)
    (answer,) = (await say(kit, "web")).response_events
    assert "".join(shown_by_then) == "Let me see."
    assert answer.content == TextContent(body="Let me see.\n\nIt is sunny.")
    assert "".join(pieces(seen)) == "Let me see.\n\nIt is sunny."
    end = end_of(seen)
    assert (end.event and end.event.id, end.reason) == (answer.id, "completed")


async def test_the_end_of_a_stream_says_why_it_ended(kit: RoomKit) -> None:
    response = AIResponse(content="And then", finish_reason="MAX_TOKENS")
    await ask_room(kit, MockAIProvider([response], streaming=True))
    seen = await watch(kit)
    (answer,) = (await say(kit, "web")).response_events
    assert (answer.metadata["end_reason"], end_of(seen).reason) == ("length", "length")


async def test_nothing_leaves_before_a_withholding_hook_has_seen_it(kit: RoomKit) -> None:
    seen: list[StreamMessage] = []

    async def look_up(_name: str, _arguments: dict[str, object]) -> str:
        assert seen == []
        return "sunny"

    @kit.hook(HookTrigger.BEFORE_BROADCAST, on_error="block")
    def gate(event: RoomEvent, _context: RoomContext) -> HookResult:
        return HookResult.block() if event.chain_depth else HookResult.allow()

    call = AIToolCall(id="1", name="look_up")
    provider = MockAIProvider(
        [AIResponse(content="The secret", tool_calls=[call]), "is 7."], streaming=True
    )
    inbox = await ask_room(kit, provider, tool_handler=look_up)
    seen = await watch(kit)
    await say(kit, "web")
    assert (seen, inbox.events) == ([], [])


class Reasoner(MockAIProvider):
    """Streams reasoning in pieces."""

    async def generate_stream(self, context: AIContext) -> AsyncIterator[AIStreamEvent]:
        self.calls.append(context)
        yield StreamThinkingDelta(text="Two and ")
        yield StreamThinkingDelta(text="two.")
        yield StreamTextDelta(text="Four.")
        yield StreamDone(response=AIResponse(content="Four.", thinking="Two and two."))


@pytest.mark.parametrize("streaming", [True, False])
async def test_reasoning_is_announced_and_told_to_hooks(kit: RoomKit, streaming: bool) -> None:
    thoughts: list[AIThinkingEvent] = []

    @kit.hook(HookTrigger.ON_AI_THINKING)
    async def note(event: AIThinkingEvent, _context: RoomContext) -> None:
        thoughts.append(event)

    provider: MockAIProvider
    if streaming:
        provider = Reasoner(streaming=True)
    else:
        provider = MockAIProvider([AIResponse(content="Four.", thinking="Two and two.")])
    inbox = await ask_room(kit, provider, thinking_budget=100)
    signals: list[EphemeralEvent] = []
    await kit.subscribe_room("r", signals.append)
    await say(kit, "web")
    for _ in range(20):
        await asyncio.sleep(0)
    assert [event.type for event in signals] == [
        EphemeralEventType.THINKING_START,
        EphemeralEventType.THINKING_END,
    ]
    assert [(one.thinking, one.room_id, one.channel_id) for one in thoughts] == [
        ("Two and two.", "r", "ai")
    ]
    assert inbox.texts == ["Four."]
    assert provider.calls[0].thinking_budget == 100
    assert "Two and two." not in str([event.data for event in signals])


async def test_thinking_ends_when_the_provider_dies(kit: RoomKit) -> None:
    class Dying(Reasoner):
        async def generate_stream(self, context: AIContext) -> AsyncIterator[AIStreamEvent]:
            yield StreamThinkingDelta(text="Hm")
            raise ProviderError("gone", code="connection_lost")

    await ask_room(kit, Dying(streaming=True))
    signals: list[EphemeralEvent] = []
    await kit.subscribe_room("r", signals.append)
    await say(kit, "web")
    for _ in range(20):
        await asyncio.sleep(0)
    assert [event.type for event in signals] == [
        EphemeralEventType.THINKING_START,
        EphemeralEventType.THINKING_END,
    ]


async def test_a_muted_agent_shows_no_signs_of_work(kit: RoomKit) -> None:
    await ask_room(kit, Reasoner(streaming=True))
    signals: list[EphemeralEvent] = []
    await kit.subscribe_room("r", signals.append)
    await kit.mute("r", "ai")
    await say(kit, "web")
    for _ in range(20):
        await asyncio.sleep(0)
    assert signals == []
