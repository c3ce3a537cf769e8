"""`MockAIProvider` plays a model from a script."""

from __future__ import annotations

import asyncio

import pytest

from roomkit.errors import ProviderError
from roomkit.providers.ai.base import (
    AIContext,
    AIMessage,
    AIProvider,
    AIResponse,
    AIStreamEvent,
    AIToolCall,
    StreamDone,
    StreamTextDelta,
    StreamThinkingDelta,
    StreamToolCall,
)
from roomkit.providers.ai.mock import MockAIProvider
from roomkit.testing import VirtualClock

ASKED = AIContext(messages=[AIMessage(role="user", content="Hello?")])
CALL = AIToolCall(id="1", name="get_weather", arguments={"city": "Paris"})
FULL = AIResponse(content="Let me  look.\n", thinking="Hm.", tool_calls=[CALL])


async def streamed(provider: AIProvider) -> list[AIStreamEvent]:
    return [event async for event in provider.generate_stream(ASKED)]


async def test_answers_come_in_order_and_over_and_over() -> None:
    provider = MockAIProvider(["one", AIResponse(content="two")])
    contents = [(await provider.generate(ASKED)).content for _ in range(5)]
    assert contents == ["one", "two", "one", "two", "one"]


async def test_without_a_script_there_is_nothing_to_say() -> None:
    assert await MockAIProvider().generate(ASKED) == AIResponse(content="")
    assert await MockAIProvider([]).generate(ASKED) == AIResponse(content="")


async def test_it_remembers_what_it_was_asked() -> None:
    provider = MockAIProvider(["ok"])
    await provider.generate(ASKED)
    await streamed(provider)
    assert provider.calls == [ASKED, ASKED]


async def test_it_fails_as_scripted_and_goes_on() -> None:
    provider = MockAIProvider([ProviderError("no", code="refused"), "yes"])
    with pytest.raises(ProviderError, match="no"):
        await provider.generate(ASKED)
    assert (await provider.generate(ASKED)).content == "yes"
    with pytest.raises(ProviderError):
        await streamed(provider)
    assert len(provider.calls) == 3


@pytest.mark.parametrize("streaming", [False, True])
@pytest.mark.parametrize("vision", [False, True])
def test_it_can_what_it_is_told(streaming: bool, vision: bool) -> None:
    provider = MockAIProvider(streaming=streaming, vision=vision)
    assert provider.supports_streaming is streaming
    assert provider.supports_structured_streaming is streaming
    assert provider.supports_vision is vision
    assert provider.model_name == "mock"


async def test_words_are_streamed_one_by_one_after_reasoning_and_before_the_end() -> None:
    assert await streamed(MockAIProvider([FULL], streaming=True)) == [
        StreamThinkingDelta(text="Hm."),
        StreamTextDelta(text="Let "),
        StreamTextDelta(text="me  "),
        StreamTextDelta(text="look.\n"),
        StreamToolCall(call=CALL),
        StreamDone(response=FULL),
    ]


@pytest.mark.parametrize("text", ["", " ", "one", "  two  words\n", "\tα β"])
async def test_the_pieces_are_the_whole(text: str) -> None:
    events = await streamed(MockAIProvider([text], streaming=True))
    assert "".join(one.text for one in events if isinstance(one, StreamTextDelta)) == text
    assert events[-1] == StreamDone(response=AIResponse(content=text))


async def test_a_provider_that_cannot_stream_gives_all_at_once() -> None:
    class Plain(AIProvider):
        model_name = "plain"

        async def generate(self, context: AIContext) -> AIResponse:
            return FULL

    provider = Plain()
    assert not provider.supports_streaming
    assert not provider.supports_structured_streaming
    assert not provider.supports_vision
    assert await streamed(provider) == [
        StreamThinkingDelta(text="Hm."),
        StreamTextDelta(text=FULL.content),
        StreamToolCall(call=CALL),
        StreamDone(response=FULL),
    ]
    await provider.close()


async def test_it_takes_its_time() -> None:
    clock = VirtualClock()
    provider = MockAIProvider(["one two"], delay=2, clock=clock)
    answering = asyncio.create_task(provider.generate(ASKED))
    await clock.advance(1.9)
    assert not answering.done()
    await clock.advance(0.2)
    assert (await answering).content == "one two"
    async with clock.auto():
        await streamed(provider)
    assert clock.monotonic() == pytest.approx(2.1 + 4)


async def test_it_can_be_closed() -> None:
    provider = MockAIProvider()
    await provider.close()
    assert provider.closed
