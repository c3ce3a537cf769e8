"""A model that calls tools."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Any

import pytest

from roomkit import (
    HookResult,
    HookTrigger,
    InjectedEvent,
    RoomContext,
    RoomKit,
    TextContent,
    Tool,
    ToolCallEvent,
)
from roomkit.channels.base import text_of
from roomkit.errors import ProviderError
from roomkit.models.enums import EphemeralEventType, HookExecution
from roomkit.providers.ai.base import (
    AIMessage,
    AIResponse,
    AIToolCall,
    AIToolResult,
)
from roomkit.providers.ai.mock import MockAIProvider
from roomkit.realtime.base import EphemeralEvent
from roomkit.testing import VirtualClock
from roomkit.tools.base import ToolError, current_tool_call
from tests.helpers import say
from tests.unit.channels.stories import ask_room

WEATHER = {
    "name": "get_weather",
    "description": "The weather in a city.",
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string"}, "unit": {"enum": ["C", "F"]}},
        "required": ["city"],
        "additionalProperties": False,
    },
}


class Weather:
    """A handler that remembers what it was asked."""

    def __init__(self, answer: Any = "sunny") -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self._answer = answer

    async def __call__(self, name: str, arguments: dict[str, Any]) -> Any:
        self.asked.append((name, arguments))
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer


def calls(*wanted: tuple[str, dict[str, Any]], text: str = "", **more: Any) -> AIResponse:
    """An answer that asks for tools."""
    return AIResponse(
        content=text,
        tool_calls=[
            AIToolCall(id=f"c{number}", name=name, arguments=arguments)
            for number, (name, arguments) in enumerate(wanted)
        ],
        **more,
    )


PARIS = calls(("get_weather", {"city": "Paris"}))


@pytest.fixture(params=[False, True], ids=["whole", "streamed"])
def streaming(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


def results_in(message: AIMessage) -> list[AIToolResult]:
    assert message.role == "tool"
    return [part for part in message.content if isinstance(part, AIToolResult)]


def asked_for(message: AIMessage) -> list[AIToolCall]:
    assert message.role == "assistant"
    return [part for part in message.content if isinstance(part, AIToolCall)]


def last_results(provider: MockAIProvider) -> list[AIToolResult]:
    return results_in(provider.calls[-1].messages[-1])


def error_in(result: AIToolResult) -> str:
    assert result.is_error
    assert isinstance(result.content, str)
    return str(json.loads(result.content)["error"])


async def test_the_result_goes_back_to_the_model(kit: RoomKit, streaming: bool) -> None:
    provider = MockAIProvider([PARIS, "It is sunny."], streaming=streaming)
    weather = Weather()
    inbox = await ask_room(kit, provider, tools=[WEATHER], tool_handler=weather)
    result = await say(kit, "web", "How is Paris?")
    assert weather.asked == [("get_weather", {"city": "Paris"})]
    assert inbox.texts == ["It is sunny."]
    question, call, answer = provider.calls[1].messages
    assert question.content == "How is Paris?"
    assert [one.name for one in asked_for(call)] == ["get_weather"]
    (told,) = results_in(answer)
    assert (told.tool_call_id, told.content, told.is_error) == (
        asked_for(call)[0].id,
        "sunny",
        False,
    )
    assert result.response_events[0].metadata["end_reason"] == "completed"


async def test_a_tool_object_needs_no_handler(kit: RoomKit) -> None:
    class GetWeather(Tool):
        name = "get_weather"
        description = "The weather in a city."
        parameters = {"type": "object", "properties": {"city": {"type": "string"}}}

        async def execute(self, arguments: dict[str, Any]) -> str:
            current = current_tool_call()
            assert current is not None and current.room is not None
            return f"sunny in {arguments['city']}, says {current.room.room.id}"

    provider = MockAIProvider([PARIS, "Done."])
    await ask_room(kit, provider, tools=[GetWeather()])
    await say(kit, "web")
    assert last_results(provider)[0].content == "sunny in Paris, says r"
    assert [tool.name for tool in provider.calls[0].tools] == ["get_weather"]


async def test_a_function_is_a_tool(kit: RoomKit) -> None:
    async def add(first: int, second: int = 1) -> int:
        """Adds two numbers."""
        return first + second

    provider = MockAIProvider([calls(("add", {"first": 41})), "42"])
    await ask_room(kit, provider, tools=[add])
    await say(kit, "web")
    assert last_results(provider)[0].content == "42"


async def test_the_tools_of_a_room_join_those_of_the_channel(kit: RoomKit) -> None:
    provider = MockAIProvider([calls(("book", {"day": "Monday"})), "Booked."])
    weather = Weather("ok")
    book = {"name": "book", "parameters": {"type": "object"}}
    await ask_room(kit, provider, tools=[WEATHER], tool_handler=weather, binding={"tools": [book]})
    await say(kit, "web")
    assert [tool.name for tool in provider.calls[0].tools] == ["get_weather", "book"]
    assert weather.asked == [("book", {"day": "Monday"})]


async def test_who_calls_without_end_is_stopped(kit: RoomKit, streaming: bool) -> None:
    provider = MockAIProvider(
        [calls(("get_weather", {"city": "x"}), text="Hm.")], streaming=streaming
    )
    weather = Weather()
    await ask_room(kit, provider, tools=[WEATHER], tool_handler=weather, max_tool_rounds=3)
    result = await say(kit, "web")
    assert len(weather.asked) == 3
    assert len(provider.calls) == 4
    (answer,) = result.response_events
    assert answer.metadata["end_reason"] == "max_tool_rounds"
    assert text_of(answer.content) == ("Hm.\n\nHm.\n\nHm.\n\nHm." if streaming else "Hm.")


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (("get_weather", {"city": "Paris", "zip": "75"}), "do not fit"),
        (("get_weather", {}), "do not fit"),
        (("get_weather", {"city": 7}), "do not fit"),
        (("delete_all", {}), "Unknown tool"),
    ],
)
async def test_what_does_not_fit_is_not_run(
    kit: RoomKit, call: tuple[str, dict[str, Any]], said: str
) -> None:
    provider = MockAIProvider([calls(call), "Sorry."])
    weather = Weather()
    inbox = await ask_room(kit, provider, tools=[WEATHER], tool_handler=weather)
    await say(kit, "web")
    assert weather.asked == []
    assert said in error_in(last_results(provider)[0])
    assert inbox.texts == ["Sorry."]


async def test_half_written_arguments_are_not_run(kit: RoomKit) -> None:
    call = AIToolCall(id="1", name="get_weather", malformed='{"city": "Par')
    provider = MockAIProvider([AIResponse(content="", tool_calls=[call]), "Sorry."])
    weather = Weather()
    await ask_room(kit, provider, tools=[WEATHER], tool_handler=weather)
    await say(kit, "web")
    assert weather.asked == []
    assert "not a complete JSON object" in error_in(last_results(provider)[0])


@pytest.mark.parametrize(
    "spelling", ["length", "max_tokens", "MAX_TOKENS", "FinishReason.MAX_TOKENS"]
)
async def test_calls_of_an_answer_that_was_cut_off_are_not_run(
    kit: RoomKit, spelling: str, streaming: bool
) -> None:
    response = calls(("get_weather", {"city": "Par"}), finish_reason=spelling)
    provider = MockAIProvider([response], streaming=streaming)
    weather = Weather()
    await ask_room(kit, provider, tools=[WEATHER], tool_handler=weather)
    result = await say(kit, "web")
    assert weather.asked == []
    assert len(provider.calls) == 1
    assert result.error == "ai: ProviderError"


@pytest.mark.parametrize(
    ("failure", "told"),
    [
        (ValueError("password=hunter2"), "ValueError"),
        (ToolError("no such city"), "no such city"),
        (NotImplementedError(), "Unknown tool"),
    ],
)
async def test_the_model_learns_that_a_tool_failed(
    kit: RoomKit, failure: Exception, told: str
) -> None:
    provider = MockAIProvider([PARIS, "Sorry."])
    inbox = await ask_room(kit, provider, tools=[WEATHER], tool_handler=Weather(failure))
    result = await say(kit, "web")
    assert told in error_in(last_results(provider)[0])
    assert "hunter2" not in str(provider.calls) + str(result)
    assert inbox.texts == ["Sorry."]


async def test_whoever_runs_it_finds_in_the_log_what_a_tool_failed_of(
    kit: RoomKit, caplog: pytest.LogCaptureFixture
) -> None:
    async def handler(_name: str, _arguments: dict[str, Any]) -> str:
        raise ValueError("table weather_v2 does not exist")

    provider = MockAIProvider([PARIS, "Sorry."])
    await ask_room(kit, provider, tools=[WEATHER], tool_handler=handler)
    await say(kit, "web")
    assert "tool get_weather failed in room r: ValueError" in caplog.text
    assert "table weather_v2 does not exist" in caplog.text
    assert "Paris" not in caplog.text


async def test_anything_but_text_is_told_as_json(kit: RoomKit) -> None:
    provider = MockAIProvider([PARIS, "Done."])
    await ask_room(kit, provider, tools=[WEATHER], tool_handler=Weather({"degrees": 22}))
    await say(kit, "web")
    assert last_results(provider)[0].content == '{"degrees":22}'


async def test_a_very_long_result_is_cut_visibly(kit: RoomKit) -> None:
    provider = MockAIProvider([PARIS, "Done."])
    await ask_room(
        kit,
        provider,
        tools=[WEATHER],
        tool_handler=Weather("x" * 1000),
        max_tool_result_chars=100,
    )
    await say(kit, "web")
    content = last_results(provider)[0].content
    assert content == "x" * 100 + "\n[cut off: 900 more characters]"


async def test_a_tool_that_never_returns_is_given_up(kit: RoomKit, clock: VirtualClock) -> None:
    async def hang(_name: str, _arguments: dict[str, Any]) -> str:
        await clock.sleep(3600)
        return "too late"

    provider = MockAIProvider([PARIS, "It takes too long."])
    inbox = await ask_room(kit, provider, tools=[WEATHER], tool_handler=hang, tool_timeout=5)
    saying = asyncio.create_task(say(kit, "web"))
    await clock.advance(6)
    await saying
    assert "no result within" in error_in(last_results(provider)[0])
    assert inbox.texts == ["It takes too long."]


async def test_a_turn_ends_when_its_time_is_up(kit: RoomKit, clock: VirtualClock) -> None:
    async def slow(_name: str, _arguments: dict[str, Any]) -> str:
        await clock.sleep(20)
        return "more"

    provider = MockAIProvider([calls(("get_weather", {"city": "x"}), text="Still looking.")])
    await ask_room(kit, provider, tools=[WEATHER], tool_handler=slow, turn_timeout=50)
    saying = asyncio.create_task(say(kit, "web"))
    await clock.advance(100)
    (answer,) = (await saying).response_events
    assert answer.metadata["end_reason"] == "deadline"
    assert len(provider.calls) == 3


async def test_calls_run_side_by_side_and_answer_in_order(kit: RoomKit) -> None:
    begun: list[str] = []
    all_begun = asyncio.Event()

    async def handler(_name: str, arguments: dict[str, Any]) -> str:
        city = str(arguments["city"])
        begun.append(city)
        if len(begun) == 3:
            all_begun.set()
        await all_begun.wait()
        if city == "a":
            await asyncio.sleep(0)
        return city

    wanted = [("get_weather", {"city": city}) for city in "abc"]
    provider = MockAIProvider([calls(*wanted), "Done."])
    await ask_room(kit, provider, tools=[WEATHER], tool_handler=handler)
    await say(kit, "web")
    assert [one.content for one in last_results(provider)] == ["a", "b", "c"]


async def test_too_many_calls_at_once_are_refused(kit: RoomKit) -> None:
    wanted = [("get_weather", {"city": city}) for city in "abcd"]
    provider = MockAIProvider([calls(*wanted), "Done."])
    weather = Weather()
    await ask_room(kit, provider, tools=[WEATHER], tool_handler=weather, max_calls_per_round=2)
    await say(kit, "web")
    assert len(weather.asked) == 2
    assert [one.is_error for one in last_results(provider)] == [False, False, True, True]


async def test_every_call_gets_an_id_of_its_own(kit: RoomKit) -> None:
    twice = AIResponse(
        content="",
        tool_calls=[
            AIToolCall(id="t", name="get_weather", arguments={"city": city}) for city in "ab"
        ],
    )
    provider = MockAIProvider([twice, twice, "Done."])
    await ask_room(kit, provider, tools=[WEATHER], tool_handler=Weather())
    await say(kit, "web")
    messages = provider.calls[-1].messages
    ids = [call.id for message in messages[1::2] for call in asked_for(message)]
    answered = [one.tool_call_id for message in messages[2::2] for one in results_in(message)]
    assert len(set(ids)) == 4
    assert answered == ids


async def test_usage_is_the_sum_of_all_rounds(kit: RoomKit, streaming: bool) -> None:
    first = PARIS.evolve(usage={"input_tokens": 10, "output_tokens": 3})
    last = AIResponse(content="Sunny.", usage={"input_tokens": 20, "output_tokens": 4})
    provider = MockAIProvider([first, first, last], streaming=streaming)
    await ask_room(kit, provider, tools=[WEATHER], tool_handler=Weather())
    (answer,) = (await say(kit, "web")).response_events
    assert answer.metadata["usage"] == {"input_tokens": 40, "output_tokens": 10}


async def test_a_hook_may_refuse_a_call(kit: RoomKit) -> None:
    @kit.hook(HookTrigger.ON_TOOL_CALL)
    async def gate(call: ToolCallEvent, _context: RoomContext) -> HookResult:
        return HookResult.block(f"{call.name} is not allowed here")

    provider = MockAIProvider([PARIS, "I may not."])
    weather = Weather()
    await ask_room(kit, provider, tools=[WEATHER], tool_handler=weather)
    await say(kit, "web")
    assert weather.asked == []
    assert error_in(last_results(provider)[0]) == "refused: get_weather is not allowed here"


async def test_a_hook_may_change_the_arguments(kit: RoomKit) -> None:
    @kit.hook(HookTrigger.ON_TOOL_CALL)
    async def gate(call: ToolCallEvent, _context: RoomContext) -> HookResult:
        return HookResult.modify(call.with_arguments({"city": "Lyon"}))

    provider = MockAIProvider([PARIS, "Done."])
    weather = Weather()
    await ask_room(kit, provider, tools=[WEATHER], tool_handler=weather)
    await say(kit, "web")
    assert weather.asked == [("get_weather", {"city": "Lyon"})]


async def test_what_a_hook_makes_of_the_arguments_has_to_fit_too(kit: RoomKit) -> None:
    @kit.hook(HookTrigger.ON_TOOL_CALL)
    async def gate(call: ToolCallEvent, _context: RoomContext) -> HookResult:
        return HookResult.modify(call.with_arguments({"town": "Lyon"}))

    provider = MockAIProvider([PARIS, "Done."])
    weather = Weather()
    await ask_room(kit, provider, tools=[WEATHER], tool_handler=weather)
    await say(kit, "web")
    assert weather.asked == []
    assert last_results(provider)[0].is_error


async def test_what_a_gate_adds_goes_to_whoever_asked(kit: RoomKit) -> None:
    @kit.hook(HookTrigger.ON_TOOL_CALL)
    async def gate(call: ToolCallEvent, _context: RoomContext) -> HookResult:
        notice = InjectedEvent(content=TextContent(body="A colleague looks into it."))
        return HookResult.block("ask a person", injected_events=[notice])

    provider = MockAIProvider([PARIS, "Somebody will tell you."])
    inbox = await ask_room(kit, provider, tools=[WEATHER], tool_handler=Weather())
    result = await say(kit, "web")
    assert inbox.texts == ["A colleague looks into it.", "Somebody will tell you."]
    stored = await kit.store.list_events("r")
    (notice,) = [one for one in stored if one.metadata.get("injected")]
    assert result.event is not None
    assert (notice.parent_event_id, notice.visibility) == (result.event.id, "web")


@pytest.mark.parametrize("bad", ["raises", "returns junk", "modifies another"])
async def test_a_gate_that_fails_refuses(kit: RoomKit, bad: str) -> None:
    @kit.hook(HookTrigger.ON_TOOL_CALL)
    async def gate(call: ToolCallEvent, context: RoomContext) -> Any:
        if bad == "raises":
            raise RuntimeError("broken")
        if bad == "modifies another":
            return HookResult.modify(context.recent_events[-1]) if context.recent_events else 1
        return "yes"

    provider = MockAIProvider([PARIS, "I may not."])
    weather = Weather()
    await ask_room(kit, provider, tools=[WEATHER], tool_handler=weather)
    await say(kit, "web")
    assert weather.asked == []
    assert error_in(last_results(provider)[0]) == "refused: hook_failed"


async def test_observers_hear_what_came_of_a_call(kit: RoomKit) -> None:
    heard: list[ToolCallEvent] = []

    @kit.hook(HookTrigger.ON_TOOL_CALL, execution=HookExecution.ASYNC)
    async def observe(call: ToolCallEvent, _context: RoomContext) -> None:
        heard.append(call)

    provider = MockAIProvider([PARIS, "Done."])
    await ask_room(kit, provider, tools=[WEATHER], tool_handler=Weather())
    await say(kit, "web")
    (call,) = heard
    assert (call.name, call.arguments, call.result) == ("get_weather", {"city": "Paris"}, "sunny")
    assert (call.room_id, call.channel_id, call.round) == ("r", "ai", 1)


async def test_hooks_hear_of_calls_that_are_left_to_the_application(kit: RoomKit) -> None:
    heard: list[ToolCallEvent] = []

    @kit.hook(HookTrigger.ON_TOOL_CALL)
    async def observe(call: ToolCallEvent, _context: RoomContext) -> None:
        heard.append(call)

    inbox = await ask_room(kit, MockAIProvider([PARIS]), tools=[WEATHER])
    result = await say(kit, "web")
    assert [(call.name, call.result) for call in heard] == [("get_weather", None)]
    assert (inbox.events, result.response_events, result.error) == ([], [], None)


async def watch_tools(kit: RoomKit) -> list[EphemeralEvent]:
    seen: list[EphemeralEvent] = []
    await kit.subscribe_room("r", seen.append)
    return seen


async def test_the_room_sees_tools_begin_and_end(kit: RoomKit) -> None:
    provider = MockAIProvider([PARIS, PARIS, "Done."])
    await ask_room(kit, provider, tools=[WEATHER], tool_handler=Weather())
    seen = await watch_tools(kit)
    await say(kit, "web")
    for _ in range(20):
        await asyncio.sleep(0)
    start, end = EphemeralEventType.TOOL_CALL_START, EphemeralEventType.TOOL_CALL_END
    assert [event.type for event in seen] == [start, end, start, end]
    began, ended = seen[0].data, seen[1].data
    assert (began["round"], began["channel_id"]) == (1, "ai")
    assert [(one["name"], one["arguments"]) for one in began["tool_calls"]] == [
        ("get_weather", {"city": "Paris"})
    ]
    assert ended["tool_calls"] == [
        {"id": began["tool_calls"][0]["id"], "name": "get_weather", "result": "sunny"}
    ]
    assert ended["duration_ms"] >= 0
    assert seen[2].data["round"] == 2


@pytest.mark.parametrize(
    ("wanted", "shown"), [(None, "desk"), ("all", "desk"), ("web", "web"), ("none", "none")]
)
async def test_who_may_see_the_answer_sees_the_tools(
    kit: RoomKit, wanted: str | None, shown: str
) -> None:
    """A binding narrows what is open to all, and nothing else."""
    provider = MockAIProvider([PARIS, "Done."])
    await ask_room(kit, provider, tools=[WEATHER], tool_handler=Weather())
    await kit.set_visibility("r", "ai", "desk")
    seen = await watch_tools(kit)
    await kit.send_event("r", "web", TextContent(body="?"), response_visibility=wanted)
    for _ in range(20):
        await asyncio.sleep(0)
    answer = (await kit.get_timeline("r"))[-1]
    assert [event.visibility for event in seen] == [shown, shown]
    assert answer.visibility == shown


async def test_a_kit_that_closes_in_the_middle_of_a_call_says_that_it_ended(
    clock: VirtualClock,
) -> None:
    kit = RoomKit(clock=clock)
    running = asyncio.Event()

    async def hang(_name: str, _arguments: dict[str, Any]) -> str:
        running.set()
        await asyncio.Event().wait()
        return ""

    provider = MockAIProvider([PARIS])
    await ask_room(kit, provider, tools=[WEATHER], tool_handler=hang, tool_timeout=None)
    seen = await watch_tools(kit)
    saying = asyncio.create_task(say(kit, "web"))
    await running.wait()
    await kit.close()
    with pytest.raises(Exception, match="closed"):
        await saying
    assert [event.type for event in seen] == [
        EphemeralEventType.TOOL_CALL_START,
        EphemeralEventType.TOOL_CALL_END,
    ]


async def test_what_a_tool_has_done_is_not_forgotten_when_the_model_fails(
    kit: RoomKit, streaming: bool
) -> None:
    died = ProviderError("gone", code="connection_lost")
    provider = MockAIProvider(
        [calls(("get_weather", {"city": "Paris"})), died, "Sunny.", "Still."], streaming=streaming
    )
    await ask_room(kit, provider, tools=[WEATHER], tool_handler=Weather())
    failed = await say(kit, "web", "How is Paris?")
    assert failed.error == "ai: ProviderError"
    await say(kit, "web", "Hello?")
    question, call, answer, again = provider.calls[2].messages
    assert (question.content, again.content) == ("How is Paris?", "Hello?")
    assert asked_for(call)[0].id == results_in(answer)[0].tool_call_id
    await say(kit, "web", "Thanks")
    assert [message.role for message in provider.calls[3].messages] == [
        "user",
        "user",
        "assistant",
        "user",
    ]


def too_long() -> ProviderError:
    return ProviderError("too long", code="context_too_long")


async def test_a_request_that_is_too_long_is_made_again_with_less(
    kit: RoomKit, streaming: bool
) -> None:
    script: Sequence[str | Exception] = ["1", "2", "3", too_long(), "4"]
    provider = MockAIProvider(script, streaming=streaming)
    inbox = await ask_room(kit, provider)
    for text in "abcd":
        await say(kit, "web", text)
    assert inbox.texts == ["1", "2", "3", "4"]
    refused, taken = provider.calls[-2:]
    assert len(taken.messages) < len(refused.messages)
    assert taken.messages[-1].content == "d"


async def test_it_is_made_again_only_once(kit: RoomKit, streaming: bool) -> None:
    provider = MockAIProvider([too_long(), too_long(), "late"], streaming=streaming)
    await ask_room(kit, provider)
    result = await say(kit, "web")
    assert len(provider.calls) == 2
    assert result.error == "ai: ProviderError"


async def test_two_rooms_call_tools_at_once(kit: RoomKit) -> None:
    both = asyncio.Barrier(2)

    async def handler(_name: str, arguments: dict[str, Any]) -> str:
        await both.wait()
        current = current_tool_call()
        assert current is not None and current.room is not None
        return current.room.room.id

    provider = MockAIProvider([PARIS, PARIS, "a", "b"])
    await ask_room(kit, provider, tools=[WEATHER], tool_handler=handler)
    await kit.create_room("s")
    await kit.attach_channel("s", "web")
    await kit.attach_channel("s", "ai")
    await asyncio.gather(say(kit, "web", room_id="r"), say(kit, "web", room_id="s"))
    told = {
        call.room.room.id: results_in(call.messages[-1])[0].content
        for call in provider.calls[2:]
        if call.room is not None
    }
    assert told == {"r": "r", "s": "s"}


async def test_it_leaves_alone_what_asks_for_no_reply(kit: RoomKit) -> None:
    provider = MockAIProvider(["Hello."])
    await ask_room(kit, provider)
    result = await say(kit, "web", "STOP", metadata={"no_reply": True})
    assert (provider.calls, result.response_events) == ([], [])
