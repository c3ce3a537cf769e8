"""Hooks for one room: added while the room lives, and removed again by name."""

from __future__ import annotations

import asyncio

from roomkit import (
    HookExecution,
    HookResult,
    HookTrigger,
    InboundMessage,
    RoomContext,
    RoomEvent,
    RoomKit,
    TextContent,
    WebSocketChannel,
)


async def only_questions(event: RoomEvent, context: RoomContext) -> HookResult:
    """The audience of a talk may ask, and nothing else."""
    if isinstance(event.content, TextContent) and not event.content.body.endswith("?"):
        return HookResult.block("questions only, please")
    return HookResult.allow()


async def main() -> None:
    async with RoomKit() as kit:
        kit.register_channel(WebSocketChannel("audience"))
        for room_id in ("talk", "hallway"):
            await kit.create_room(room_id)
            await kit.attach_channel(room_id, "audience")

        async def say(room_id: str, text: str) -> None:
            message = InboundMessage(
                channel_id="audience", sender_id="ada", content=TextContent(body=text)
            )
            result = await kit.process_inbound(message, room_id=room_id)
            print(f"{room_id}: {text} -> {result.reason or 'sent'}")

        kit.add_room_hook(
            "talk",
            HookTrigger.BEFORE_BROADCAST,
            HookExecution.SYNC,
            only_questions,
            name="only_questions",
        )
        await say("talk", "I like it.")
        await say("talk", "How fast is it?")
        await say("hallway", "I like it.")

        print("removed:", bool(kit.remove_room_hook("talk", "only_questions")))
        await say("talk", "Thank you, everybody.")


if __name__ == "__main__":
    asyncio.run(main())
