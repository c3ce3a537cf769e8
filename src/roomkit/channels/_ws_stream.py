"""Growing answers on WebSocket connections."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from roomkit.channels.host import ChannelHost
from roomkit.channels.streaming import StreamChunk, StreamEnd, StreamStart
from roomkit.models.event import RoomEvent

if TYPE_CHECKING:
    from roomkit.channels.websocket import Connection, WebSocketChannel


class WebSocketStream:
    """One answer on all the connections that were there when it began."""

    def __init__(
        self,
        host: ChannelHost,
        channel: WebSocketChannel,
        start: StreamStart,
        connections: list[Connection],
    ) -> None:
        self._stream_id = start.stream_id
        self._pumps = [_Pump(host, channel, start, connection) for connection in connections]

    def feed(self, delta: str) -> None:
        for pump in self._pumps:
            pump.feed(delta)

    async def end(self, event: RoomEvent | None, reason: str) -> None:
        message = StreamEnd(stream_id=self._stream_id, event=event, reason=reason)
        tasks = [pump.end(message) for pump in self._pumps]
        waiting = [task for task in tasks if task is not None and not task.done()]
        if waiting:
            await asyncio.wait(waiting)


class _Pump:
    """Sends one connection its pieces in order, one at a time.

    While a send is under way, further pieces are joined into the next one: a slow client gets
    fewer and longer pieces, and nothing queues up beyond the text itself.
    """

    __slots__ = (
        "_channel",
        "_connection",
        "_end",
        "_host",
        "_pending",
        "_start",
        "_stream_id",
        "_task",
    )

    def __init__(
        self,
        host: ChannelHost,
        channel: WebSocketChannel,
        start: StreamStart,
        connection: Connection,
    ) -> None:
        self._host = host
        self._channel = channel
        self._connection = connection
        self._stream_id = start.stream_id
        self._start: StreamStart | None = start
        self._pending = ""
        self._end: StreamEnd | None = None
        self._task: asyncio.Task[Any] | None = None
        self._wake()

    def feed(self, delta: str) -> None:
        self._pending += delta
        self._wake()

    def end(self, message: StreamEnd) -> asyncio.Task[Any] | None:
        if self._end is None:
            self._end = message
            self._wake()
        return self._task

    def _wake(self) -> None:
        if self._task is None or self._task.done():
            self._task = self._host.spawn(self._drain(), "stream")

    async def _drain(self) -> None:
        send, connection = self._channel.send_stream, self._connection
        if self._start is not None:
            start, self._start = self._start, None
            if not await send(connection, start):
                return
        while self._pending:
            text, self._pending = self._pending, ""
            if not await send(connection, StreamChunk(stream_id=self._stream_id, delta=text)):
                self._pending = ""
                return
        if self._end is not None:
            await send(connection, self._end)
