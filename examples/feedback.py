"""Feedback: what people think of a conversation, or of one answer in it."""

from __future__ import annotations

import asyncio

from roomkit import (
    AIChannel,
    HookTrigger,
    InboundMessage,
    Observation,
    RoomContext,
    RoomKit,
    TextContent,
    WebSocketChannel,
)
from roomkit.providers.ai.mock import MockAIProvider


async def main() -> None:
    async with RoomKit() as kit:

        @kit.hook(HookTrigger.ON_FEEDBACK)
        async def react(feedback: Observation, context: RoomContext) -> None:
            if feedback.metadata["rating"] <= 2:
                print(f"  hook: look at room {context.room.id}: {feedback.content}")

        kit.register_channel(WebSocketChannel("web"))
        kit.register_channel(AIChannel("ai", MockAIProvider(["Have you tried a restart?"])))
        await kit.create_room("case")
        await kit.attach_channel("case", "web")
        await kit.attach_channel("case", "ai")
        result = await kit.process_inbound(
            InboundMessage(channel_id="web", sender_id="ada", content=TextContent(body="Help!"))
        )
        (answer,) = result.response_events

        print("Ada rates the answer, then the conversation:")
        await kit.submit_feedback(
            "case", rating=1, comment="useless", event_id=answer.id, user_id="ada"
        )
        await kit.submit_feedback("case", rating=4, comment="sorted out now", user_id="ada")

        for one in await kit.list_observations("case"):
            about = "the answer" if one.metadata.get("event_id") == answer.id else "the room"
            print(f"{one.metadata['rating']} for {about}: {one.content}")


if __name__ == "__main__":
    asyncio.run(main())
