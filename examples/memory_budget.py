"""A long conversation in a small window: a summary of what is old, and never too much of it all.

`SummaryMemory` has a second model merge old messages into a summary; `TokenBudgetMemory` cuts what
is left to the size of the window, system prompt, tools and answer counted in.
"""

from __future__ import annotations

import asyncio

from roomkit import AIChannel, InboundMessage, RoomKit, TextContent, WebSocketChannel
from roomkit.memory import SummaryMemory, TokenBudgetMemory, TokenMeter
from roomkit.providers.ai.mock import MockAIProvider

WINDOW = 700
ANSWER = 200

STORY = [
    "I bought a red bicycle from you in May.",
    "The order number is 4711.",
    "First the bell fell off, then the light, and last week the saddle. " * 3,
    "I would like my money back.",
    "Or a new saddle.",
    "So, what will you do?",
]


async def main() -> None:
    small = MockAIProvider(
        [
            "Ada bought a red bicycle in May; order 4711.",
            "Ada bought a red bicycle in May; order 4711. Several parts fell off.",
        ]
    )
    model = MockAIProvider(["I see."])
    memory = TokenBudgetMemory(WINDOW, SummaryMemory(small, keep=3, chunk=3))
    assistant = AIChannel(
        "assistant", model, system_prompt="You work in a shop.", max_tokens=ANSWER, memory=memory
    )
    async with RoomKit() as kit:
        kit.register_channel(WebSocketChannel("web"))
        kit.register_channel(assistant)
        await kit.create_room("shop")
        await kit.attach_channel("shop", "web")
        await kit.attach_channel("shop", "assistant")
        for text in STORY:
            message = InboundMessage(
                channel_id="web", sender_id="ada", content=TextContent(body=text)
            )
            await kit.process_inbound(message, room_id="shop")

    meter = TokenMeter()
    for number, request in enumerate(model.calls, start=1):
        taken = sum(map(meter.message, request.messages)) + ANSWER
        print(f"request {number}: {len(request.messages)} messages, fits: {taken <= WINDOW}")
    print()
    for shown in model.calls[-1].messages:
        print(f"{shown.role}: {shown.text}")


if __name__ == "__main__":
    asyncio.run(main())
