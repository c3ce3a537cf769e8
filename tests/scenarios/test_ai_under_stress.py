"""Agents with tools whose callers, vendors and kits go away at any moment."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from typing import Any

import pytest

from roomkit import AIChannel, RoomKit
from roomkit.channels.streaming import StreamChunk, StreamEnd, StreamMessage, StreamStart
from roomkit.channels.websocket import WebSocketChannel
from roomkit.errors import ProviderError
from roomkit.models.enums import EphemeralEventType, EventStatus
from roomkit.models.event import RoomEvent, TextContent
from roomkit.providers.ai.base import (
    AIContext,
    AIProvider,
    AIResponse,
    AIStreamEvent,
    AIToolCall,
    StreamDone,
    StreamTextDelta,
    StreamThinkingDelta,
)
from roomkit.realtime.base import EphemeralEvent
from tests.helpers import join_room, say
from tests.scenarios.ai_stories import pair_problems

TOOL = {"name": "work", "parameters": {"type": "object"}}


class Moody(AIProvider):
    """Thinks, talks and calls tools for a while, waiting here and there, and fails at times.

    It keeps in mind what was wrong with what it was asked.
    """

    supports_streaming = True
    supports_structured_streaming = True
    model_name = "moody"

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self.open_streams = 0
        self.problems: list[str] = []

    async def generate(self, context: AIContext) -> AIResponse:
        raise AssertionError("a streaming provider is asked to stream")

    async def generate_stream(self, context: AIContext) -> AsyncIterator[AIStreamEvent]:
        self.problems += pair_problems(context)
        self.open_streams += 1
        try:
            if self._random.random() < 0.3:
                yield StreamThinkingDelta(text="Hm.")
                await self._pause()
            words = [f"w{number} " for number in range(self._random.randrange(4))]
            for word in words:
                yield StreamTextDelta(text=word)
                await self._pause()
            if self._random.random() < 0.15:
                raise ProviderError("gone", code="connection_lost")
            wanted = self._random.randrange(3) if self._random.random() < 0.6 else 0
            calls = [AIToolCall(id="same", name="work") for _ in range(wanted)]
            yield StreamDone(response=AIResponse(content="".join(words), tool_calls=calls))
        finally:
            self.open_streams -= 1

    async def _pause(self) -> None:
        for _ in range(self._random.randrange(3)):
            await asyncio.sleep(0)


def check_streams(streams: dict[str, list[StreamMessage]], stored: dict[str, RoomEvent]) -> None:
    """Each has one start and one end, and what was shown is what was stored."""
    for messages in streams.values():
        assert isinstance(messages[0], StreamStart)
        assert [type(one) for one in messages[1:-1]] == [StreamChunk] * (len(messages) - 2)
        end = messages[-1]
        assert isinstance(end, StreamEnd)
        shown = "".join(one.delta for one in messages[1:-1] if isinstance(one, StreamChunk))
        if end.event is not None:
            kept = stored[end.event.id]
            assert kept.status is not EventStatus.BLOCKED
            assert kept.content == TextContent(body=shown)


def check_signals(signals: list[EphemeralEvent]) -> None:
    """Every start is followed by its end."""
    kinds = [event.type for event in signals]
    for start, finish in (
        (EphemeralEventType.TOOL_CALL_START, EphemeralEventType.TOOL_CALL_END),
        (EphemeralEventType.THINKING_START, EphemeralEventType.THINKING_END),
    ):
        pairs = [kind for kind in kinds if kind in (start, finish)]
        assert pairs == [start, finish] * (len(pairs) // 2)


@pytest.mark.parametrize("seed", range(25))
async def test_whatever_happens_ends_are_told_and_pairs_stay_together(
    kit: RoomKit, seed: int
) -> None:
    chance = random.Random(seed)
    provider = Moody(seed)

    async def work(_name: str, _arguments: dict[str, Any]) -> str:
        for _ in range(chance.randrange(4)):
            await asyncio.sleep(0)
        if chance.random() < 0.2:
            raise RuntimeError("broken")
        if chance.random() < 0.2:
            await kit.send_event("r", "desk", TextContent(body="from a tool"))
        return "done"

    await join_room(kit, "r", "web", "desk")
    kit.register_channel(
        AIChannel("ai", provider, tools=[TOOL], tool_handler=work, max_tool_rounds=3)
    )
    await kit.attach_channel("r", "ai")
    streams: dict[str, list[StreamMessage]] = {}
    signals: list[EphemeralEvent] = []
    await kit.subscribe_room("r", signals.append)

    async def receive(_connection_id: str, _event: RoomEvent) -> None: ...

    async def show(_connection_id: str, message: StreamMessage) -> None:
        streams.setdefault(message.stream_id, []).append(message)

    web = kit.get_channel("web")
    assert isinstance(web, WebSocketChannel)
    web.register_connection("watching", receive, show)

    callers = [asyncio.create_task(say(kit, "web", f"m{number}")) for number in range(4)]
    for caller in callers:
        for _ in range(chance.randrange(12)):
            await asyncio.sleep(0)
        if chance.random() < 0.5:
            caller.cancel()
    await asyncio.gather(*callers, return_exceptions=True)
    await say(kit, "web", "last")
    for _ in range(50):
        await asyncio.sleep(0)

    assert (provider.open_streams, provider.problems) == (0, [])
    stored = {event.id: event for event in await kit.get_timeline("r")}
    check_streams(streams, stored)
    check_signals(signals)


@pytest.mark.parametrize("seed", range(15))
async def test_a_kit_that_closes_leaves_no_model_and_no_tool_running(seed: int) -> None:
    chance = random.Random(seed)
    provider = Moody(seed)
    running = 0

    async def work(_name: str, _arguments: dict[str, Any]) -> str:
        nonlocal running
        running += 1
        try:
            await asyncio.sleep(0 if chance.random() < 0.5 else 3600)
        finally:
            running -= 1
        return "done"

    kit = RoomKit()
    await join_room(kit, "r", "web")
    kit.register_channel(AIChannel("ai", provider, tools=[TOOL], tool_handler=work))
    await kit.attach_channel("r", "ai")
    callers = [asyncio.create_task(say(kit, "web", f"m{number}")) for number in range(3)]
    for _ in range(chance.randrange(40)):
        await asyncio.sleep(0)
    await kit.close()
    await asyncio.gather(*callers, return_exceptions=True)
    assert (running, provider.open_streams) == (0, 0)
