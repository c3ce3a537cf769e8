"""`MockAIProvider`: answers from a script."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Sequence

from roomkit._clock import SYSTEM_CLOCK, Clock
from roomkit.providers.ai.base import (
    AIContext,
    AIProvider,
    AIResponse,
    AIStreamEvent,
    StreamDone,
    StreamTextDelta,
    StreamThinkingDelta,
    StreamToolCall,
)

_WORDS = re.compile(r"\S+\s*|\s+")


class MockAIProvider(AIProvider):
    """Gives its responses in order, over and over, and remembers what it was asked.

    Args:
        responses: texts, complete `AIResponse` objects, or exceptions to raise; none at all answer
            "".
        streaming: whether text comes word by word.
        vision: whether pictures are accepted.
        delay: how long to wait before an answer and between words, in seconds of `clock`.
        clock: where time comes from.

    Attributes:
        calls: the contexts of all generations so far, in order.
    """

    def __init__(
        self,
        responses: Sequence[str | AIResponse | Exception] = (),
        *,
        streaming: bool = False,
        vision: bool = False,
        delay: float = 0.0,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self._responses = list(responses)
        self._streaming = streaming
        self._vision = vision
        self._delay = delay
        self._clock = clock
        self.calls: list[AIContext] = []
        self.closed = False

    @property
    def model_name(self) -> str:
        return "mock"

    @property
    def supports_vision(self) -> bool:
        return self._vision

    @property
    def supports_streaming(self) -> bool:
        return self._streaming

    @property
    def supports_structured_streaming(self) -> bool:
        return self._streaming

    async def generate(self, context: AIContext) -> AIResponse:
        response = self._next(context)
        await self._wait()
        return response

    async def generate_stream(self, context: AIContext) -> AsyncIterator[AIStreamEvent]:
        response = self._next(context)
        if response.thinking:
            await self._wait()
            yield StreamThinkingDelta(text=response.thinking)
        for word in _WORDS.findall(response.content):
            await self._wait()
            yield StreamTextDelta(text=word)
        for call in response.tool_calls:
            yield StreamToolCall(call=call)
        yield StreamDone(response=response)

    async def close(self) -> None:
        self.closed = True

    def _next(self, context: AIContext) -> AIResponse:
        number = len(self.calls)
        self.calls.append(context)
        response: str | AIResponse | Exception = ""
        if self._responses:
            response = self._responses[number % len(self._responses)]
        if isinstance(response, Exception):
            raise response
        return response if isinstance(response, AIResponse) else AIResponse(content=response)

    async def _wait(self) -> None:
        if self._delay > 0:
            await self._clock.sleep(self._delay)
