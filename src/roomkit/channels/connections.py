"""What it takes to hold connections of clients."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Protocol, runtime_checkable

from roomkit.channels.streaming import StreamMessage

type SendFn = Callable[..., Awaitable[Any]]
"""Sends an event to one client: ``async (connection_id, event)`` or ``async (event)``."""

type StreamSendFn = Callable[[str, StreamMessage], Awaitable[Any]]
"""Sends a piece of an answer that is being written: ``async (connection_id, message)``."""


@runtime_checkable
class AcceptsConnections(Protocol):
    """A channel that clients connect to, such as `WebSocketChannel`."""

    channel_id: str

    def register_connection(
        self,
        connection_id: str,
        send_fn: SendFn,
        stream_send_fn: StreamSendFn | None = None,
        *,
        room_id: str | None = None,
        echo: bool = False,
    ) -> None:
        """Add a connection; one with the same id is replaced.

        With `echo` it also gets its own messages.
        """
        ...

    def unregister_connection(self, connection_id: str) -> bool:
        """Forget a connection; False if there is none."""
        ...
