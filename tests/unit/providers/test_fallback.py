"""`FallbackAIProvider` lets the next model step in where one fails."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing

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
from roomkit.providers.ai.fallback import FallbackAIProvider
from roomkit.providers.ai.mock import MockAIProvider
from roomkit.providers.ai.streams import closable
from roomkit.testing import VirtualClock

ASKED = AIContext(messages=[AIMessage(role="user", content="my secret question")])
type Ask = Callable[[AIProvider], Awaitable[str]]


def failure(code: str = "overloaded", *, retry_after: float | None = None) -> ProviderError:
    passing = code in ("overloaded", "timeout", "rate_limited", "connection_lost")
    return ProviderError("no", code=code, retryable=passing, retry_after=retry_after)


class Broken(MockAIProvider):
    """Always fails, each time with a new error, a stream after some pieces."""

    def __init__(
        self,
        code: str = "overloaded",
        *,
        retry_after: float | None = None,
        pieces: tuple[AIStreamEvent, ...] = (),
    ) -> None:
        super().__init__(streaming=True)
        self.code = code
        self.retry_after = retry_after
        self.pieces = pieces
        self.was_left = False

    async def generate(self, context: AIContext) -> AIResponse:
        self.calls.append(context)
        raise failure(self.code, retry_after=self.retry_after)

    async def generate_stream(self, context: AIContext) -> AsyncIterator[AIStreamEvent]:
        self.calls.append(context)
        try:
            for piece in self.pieces:
                yield piece
        except GeneratorExit:
            self.was_left = True
            raise
        raise failure(self.code, retry_after=self.retry_after)


class Named(MockAIProvider):
    def __init__(self, name: str, answer: str | Exception = "") -> None:
        super().__init__([answer])
        self.name = name

    @property
    def model_name(self) -> str:
        return self.name


async def whole(provider: AIProvider) -> str:
    return (await provider.generate(ASKED)).content


async def streamed(provider: AIProvider) -> str:
    events = [event async for event in provider.generate_stream(ASKED)]
    assert isinstance(events[-1], StreamDone)
    return "".join(event.text for event in events if isinstance(event, StreamTextDelta))


@pytest.fixture(params=[whole, streamed])
def ask(request: pytest.FixtureRequest) -> Ask:
    asking: Ask = request.param
    return asking


async def test_the_first_answers_as_long_as_it_can(ask: Ask) -> None:
    first, second = MockAIProvider(["one"]), MockAIProvider(["two"])
    assert await ask(FallbackAIProvider([first, second])) == "one"
    assert second.calls == []


async def test_the_next_one_steps_in(ask: Ask) -> None:
    first, second, third = Broken(), Broken("timeout"), MockAIProvider(["three"])
    assert await ask(FallbackAIProvider([first, second, third])) == "three"
    assert [len(one.calls) for one in (first, second, third)] == [1, 1, 1]
    assert third.calls == [ASKED]


async def test_a_wrong_request_is_wrong_everywhere(ask: Ask) -> None:
    first, second = Broken("rejected"), MockAIProvider(["two"])
    with pytest.raises(ProviderError) as caught:
        await ask(FallbackAIProvider([first, second]))
    assert caught.value.code == "rejected"
    assert second.calls == []


async def test_a_bug_is_not_hidden(ask: Ask) -> None:
    first, second = MockAIProvider([ZeroDivisionError("bug")]), MockAIProvider(["two"])
    with pytest.raises(ZeroDivisionError):
        await ask(FallbackAIProvider([first, second]))
    assert second.calls == []


async def test_the_caller_may_name_other_failures(ask: Ask) -> None:
    def too_long(error: Exception) -> bool:
        return isinstance(error, ProviderError) and error.code == "context_too_long"

    short, long = Broken("context_too_long"), MockAIProvider(["long"])
    provider = FallbackAIProvider([short, long], falls_back=too_long)
    assert await ask(provider) == "long"
    # It was the request's fault: the next request goes to the first model again.
    assert await ask(provider) == "long"
    assert len(short.calls) == 2


async def test_all_have_failed(ask: Ask, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    members = [
        Named("gpt", failure("timeout")),
        Named("claude", failure()),
        Named("llama", failure("rate_limited")),
    ]
    with pytest.raises(ProviderError) as caught:
        await ask(FallbackAIProvider(members))
    assert caught.value.code == "rate_limited"
    assert caught.value.__notes__ == [
        "before that, gpt failed: timeout",
        "before that, claude failed: overloaded",
    ]
    assert "model claude failed: overloaded" in caplog.text
    assert "secret" not in caplog.text


async def test_another_exceptions_text_stays_out_of_the_notes(ask: Ask) -> None:
    members = [MockAIProvider([OSError("secret")]), MockAIProvider([failure()])]
    with pytest.raises(ProviderError) as caught:
        await ask(FallbackAIProvider(members, falls_back=lambda _: True))
    assert caught.value.__notes__ == ["before that, mock failed: OSError"]


async def test_a_model_that_failed_rests(ask: Ask) -> None:
    clock = VirtualClock()
    first, second = Broken(), MockAIProvider(["two"])
    provider = FallbackAIProvider([first, second], cooldown=30, clock=clock)
    for _ in range(3):
        assert await ask(provider) == "two"
    assert len(first.calls) == 1
    await clock.advance(29)
    await ask(provider)
    assert len(first.calls) == 1
    await clock.advance(1)
    await ask(provider)
    assert len(first.calls) == 2


async def test_a_vendor_may_ask_for_a_longer_rest(ask: Ask) -> None:
    clock = VirtualClock()
    first, second = Broken("rate_limited", retry_after=90), MockAIProvider(["two"])
    provider = FallbackAIProvider([first, second], cooldown=30, clock=clock)
    await ask(provider)
    await clock.advance(89)
    await ask(provider)
    assert len(first.calls) == 1
    await clock.advance(1)
    await ask(provider)
    assert len(first.calls) == 2


async def test_if_all_rest_all_are_asked(ask: Ask) -> None:
    first, second = Broken(), MockAIProvider([failure(), "two"])
    provider = FallbackAIProvider([first, second], clock=VirtualClock())
    with pytest.raises(ProviderError):
        await ask(provider)
    assert await ask(provider) == "two"
    assert len(first.calls) == 2


@pytest.mark.parametrize(
    "piece",
    [
        StreamTextDelta(text="He"),
        StreamThinkingDelta(text="Hm"),
        StreamToolCall(call=AIToolCall(id="1", name="book")),
    ],
    ids=lambda piece: piece.type,
)
async def test_what_was_begun_is_not_begun_again(piece: AIStreamEvent) -> None:
    clock = VirtualClock()
    first, second = Broken("connection_lost", pieces=(piece,)), MockAIProvider(["two"])
    provider = FallbackAIProvider([first, second], clock=clock)
    heard = []
    with pytest.raises(ProviderError) as caught:
        async for event in provider.generate_stream(ASKED):
            heard.append(event)
    assert heard == [piece]
    assert caught.value.code == "connection_lost"
    assert second.calls == []
    # But the next request goes to the other one.
    assert await streamed(provider) == "two"


async def test_leaving_a_stream_leaves_the_models() -> None:
    first = Broken(pieces=(StreamTextDelta(text="He"), StreamTextDelta(text="llo")))
    provider = FallbackAIProvider([first, MockAIProvider(["two"])])
    async with aclosing(closable(provider.generate_stream(ASKED))) as events:
        async for _ in events:
            break
    assert first.was_left


async def test_it_can_do_what_all_can_do() -> None:
    able = MockAIProvider(streaming=True, vision=True)
    blind = MockAIProvider(streaming=True)
    slow = MockAIProvider(vision=True)
    provider = FallbackAIProvider([able, able])
    assert provider.supports_vision
    assert provider.supports_streaming
    assert provider.supports_structured_streaming
    assert not FallbackAIProvider([able, blind]).supports_vision
    assert not FallbackAIProvider([able, slow]).supports_streaming
    assert not FallbackAIProvider([able, slow]).supports_structured_streaming


async def test_it_has_the_name_of_the_first() -> None:
    assert FallbackAIProvider([Named("gpt"), Named("claude")]).model_name == "gpt"


async def test_close_closes_all() -> None:
    class Stuck(MockAIProvider):
        async def close(self) -> None:
            raise OSError("stuck")

    last = MockAIProvider()
    with pytest.raises(ExceptionGroup) as caught:
        await FallbackAIProvider([Stuck(), last]).close()
    assert [type(error) for error in caught.value.exceptions] == [OSError]
    assert last.closed


def test_somebody_has_to_answer() -> None:
    with pytest.raises(ValueError, match="at least one"):
        FallbackAIProvider([])
