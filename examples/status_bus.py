"""Progress reports: what an agent is doing while it works on something longer.

They go over the kit's status bus to whoever shows them: a dashboard, a page, a log. They are no
messages, belong to no timeline, and may come from anywhere in the application.
"""

from __future__ import annotations

import asyncio
from collections import Counter

from roomkit import Agent, InboundMessage, RoomKit, TextContent, WebSocketChannel
from roomkit.core.status_bus import StatusUpdate
from roomkit.providers.ai.mock import MockAIProvider
from roomkit.testing.actors import wants_tool

SHELVES = ("north", "south", "cellar")


async def main() -> None:
    async with RoomKit() as kit:

        async def search_stock(part: str) -> str:
            """Search the whole stock for a part. Takes a while."""

            async def report(message: str, level: str, **facts: int) -> None:
                update = StatusUpdate(
                    agent_id="clerk", room_id="shop", message=message, level=level, metadata=facts
                )
                await kit.status_bus.publish(update)

            for number, shelf in enumerate(SHELVES, start=1):
                await report(f"searching {shelf}", "progress", percent=100 * number // 3)
            await report("found it", "done")
            return f"one {part}, in the cellar"

        levels: Counter[str] = Counter()

        async def show(update: StatusUpdate) -> None:
            percent = update.metadata.get("percent")
            details = "" if percent is None else f" ({percent} %)"
            print(f"  {update.agent_id} in {update.room_id}: {update.message}{details}")

        def count(update: StatusUpdate) -> None:
            levels[update.level] += 1

        await kit.status_bus.subscribe(show)
        counting = await kit.status_bus.subscribe(count)

        model = MockAIProvider([wants_tool("search_stock", part="saddle"), "There is one left."])
        kit.register_channel(WebSocketChannel("web"))
        kit.register_channel(Agent("clerk", model, tools=[search_stock]))
        await kit.create_room("shop")
        await kit.attach_channel("shop", "web")
        await kit.attach_channel("shop", "clerk")
        question = TextContent(body="Have you got a saddle?")
        await kit.process_inbound(
            InboundMessage(channel_id="web", sender_id="ada", content=question)
        )
        print(dict(levels), "unsubscribed:", await kit.status_bus.unsubscribe(counting))
        messages = [e for e in await kit.get_timeline("shop") if e.type == "message"]
        print("messages in the timeline:", len(messages))


if __name__ == "__main__":
    asyncio.run(main())
