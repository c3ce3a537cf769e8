"""Asking a provider, and what comes of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Self

from roomkit._clock import Clock
from roomkit.providers.ai.base import AIContext, AIMessage, AIProvider, AIResponse, StreamDone
from roomkit.testing.clock import VirtualClock
from roomkit.testing.wire import Reply, ScriptedServer


def question(**values: Any) -> AIContext:
    return AIContext(messages=[AIMessage(role="user", content="What time is it?")], **values)


async def answer_of(provider: AIProvider, context: AIContext, *, streamed: bool) -> AIResponse:
    """The whole answer, however it comes."""
    if not streamed:
        return await provider.generate(context)
    events = [event async for event in provider.generate_stream(context)]
    assert isinstance(events[-1], StreamDone)
    return events[-1].response


class Asking:
    """A provider that is closed at the end, over a server that plays its vendor."""

    end: tuple[str, ...] = ()
    """What follows the chunks of a stream."""

    def __init__(
        self, server: ScriptedServer, *, clock: Clock | None = None, **settings: Any
    ) -> None:
        values = {"base_url": server.url, "max_retries": 0, **settings}
        self.server = server
        self.provider = self.make(values, clock or VirtualClock())

    def make(self, settings: dict[str, Any], clock: Clock) -> AIProvider:
        raise NotImplementedError

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.provider.close()

    async def body(self, *messages: AIMessage, **values: Any) -> dict[str, Any]:
        """What is sent."""
        await self.provider.generate(AIContext(messages=[*messages], **values))
        body: dict[str, Any] = self.server.requests[-1].json()
        return body

    async def whole(self, answer: dict[str, Any], **values: Any) -> AIResponse:
        """What becomes of an answer that comes at once."""
        self.server.reply(json=answer)
        return await self.provider.generate(question(**values))

    async def streamed(self, chunks: Iterable[dict[str, Any]], **values: Any) -> AIResponse:
        """What becomes of one that comes in pieces."""
        self.server.reply(Reply.of_events([*chunks, *self.end]))
        return await answer_of(self.provider, question(**values), streamed=True)
