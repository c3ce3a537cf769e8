"""What becomes of a model's answer: text, tool calls, reasoning, how it ended, what it cost."""

from __future__ import annotations

import asyncio
import json
import unittest
from contextlib import aclosing

from roomkit.providers.ai.base import (
    AIContext,
    AIMessage,
    AIResponse,
    AIThinkingPart,
    AIToolCall,
    AIToolResult,
    AIUsage,
    StopReason,
    StreamTextDelta,
)
from roomkit.testing._ai._base import (
    PATIENCE,
    ModelVendor,
    Script,
    ScriptedCall,
    ScriptedUsage,
    events_of,
    listen,
    question,
    tool,
)

_WORDS = ["Grü", "ße", ", 世", "界 ", "👋", "\n", " and", " a", " good", " day", "."]
_BOOK = ScriptedCall(id="call_00A", name="book_table", arguments='{"people": 4, "name": "Zoë"}')
_ARGUMENTS = {"people": 4, "name": "Zoë"}

MALFORMED = {
    "no JSON": "people: 4",
    "half an object": '{"people": 4, "na',
    "a list": "[1, 2]",
    "a number": "7",
    "a string": '"four"',
    "null": "null",
    "too deep for JSON": "[" * 100_000,
    "too deep": '{"a":' * 70 + "1" + "}" * 70,
}
"""Arguments that are no JSON object, or none that anybody can have meant."""

STOPS = {
    "completed": StopReason.COMPLETED,
    "length": StopReason.LENGTH,
    "refused": StopReason.REFUSED,
}


class TextRules:
    """Inherited by `AIProviderContract`."""

    async def test_text(self, vendor: ModelVendor, streamed: bool) -> None:
        vendor.reply(Script(text=_WORDS), streamed=streamed)
        response = await vendor.ask(question(), streamed=streamed)
        assert isinstance(response, AIResponse)
        if vendor.server is not None:
            assert response.content == "".join(_WORDS)
            assert response.stop_reason is StopReason.COMPLETED
            assert vendor.last_asked().streamed is (
                streamed and vendor.provider.supports_streaming
            )

    async def test_a_stream_ends_once(self, vendor: ModelVendor) -> None:
        vendor.reply(Script(text=_WORDS), streamed=True)
        heard = await listen(vendor.provider, question())
        assert len(heard.done) == 1
        assert heard.events[-1] is heard.done[0]
        assert "".join(heard.deltas) == heard.response.content
        assert "" not in heard.deltas

    async def test_text_comes_while_it_is_written(self, vendor: ModelVendor) -> None:
        server = vendor.need_server()
        if not vendor.provider.supports_streaming:
            raise unittest.SkipTest("does not stream")
        goes_on = asyncio.Event()
        reply = vendor.told(Script(text=_WORDS), streamed=True)
        server.reply(reply.paused_after(len(reply.pieces or ()) // 2, goes_on))
        deltas: list[str] = []
        async with (
            asyncio.timeout(PATIENCE),
            aclosing(events_of(vendor.provider, question())) as events,
        ):
            async for event in events:
                if isinstance(event, StreamTextDelta):
                    deltas.append(event.text)
                    goes_on.set()
        assert len(deltas) > 1
        assert "".join(deltas) == "".join(_WORDS)

    async def test_nothing_to_say(self, vendor: ModelVendor, streamed: bool) -> None:
        vendor.reply(Script(), streamed=streamed)
        response = await vendor.ask(question(), streamed=streamed)
        if vendor.server is not None:
            assert response.content == ""
            assert response.tool_calls == []

    async def test_how_it_ended(self, vendor: ModelVendor, streamed: bool, stop_name: str) -> None:
        script = Script(text=["I ", "am"], stop=STOPS[stop_name])
        vendor.need_server().reply(vendor.told(script, streamed=streamed))
        response = await vendor.ask(question(), streamed=streamed)
        assert response.stop_reason is STOPS[stop_name]
        if stop_name != "refused":
            assert response.content == "I am"

    async def test_usage(self, vendor: ModelVendor, streamed: bool) -> None:
        """Cached tokens and reasoning are parts of the totals, not added to them."""
        usage = ScriptedUsage(input=1000, output=200, cached=600, reasoning=50)
        script = Script(text=["Yes"], usage=usage)
        vendor.need_server().reply(vendor.told(script, streamed=streamed))
        counted = dict((await vendor.ask(question(), streamed=streamed)).usage)
        assert counted.pop(AIUsage.INPUT_TOKENS) == 1000
        assert counted.pop(AIUsage.OUTPUT_TOKENS) == 200
        # Not every vendor tells these.
        assert counted.pop(AIUsage.CACHED_INPUT_TOKENS, 600) == 600
        assert counted.pop(AIUsage.REASONING_TOKENS, 50) == 50
        assert not counted


class ToolCallRules:
    """Inherited by `AIProviderContract`."""

    async def test_a_tool_call(self, vendor: ModelVendor, streamed: bool) -> None:
        script = Script(text=["One ", "moment"], calls=[_BOOK], stop=StopReason.TOOL_CALLS)
        vendor.need_server().reply(vendor.told(script, streamed=streamed))
        response = await vendor.ask(question(tools=[tool()]), streamed=streamed)
        (call,) = response.tool_calls
        assert (call.name, call.arguments, call.malformed) == ("book_table", _ARGUMENTS, None)
        assert call.id
        assert response.content == "One moment"
        assert response.stop_reason is StopReason.TOOL_CALLS

    async def test_calls_side_by_side(self, vendor: ModelVendor, streamed: bool) -> None:
        calls = [
            ScriptedCall(id=f"call_{n:05}", name=name, arguments=json.dumps({"n": n}))
            for n, name in enumerate(["book_table", "find", "book_table"])
        ]
        script = Script(calls=calls, stop=StopReason.TOOL_CALLS)
        vendor.need_server().reply(vendor.told(script, streamed=streamed))
        context = question(tools=[tool(), tool("find")])
        response = await vendor.ask(context, streamed=streamed)
        assert [call.name for call in response.tool_calls] == ["book_table", "find", "book_table"]
        assert [call.arguments for call in response.tool_calls] == [{"n": n} for n in range(3)]
        assert len({call.id for call in response.tool_calls}) == 3

    async def test_a_stream_brings_whole_calls(self, vendor: ModelVendor) -> None:
        script = Script(text=["One ", "moment"], calls=[_BOOK], stop=StopReason.TOOL_CALLS)
        vendor.need_server().reply(vendor.told(script, streamed=True))
        heard = await listen(vendor.provider, question(tools=[tool()]))
        assert heard.calls == heard.response.tool_calls
        kinds = [event.type for event in heard.events]
        assert kinds == sorted(kinds, key=["text_delta", "tool_call", "done"].index)

    async def test_a_call_without_arguments(self, vendor: ModelVendor, streamed: bool) -> None:
        script = Script(calls=[ScriptedCall(id="call_0001", name="book_table")])
        vendor.need_server().reply(vendor.told(script, streamed=streamed))
        response = await vendor.ask(question(tools=[tool()]), streamed=streamed)
        (call,) = response.tool_calls
        assert (call.arguments, call.malformed) == ({}, None)
        assert response.stop_reason is StopReason.TOOL_CALLS

    async def test_arguments_that_were_encoded_twice(
        self, vendor: ModelVendor, streamed: bool
    ) -> None:
        twice = ScriptedCall(
            id="call_0001", name="book_table", arguments=json.dumps(_BOOK.arguments)
        )
        script = Script(calls=[twice], stop=StopReason.TOOL_CALLS)
        vendor.need_server().reply(vendor.told(script, streamed=streamed))
        response = await vendor.ask(question(tools=[tool()]), streamed=streamed)
        (call,) = response.tool_calls
        assert (call.arguments, call.malformed) == (_ARGUMENTS, None)

    async def test_arguments_that_are_no_object(
        self, vendor: ModelVendor, streamed: bool, malformed: str
    ) -> None:
        written = MALFORMED[malformed]
        bad = ScriptedCall(id="call_0001", name="book_table", arguments=written)
        script = Script(calls=[bad, _BOOK], stop=StopReason.TOOL_CALLS)
        vendor.need_server().reply(vendor.told(script, streamed=streamed))
        context = question(tools=[tool()])
        response = await vendor.ask(context, streamed=streamed)
        first, second = response.tool_calls
        assert first.arguments == {}
        assert first.malformed is not None
        assert second.malformed is None
        # The model can be told what was wrong with it.
        results = [
            AIToolResult(tool_call_id=call.id, name=call.name, content="no", is_error=True)
            for call in (first, second)
        ]
        turns = [response.as_message(), AIMessage(role="tool", content=[*results])]
        vendor.reply(Script(text=["Sorry"]))
        await vendor.ask(context.evolve(messages=[*context.messages, *turns]))
        assert [call.arguments for call in vendor.last_asked().parts(AIToolCall)] == [
            {},
            _ARGUMENTS,
        ]

    async def test_a_call_that_got_too_long(self, vendor: ModelVendor, streamed: bool) -> None:
        half = ScriptedCall(id="call_0001", name="book_table", arguments='{"people": 4, "na')
        script = Script(text=["One ", "moment"], calls=[half], stop=StopReason.LENGTH)
        vendor.need_server().reply(vendor.told(script, streamed=streamed))
        response = await vendor.ask(question(tools=[tool()]), streamed=streamed)
        assert response.stop_reason is StopReason.LENGTH
        assert all(call.malformed is not None for call in response.tool_calls)

    async def test_odd_names(self, vendor: ModelVendor, streamed: bool) -> None:
        """A tool server's names need not be what the vendor takes."""
        odd = ["files/read.all", "files/read all", "öffnen", "x" * 90, "名前"]
        vendor.reply(Script(text=["Hm"]))
        context = question(tools=[tool(name) for name in odd])
        await vendor.ask(context)
        sent = [one.name for one in vendor.last_asked().tools or ()]
        assert len(set(sent)) == len(odd)
        calls = [ScriptedCall(id=f"call_{n:05}", name=name) for n, name in enumerate(sent)]
        script = Script(calls=calls, stop=StopReason.TOOL_CALLS)
        vendor.need_server().reply(vendor.told(script, streamed=streamed))
        response = await vendor.ask(context, streamed=streamed)
        assert [call.name for call in response.tool_calls] == odd


class ThinkingRules:
    """Inherited by `AIProviderContract`; for vendors that show reasoning."""

    async def test_reasoning_comes_first(self, vendor: ModelVendor) -> None:
        vendor.need_server().reply(vendor.told(_reasoned(vendor), streamed=True))
        heard = await listen(vendor.provider, _asked_to_reason())
        assert "".join(heard.thinking) == "Four people, then."
        assert heard.response.thinking == "Four people, then."
        assert heard.response.content == "One moment"
        kinds = [event.type for event in heard.events if event.type.endswith("_delta")]
        assert kinds == sorted(kinds, key=["thinking_delta", "text_delta"].index)

    async def test_reasoning_is_no_text(self, vendor: ModelVendor) -> None:
        vendor.need_server().reply(vendor.told(_reasoned(vendor)))
        response = await vendor.ask(_asked_to_reason())
        assert response.thinking == "Four people, then."
        assert response.content == "One moment"

    async def test_reasoning_is_asked_for(self, vendor: ModelVendor, streamed: bool) -> None:
        script = _reasoned(vendor)
        for context, reasons in [(_asked_to_reason(), True), (question(), False)]:
            vendor.need_server().reply(vendor.told(script, streamed=streamed))
            await vendor.ask(context, streamed=streamed)
            assert vendor.last_asked().reasoning is reasons

    async def test_signatures_go_back(self, vendor: ModelVendor, streamed: bool) -> None:
        script = _reasoned(vendor)
        if not vendor.need_wire().signs:
            raise unittest.SkipTest("the vendor does not sign reasoning")
        context = _asked_to_reason()
        vendor.need_server().reply(vendor.told(script, streamed=streamed))
        response = await vendor.ask(context, streamed=streamed)
        (call,) = response.tool_calls
        result = AIToolResult(tool_call_id=call.id, name=call.name, content="done")
        turns = [response.as_message(), AIMessage(role="tool", content=[result])]
        vendor.need_server().reply(vendor.told(Script(text=["Done"]), streamed=streamed))
        await vendor.ask(context.evolve(messages=[*context.messages, *turns]), streamed=streamed)
        (thought,) = vendor.last_asked().parts(AIThinkingPart)
        assert (thought.text, thought.signature) == ("Four people, then.", script.signature)


def _asked_to_reason() -> AIContext:
    return question(tools=[tool()], thinking_budget=2048)


def _reasoned(vendor: ModelVendor) -> Script:
    wire = vendor.need_wire()
    if not wire.thinks:
        raise unittest.SkipTest("the vendor shows no reasoning")
    return Script(
        thinking=["Four ", "people", ", then."],
        signature="c2lnbmF0dXJl" if wire.signs else None,
        text=["One ", "moment"],
        calls=[_BOOK],
        stop=StopReason.TOOL_CALLS,
    )
