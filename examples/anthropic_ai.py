"""Claude answers; then it reasons, calls a tool, and gets its reasoning back with the result.

A server on this machine plays Anthropic, from a script. Hooks see what the model thought, those
who look at the room that it thinks, and the answer holds none of it. Needs
`pip install "roomkit[anthropic]"`.
"""

from __future__ import annotations

import asyncio
from typing import Any

from roomkit import (
    AIChannel,
    AIThinkingEvent,
    Channel,
    HookTrigger,
    InboundMessage,
    RoomContext,
    RoomKit,
    TextContent,
    WebSocketChannel,
)
from roomkit.providers.anthropic import AnthropicAIProvider, AnthropicConfig
from roomkit.testing import Reply, ScriptedServer

HOURS = {"type": "text", "text": "From six to ten."}
THOUGHT = {"type": "thinking", "thinking": "Four seats. Are there any?", "signature": "c2ln"}
CALL = {"type": "tool_use", "id": "toolu_1", "name": "seats_left", "input": {"hour": 19}}
ANSWER = {"type": "text", "text": "There are six seats at seven."}


def streamed(stop: str, *blocks: dict[str, Any]) -> Reply:
    """An answer as the vendor streams it, but for the many small pieces."""
    events: list[dict[str, Any]] = [{"type": "message_start", "message": {}}]
    for index, block in enumerate(blocks):
        events.append({"type": "content_block_start", "index": index, "content_block": block})
    events += [{"type": "message_delta", "delta": {"stop_reason": stop}}, {"type": "message_stop"}]
    return Reply.of_events([(event["type"], event) for event in events])


async def seats_left(hour: int) -> str:
    """How many seats are free at this hour."""
    return "6" if hour == 19 else "0"


async def main() -> None:
    async with ScriptedServer() as server, RoomKit() as kit:
        server.reply(streamed("end_turn", HOURS))
        server.reply(streamed("tool_use", THOUGHT, CALL))
        server.reply(streamed("end_turn", ANSWER))
        config = AnthropicConfig(api_key="sk-ant-…", model="claude-haiku-4-5", base_url=server.url)
        model = AnthropicAIProvider(config)
        kit.register_channel(WebSocketChannel("web"))
        kit.register_channel(AIChannel("waiter", model, tools=[seats_left], thinking_budget=2048))
        await kit.create_room("table")
        await kit.attach_channel("table", "web")
        await kit.attach_channel("table", "waiter")

        @kit.hook(HookTrigger.ON_AI_THINKING)
        async def audit(event: AIThinkingEvent, _context: RoomContext) -> None:
            print(f"{event.channel_id} thought: {event.thinking}")

        await kit.subscribe_room("table", lambda event: print("signal:", event.type))
        for question in ("When do you open?", "Four of us, at seven?"):
            content = TextContent(body=question)
            message = InboundMessage(channel_id="web", sender_id="ada", content=content)
            result = await kit.process_inbound(message)
            print("answer:", *(Channel.extract_text(event) for event in result.response_events))
        for request in server.requests:
            asked = request.json()
            print(asked["thinking"], "max_tokens", asked["max_tokens"])
            for said in asked["messages"]:
                print(f"  {said['role']}: {[block['type'] for block in said['content']]}")


if __name__ == "__main__":
    asyncio.run(main())
