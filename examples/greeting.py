"""An agent that speaks first.

A hook greets whoever connects to a room in which nothing was said yet. The greeting is a message
like any other: it is stored, shown, and the model knows that it has said it.
"""

from __future__ import annotations

import asyncio

from roomkit import (
    Agent,
    Channel,
    HookExecution,
    HookTrigger,
    InboundMessage,
    RoomContext,
    RoomEvent,
    RoomKit,
    SessionStartedEvent,
    TextContent,
    WebSocketChannel,
)
from roomkit.providers.ai.mock import MockAIProvider


async def main() -> None:
    model = MockAIProvider(["The workshop is on the left."])
    async with RoomKit() as kit:
        kit.register_channel(WebSocketChannel("web"))
        kit.register_channel(
            Agent(
                "guide",
                model,
                role="Guide of a bicycle shop",
                greeting="Welcome! Shall I show you round?",
            )
        )

        @kit.hook(HookTrigger.ON_SESSION_STARTED, execution=HookExecution.ASYNC)
        async def greet(started: SessionStartedEvent, context: RoomContext) -> None:
            if not context.recent_events:
                await kit.send_greeting(context.room.id)

        await kit.create_room("tour")
        await kit.attach_channel("tour", "web")
        await kit.attach_channel("tour", "guide")

        async def show(connection_id: str, event: RoomEvent) -> None:
            print(f"{connection_id} <- {Channel.extract_text(event)}")

        await kit.connect_websocket("web", "tablet", show, room_id="tour")
        await kit.connect_websocket("web", "phone", show, room_id="tour")  # nothing more to say

        question = TextContent(body="Where is the workshop?")
        await kit.process_inbound(
            InboundMessage(channel_id="web", sender_id="ada", content=question)
        )
        for message in model.calls[0].messages:
            print(f"{message.role}: {message.text}")

        await kit.create_room("other")
        await kit.attach_channel("other", "guide")
        event = await kit.send_greeting("other", greeting="Bonjour !")
        print(Channel.extract_text(event), dict(event.metadata))


if __name__ == "__main__":
    asyncio.run(main())
