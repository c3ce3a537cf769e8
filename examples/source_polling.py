"""Messages that have to be fetched: a source that polls, fails, and is started again.

The kit runs it, hands in what it emits, and waits longer after every failure. Time is virtual.
"""

from __future__ import annotations

import asyncio
import logging

from roomkit import Channel, FrameworkEvent, InboundMessage, RoomKit, TextContent, WebSocketChannel
from roomkit.sources.base import Emit, SourceProvider
from roomkit.testing import VirtualClock


class Mailbox(SourceProvider):
    """Asks a server every minute. The server answers from a script; None is a failure."""

    def __init__(self, clock: VirtualClock, answers: list[list[str] | None]) -> None:
        self._clock = clock
        self._answers = answers

    async def start(self, emit: Emit) -> None:
        while self._answers:
            answer = self._answers.pop(0)
            if answer is None:
                raise ConnectionError("the server is down")
            for number in answer:
                await emit(
                    InboundMessage(
                        channel_id="mail",
                        sender_id="ada",
                        content=TextContent(body=f"Letter {number}"),
                        provider_message_id=number,
                    )
                )
            await self._clock.sleep(60)

    async def stop(self) -> None:
        print("the source is stopped")


async def main() -> None:
    logging.getLogger("roomkit").setLevel(logging.ERROR)  # a failing source is logged otherwise
    clock = VirtualClock(auto=True)
    async with RoomKit(clock=clock) as kit:

        @kit.on("source_error")
        async def alarm(event: FrameworkEvent) -> None:
            print("source_error:", event.data["error"])

        kit.register_channel(WebSocketChannel("mail"))
        await kit.create_room("post")
        await kit.attach_channel("post", "mail")

        mailbox = Mailbox(clock, [["1"], None, None, ["1", "2"], []])
        await kit.attach_source("mail", mailbox, restart_delay=5)
        while kit.source_health("mail").status != "ended":
            await clock.sleep(30)

        health = kit.source_health("mail")
        print(f"{health.status} after {health.messages} messages, of which one came twice")
        letters = [e for e in await kit.get_timeline("post") if e.type == "message"]
        print("stored:", [Channel.extract_text(letter) for letter in letters])
        await kit.detach_source("mail")


if __name__ == "__main__":
    asyncio.run(main())
