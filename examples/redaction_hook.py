"""Redaction: a hook changes a message before it is stored and before anybody sees it.

Two hooks run in the order of their priority; the second sees what the first one made of the
message. Neither the timeline nor the other channels ever hold the card number.
"""

from __future__ import annotations

import asyncio
import re

from roomkit import (
    HookResult,
    HookTrigger,
    InboundMessage,
    RoomContext,
    RoomEvent,
    RoomKit,
    TextContent,
    WebSocketChannel,
)

CARD_NUMBER = re.compile(r"\b(?:\d[ -]?){12,18}\d\b")


async def main() -> None:
    async with RoomKit() as kit:

        @kit.hook(HookTrigger.BEFORE_BROADCAST, priority=10, name="card_numbers")
        async def card_numbers(event: RoomEvent, context: RoomContext) -> HookResult:
            if not isinstance(event.content, TextContent):
                return HookResult.allow()
            body = CARD_NUMBER.sub("[card number]", event.content.body)
            content = event.content.model_copy(update={"body": body})
            return HookResult.modify(event.model_copy(update={"content": content}))

        @kit.hook(HookTrigger.BEFORE_BROADCAST, priority=20, name="label")
        async def label(event: RoomEvent, context: RoomContext) -> HookResult:
            redacted = "[card number]" in str(event.content)
            metadata = {**event.metadata, "redacted": redacted}
            return HookResult.modify(event.model_copy(update={"metadata": metadata}))

        kit.register_channel(WebSocketChannel("customer"))
        await kit.create_room("order")
        await kit.attach_channel("order", "customer")

        for text in ("My card is 4111 1111 1111 1111.", "When will it arrive?"):
            await kit.process_inbound(
                InboundMessage(
                    channel_id="customer", sender_id="ada", content=TextContent(body=text)
                )
            )

        for event in await kit.get_timeline("order"):
            if isinstance(event.content, TextContent):
                print(f"{event.content.body} (redacted: {event.metadata['redacted']})")


if __name__ == "__main__":
    asyncio.run(main())
