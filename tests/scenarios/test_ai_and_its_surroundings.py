"""An AI between a backend that hangs, models that stand in for each other, and telemetry."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from roomkit import AIChannel, HookTrigger, RealtimeBackend, RoomKit, compose_tool_handlers
from roomkit.channels.streaming import StreamEnd
from roomkit.errors import ProviderError
from roomkit.models.ai_event import AIThinkingEvent
from roomkit.models.context import RoomContext
from roomkit.providers.ai.base import (
    AIContext,
    AIResponse,
    AIStreamEvent,
    AIToolCall,
    StreamTextDelta,
)
from roomkit.providers.ai.fallback import FallbackAIProvider
from roomkit.providers.ai.mock import MockAIProvider
from roomkit.realtime.base import EphemeralCallback, EphemeralEvent
from roomkit.telemetry import MockTelemetryProvider, SpanKind
from roomkit.telemetry.base import SpanStatus
from roomkit.testing import VirtualClock
from tests.helpers import join_room, say
from tests.scenarios.ai_stories import WORK, calling, shown, watch, work
from tests.unit.channels.stories import ask_room


@pytest.fixture(params=[False, True], ids=["whole", "streamed"])
def streaming(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


class DeadBackend(RealtimeBackend):
    """Waits for ever, or fails."""

    def __init__(self, clock: VirtualClock, *, fails: bool) -> None:
        self._clock = clock
        self._fails = fails

    async def publish(self, channel: str, event: EphemeralEvent) -> None:
        if self._fails:
            raise OSError("no route")
        await self._clock.sleep(3600)

    async def subscribe(self, channel: str, callback: EphemeralCallback) -> str:
        return "none"

    async def unsubscribe(self, subscription_id: str) -> bool:
        return False

    async def close(self) -> None: ...


@pytest.mark.parametrize("fails", [False, True])
async def test_indicators_that_cannot_be_shown_do_not_cost_the_answer(
    clock: VirtualClock, streaming: bool, fails: bool
) -> None:
    provider = MockAIProvider(
        [calling("work", thinking="Hm."), AIResponse(content="Done.", thinking="Ah.")],
        streaming=streaming,
    )
    async with RoomKit(clock=clock, realtime=DeadBackend(clock, fails=fails)) as kit:
        inbox = await ask_room(
            kit, provider, tools=[WORK], tool_handler=work, generation_timeout=60
        )
        async with clock.auto():
            await say(kit, "web")
        assert inbox.texts == ["Done."]


async def test_the_next_model_steps_in(kit: RoomKit, streaming: bool) -> None:
    busy = ProviderError("busy", code="overloaded", retryable=True)
    first = MockAIProvider([busy], streaming=streaming)
    second = MockAIProvider([calling("work", text="Let me see."), "Done."], streaming=streaming)
    inbox = await ask_room(
        kit, FallbackAIProvider([first, second]), tools=[WORK], tool_handler=work
    )
    seen = watch(kit)
    result = await say(kit, "web")
    assert result.error is None
    expected = "Let me see.\n\nDone." if streaming else "Done."
    assert inbox.texts == [expected]
    if streaming:
        assert shown(seen) == expected
    assert (len(first.calls), len(second.calls)) == (1, 2)


async def test_no_model_begins_again_what_another_has_begun(kit: RoomKit) -> None:
    class Dying(MockAIProvider):
        async def generate_stream(self, context: AIContext) -> AsyncIterator[AIStreamEvent]:
            yield StreamTextDelta(text="Hello")
            raise ProviderError("gone", code="connection_lost", retryable=True)

    second = MockAIProvider(["Hello"], streaming=True)
    inbox = await ask_room(kit, FallbackAIProvider([Dying(streaming=True), second]))
    seen = watch(kit)
    result = await say(kit, "web")
    assert (shown(seen), inbox.texts, second.calls) == ("Hello", ["Hello"], [])
    assert result.error == "ai: ProviderError"
    (answer,) = result.response_events
    assert answer.metadata["partial"] is True


async def test_one_model_for_two_channels_is_closed_without_harm(streaming: bool) -> None:
    provider = MockAIProvider(["ok"], streaming=streaming)
    kit = RoomKit()
    await join_room(kit, "r", "web")
    for channel_id in ("ai", "ai-2"):
        kit.register_channel(AIChannel(channel_id, provider))
    await kit.attach_channel("r", "ai")
    await say(kit, "web")
    await kit.close()
    assert provider.closed


async def test_generations_and_tools_are_measured(clock: VirtualClock, streaming: bool) -> None:
    telemetry = MockTelemetryProvider()
    usage = {"input_tokens": 10, "output_tokens": 3}
    provider = MockAIProvider(
        [calling("work", usage=usage), AIResponse(content="Done.", usage=usage)],
        streaming=streaming,
    )
    async with RoomKit(clock=clock, telemetry=telemetry) as kit:
        await ask_room(kit, provider, tools=[WORK], tool_handler=work)
        await say(kit, "web", "a secret")
    first, second = telemetry.find(SpanKind.LLM_GENERATE)
    assert first.name == "mock"
    assert first.attributes["input_tokens"] == 10
    assert (first.attributes["stop_reason"], second.attributes["stop_reason"]) == (
        "tool_calls",
        "completed",
    )
    assert (first.attributes["round"], second.attributes["round"]) == (1, 2)
    assert first.attributes["room_id"] == "r"
    (tool,) = telemetry.find(SpanKind.LLM_TOOL_CALL)
    assert (tool.name, tool.status) == ("work", SpanStatus.OK)
    (pipeline,) = telemetry.find(SpanKind.INBOUND_PIPELINE)
    assert pipeline.id in ancestors(telemetry, first.id)
    assert pipeline.id in ancestors(telemetry, tool.id)
    measured = [(one.name, one.value, one.unit) for one in telemetry.metrics]
    assert measured.count(("llm.input_tokens", 10, "tokens")) == 2
    assert measured.count(("llm.output_tokens", 3, "tokens")) == 2
    assert "secret" not in str(telemetry.spans) + str(telemetry.metrics)


def ancestors(telemetry: MockTelemetryProvider, span_id: str) -> list[str]:
    parents = {span.id: span.parent_id for span in telemetry.spans}
    found = []
    parent = parents.get(span_id)
    while parent is not None:
        found.append(parent)
        parent = parents.get(parent)
    return found


async def test_a_failed_generation_and_tool_are_seen_as_such(
    clock: VirtualClock, streaming: bool
) -> None:
    async def broken(_name: str, _arguments: dict[str, Any]) -> str:
        raise ValueError("password=x")

    telemetry = MockTelemetryProvider()
    died = ProviderError("gone", code="connection_lost")
    provider = MockAIProvider([calling("work"), died], streaming=streaming)
    async with RoomKit(clock=clock, telemetry=telemetry) as kit:
        await ask_room(kit, provider, tools=[WORK], tool_handler=broken)
        await say(kit, "web")
    _, failed = telemetry.find(SpanKind.LLM_GENERATE)
    (tool,) = telemetry.find(SpanKind.LLM_TOOL_CALL)
    assert (failed.status, failed.error) == (SpanStatus.ERROR, "ProviderError")
    assert (tool.status, tool.error) == (SpanStatus.ERROR, "ValueError")
    assert "password" not in str(telemetry.spans)


async def test_a_model_that_cannot_be_stopped_is_late_and_no_more(
    kit: RoomKit, clock: VirtualClock, streaming: bool
) -> None:
    """It ignores that it is cancelled: its turn ends when it does, and the room goes on."""

    class Stubborn(MockAIProvider):
        async def generate(self, context: AIContext) -> AIResponse:
            await stubborn_wait(clock, 300)
            return await super().generate(context)

        async def generate_stream(self, context: AIContext) -> AsyncIterator[AIStreamEvent]:
            await stubborn_wait(clock, 300)
            async for event in super().generate_stream(context):
                yield event

    inbox = await ask_room(
        kit, Stubborn(["late", "next"], streaming=streaming), generation_timeout=10
    )
    seen = watch(kit)
    first = asyncio.create_task(say(kit, "web", "one"))
    await clock.advance(20)
    assert (await kit.get_timeline("r"))[-1].source.channel_id == "web"
    await clock.advance(300)
    await first
    ends = [message for message in seen if isinstance(message, StreamEnd)]
    assert len(ends) == streaming
    async with clock.auto():
        await say(kit, "web", "two")
    assert inbox.texts[-1] == "next"


async def stubborn_wait(clock: VirtualClock, seconds: float) -> None:
    until = clock.monotonic() + seconds
    while (left := until - clock.monotonic()) > 0:
        try:
            await clock.sleep(left)
        except asyncio.CancelledError:
            continue


async def test_a_store_that_is_down_for_a_hook_does_not_cost_the_answer(
    kit: RoomKit, streaming: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider = MockAIProvider([AIResponse(content="Four.", thinking="Hm.")], streaming=streaming)
    inbox = await ask_room(kit, provider)

    @kit.hook(HookTrigger.ON_AI_THINKING)
    async def note(_event: AIThinkingEvent, _context: RoomContext) -> None: ...

    snapshot = kit.store.snapshot

    async def down(room_id: str, **options: Any) -> Any:
        if provider.calls and not inbox.events:
            monkeypatch.setattr(kit.store, "snapshot", snapshot)
            raise OSError("down")
        return await snapshot(room_id, **options)

    monkeypatch.setattr(kit.store, "snapshot", down)
    result = await say(kit, "web")
    assert (result.error, inbox.texts) == (None, ["Four."])


async def test_calls_that_no_time_is_left_for_are_not_run(
    kit: RoomKit, clock: VirtualClock, streaming: bool
) -> None:
    ran: list[str] = []

    async def note(name: str, _arguments: dict[str, Any]) -> str:
        ran.append(name)
        return "done"

    @kit.hook(HookTrigger.ON_TOOL_CALL)
    async def ponder(_call: Any, _context: RoomContext) -> None:
        await clock.sleep(20)

    provider = MockAIProvider([calling("work", text="One moment."), "late"], streaming=streaming)
    await ask_room(kit, provider, tools=[WORK], tool_handler=note, turn_timeout=10)
    async with clock.auto():
        (answer,) = (await say(kit, "web")).response_events
    assert ran == []
    assert answer.metadata["end_reason"] == "deadline"


async def test_a_composed_handler_keeps_arguments_apart() -> None:
    async def greedy(_name: str, arguments: dict[str, Any]) -> None:
        arguments["list"].append("mine")

    async def second(_name: str, arguments: dict[str, Any]) -> Any:
        return arguments

    given = {"list": [1]}
    assert await compose_tool_handlers(greedy, second)("work", given) == {"list": [1]}
    assert given == {"list": [1]}


@pytest.mark.parametrize(
    "options",
    [{"temperature": -1}, {"max_tokens": 0}, {"thinking_budget": -5}],
)
async def test_settings_that_no_model_takes_are_refused(
    kit: RoomKit, options: dict[str, Any]
) -> None:
    with pytest.raises(ValueError):
        AIChannel("ai", MockAIProvider(), **options)
    provider = MockAIProvider(["ok"])
    await ask_room(kit, provider, binding=options)
    assert (await say(kit, "web")).error == "ai: ValueError"


async def test_a_room_may_do_without_reasoning(kit: RoomKit) -> None:
    provider = MockAIProvider(["ok"])
    await ask_room(kit, provider, thinking_budget=1000, binding={"thinking_budget": 0})
    await say(kit, "web")
    assert provider.calls[0].thinking_budget is None


@pytest.mark.parametrize(
    "tool",
    [
        {"type": "function", "function": {"name": "tide", "parameters": {"type": "object"}}},
        {"name": "tide", "input_schema": {"type": "object"}},
        {"name": "tide", "inputSchema": {"type": "object"}},
    ],
)
async def test_a_rooms_tools_may_be_written_as_vendors_do(
    kit: RoomKit, tool: dict[str, Any]
) -> None:
    provider = MockAIProvider(["ok"])
    await ask_room(kit, provider, binding={"tools": [tool]})
    await say(kit, "web")
    (offered,) = provider.calls[0].tools
    assert (offered.name, offered.parameters) == ("tide", {"type": "object"})


async def test_calls_of_the_application_stay_with_the_tools_of_a_room(kit: RoomKit) -> None:
    call = AIToolCall(id="1", name="tide", arguments={})
    response = AIResponse(content="Let me see.", tool_calls=[call])
    await ask_room(kit, MockAIProvider([response]), binding={"tools": [{"name": "tide"}]})
    (answer,) = (await say(kit, "web")).response_events
    assert [one["name"] for one in answer.metadata["tool_calls"]] == ["tide"]
