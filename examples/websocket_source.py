"""A source: messages come from another server's WebSocket, to which this program connects.

The other server runs on this machine. It drops the connection after two messages; the source
reports that, waits, and connects again. Needs `pip install "roomkit[websocket]"`.
"""

from __future__ import annotations

import asyncio
import json
import logging

from websockets.asyncio.server import ServerConnection, serve

from roomkit import FrameworkEvent, HookTrigger, RoomContext, RoomEvent, RoomKit, WebSocketChannel
from roomkit.channels.base import text_of
from roomkit.sources.websocket import WebSocketSource

FEED = [
    [("m-1", "ada", "Is anybody there?"), ("m-2", "bob", "I have a question, too.")],
    # What was sent before is sent again, as some servers do, and stored once all the same.
    [("m-2", "bob", "I have a question, too."), ("m-3", "ada", "Hello again.")],
]


class Server:
    """Sends one list of messages to each that connects."""

    def __init__(self) -> None:
        self.connections = 0

    async def talk(self, connection: ServerConnection) -> None:
        assert connection.request is not None
        key = connection.request.headers["Authorization"]
        print("server: somebody connects with", key)
        messages = FEED[self.connections]
        self.connections += 1
        for message_id, sender, text in messages:
            await connection.send(json.dumps({"id": message_id, "sender": sender, "text": text}))
        if self.connections < len(FEED):
            await connection.close(1011, "restarting")
        await connection.wait_closed()


async def main() -> None:
    logging.getLogger("roomkit").setLevel(logging.ERROR)  # a lost connection is logged otherwise
    async with serve(Server().talk, "127.0.0.1", 0) as server, RoomKit() as kit:
        port = next(iter(server.sockets)).getsockname()[1]
        kit.register_channel(WebSocketChannel("partner"))
        await kit.create_room("lobby")
        await kit.attach_channel("lobby", "partner")
        done = asyncio.Event()

        @kit.on("source_error")
        def report(event: FrameworkEvent) -> None:
            print("source_error:", event.data["error"])

        @kit.hook(HookTrigger.AFTER_BROADCAST)
        async def show(event: RoomEvent, context: RoomContext) -> None:
            text = text_of(event.content)
            print(f"room {context.room.id}, {event.source.participant_id}: {text}")
            if text == "Hello again.":
                done.set()

        source = WebSocketSource(
            f"ws://127.0.0.1:{port}/feed?token=k3y", headers={"Authorization": "Bearer k3y"}
        )
        # Half of the delay is random; this one is short so that the example is.
        await kit.attach_source("partner", source, restart_delay=0.05)
        await asyncio.wait_for(done.wait(), 10)
        health = kit.source_health("partner")
        print("messages:", health.messages, "dropped:", health.dropped, "status:", health.status)
        await kit.detach_source("partner")


if __name__ == "__main__":
    asyncio.run(main())
