"""Two AI agents in one room answer each other, until the chain depth limit ends it.

What somebody says on their own has depth 0, an answer to it depth 1, an answer to that depth 2.
Beyond `max_chain_depth` an answer is stored as blocked and nobody sees it: without that, the two
would never stop.
"""

from __future__ import annotations

import asyncio

from roomkit import AIChannel, Channel, FrameworkEvent, RoomKit, TextContent
from roomkit.providers.ai.mock import MockAIProvider


async def main() -> None:
    optimist = MockAIProvider(["Look, a blue spot.", "And a bird."])
    pessimist = MockAIProvider(["It will rain.", "That is a leaf."])
    async with RoomKit(max_chain_depth=3) as kit:

        @kit.on("chain_depth_exceeded")
        async def ended(event: FrameworkEvent) -> None:
            print(f"depth {event.data['chain_depth']} of {event.channel_id} is too deep")

        kit.register_channel(AIChannel("optimist", optimist))
        kit.register_channel(AIChannel("pessimist", pessimist))
        await kit.create_room("weather")
        await kit.attach_channel("weather", "optimist")
        await kit.attach_channel("weather", "pessimist")

        await kit.send_event("weather", "optimist", TextContent(body="It will be sunny."))

        for event in await kit.get_timeline("weather"):
            if event.type == "message":
                text = Channel.extract_text(event)
                print(f"{event.chain_depth} {event.source.channel_id}: {text} [{event.status}]")


if __name__ == "__main__":
    asyncio.run(main())
