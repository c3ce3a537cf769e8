"""A summary of what is old: made for each channel, and gone with what was withdrawn.

Two AIs sit in a room, and one does not see what is whispered. What either is shown of old messages
is its own summary, of what it may see. A message that is deleted leaves no trace in it. The second
model, which summarises, repeats what it is given here.
"""

from __future__ import annotations

import asyncio

from roomkit import (
    AIChannel,
    AIContext,
    AIProvider,
    AIResponse,
    InboundMessage,
    RoomKit,
    TextContent,
    WebSocketChannel,
)
from roomkit.memory import SummaryMemory
from roomkit.models.event import DeleteContent, EventContent
from roomkit.providers.ai.mock import MockAIProvider

FACTS = ("bicycle", "password", "discount")


class Repeats(AIProvider):
    model_name = "repeats"

    async def generate(self, context: AIContext) -> AIResponse:
        asked = context.messages[-1].text
        return AIResponse(content=" and ".join(fact for fact in FACTS if fact in asked) or "-")


async def main() -> None:
    models = {"clerk": MockAIProvider(), "adviser": MockAIProvider()}
    async with RoomKit() as kit:
        for name in ("web", "desk"):
            kit.register_channel(WebSocketChannel(name))
        for name, model in models.items():
            memory = SummaryMemory(Repeats(), keep=1, chunk=2)
            kit.register_channel(AIChannel(name, model, memory=memory))
        await kit.create_room("shop")
        for name in ("web", "desk", *models):
            await kit.attach_channel("shop", name)

        async def say(content: str | EventContent) -> str:
            content = TextContent(body=content) if isinstance(content, str) else content
            message = InboundMessage(channel_id="web", sender_id="ada", content=content)
            result = await kit.process_inbound(message, room_id="shop")
            return result.event.id if result.event else ""

        async def show(title: str) -> None:
            await say("Go on.")
            print(title)
            for name, model in models.items():
                shown = " ".join(message.text for message in model.calls[-1].messages)
                print(f"  {name} knows of:", [fact for fact in FACTS if fact in shown])

        await say("My bicycle is red.")
        password = await say("My password is swordfish.")
        whisper = TextContent(body="She gets a discount.")
        await kit.send_event("shop", "desk", whisper, visibility="adviser")
        for text in ("One.", "Two.", "Three."):
            await say(text)
        await show("with the whisper:")
        await say(DeleteContent(target_event_id=password))
        await show("without the password:")


if __name__ == "__main__":
    asyncio.run(main())
