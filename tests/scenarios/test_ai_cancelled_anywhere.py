"""A turn of an AI that is cancelled at whatever it waits for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import aclosing
from typing import Any

import pytest

from roomkit import AIChannel, RoomContext
from roomkit._clock import SYSTEM_CLOCK, Clock
from roomkit._tasks import TaskScope
from roomkit.channels.host import ToolVerdict
from roomkit.memory.base import MemoryResult
from roomkit.memory.sliding_window import SlidingWindowMemory
from roomkit.models.ai_event import ToolCallEvent
from roomkit.models.channel import ChannelBinding
from roomkit.models.delivery import InboundMessage, InboundResult
from roomkit.models.enums import EphemeralEventType, HookTrigger
from roomkit.models.event import RoomEvent
from roomkit.models.room import Room
from roomkit.providers.ai.base import (
    AIContext,
    AIMessage,
    AIProvider,
    AIResponse,
    AIStreamEvent,
    AIToolCall,
    AIToolResult,
    StreamDone,
    StreamTextDelta,
    StreamThinkingDelta,
)
from roomkit.realtime.base import EphemeralEvent
from roomkit.telemetry.base import TelemetryProvider
from roomkit.telemetry.noop import NoopTelemetryProvider
from tests.helpers import make_binding, make_event
from tests.scenarios.ai_stories import pair_problems, results_in

STEPS = 200
"""More than any turn here takes."""


class WaitingHost:
    """A kit in which everything has to be waited for, before it happens and after."""

    def __init__(self) -> None:
        self.signals: list[EphemeralEventType] = []
        self.scope = TaskScope("host")

    @property
    def clock(self) -> Clock:
        return SYSTEM_CLOCK

    @property
    def telemetry(self) -> TelemetryProvider:
        return NoopTelemetryProvider()

    def spawn(self, coro: Coroutine[Any, Any, Any], name: str) -> asyncio.Task[Any]:
        return self.scope.spawn(coro, name=name)

    async def process_inbound(
        self, message: InboundMessage, room_id: str | None = None
    ) -> InboundResult:
        raise NotImplementedError

    async def publish(self, room_id: str, event: EphemeralEvent) -> None:
        await asyncio.sleep(0)
        self.signals.append(event.type)
        await asyncio.sleep(0)

    async def observe(
        self, trigger: HookTrigger, payload: Any, room_id: str, *, only_async: bool = False
    ) -> None:
        await asyncio.sleep(0)

    def asks_about_tools(self, room_id: str) -> bool:
        return True

    async def admit_tool_call(self, call: ToolCallEvent, trigger: RoomEvent) -> ToolVerdict:
        await asyncio.sleep(0)
        return ToolVerdict(call=call)

    async def history(
        self, event: RoomEvent, binding: ChannelBinding, limit: int
    ) -> tuple[RoomEvent, ...]:
        await asyncio.sleep(0)
        return ()

    async def find_event(self, event_id: str) -> RoomEvent | None:
        await asyncio.sleep(0)
        return None

    async def report_error(
        self,
        room_id: str,
        channel_id: str,
        error: BaseException,
        *,
        event: RoomEvent | None = None,
    ) -> None:
        await asyncio.sleep(0)


class SlowMemory(SlidingWindowMemory):
    async def retrieve(
        self,
        room_id: str,
        current_event: RoomEvent,
        context: RoomContext,
        *,
        channel_id: str | None = None,
    ) -> MemoryResult:
        await asyncio.sleep(0)
        return await super().retrieve(room_id, current_event, context, channel_id=channel_id)


class Booker(AIProvider):
    """Thinks, talks, books two tables, thinks, books another, and says so."""

    model_name = "booker"

    def __init__(self, *, streaming: bool) -> None:
        self._streaming = streaming
        self.asked: list[AIContext] = []
        self.open_streams = 0

    @property
    def supports_streaming(self) -> bool:
        return self._streaming

    def _answer(self, context: AIContext) -> AIResponse:
        self.asked.append(context)
        done = len(bookings_in(context.messages))
        if done >= 3:
            return AIResponse(content="Done.", thinking="At last.")
        wanted = 2 if done == 0 else 1
        calls = [
            AIToolCall(id="same", name="book", arguments={"table": done + number})
            for number in range(wanted)
        ]
        return AIResponse(content="One moment.", thinking="Hm.", tool_calls=calls)

    async def generate(self, context: AIContext) -> AIResponse:
        await asyncio.sleep(0)
        return self._answer(context)

    async def generate_stream(self, context: AIContext) -> AsyncIterator[AIStreamEvent]:
        self.open_streams += 1
        try:
            await asyncio.sleep(0)
            response = self._answer(context)
            yield StreamThinkingDelta(text="Hm.")
            await asyncio.sleep(0)
            yield StreamTextDelta(text=response.content)
            await asyncio.sleep(0)
            yield StreamDone(response=response)
        finally:
            self.open_streams -= 1


class CannotHangUp(Booker):
    """Fails when whoever listens leaves in the middle."""

    async def generate_stream(self, context: AIContext) -> AsyncIterator[AIStreamEvent]:
        try:
            async for event in super().generate_stream(context):
                yield event
        except GeneratorExit:
            raise RuntimeError("closed already") from None


def bookings_in(messages: list[AIMessage]) -> list[AIToolResult]:
    """The tables that the model knows to be booked."""
    return [result for result in results_in(messages) if not result.is_error]


class Restaurant:
    """Takes bookings, which cannot be undone."""

    def __init__(self) -> None:
        self.booked: list[int] = []
        self.busy = 0

    async def __call__(self, _name: str, arguments: dict[str, Any]) -> str:
        self.busy += 1
        try:
            await asyncio.sleep(0)
            self.booked.append(arguments["table"])
        finally:
            self.busy -= 1
        return "booked"


class Story:
    """A channel, what is behind it, and one turn of it."""

    def __init__(self, provider: Booker) -> None:
        self.host = WaitingHost()
        self.provider = provider
        self.restaurant = Restaurant()
        tool = {"name": "book", "parameters": {"type": "object"}}
        self.channel = AIChannel(
            "ai",
            self.provider,
            tools=[tool],
            tool_handler=self.restaurant,
            memory=SlowMemory(),
        )
        self.channel.on_registered(self.host)
        self.context = RoomContext(room=Room(id="r"))

    async def turn(self) -> None:
        """What a kit does with an event."""
        binding = make_binding("r", "ai")
        output = await self.channel.on_event(make_event("r", "Book."), binding, self.context)
        if output.response_stream is not None:
            stream: Any = output.response_stream
            async with aclosing(stream) as pieces:
                async for _ in pieces:
                    pass

    async def cancelled_after(self, steps: int) -> bool:
        """Begin a turn and cancel it; False if it was done by then."""
        task = asyncio.create_task(self.turn())
        for _ in range(steps):
            await asyncio.sleep(0)
        if task.done():
            await task
            return False
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return True


@pytest.fixture(params=[False, True], ids=["whole", "streamed"])
def streaming(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


async def every_cancelled_turn(
    *, streaming: bool, kind: type[Booker] = Booker
) -> AsyncIterator[Story]:
    """One story for each moment in which a turn can be cancelled."""
    for steps in range(STEPS):
        story = Story(kind(streaming=streaming))
        if not await story.cancelled_after(steps):
            assert steps > 20, "the turn was meant to wait more often"
            return
        yield story
    raise AssertionError("the turn never came to its end")


def assert_ended(signals: list[EphemeralEventType]) -> None:
    """Everything that was said to begin was said to end."""
    pairs = (
        (EphemeralEventType.TOOL_CALL_START, EphemeralEventType.TOOL_CALL_END),
        (EphemeralEventType.THINKING_START, EphemeralEventType.THINKING_END),
    )
    for start, end in pairs:
        told = [kind for kind in signals if kind in (start, end)]
        assert told == [start, end] * (len(told) // 2), signals


async def test_what_was_begun_is_ended(streaming: bool) -> None:
    async for story in every_cancelled_turn(streaming=streaming):
        await story.host.scope.close()
        assert_ended(story.host.signals)


async def test_a_provider_that_cannot_hang_up_changes_nothing() -> None:
    """Least of all does it make a cancelled turn go on."""
    async for story in every_cancelled_turn(streaming=True, kind=CannotHangUp):
        await story.host.scope.close()
        assert_ended(story.host.signals)


async def test_nothing_goes_on_behind_it(streaming: bool) -> None:
    async for story in every_cancelled_turn(streaming=streaming):
        assert (story.provider.open_streams, story.restaurant.busy) == (0, 0)
        await story.host.scope.close()
        assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_nothing_is_done_twice(streaming: bool) -> None:
    async for story in every_cancelled_turn(streaming=streaming):
        before = list(story.restaurant.booked)
        await story.turn()
        asked = story.provider.asked[-1]
        assert len(bookings_in(asked.messages)) >= len(before), "a booking was forgotten"
        assert not pair_problems(asked)
