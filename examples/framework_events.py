"""Framework events: notices about what RoomKit does, for dashboards, alarms and audit logs.

They carry ids and codes, never what people wrote. Handlers are told; they decide nothing.
"""

from __future__ import annotations

import asyncio
import logging

from roomkit import (
    FrameworkEvent,
    HookResult,
    HookTrigger,
    InboundMessage,
    RoomContext,
    RoomEvent,
    RoomKit,
    SMSChannel,
    TextContent,
    WebSocketChannel,
)


async def main() -> None:
    logging.getLogger("roomkit").setLevel(logging.ERROR)  # the failure is logged otherwise
    async with RoomKit() as kit:

        def show(event: FrameworkEvent) -> None:
            hidden = {"event_id", "room_id", "channel_id"}
            details = {key: value for key, value in event.data.items() if key not in hidden}
            print(f"{event.type} {event.channel_id or '-'} {details}")

        kit.on("room_created")(show)
        kit.on("room_channel_attached")(show)
        kit.on("event_processed")(show)
        kit.on("event_blocked")(show)
        kit.on("delivery_failed")(show)
        kit.on("room_closed")(show)

        @kit.hook(HookTrigger.BEFORE_BROADCAST)
        async def quiet(event: RoomEvent, context: RoomContext) -> HookResult | None:
            return HookResult.block("too loud") if "LOUD" in str(event.content) else None

        kit.register_channel(WebSocketChannel("web"))
        kit.register_channel(SMSChannel("sms"))  # has no provider, so it cannot send
        await kit.create_room("case")
        await kit.attach_channel("case", "web")
        await kit.attach_channel("case", "sms", metadata={"phone_number": "+15551234567"})

        for text in ("hello", "HELLO, I AM LOUD"):
            await kit.process_inbound(
                InboundMessage(channel_id="web", sender_id="ada", content=TextContent(body=text))
            )
        await kit.close_room("case")


if __name__ == "__main__":
    asyncio.run(main())
