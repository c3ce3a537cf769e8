"""One generation of a model that streams."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, AsyncIterator, Coroutine
from types import AsyncGeneratorType
from typing import Any

from roomkit._clock import Clock
from roomkit._tasks import as_coroutine, finish_within, first_step
from roomkit.channels._ai.thoughts import Thoughts
from roomkit.providers.ai.base import (
    AIContext,
    AIProvider,
    AIResponse,
    AIStreamEvent,
    AIToolCall,
    StreamDone,
    StreamTextDelta,
    StreamThinkingDelta,
    StreamToolCall,
)

logger = logging.getLogger("roomkit.ai")

_END = object()


class Generation:
    """Reads the stream of a provider.

    Only the time that the provider takes counts, not what whoever reads the pieces does between
    them.

    Args:
        seconds: how long the provider may take; None for no limit.
        thoughts: gets the reasoning.
        number: which generation of the turn this is.
        lead: stands before the first words, if there are any.

    Attributes:
        begun: whether there is an answer that cannot be taken back.
        shown: the pieces so far.
    """

    def __init__(
        self,
        provider: AIProvider,
        request: AIContext,
        clock: Clock,
        seconds: float | None,
        thoughts: Thoughts,
        number: int,
        lead: str,
    ) -> None:
        self.begun = False
        self.shown: list[str] = []
        self._events = provider.generate_stream(request)
        self._clock = clock
        self._left = seconds
        self._thoughts = thoughts
        self._number = number
        self._held = lead
        self._calls: list[AIToolCall] = []
        self._response: AIResponse | None = None

    async def pieces(self) -> AsyncGenerator[str]:
        """The text as it comes. White space waits until there are words behind it, if nothing was
        shown before."""
        shown, thoughts = self.shown, self._thoughts
        try:
            while (event := await self._next()) is not _END:
                if isinstance(event, StreamThinkingDelta):
                    await thoughts.add(event.text, self._number)
                    continue
                if thoughts.going_on:
                    await thoughts.end(self._number)
                self.begun = True
                text = event.text if isinstance(event, StreamTextDelta) else self._take(event)
                if text and not shown:
                    self._held += text
                    text = "" if self._held.isspace() else self._held
                if text:
                    shown.append(text)
                    yield text
                if self._response is not None:
                    break
        finally:
            try:
                await thoughts.end(self._number)
            finally:
                await _close(self._events)

    @property
    def response(self) -> AIResponse | None:
        """What it has come to; None if the provider has said nothing but the text."""
        response, calls = self._response, self._calls
        if not calls or (response is not None and response.tool_calls):
            return response
        if response is None:
            return AIResponse(content="".join(self.shown), tool_calls=calls)
        parts = [*response.parts, *calls] if response.parts else []
        return response.evolve(tool_calls=calls, parts=parts)

    def _take(self, event: object) -> str:
        """Note what is no text; the text of a whole answer of which no piece came before."""
        if isinstance(event, StreamToolCall):
            self._calls.append(event.call)
        elif isinstance(event, StreamDone):
            self._response = checked(event.response)
            return "" if self.shown else self._response.content
        else:
            raise TypeError(f"the provider's stream yielded {type(event).__name__}")
        return ""

    async def _next(self) -> Any:
        """What comes next; `_END` at the end."""
        try:
            step = _next_of(self._events)
            done, value = first_step(step)
            return value if done else await self._wait(step, value)
        except StopAsyncIteration:
            return _END

    async def _wait(self, step: Coroutine[Any, Any, Any], waits_for: Any) -> Any:
        clock, left = self._clock, self._left
        before = clock.monotonic()
        event = await finish_within(clock, left, step, waits_for)
        if left is not None:
            self._left = max(left - (clock.monotonic() - before), 0.0)
        return event


def checked(response: object) -> AIResponse:
    """What a provider has returned, if it is what providers return."""
    if not isinstance(response, AIResponse):
        raise TypeError(f"the provider answered with {type(response).__name__}, not AIResponse")
    return response


def _next_of(events: AsyncIterator[AIStreamEvent]) -> Coroutine[Any, Any, Any]:
    step: Any = anext(events)
    # What an asynchronous generator returns can be stepped; other iterators may return anything.
    return step if type(events) is AsyncGeneratorType else as_coroutine(step)


async def _close(events: AsyncIterator[Any]) -> None:
    closer = getattr(events, "aclose", None)
    if closer is None:
        return
    try:
        await closer()
    except Exception as error:  # would hide that the turn was cancelled
        logger.warning("closing a model's stream failed: %s", type(error).__name__)
