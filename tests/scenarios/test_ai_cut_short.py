"""Turns of an AI that are cut short: what was shown and noted by then is kept, with its price."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from roomkit import HookTrigger, InboundResult, Observation, RoomEvent, RoomKit, Task
from roomkit.channels.streaming import StreamEnd
from roomkit.errors import ProviderError
from roomkit.models.content import TextContent
from roomkit.models.context import RoomContext
from roomkit.providers.ai.base import (
    AIContext,
    AIProvider,
    AIResponse,
    AIStreamEvent,
    StreamDone,
    StreamTextDelta,
)
from roomkit.providers.ai.mock import MockAIProvider
from roomkit.testing import VirtualClock
from tests.helpers import say
from tests.scenarios.ai_stories import WORK, calling, results_in, watch, work
from tests.unit.channels.stories import ask_room

GONE = ProviderError("gone", code="connection_lost")


FIRST = calling(
    "work",
    text="One moment.",
    usage={"input_tokens": 7, "output_tokens": 3},
    tasks=[Task(room_id="r", title="Call back")],
    observations=[
        Observation(room_id="r", channel_id="ai", category="mood", content="in a hurry")
    ],
)


class Wordy(AIProvider):
    """Calls a tool, and in the middle of what it says after that it falls silent, or dies."""

    def __init__(
        self, clock: VirtualClock, *, streaming: bool, error: Exception | None = None
    ) -> None:
        self._clock = clock
        self._streaming = streaming
        self._error = error
        self.calls: list[AIContext] = []

    @property
    def model_name(self) -> str:
        return "wordy"

    @property
    def supports_streaming(self) -> bool:
        return self._streaming

    async def generate(self, context: AIContext) -> AIResponse:
        self.calls.append(context)
        if len(self.calls) > 1:
            await self._fail()
        return FIRST

    async def generate_stream(self, context: AIContext) -> AsyncIterator[AIStreamEvent]:
        self.calls.append(context)
        if len(self.calls) > 1:
            yield StreamTextDelta(text="It is ")
            await self._fail()
        yield StreamTextDelta(text=FIRST.content)
        yield StreamDone(response=FIRST)

    async def _fail(self) -> None:
        if self._error is not None:
            raise self._error
        await self._clock.sleep(3600)


@pytest.fixture(params=[False, True], ids=["whole", "streamed"])
def streaming(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


def failures_of(kit: RoomKit) -> list[str]:
    """The codes of what ON_ERROR hooks are told."""
    told: list[str] = []

    @kit.hook(HookTrigger.ON_ERROR)
    def note(event: RoomEvent, _context: RoomContext) -> None:
        told.append(event.source.channel_id)

    return told


async def asked(
    kit: RoomKit, clock: VirtualClock, provider: Wordy, **limits: Any
) -> InboundResult:
    await ask_room(kit, provider, tools=[WORK], tool_handler=work, **limits)
    async with clock.auto():
        return await say(kit, "web", "Do it.")


async def test_a_deadline_in_the_middle_is_named(
    kit: RoomKit, clock: VirtualClock, streaming: bool
) -> None:
    provider = Wordy(clock, streaming=streaming)
    result = await asked(kit, clock, provider, turn_timeout=60)
    (answer,) = result.response_events
    said = "One moment.\n\nIt is " if streaming else "One moment."
    assert answer.content == TextContent(body=said)
    assert answer.metadata == {
        "end_reason": "deadline",
        "partial": True,
        "usage": {"input_tokens": 7, "output_tokens": 3},
    }
    assert result.error == "ai: DeadlineExceededError"


@pytest.mark.parametrize("how", ["dies", "hangs"])
async def test_what_earlier_rounds_noted_and_cost_is_kept(
    kit: RoomKit, clock: VirtualClock, streaming: bool, how: str
) -> None:
    told = failures_of(kit)
    provider = Wordy(clock, streaming=streaming, error=GONE if how == "dies" else None)
    result = await asked(kit, clock, provider, generation_timeout=5)
    assert [task.title for task in await kit.list_tasks("r")] == ["Call back"]
    noted = await kit.store.list_observations("r")
    assert "in a hurry" in [one.content for one in noted]
    assert result.error in ("ai: ProviderError", "ai: DeadlineExceededError")
    assert told == ["ai"]
    if streaming:
        (answer,) = result.response_events
        assert answer.metadata["end_reason"] == "error"
        assert answer.metadata["usage"] == {"input_tokens": 7, "output_tokens": 3}
    else:
        assert result.response_events == []


async def test_those_who_watch_are_told_the_same(kit: RoomKit, clock: VirtualClock) -> None:
    provider = Wordy(clock, streaming=True)
    await ask_room(kit, provider, tools=[WORK], tool_handler=work, turn_timeout=60)
    seen = watch(kit)
    async with clock.auto():
        await say(kit, "web", "Do it.")
    (end,) = [message for message in seen if isinstance(message, StreamEnd)]
    assert end.reason == "deadline"
    assert end.event is not None
    assert end.event.metadata["partial"]


async def test_the_next_turn_knows_what_was_done(
    kit: RoomKit, clock: VirtualClock, streaming: bool
) -> None:
    """The half answer does not tell of the tools: the model is shown them, and only once."""
    provider = Wordy(clock, streaming=streaming)
    await asked(kit, clock, provider, turn_timeout=60)
    async with clock.auto():
        await say(kit, "web", "Well?")
    assert len(results_in(provider.calls[2].messages)) == 1


async def test_an_answer_that_is_none_keeps_its_notes(kit: RoomKit, streaming: bool) -> None:
    silent = AIResponse(content="", finish_reason="length")
    provider = MockAIProvider([FIRST.evolve(content=""), silent], streaming=streaming)
    await ask_room(kit, provider, tools=[WORK], tool_handler=work)
    result = await say(kit, "web", "Do it.")
    assert (result.error, result.response_events) == ("ai: ProviderError", [])
    assert [task.title for task in await kit.list_tasks("r")] == ["Call back"]


async def test_a_cancelled_turn_is_no_failure(kit: RoomKit, clock: VirtualClock) -> None:
    told = failures_of(kit)
    provider = Wordy(clock, streaming=True)
    await ask_room(kit, provider, tools=[WORK], tool_handler=work)
    saying = asyncio.create_task(say(kit, "web", "Do it."))
    await clock.advance(1)
    await kit.close()
    await asyncio.gather(saying, return_exceptions=True)
    assert told == []
