"""One AI channel in many rooms, with settings of its own in each.

`system_prompt`, `temperature`, `max_tokens`, `thinking_budget` and `tools` of a room stand in the
metadata of its binding and can be changed while the room lives.
"""

from __future__ import annotations

import asyncio

from roomkit import AIChannel, InboundMessage, RoomKit, TextContent, WebSocketChannel
from roomkit.providers.ai.mock import MockAIProvider

LOOK_UP = {"name": "look_up_order", "description": "Finds an order", "parameters": {}}


async def main() -> None:
    provider = MockAIProvider(["ok"])
    ai = AIChannel("ai", provider, system_prompt="You help.", temperature=0.7)
    async with RoomKit() as kit:
        kit.register_channel(ai)
        kit.register_channel(WebSocketChannel("web"))
        for room_id in ("lobby", "sales", "support"):
            await kit.create_room(room_id)
            await kit.attach_channel(room_id, "web")
        await kit.attach_channel("lobby", "ai")
        await kit.attach_channel("sales", "ai", metadata={"system_prompt": "You sell bicycles."})
        await kit.attach_channel("support", "ai", metadata={"tools": [LOOK_UP], "temperature": 0})

        async def ask(room_id: str) -> None:
            question = InboundMessage(
                channel_id="web", sender_id="ada", content=TextContent(body="Hello")
            )
            await kit.process_inbound(question, room_id=room_id)
            asked = provider.calls[-1]
            tools = [tool.name for tool in asked.tools]
            print(f"{room_id}: {asked.system_prompt!r}, {asked.temperature}, {tools}")

        for room_id in ("lobby", "sales", "support"):
            await ask(room_id)
        await kit.update_binding_metadata("sales", "ai", {"system_prompt": "You sell helmets."})
        await ask("sales")


if __name__ == "__main__":
    asyncio.run(main())
