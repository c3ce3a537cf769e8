"""A channel of your own: a departure board with two lines of twenty characters.

A channel turns what comes in into events, pushes events out, and says what it can carry. The rest
(hooks, conversion, retries, order) is done for it.
"""

from __future__ import annotations

import asyncio
import logging

from roomkit import (
    Channel,
    ChannelBinding,
    ChannelCapabilities,
    ChannelOutput,
    ChannelType,
    DeliveryError,
    InboundMessage,
    RoomContext,
    RoomEvent,
    RoomKit,
    TextContent,
    WebSocketChannel,
)
from roomkit.models.event import LocationContent


class BoardChannel(Channel):
    channel_type = ChannelType.PUSH
    recipient_key = "board_address"

    def __init__(self, channel_id: str) -> None:
        super().__init__(channel_id)
        self.lines: list[str] = []
        self.has_power = True

    def capabilities(self) -> ChannelCapabilities:
        return ChannelCapabilities(max_length=20, overflow="split")

    async def handle_inbound(self, message: InboundMessage, context: RoomContext) -> RoomEvent:
        return self.event_from(message, context)

    async def deliver(
        self, event: RoomEvent, binding: ChannelBinding, context: RoomContext
    ) -> ChannelOutput:
        if not self.has_power:
            raise DeliveryError("the board is dark", code="no_power", retryable=True)
        self.lines = [*self.lines, f"{binding.recipient}: {self.extract_text(event)}"][-2:]
        return ChannelOutput.empty()


async def main() -> None:
    logging.getLogger("roomkit").setLevel(logging.ERROR)  # the failure is logged otherwise
    board = BoardChannel("board")
    async with RoomKit() as kit:
        kit.register_channel(board)
        kit.register_channel(WebSocketChannel("office"))
        await kit.create_room("station")
        await kit.attach_channel("station", "office")
        await kit.attach_channel("station", "board", metadata={"board_address": "platform 3"})

        await kit.send_event("station", "office", TextContent(body="Train delayed by 15 minutes"))
        print(board.lines)
        await kit.send_event("station", "office", LocationContent(latitude=52.5, longitude=13.4))
        print(board.lines)
        button = InboundMessage(
            channel_id="board", sender_id="platform 3", content=TextContent(body="Help!")
        )
        result = await kit.process_inbound(button)
        print("button pressed in", result.room_id, "and told to", list(result.delivery_results))

        board.has_power = False
        event = await kit.send_event("station", "office", TextContent(body="Hello?"))
        print(event.status, event.delivery_results["board"].error_code)


if __name__ == "__main__":
    asyncio.run(main())
