"""What every new room contains, however it opens: an `Orchestration` furnishes it.

A room that opens because a stranger writes has the desk, an assistant and a hook of its own from
the first message on. A single room may be furnished in another way.
"""

from __future__ import annotations

import asyncio

from roomkit import (
    AIChannel,
    Channel,
    HookExecution,
    HookResult,
    HookTrigger,
    InboundMessage,
    MockSMSProvider,
    Orchestration,
    RoomContext,
    RoomEvent,
    RoomKit,
    SMSChannel,
    TextContent,
    WebSocketChannel,
)
from roomkit.providers.ai.mock import MockAIProvider


async def no_links(event: RoomEvent, context: RoomContext) -> HookResult:
    if "http" in Channel.extract_text(event):
        return HookResult.block("no links before we know each other")
    return HookResult.allow()


class Shop(Orchestration):
    async def install(self, kit: RoomKit, room_id: str) -> None:
        await kit.attach_channel(room_id, "desk")
        await kit.attach_channel(room_id, "assistant", metadata={"system_prompt": "Be brief."})
        kit.add_room_hook(
            room_id, HookTrigger.BEFORE_BROADCAST, HookExecution.SYNC, no_links, name="no links"
        )


class Backroom(Orchestration):
    async def install(self, kit: RoomKit, room_id: str) -> None:
        await kit.attach_channel(room_id, "desk")


async def main() -> None:
    sms = MockSMSProvider()
    async with RoomKit(orchestration=Shop()) as kit:
        kit.register_channel(SMSChannel("sms", provider=sms))
        kit.register_channel(WebSocketChannel("desk"))
        kit.register_channel(AIChannel("assistant", MockAIProvider(["How can I help?"])))

        async def text(body: str) -> str:
            message = InboundMessage(
                channel_id="sms", sender_id="+15551234567", content=TextContent(body=body)
            )
            result = await kit.process_inbound(message)
            print(f"{body!r}: {result.reason or 'accepted'}")
            return str(result.room_id)

        room_id = await text("Hello")
        print("answered:", sms.sent[-1].body)
        await text("Look at http://example.com/")
        print([binding.channel_id for binding in await kit.list_bindings(room_id)])

        staff = await kit.create_room("staff", orchestration=Backroom())
        print([binding.channel_id for binding in await kit.list_bindings(staff.id)])


if __name__ == "__main__":
    asyncio.run(main())
