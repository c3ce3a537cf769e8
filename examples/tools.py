"""What a model may call: a function with type hints, a class, and what a handler runs.

Calls that do not fit are refused before anything runs, and a hook refuses some others. The model
plays from a script; the last lines show what it was told.
"""

from __future__ import annotations

import asyncio
from typing import Any, Literal

import roomkit
from roomkit import AIChannel, HookResult, HookTrigger, RoomKit, ToolCallEvent, WebSocketChannel
from roomkit.providers.ai.base import AIResponse, AIToolCall
from roomkit.providers.ai.mock import MockAIProvider
from roomkit.tools import Tool, ToolError, tool


@tool(timeout=5)
async def find_table(day: Literal["friday", "saturday"], seats: int = 2) -> dict[str, Any]:
    """Find a free table."""
    if seats > 8:
        raise ToolError("no table has more than eight seats; offer two tables")
    return {"table": 4, "day": day}


class OpeningHours(Tool):
    name = "opening_hours"
    description = "When the restaurant is open."

    async def execute(self, arguments: dict[str, Any]) -> str:
        return "17 to 23 h"


async def handler(name: str, arguments: dict[str, Any]) -> str | None:
    return "soup, fish, cake" if name == "read_menu" else None


MENU = {"name": "read_menu", "description": "What there is to eat."}
WANTED: list[dict[str, Any]] = [
    {"name": "find_table", "arguments": {"day": "friday"}},
    {"name": "find_table", "arguments": {"day": "monday", "guests": 4}},
    {"name": "find_table", "arguments": {"day": "friday", "seats": 12}},
    {"name": "find_table", "arguments": {"day": "saturday"}},
    {"name": "opening_hours"},
    {"name": "read_menu"},
]


async def main() -> None:
    calls = [AIToolCall(id=str(number), **call) for number, call in enumerate(WANTED)]
    model = MockAIProvider([AIResponse(content="", tool_calls=calls), "A table is kept."])
    tools: list[Any] = [find_table, OpeningHours(), MENU]
    async with RoomKit() as kit:
        kit.register_channel(WebSocketChannel("web"))
        kit.register_channel(AIChannel("waiter", model, tools=tools, tool_handler=handler))
        await kit.create_room("table")
        await kit.attach_channel("table", "web")
        await kit.attach_channel("table", "waiter")

        @kit.hook(HookTrigger.ON_TOOL_CALL)
        async def gate(call: ToolCallEvent, _context: roomkit.RoomContext) -> HookResult:
            if call.arguments.get("day") == "saturday":
                return HookResult.block("Saturdays are for regulars")
            return HookResult.allow()

        question = roomkit.TextContent(body="A table?")
        await kit.process_inbound(
            roomkit.InboundMessage(channel_id="web", sender_id="ada", content=question)
        )
    for call, result in zip(WANTED, model.calls[-1].messages[-1].content, strict=True):
        assert not isinstance(result, str)
        print(f"{call['name']}: {result.content if result.type == 'tool_result' else ''}")


if __name__ == "__main__":
    asyncio.run(main())
