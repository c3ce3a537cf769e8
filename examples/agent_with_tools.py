"""An agent that looks things up before it answers.

The tool learns from its call who asks: the model has no say in whose orders it sees. Whoever
watches the room is shown that a tool runs. The model plays from a script.
"""

from __future__ import annotations

import asyncio

from roomkit import (
    Agent,
    Channel,
    EphemeralEvent,
    InboundMessage,
    RoomKit,
    TextContent,
    WebSocketChannel,
)
from roomkit.providers.ai.mock import MockAIProvider
from roomkit.testing.actors import wants_tool
from roomkit.tools import ToolCallContext

ORDERS = {"ada": {"7": "ready since this morning"}, "bob": {"8": "on its way"}}


async def order_status(number: str, call: ToolCallContext) -> str:
    """Look up how far an order of the customer is.

    Args:
        number: the number of the order.
    """
    assert call.room is not None
    (customer,) = [one.id for one in call.room.participants if one.id in ORDERS]
    return ORDERS[customer].get(number, "the customer has no such order")


async def main() -> None:
    model = MockAIProvider(
        [
            wants_tool("order_status", number="7"),
            "Order 7 is ready.",
            wants_tool("order_status", number="8"),
            "I cannot find an order 8 of yours.",
        ]
    )
    agent = Agent(
        "agent",
        model,
        role="Assistant of a bicycle shop",
        description="Answers questions about orders.",
        tools=[order_status],
    )
    async with RoomKit() as kit:
        kit.register_channel(WebSocketChannel("web"))
        kit.register_channel(agent)
        await kit.create_room("shop")
        await kit.attach_channel("shop", "web")
        await kit.attach_channel("shop", "agent")

        def watch(event: EphemeralEvent) -> None:
            print(f"  {event.type}: {[call['name'] for call in event.data['tool_calls']]}")

        await kit.subscribe_room("shop", watch)
        for question in ("Is order 7 ready?", "And Bob's, number 8?"):
            print("ada:", question)
            result = await kit.process_inbound(
                InboundMessage(
                    channel_id="web", sender_id="ada", content=TextContent(body=question)
                )
            )
            print("agent:", Channel.extract_text(result.response_events[0]))
    print("offered:", model.calls[0].tools[0].description)


if __name__ == "__main__":
    asyncio.run(main())
