"""`WebSocketChannel`: clients that are connected right now."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Coroutine
from types import CoroutineType
from typing import Any

from roomkit._tasks import as_coroutine, bounded, finish_within, first_step
from roomkit.channels._ws_sending import Sending
from roomkit.channels._ws_stream import WebSocketStream
from roomkit.channels.base import Channel
from roomkit.channels.connections import SendFn, StreamSendFn
from roomkit.channels.host import ChannelHost
from roomkit.channels.streaming import StreamMessage, StreamSink, StreamStart
from roomkit.errors import DeliveryError, locate_error
from roomkit.models.channel import ChannelBinding, ChannelCapabilities, ChannelOutput
from roomkit.models.context import RoomContext
from roomkit.models.delivery import InboundMessage
from roomkit.models.enums import ChannelMediaType, ChannelType, DeliveryMode
from roomkit.models.event import RoomEvent

logger = logging.getLogger("roomkit.websocket")

NOTHING = ChannelOutput.empty()

# What a function raises that is itself wrong, and not the line to its client.
_MISTAKES = (AssertionError, AttributeError, LookupError, NameError, TypeError)

WEBSOCKET_CAPABILITIES = ChannelCapabilities.constant(
    media_types=[ChannelMediaType.TEXT, ChannelMediaType.RICH, ChannelMediaType.MEDIA],
    supports_rich_text=True,
    supports_media=True,
    supports_reactions=True,
    supports_read_receipts=True,
    supports_typing=True,
    supports_edit=True,
    supports_delete=True,
)


class Connection:
    """One client. A client that connects again under the same id is another connection."""

    __slots__ = ("_send", "_takes_id", "connection_id", "echo", "room_id", "stream_send")

    def __init__(
        self,
        connection_id: str,
        send: SendFn,
        stream_send: StreamSendFn | None,
        room_id: str | None,
        echo: bool,
    ) -> None:
        self.connection_id = connection_id
        self.room_id = room_id
        self.stream_send = stream_send
        self.echo = echo
        self._send: Callable[..., Any] = send
        self._takes_id = _takes_two(send)

    def send(self, event: RoomEvent) -> Coroutine[Any, Any, Any]:
        """The call that sends an event, to be awaited."""
        call = self._send(self.connection_id, event) if self._takes_id else self._send(event)
        return call if type(call) is CoroutineType else as_coroutine(call)


class WebSocketChannel(Channel):
    """Sends events to connected clients through functions that the host application registers.

    A connection gets the events of all rooms that the channel is attached to, or of one room if it
    was registered with a ``room_id``. A connection whose function raises or does not return in
    time is dropped; the others are not affected.

    Args:
        channel_id: its id.
        echo: also send an event back to the connections of the channel that it came from.
        capabilities: instead of the default.
        max_concurrent_sends: how many connections are served at once for one event.
        send_timeout: how long one send may take, in seconds.
        patience: how long the others wait for the slowest, in seconds. Whoever takes longer is
            left behind: they get what they miss in order as fast as they can take it, and are
            dropped once a thousand events wait for them.
    """

    channel_type = ChannelType.WEBSOCKET
    accepts_streams = True

    def __init__(
        self,
        channel_id: str,
        *,
        echo: bool = False,
        capabilities: ChannelCapabilities | None = None,
        max_concurrent_sends: int = 64,
        send_timeout: float = 10.0,
        patience: float = 1.0,
    ) -> None:
        super().__init__(channel_id)
        self._echo = echo
        self._capabilities = capabilities or WEBSOCKET_CAPABILITIES
        self._send_timeout = send_timeout
        self._patience = patience
        self._sending = Sending(self._send, self.drop, at_once=max_concurrent_sends)
        self._connections: dict[str, Connection] = {}
        self._turn = 0
        self._host: ChannelHost | None = None

    def on_registered(self, host: ChannelHost) -> None:
        self._host = host

    def capabilities(self) -> ChannelCapabilities:
        return self._capabilities

    @property
    def connection_count(self) -> int:
        """How many clients are connected."""
        return len(self._connections)

    def register_connection(
        self,
        connection_id: str,
        send_fn: SendFn,
        stream_send_fn: StreamSendFn | None = None,
        *,
        room_id: str | None = None,
        echo: bool = False,
    ) -> None:
        """Add a client; one with the same id is replaced.

        Args:
            connection_id: names the client within the channel.
            send_fn: ``async (connection_id, event)`` or ``async (event)``, called with one event
                at a time per room.
            stream_send_fn: ``async (connection_id, message)``, called with the pieces of answers
                that are being written. A client without one gets only the finished event.
            room_id: the only room whose events the client gets.
            echo: also send the client its own messages back, once they are stored. Its own are
                those whose ``metadata["connection_id"]`` names it.

        Raises:
            TypeError: `send_fn` or `stream_send_fn` is no function: the result of one, perhaps.
        """
        for fn in (send_fn, stream_send_fn or send_fn):
            if not callable(fn):
                raise TypeError(f"a client is served by a function, not by {type(fn).__name__}")
        self._connections[connection_id] = Connection(
            connection_id, send_fn, stream_send_fn, room_id, echo
        )

    def unregister_connection(self, connection_id: str) -> bool:
        """Forget a client; False if there is none."""
        return self._connections.pop(connection_id, None) is not None

    def is_current(self, connection: Connection) -> bool:
        """Whether this very connection is still registered."""
        return self._connections.get(connection.connection_id) is connection

    def drop(self, connection: Connection, error: BaseException) -> None:
        """Forget a client that could not be reached."""
        if self.is_current(connection):
            del self._connections[connection.connection_id]
            # That a client is gone is everyday; that its function cannot take an event is not.
            logger.log(
                logging.WARNING if isinstance(error, _MISTAKES) else logging.INFO,
                "channel %s dropped connection %s: %s",
                self.channel_id,
                connection.connection_id,
                locate_error(error),
            )

    def echoes(self, event: RoomEvent) -> bool:
        """An event goes back to its own channel if told to, or for the sender's other devices."""
        if self._echo:
            return True
        origin = event.metadata.get("connection_id")
        if origin is None:
            return False
        return len(self._connections) > 1 or self._wants_echo(origin)

    def _wants_echo(self, connection_id: object) -> bool:
        connection = self._connections.get(str(connection_id))
        return connection is not None and connection.echo

    async def handle_inbound(self, message: InboundMessage, context: RoomContext) -> RoomEvent:
        return self.event_from(message, context)

    async def deliver(
        self, event: RoomEvent, binding: ChannelBinding, context: RoomContext
    ) -> ChannelOutput:
        targets = self._targets(event, binding)
        if len(targets) == 1 and not self._sending.is_behind(targets[0], event.room_id):
            connection = targets[0]
            try:
                done, waits_for = first_step(coro := connection.send(event))
                if not done:
                    await finish_within(self.clock, self._send_timeout, coro, waits_for)
            except Exception as error:  # the other side is gone or hangs
                self.drop(connection, error)
                raise DeliveryError("the connection failed", code="connection_lost") from None
        elif targets and not await self._sending.to_all(
            targets, event, self.clock, self._patience
        ):
            raise DeliveryError("every connection failed", code="connection_lost")
        return NOTHING

    def _targets(self, event: RoomEvent, binding: ChannelBinding) -> list[Connection]:
        room_id = event.room_id
        mode = binding.capabilities.delivery_mode
        if mode is DeliveryMode.BROADCAST and event.source.channel_id != self.channel_id:
            return [
                connection
                for connection in self._connections.values()
                if connection.room_id is None or connection.room_id == room_id
            ]
        origin: object = None
        if event.source.channel_id == self.channel_id and not self._echo:
            origin = event.metadata.get("connection_id")
            if mode is DeliveryMode.BROADCAST and self._wants_echo(origin):
                origin = None
        targets = [
            connection
            for connection in self._connections.values()
            if (connection.room_id is None or connection.room_id == room_id)
            and (origin is None or connection.connection_id != origin)
        ]
        if mode is DeliveryMode.BROADCAST or not targets:
            return targets
        if mode is DeliveryMode.DIRECT:
            wanted = event.metadata.get("target_connection_id") or binding.metadata.get(
                "connection_id"
            )
            return [one for one in targets if one.connection_id == wanted]
        chosen = targets[self._turn % len(targets)]
        self._turn += 1
        return [chosen]

    async def _send(self, connection: Connection, event: RoomEvent) -> bool:
        if not self.is_current(connection):  # it was behind, and has left meanwhile
            return False
        try:
            await bounded(self.clock, self._send_timeout, connection.send(event))
        except Exception as error:  # the other side is gone or hangs; that concerns nobody else
            self.drop(connection, error)
            return False
        return True

    async def send_stream(self, connection: Connection, message: StreamMessage) -> bool:
        """Send a piece of a growing answer; False once the connection cannot be reached."""
        if connection.stream_send is None or not self.is_current(connection):
            return False
        call = as_coroutine(connection.stream_send(connection.connection_id, message))
        try:
            await bounded(self.clock, self._send_timeout, call)
        except Exception as error:  # as above
            self.drop(connection, error)
            return False
        return True

    def open_stream(self, start: StreamStart, binding: ChannelBinding) -> StreamSink | None:
        """Shows an answer to those who are connected now; who comes later gets the finished event.

        A binding that delivers to one connection only shows the answer to that one; where it takes
        turns, whose turn it is shows when the answer is finished.
        """
        mode = binding.capabilities.delivery_mode
        if self._host is None or mode is DeliveryMode.ROUND_ROBIN:
            return None
        only = binding.metadata.get("connection_id") if mode is DeliveryMode.DIRECT else None
        watching = [
            connection
            for connection in self._connections.values()
            if connection.stream_send is not None
            and (connection.room_id is None or connection.room_id == start.room_id)
            and (mode is DeliveryMode.BROADCAST or connection.connection_id == only)
        ]
        return WebSocketStream(self._host, self, start, watching) if watching else None

    async def close(self) -> None:
        self._connections.clear()
        await self._sending.close()


def _takes_two(fn: SendFn) -> bool:
    """Whether a send function takes the connection's id before the event."""
    try:
        parameters = list(inspect.signature(fn).parameters.values())
    except (TypeError, ValueError):
        return True
    if any(parameter.kind is parameter.VAR_POSITIONAL for parameter in parameters):
        return True
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    required = [one for one in parameters if one.kind in kinds and one.default is one.empty]
    return len(required) != 1
