"""A skill: the model reads how something is done once somebody asks for it.

The script plays a model that activates the skill and reads a file that comes with it.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory

from roomkit import AIChannel, Channel, InboundMessage, RoomKit, TextContent, WebSocketChannel
from roomkit.providers.ai.base import AIResponse, AIToolCall, AIToolResult
from roomkit.providers.ai.mock import MockAIProvider
from roomkit.skills import SkillRegistry

FILES = {
    "SKILL.md": """\
---
name: refunds
description: How to refund an order. Use it when a customer wants money back.
---
Check the limits in references/limits.md before you promise anything.
""",
    "references/limits.md": "Above 100 dollars, hand over to a person.",
}


def write_skill(directory: Path) -> None:
    for path, text in FILES.items():
        (directory / path).parent.mkdir(parents=True, exist_ok=True)
        (directory / path).write_text(text, encoding="utf-8")


def call(tool: str, /, **arguments: str) -> AIResponse:
    return AIResponse(content="", tool_calls=[AIToolCall(id=tool, name=tool, arguments=arguments)])


async def main() -> None:
    registry = SkillRegistry()
    with TemporaryDirectory() as shelf:
        write_skill(Path(shelf) / "refunds")
        print("skills found:", registry.discover(shelf))
        model = MockAIProvider(
            [
                call("activate_skill", name="refunds"),
                call("read_skill_reference", name="refunds", path="references/limits.md"),
                "That is above 100 dollars: I will ask a colleague.",
            ]
        )
        async with RoomKit() as kit:
            kit.register_channel(WebSocketChannel("web"))
            kit.register_channel(AIChannel("assistant", model, skills=registry))
            await kit.create_room("shop")
            await kit.attach_channel("shop", "web")
            await kit.attach_channel("shop", "assistant")
            question = TextContent(body="I want my 200 dollars back.")
            message = InboundMessage(channel_id="web", sender_id="ada", content=question)
            result = await kit.process_inbound(message, room_id="shop")

    print("tools:", [tool.name for tool in model.calls[0].tools])
    for message_of_tool in model.calls[-1].messages:
        for part in message_of_tool.content:
            if isinstance(part, AIToolResult):
                print(f"{part.name}:\n{part.content}")
    print("answer:", Channel.extract_text(result.response_events[0]))


if __name__ == "__main__":
    asyncio.run(main())
