"""Timers: a silent room is paused, then closed. Hours pass in milliseconds on a `VirtualClock`.

Nothing runs in the background: the application calls `check_all_timers` about once a minute.
"""

from __future__ import annotations

import asyncio

from roomkit import (
    HookTrigger,
    InboundMessage,
    RoomContext,
    RoomEvent,
    RoomKit,
    RoomTimers,
    TextContent,
    WebSocketChannel,
)
from roomkit.testing import VirtualClock


async def main() -> None:
    clock = VirtualClock()
    async with RoomKit(clock=clock) as kit:

        @kit.hook(HookTrigger.ON_ROOM_CLOSED)
        async def goodbye(event: RoomEvent, context: RoomContext) -> None:
            print(f"  hook: room {context.room.id} is closed")

        kit.register_channel(WebSocketChannel("web"))
        timers = RoomTimers(inactive_after_seconds=600, closed_after_seconds=3600)
        await kit.create_room("chat", timers=timers)
        await kit.attach_channel("chat", "web")

        async def say(text: str) -> None:
            message = InboundMessage(
                channel_id="web", sender_id="ada", content=TextContent(body=text)
            )
            result = await kit.process_inbound(message, room_id="chat")
            room = await kit.get_room("chat")
            outcome = result.reason or "sent"
            print(f"{clock.monotonic():5.0f} s  {text} -> {outcome}, {room.status}")

        async def wait(seconds: float) -> None:
            await clock.advance(seconds)
            changed = [f"{room.id} {room.status}" for room in await kit.check_all_timers()]
            print(f"{clock.monotonic():5.0f} s  checked: {changed}")

        await say("Hello")
        await wait(300)
        await wait(300)
        await say("I am back")  # wakes the room
        await wait(3000)
        await wait(600)
        await say("Anybody there?")


if __name__ == "__main__":
    asyncio.run(main())
