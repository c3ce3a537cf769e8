"""Tools, handlers and gates that do what they should not."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from roomkit import (
    AIChannel,
    HookResult,
    HookTrigger,
    RoomContext,
    RoomKit,
    ToolCallEvent,
)
from roomkit.models.enums import HookExecution
from roomkit.models.task import Observation, Task
from roomkit.providers.ai.base import (
    AIResponse,
    AITool,
    AIToolCall,
)
from roomkit.providers.ai.mock import MockAIProvider
from roomkit.realtime.base import EphemeralEvent
from tests.helpers import say
from tests.scenarios.ai_stories import WORK, calling, results_in, work
from tests.unit.channels.stories import ask_room


@pytest.fixture(params=[False, True], ids=["whole", "streamed"])
def streaming(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


class Declaring:
    """A handler that says what it can run, as that of an MCP server does."""

    def __init__(self, *names: str) -> None:
        self.declarations = [AITool(name=name) for name in names]

    async def __call__(self, name: str, _arguments: dict[str, Any]) -> str:
        return f"ran {name}"


async def test_what_a_gate_notes_is_kept(kit: RoomKit, streaming: bool) -> None:
    @kit.hook(HookTrigger.ON_TOOL_CALL)
    async def gate(call: ToolCallEvent, _context: RoomContext) -> HookResult:
        return HookResult(
            action="block",
            reason="no",
            tasks=[Task(title="ask a human")],
            observations=[Observation(category="tool", content=call.name)],
        )

    provider = MockAIProvider([calling("work"), "I may not."], streaming=streaming)
    await ask_room(kit, provider, tools=[WORK], tool_handler=work)
    await say(kit, "web")
    assert [task.title for task in await kit.list_tasks("r")] == ["ask a human"]
    assert [one.content for one in await kit.list_observations("r")] == ["work"]


async def test_a_gate_also_decides_about_calls_left_to_the_application(
    kit: RoomKit, streaming: bool
) -> None:
    told: list[str] = []

    @kit.hook(HookTrigger.ON_TOOL_CALL)
    async def gate(call: ToolCallEvent, _context: RoomContext) -> HookResult:
        if call.id == "c0":
            return HookResult.block("not this one")
        return HookResult.modify(call.with_arguments({"safe": True}))

    @kit.hook(HookTrigger.ON_TOOL_CALL, execution=HookExecution.ASYNC)
    async def note(call: ToolCallEvent, _context: RoomContext) -> None:
        told.append(call.id)

    response = calling("work", "work", text="Over to you.")
    await ask_room(kit, MockAIProvider([response], streaming=streaming), tools=[WORK])
    (answer,) = (await say(kit, "web")).response_events
    assert answer.metadata["tool_calls"] == [
        {"id": "c1", "name": "work", "arguments": {"safe": True}}
    ]
    assert answer.metadata["end_reason"] == "tool_calls"
    assert told == ["c1"]


async def test_the_model_learns_that_none_of_them_may_be_run(
    kit: RoomKit, streaming: bool
) -> None:
    @kit.hook(HookTrigger.ON_TOOL_CALL)
    async def gate(_call: ToolCallEvent, _context: RoomContext) -> HookResult:
        return HookResult.block("not here")

    provider = MockAIProvider([calling("work"), "I may not."], streaming=streaming)
    inbox = await ask_room(kit, provider, tools=[WORK])
    await say(kit, "web")
    (told,) = results_in(provider.calls[1].messages)
    assert "not here" in str(told.content)
    assert inbox.texts == ["I may not."]


async def test_calls_without_anybody_to_run_them_are_told_of(
    kit: RoomKit, streaming: bool
) -> None:
    told: list[ToolCallEvent] = []

    @kit.hook(HookTrigger.ON_TOOL_CALL, execution=HookExecution.ASYNC)
    async def note(call: ToolCallEvent, _context: RoomContext) -> None:
        told.append(call)

    inbox = await ask_room(kit, MockAIProvider([calling("anything")], streaming=streaming))
    result = await say(kit, "web")
    assert (inbox.events, result.error) == ([], None)
    assert [(call.name, call.result) for call in told] == [("anything", None)]


async def test_arguments_of_every_kind_go_through(kit: RoomKit, streaming: bool) -> None:
    arguments = {
        "naïve clé": "日本 \U0001f600 \u202e",
        "long": "x" * 200_000,
        "deep": [[[[[[{"a": [1.5, None, True]}]]]]]],
        "": "",
    }
    got: list[dict[str, Any]] = []

    async def keep(_name: str, given: dict[str, Any]) -> str:
        got.append(json.loads(json.dumps(given)))
        given["deep"][0].clear()
        given["added"] = 1
        return "ok"

    call = AIToolCall(id="c", name="work", arguments=arguments)
    provider = MockAIProvider(
        [AIResponse(content="", tool_calls=[call]), "Done."], streaming=streaming
    )
    inbox = await ask_room(kit, provider, tools=[WORK], tool_handler=keep)
    await say(kit, "web")
    assert got == [arguments]
    (asked,) = [
        part for part in provider.calls[1].messages[-2].content if isinstance(part, AIToolCall)
    ]
    assert asked.arguments == arguments
    assert inbox.texts == ["Done."]


async def test_tools_that_are_added_in_the_middle_count_from_the_next_message(
    kit: RoomKit, streaming: bool
) -> None:
    async def learn(_name: str, _arguments: dict[str, Any]) -> str:
        ai = kit.get_channel("ai")
        assert isinstance(ai, AIChannel)
        ai.add_tools([{"name": "more", "parameters": {"type": "object"}}])
        return "learned"

    provider = MockAIProvider([calling("work"), "Done.", "Next."], streaming=streaming)
    await ask_room(kit, provider, tools=[WORK], tool_handler=learn)
    await say(kit, "web")
    await say(kit, "web")
    assert [[tool.name for tool in call.tools] for call in provider.calls] == [
        ["work"],
        ["work"],
        ["work", "more"],
    ]


async def test_a_handler_may_declare_other_tools_by_and_by(kit: RoomKit) -> None:
    handler = Declaring("one")
    provider = MockAIProvider(["a", calling("two"), "b", "c"])
    await ask_room(kit, provider, tool_handler=handler)
    await say(kit, "web")
    handler.declarations = [AITool(name="two")]
    await say(kit, "web")
    assert [[tool.name for tool in call.tools] for call in provider.calls] == [
        ["one"],
        ["two"],
        ["two"],
    ]
    assert results_in(provider.calls[2].messages)[0].content == "ran two"


async def test_what_a_handler_and_the_channel_both_declare_is_offered_once(kit: RoomKit) -> None:
    provider = MockAIProvider([calling("work"), "Done."])
    await ask_room(kit, provider, tools=[WORK], tool_handler=Declaring("work", "more"))
    await say(kit, "web")
    assert [tool.name for tool in provider.calls[0].tools] == ["more", "work"]
    assert results_in(provider.calls[1].messages)[0].content == "ran work"


async def test_a_handler_whose_server_is_gone_keeps_its_tools(kit: RoomKit) -> None:
    class Gone:
        gone = False

        @property
        def declarations(self) -> list[AITool]:
            if self.gone:
                raise RuntimeError("not connected")
            return [AITool(name="one")]

        async def __call__(self, _name: str, _arguments: dict[str, Any]) -> str:
            return "ran"

    handler = Gone()
    provider = MockAIProvider(["ok"])
    await ask_room(kit, provider, tool_handler=handler)
    handler.gone = True
    await say(kit, "web")
    assert [tool.name for tool in provider.calls[0].tools] == ["one"]


async def test_what_no_vendor_could_be_sent_is_cleaned(kit: RoomKit, streaming: bool) -> None:
    """Names of files, for one, may be no text at all."""

    async def listing(_name: str, _arguments: dict[str, Any]) -> str:
        return "a\udcff.txt\x00 \ud83d\ude00"

    provider = MockAIProvider([calling("work"), "Done."], streaming=streaming)
    told: list[EphemeralEvent] = []
    await ask_room(kit, provider, tools=[WORK], tool_handler=listing)
    await kit.subscribe_room("r", told.append)
    await say(kit, "web")
    (result,) = results_in(provider.calls[1].messages)
    assert result.content == "a\ufffd.txt\ufffd \U0001f600"
    assert [json.loads(json.dumps(event.to_dict())) for event in told]


async def test_arguments_as_deep_as_they_may_be(kit: RoomKit, streaming: bool) -> None:
    deep: Any = "down here"
    for _ in range(60):
        deep = [deep]
    call = AIToolCall(id="c", name="work", arguments={"deep": deep})
    provider = MockAIProvider(
        [AIResponse(content="", tool_calls=[call]), "Done."], streaming=streaming
    )
    inbox = await ask_room(kit, provider, tools=[WORK], tool_handler=work)
    result = await say(kit, "web")
    assert (result.error, inbox.texts) == (None, ["Done."])


@pytest.mark.parametrize("calls", [1, 2])
async def test_a_group_of_what_was_cancelled_inside_a_tool(
    kit: RoomKit, streaming: bool, calls: int
) -> None:
    """As the task groups of other libraries raise it."""

    async def broken(_name: str, _arguments: dict[str, Any]) -> str:
        raise BaseExceptionGroup("inside", [asyncio.CancelledError(), ValueError("gone")])

    provider = MockAIProvider([calling(*["work"] * calls), "Sorry."], streaming=streaming)
    inbox = await ask_room(kit, provider, tools=[WORK], tool_handler=broken)
    assert (await say(kit, "web")).error is None
    assert inbox.texts == ["Sorry."]
    results = results_in(provider.calls[1].messages)
    assert [one.content for one in results] == ['{"error": "BaseExceptionGroup"}'] * calls
