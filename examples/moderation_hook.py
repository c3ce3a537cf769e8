"""Moderation: a hook sees every message first and may withhold it.

The hook is registered with `on_error="block"`: should it fail, the message is withheld, too.
What was blocked stays in the timeline, with the name of the hook and its reason.
"""

from __future__ import annotations

import asyncio
import logging

from roomkit import (
    Channel,
    HookResult,
    HookTrigger,
    InboundMessage,
    RoomContext,
    RoomEvent,
    RoomKit,
    TextContent,
    WebSocketChannel,
)

FORBIDDEN = {"lottery"}


async def main() -> None:
    # The hook fails on purpose below; without this line its traceback is logged.
    logging.getLogger("roomkit.hooks").disabled = True

    async with RoomKit() as kit:

        @kit.hook(HookTrigger.BEFORE_BROADCAST, name="word_list", on_error="block")
        async def word_list(event: RoomEvent, context: RoomContext) -> HookResult:
            words = set(Channel.extract_text(event).lower().split())
            if "crash" in words:
                raise RuntimeError("the word list is out of order")
            if words & FORBIDDEN:
                return HookResult.block("a forbidden word")
            return HookResult.allow()

        async def show(event: RoomEvent) -> None:
            print(f"  Bob reads: {Channel.extract_text(event)}")

        alice, bob = WebSocketChannel("alice"), WebSocketChannel("bob")
        bob.register_connection("laptop", show)
        kit.register_channel(alice)
        kit.register_channel(bob)
        await kit.create_room("lobby")
        await kit.attach_channel("lobby", "alice")
        await kit.attach_channel("lobby", "bob")

        for text in ("Good morning", "You won the lottery", "Make it crash"):
            print(f"Alice: {text}")
            result = await kit.process_inbound(
                InboundMessage(
                    channel_id="alice", sender_id="alice", content=TextContent(body=text)
                )
            )
            if result.blocked:
                print(f"  blocked: {result.reason}")

        print("The timeline:")
        for event in await kit.get_timeline("lobby"):
            if event.type == "message":
                print(f"  {event.status} by {event.blocked_by}: {event.content.type}")


if __name__ == "__main__":
    asyncio.run(main())
