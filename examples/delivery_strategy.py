"""A strategy around every delivery: nobody's telephone rings at night.

`deliver` wraps each attempt. It may delay it, record it, send it elsewhere or leave it out; its
result is what became of the message. Time is virtual here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

from roomkit import (
    ChannelBinding,
    ChannelOutput,
    ChannelType,
    MockSMSProvider,
    RoomContext,
    RoomEvent,
    RoomKit,
    SMSChannel,
    TextContent,
    WebSocketChannel,
)
from roomkit.testing import VirtualClock

type Deliver = Callable[[RoomEvent, ChannelBinding, RoomContext], Awaitable[ChannelOutput]]


class QuietHours:
    """Text messages wait for the morning, unless they are urgent."""

    def __init__(self, clock: VirtualClock, *, until: int = 8) -> None:
        self._clock = clock
        self._until = until

    async def deliver(
        self, fn: Deliver, event: RoomEvent, binding: ChannelBinding, context: RoomContext
    ) -> ChannelOutput:
        now = self._clock.now()
        is_night = binding.channel_type is ChannelType.SMS and now.hour < self._until
        if is_night and not event.metadata.get("urgent"):
            morning = now.replace(hour=self._until, minute=0, second=0, microsecond=0)
            await self._clock.sleep((morning - now) / timedelta(seconds=1))
        return await fn(event, binding, context)


async def main() -> None:
    clock = VirtualClock(datetime(2030, 5, 17, 3, 30, tzinfo=UTC), auto=True)
    sms = MockSMSProvider()
    # An attempt may take as long as a night.
    async with RoomKit(
        clock=clock, delivery_strategy=QuietHours(clock), delivery_timeout=12 * 3600
    ) as kit:
        kit.register_channel(WebSocketChannel("desk"))
        kit.register_channel(SMSChannel("sms", provider=sms))
        await kit.create_room("ada")
        await kit.attach_channel("ada", "desk")
        await kit.attach_channel("ada", "sms", metadata={"phone_number": "+15551234567"})

        async def send(text: str, **metadata: bool) -> None:
            await kit.send_event("ada", "desk", TextContent(body=text), metadata=metadata)
            print(f"{clock.now():%H:%M}  {sms.sent[-1].body}")

        await send("Your shop burns!", urgent=True)
        await send("Your bicycle is ready.")
        await send("And so is the bell.")


if __name__ == "__main__":
    asyncio.run(main())
