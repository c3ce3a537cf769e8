"""A second model that steps in where the first one fails.

The first is left alone for half a minute then. A request that the vendor finds wrong is not passed
on: the second model would refuse it as well.
"""

from __future__ import annotations

import asyncio
import logging

from roomkit import (
    AIChannel,
    Channel,
    InboundMessage,
    ProviderError,
    RoomKit,
    TextContent,
    WebSocketChannel,
)
from roomkit.providers.ai.fallback import FallbackAIProvider
from roomkit.providers.ai.mock import MockAIProvider
from roomkit.testing import VirtualClock

OVERLOADED = ProviderError("overloaded", provider="large", code="overloaded", retryable=True)
REJECTED = ProviderError("rejected", provider="large", code="rejected", retryable=False)


async def main() -> None:
    logging.getLogger("roomkit").setLevel(logging.ERROR)  # that a model failed is logged otherwise
    clock = VirtualClock()
    large = MockAIProvider(["Large: hello.", OVERLOADED, "Large: here I am again.", REJECTED])
    small = MockAIProvider(["Small: hello."])
    model = FallbackAIProvider([large, small], cooldown=30, clock=clock)
    async with RoomKit(clock=clock) as kit:
        kit.register_channel(WebSocketChannel("web"))
        kit.register_channel(AIChannel("ai", model))
        await kit.create_room("chat")
        await kit.attach_channel("chat", "web")
        await kit.attach_channel("chat", "ai")

        async def ask() -> None:
            result = await kit.process_inbound(
                InboundMessage(channel_id="web", sender_id="ada", content=TextContent(body="Hi"))
            )
            answers = [Channel.extract_text(event) for event in result.response_events]
            print(f"{clock.monotonic():2.0f} s: {answers or result.error}")
            print(f"      asked so far: large {len(large.calls)}, small {len(small.calls)}")

        await ask()
        await ask()
        await clock.advance(29)
        await ask()
        await clock.advance(1)
        await ask()
        await ask()


if __name__ == "__main__":
    asyncio.run(main())
