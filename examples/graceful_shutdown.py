"""Ending without losing anything: what is under way gets a moment, what is late is cut off.

`close` takes every step, each within seconds: sources stop, deliveries and answers under way may
finish, channels and their providers are closed. The store comes last.
"""

from __future__ import annotations

import asyncio
import logging

from roomkit import (
    AIChannel,
    Channel,
    InboundMessage,
    InMemoryStore,
    MockSMSProvider,
    RoomKit,
    SMSChannel,
    TextContent,
)
from roomkit.providers.ai.mock import MockAIProvider


class KeptStore(InMemoryStore):
    async def close(self) -> None:
        print("  the store is closed")


def message(text: str) -> InboundMessage:
    return InboundMessage(
        channel_id="sms", sender_id="+15551234567", content=TextContent(body=text)
    )


async def end_while_thinking(seconds: float) -> None:
    """Close the kit while a model works on an answer."""
    store, sms = KeptStore(), MockSMSProvider()
    model = MockAIProvider(["I have thought about it."], delay=seconds)
    kit = RoomKit(store=store, close_timeout=0.2)
    kit.register_channel(SMSChannel("sms", provider=sms))
    kit.register_channel(AIChannel("ai", model))
    await kit.create_room("chat")
    await kit.attach_channel("chat", "sms", metadata={"phone_number": "+15551234567"})
    await kit.attach_channel("chat", "ai")

    talk = asyncio.create_task(kit.process_inbound(message("Hello?")))
    await asyncio.sleep(0.01)  # the model has been asked
    await kit.close()
    (outcome,) = await asyncio.gather(talk, return_exceptions=True)

    print("  the caller got:", type(outcome).__name__)
    said = [
        Channel.extract_text(event)
        for event in await store.list_events("chat")
        if event.type == "message"
    ]
    print("  stored:", said)
    print("  sent:", [sent.body for sent in sms.sent])
    print("  closed with it:", model.closed, sms.closed)


async def main() -> None:
    logging.getLogger("roomkit").setLevel(logging.CRITICAL)  # what is cut off is logged otherwise
    print("a short thought:")
    await end_while_thinking(0.05)
    print("a long one:")
    await end_while_thinking(60)


if __name__ == "__main__":
    asyncio.run(main())
