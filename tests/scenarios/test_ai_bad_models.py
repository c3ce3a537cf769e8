"""A model that says less, more or other things than it should."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from roomkit import (
    AIChannel,
    HookTrigger,
    RoomContext,
    RoomKit,
    TextContent,
)
from roomkit.models.enums import Access
from roomkit.models.event import RoomEvent
from roomkit.providers.ai.base import (
    AIContext,
    AIProvider,
    AIResponse,
    AIStreamEvent,
    AIToolCall,
    StreamDone,
    StreamTextDelta,
    StreamToolCall,
)
from roomkit.providers.ai.mock import MockAIProvider
from roomkit.testing import VirtualClock
from tests.helpers import event_of, say
from tests.scenarios.ai_stories import WORK, calling, results_in, shown, watch, work
from tests.unit.channels.stories import ask_room


@pytest.fixture(params=[False, True], ids=["whole", "streamed"])
def streaming(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


class Scripted(AIProvider):
    """Streams what a function yields."""

    supports_streaming = True
    model_name = "scripted"

    def __init__(self, *scripts: Callable[[], AsyncIterator[AIStreamEvent]]) -> None:
        self._scripts = scripts
        self.calls: list[AIContext] = []

    async def generate(self, context: AIContext) -> AIResponse:
        raise AssertionError("a streaming provider is asked to stream")

    def generate_stream(self, context: AIContext) -> AsyncIterator[AIStreamEvent]:
        self.calls.append(context)
        return self._scripts[len(self.calls) - 1]()


async def test_a_whole_answer_at_the_end_of_a_stream_is_shown(kit: RoomKit) -> None:
    async def only_the_end() -> AsyncIterator[AIStreamEvent]:
        yield StreamDone(response=AIResponse(content="All at once."))

    inbox = await ask_room(kit, Scripted(only_the_end))
    seen = watch(kit)
    await say(kit, "web")
    assert shown(seen) == "All at once."
    assert inbox.texts == ["All at once."]


@pytest.mark.parametrize("ends", [True, False])
async def test_calls_that_came_one_by_one_are_run(kit: RoomKit, ends: bool) -> None:
    async def call() -> AsyncIterator[AIStreamEvent]:
        yield StreamTextDelta(text="Let me see.")
        yield StreamToolCall(call=AIToolCall(id="c", name="work"))
        if ends:
            yield StreamDone(response=AIResponse(content="Let me see."))

    async def answer() -> AsyncIterator[AIStreamEvent]:
        yield StreamTextDelta(text="It works.")

    provider = Scripted(call, answer)
    inbox = await ask_room(kit, provider, tools=[WORK], tool_handler=work)
    await say(kit, "web")
    assert inbox.texts == ["Let me see.\n\nIt works."]
    assert [one.content for one in results_in(provider.calls[1].messages)] == ["done"]


async def test_what_is_shown_is_what_is_stored(kit: RoomKit) -> None:
    """Models begin with blank lines before they call a tool, and tidy up what they return."""

    async def call() -> AsyncIterator[AIStreamEvent]:
        yield StreamTextDelta(text="\n\n")
        yield StreamDone(response=calling("work"))

    async def answer() -> AsyncIterator[AIStreamEvent]:
        for piece in ("\n", " ", "It", " works. "):
            yield StreamTextDelta(text=piece)
        yield StreamDone(response=AIResponse(content="It works."))

    inbox = await ask_room(kit, Scripted(call, answer), tools=[WORK], tool_handler=work)
    seen = watch(kit)
    await say(kit, "web")
    assert inbox.texts == [shown(seen)] == ["\n It works. "]


@pytest.mark.parametrize("returned", [None, "Hello", {"content": "Hello"}])
async def test_what_is_no_answer_is_named(kit: RoomKit, returned: Any) -> None:
    class Junk(MockAIProvider):
        async def generate(self, context: AIContext) -> AIResponse:
            response: AIResponse = returned
            return response

    inbox = await ask_room(kit, Junk())
    result = await say(kit, "web")
    assert (result.error, inbox.events) == ("ai: TypeError", [])


async def test_a_model_that_only_calls_says_why_there_is_no_answer(
    kit: RoomKit, streaming: bool
) -> None:
    provider = MockAIProvider([calling("work")], streaming=streaming)
    await ask_room(kit, provider, tools=[WORK], tool_handler=work, max_tool_rounds=2)
    codes: list[object] = []

    @kit.hook(HookTrigger.ON_ERROR)
    def note(event: RoomEvent, _context: RoomContext) -> None:
        codes.append(event.data.get("error"))

    result = await say(kit, "web")
    assert (result.error, result.response_events) == ("ai: ProviderError", [])
    assert len(codes) == 1
    assert "max_tool_rounds" in str(codes[0])


async def test_no_rounds_means_no_tools(kit: RoomKit, streaming: bool) -> None:
    ran: list[str] = []

    async def note(name: str, _arguments: dict[str, Any]) -> str:
        ran.append(name)
        return "done"

    provider = MockAIProvider([calling("work", text="I would have to look.")], streaming=streaming)
    await ask_room(kit, provider, tools=[WORK], tool_handler=note, max_tool_rounds=0)
    (answer,) = (await say(kit, "web")).response_events
    assert (ran, len(provider.calls)) == ([], 1)
    assert answer.metadata["end_reason"] == "max_tool_rounds"


async def test_a_refusal_in_between_is_not_the_end(kit: RoomKit, streaming: bool) -> None:
    declined = calling("work", text="I should not.", finish_reason="refusal")
    provider = MockAIProvider([declined, "Here it is."], streaming=streaming)
    await ask_room(kit, provider, tools=[WORK], tool_handler=work)
    (answer,) = (await say(kit, "web")).response_events
    assert answer.metadata["end_reason"] == "completed"


async def test_cancellation_by_the_model_itself_is_a_failure(
    kit: RoomKit, streaming: bool
) -> None:
    class Confused(MockAIProvider):
        async def generate(self, context: AIContext) -> AIResponse:
            raise asyncio.CancelledError

        async def generate_stream(self, context: AIContext) -> AsyncIterator[AIStreamEvent]:
            yield StreamTextDelta(text="So far ")
            await asyncio.sleep(0)
            raise asyncio.CancelledError

    inbox = await ask_room(kit, Confused(streaming=streaming))
    result = await say(kit, "web")
    assert result.error == "ai: StrayCancellationError"
    assert inbox.texts == (["So far "] if streaming else [])


async def test_a_slow_reader_does_not_use_up_the_models_time(
    kit: RoomKit, clock: VirtualClock
) -> None:
    """As when an answer is spoken while it is written."""
    provider = MockAIProvider(["one two three"], streaming=True, delay=10, clock=clock)
    await ask_room(kit, provider, generation_timeout=60)
    ai = kit.get_channel("ai")
    assert isinstance(ai, AIChannel)
    asked = event_of(await kit_says_nothing(kit))
    binding = await kit.get_binding("r", "ai")
    output = await ai.on_event(asked, binding, RoomContext(room=await kit.get_room("r")))
    assert output.response_stream is not None
    pieces = []
    async with clock.auto():
        async for piece in output.response_stream:
            await clock.sleep(100)
            pieces.append(piece)
    assert pieces[:3] == ["one ", "two ", "three"]


async def kit_says_nothing(kit: RoomKit) -> Any:
    await kit.mute("r", "ai")
    await kit.set_access("r", "ai", Access.NONE)
    return await say(kit, "web", "Hello")


@pytest.mark.parametrize("junk", [None, "Hello.", {"text": "Hello."}])
async def test_what_is_no_event_of_a_stream(kit: RoomKit, junk: Any) -> None:
    """It is not left out without a word: what came before it is kept as what it is, a part."""

    async def confused() -> AsyncIterator[AIStreamEvent]:
        yield StreamTextDelta(text="Well")
        yield junk

    await ask_room(kit, Scripted(confused))
    result = await say(kit, "web")
    assert result.error == "ai: TypeError"
    (answer,) = result.response_events
    assert answer.content == TextContent(body="Well")
    assert answer.metadata["partial"]
