"""What RoomKit adds to a model: per streamed piece, per round of tools, per message of history.

The references are straight lines: for a piece, an async generator, one frozen `StreamChunk` and
one awaited send; for a round of tools, the provider's call, the check of the arguments, the tool,
and the messages that are appended.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Callable, Coroutine
from statistics import median
from time import perf_counter
from typing import Any

from benchmarks.harness import Goal, Scenario, SideName, main
from benchmarks.sides import expect
from roomkit import (
    AIChannel,
    InboundMessage,
    RoomEvent,
    RoomKit,
    StreamChunk,
    StreamMessage,
    TextContent,
    Tool,
    WebSocketChannel,
)
from roomkit.models.enums import ChannelType, EventStatus
from roomkit.models.event import EventSource
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
)
from roomkit.tools.schema import compile_schema

ROUNDS_OF_TOOLS = 20
SMALL, LARGE = 100, 100_000


class Writer(AIProvider):
    """Writes so many pieces without waiting for anything."""

    supports_streaming = True
    model_name = "writer"

    def __init__(self, count: int) -> None:
        self._delta = StreamTextDelta(text="word ")
        self._done = StreamDone(response=AIResponse(content="word " * count))
        self._count = count

    async def generate(self, context: AIContext) -> AIResponse:
        return self._done.response

    async def generate_stream(self, context: AIContext) -> AsyncIterator[AIStreamEvent]:
        for _ in range(self._count):
            yield self._delta
        yield self._done


class Caller(AIProvider):
    """Calls a tool so many times, then answers."""

    model_name = "caller"

    def __init__(self) -> None:
        self.asked = 0
        self.seen = 0

    async def generate(self, context: AIContext) -> AIResponse:
        self.asked += 1
        self.seen = len(context.messages)
        number = self.asked % (ROUNDS_OF_TOOLS + 1)
        if number == 0:
            return AIResponse(content="done")
        call = AIToolCall(id=f"call-{number}", name="add", arguments={"a": number, "b": 1})
        return AIResponse(content="", tool_calls=[call])


class Add(Tool):
    """Adds two numbers."""

    name = "add"
    description = "Adds two numbers."
    parameters = {
        "type": "object",
        "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}},
        "required": ["a", "b"],
        "additionalProperties": False,
    }

    async def execute(self, arguments: dict[str, Any]) -> str:
        return str(arguments["a"] + arguments["b"])


async def _room(kit: RoomKit, ai: AIChannel, chunks: list[StreamChunk] | None = None) -> None:
    async def receive(_connection_id: str, _event: RoomEvent) -> None: ...

    async def show(_connection_id: str, message: StreamMessage) -> None:
        if chunks is not None and isinstance(message, StreamChunk):
            chunks.append(message)

    web = WebSocketChannel("web")
    web.register_connection("client", receive, stream_send_fn=show)
    kit.register_channel(web)
    kit.register_channel(ai)
    await kit.create_room("room")
    await kit.attach_channel("room", "web")
    await kit.attach_channel("room", "ai")


async def _ask(kit: RoomKit, room_id: str = "room") -> float:
    message = InboundMessage(channel_id="web", sender_id="ada", content=TextContent(body="Go on"))
    start = perf_counter()
    result = await kit.process_inbound(message, room_id)
    elapsed = perf_counter() - start
    expect(len(result.response_events), 1, "answers")
    return elapsed


async def stream_roomkit(quick: bool) -> float:
    count = 2_000 if quick else 10_000
    chunks: list[StreamChunk] = []
    async with RoomKit() as kit:
        await _room(kit, AIChannel("ai", Writer(count)), chunks)
        elapsed = await _ask(kit)
    expect(len(chunks), count, "pieces that were sent")
    return elapsed / count * 1e6


async def stream_reference(quick: bool) -> float:
    count = 2_000 if quick else 10_000
    chunks: list[StreamChunk] = []

    async def show(_connection_id: str, message: StreamMessage) -> None:
        if isinstance(message, StreamChunk):
            chunks.append(message)

    context = AIContext(messages=[])
    start = perf_counter()
    async for item in Writer(count).generate_stream(context):
        if isinstance(item, StreamTextDelta):
            await show("client", StreamChunk(stream_id="1", delta=item.text))
    elapsed = perf_counter() - start
    expect(len(chunks), count, "pieces that were sent")
    return elapsed / count * 1e6


async def tools_roomkit(quick: bool) -> float:
    turns = 10 if quick else 50
    provider = Caller()
    async with RoomKit() as kit:
        ai = AIChannel(
            "ai", provider, tools=[Add()], max_tool_rounds=ROUNDS_OF_TOOLS, max_context_events=0
        )
        await _room(kit, ai)
        await _ask(kit)
        elapsed = sum([await _ask(kit) for _ in range(turns)])
    expect(provider.seen, 1 + 2 * ROUNDS_OF_TOOLS, "messages of the last request")
    return elapsed / turns * 1e6


async def tools_reference(quick: bool) -> float:
    turns = 10 if quick else 50
    provider, tool = Caller(), Add()
    declaration = tool.declaration()
    validator = compile_schema(tool.parameters)

    async def turn() -> None:
        messages = [AIMessage(role="user", content="Go on")]
        while True:
            request = AIContext(messages=messages, tools=[declaration])
            response = await provider.generate(request)
            if not response.tool_calls:
                return
            results = []
            for call in response.tool_calls:
                expect(validator.validate(call.arguments), [], "problems")
                output = await tool.execute(dict(call.arguments))
                results.append(AIToolResult(tool_call_id=call.id, name=call.name, content=output))
            messages = [
                *messages,
                response.as_message(),
                AIMessage(role="tool", content=[*results]),
            ]

    await turn()
    start = perf_counter()
    for _ in range(turns):
        await turn()
    elapsed = perf_counter() - start
    expect(provider.seen, 1 + 2 * ROUNDS_OF_TOOLS, "messages of the last request")
    return elapsed / turns * 1e6


async def context_roomkit(quick: bool) -> float:
    """The median of many turns in the large room over that in the small one, turn about."""
    turns = 100 if quick else 400
    async with RoomKit() as kit:
        await _room(kit, AIChannel("ai", Caller(), tools=[], max_tool_rounds=0))
        sizes = {"small": SMALL, "large": LARGE}
        for room_id, size in sizes.items():
            await kit.create_room(room_id)
            await kit.attach_channel(room_id, "web")
            await kit.attach_channel(room_id, "ai")
            await _fill(kit, room_id, size)
        gc.collect()
        gc.freeze()
        times: dict[str, list[float]] = {"small": [], "large": []}
        for room_id in sizes:
            await _say(kit, room_id)
        for number in range(turns):
            for room_id in sorted(sizes, reverse=bool(number % 2)):
                times[room_id].append(await _say(kit, room_id))
        gc.unfreeze()
    return median(times["large"]) / median(times["small"])


async def _say(kit: RoomKit, room_id: str) -> float:
    message = InboundMessage(channel_id="web", sender_id="ada", content=TextContent(body="Go on"))
    start = perf_counter()
    await kit.process_inbound(message, room_id)
    return perf_counter() - start


async def _fill(kit: RoomKit, room_id: str, size: int) -> None:
    source = EventSource(
        channel_id="web", channel_type=ChannelType.WEBSOCKET, participant_id="ada"
    )
    for number in range(size):
        content = TextContent(body=f"message {number}")
        await kit.store.add_event(
            RoomEvent(
                room_id=room_id, source=source, content=content, status=EventStatus.DELIVERED
            )
        )


async def context_reference(_quick: bool) -> float:
    return 1.0


def _measured(
    roomkit: Callable[[bool], Coroutine[Any, Any, float]],
    reference: Callable[[bool], Coroutine[Any, Any, float]],
) -> Callable[[SideName, bool], float]:
    def measure(side: SideName, quick: bool) -> float:
        gc.collect()
        return asyncio.run((roomkit if side == "roomkit" else reference)(quick))

    return measure


STREAM = Scenario(
    name="ai_stream",
    about="one piece of an answer, from the provider to a WebSocket client",
    unit="µs/piece",
    goal=Goal("ratio", "at most", 5),
    measure=_measured(stream_roomkit, stream_reference),
    digits=2,
)
TOOLS = Scenario(
    name="ai_tools",
    about=f"a turn with {ROUNDS_OF_TOOLS} rounds of tools",
    unit="µs/turn",
    goal=Goal("ratio", "at most", 5),
    measure=_measured(tools_roomkit, tools_reference),
)
CONTEXT = Scenario(
    name="ai_context",
    about=f"a turn in a room with {LARGE:,} messages over one with {SMALL}",
    unit="large/small",
    goal=Goal("value", "at most", 1.05),
    measure=_measured(context_roomkit, context_reference),
    digits=2,
    rounds=3,
)

if __name__ == "__main__":
    main(STREAM, TOOLS, CONTEXT)
