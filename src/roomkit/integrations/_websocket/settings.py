"""Who connects, over what, and how much of it."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import Protocol

from roomkit.models.channel import RateLimit
from roomkit.models.enums import ParticipantRole


@dataclass(frozen=True, slots=True)
class Client:
    """Who is at the other end of a connection, as the application has found out.

    Attributes:
        sender_id: names the person; several connections may have the same.
        room_id: the room to show. None means the newest open room that the person takes part in
            through the channel, or else a new one.
        display_name: how others shall see the person.
        role: what the person is in the room, if they are new there.
    """

    sender_id: str
    room_id: str | None = None
    display_name: str | None = None
    _: KW_ONLY
    role: ParticipantRole = ParticipantRole.MEMBER


@dataclass(frozen=True, kw_only=True, slots=True)
class WebSocketLimits:
    """What one connection may do.

    Attributes:
        max_frame_bytes: a larger frame ends the connection with 1009. The server reads a frame as
            a whole before it hands it on, so set its own limit too (uvicorn's ``ws_max_size``).
        rate: frames from the client beyond it are refused.
        max_pending: how many messages may be under way, the answers to them included.
        max_queued_frames: how many frames may wait for a client that reads slowly. One that lets
            more pile up is sent away with 1013.
        max_queued_bytes: the same, in characters.
        history: how many events a client without a past gets.
        replay: how many events a client that comes back may have missed; one that missed more
            starts anew.
        max_connections: how many connections the process takes.
    """

    max_frame_bytes: int = 64_000
    rate: RateLimit = RateLimit(max_per_second=20)
    max_pending: int = 64
    max_queued_frames: int = 256
    max_queued_bytes: int = 1_000_000
    history: int = 50
    replay: int = 500
    max_connections: int = 10_000


class Socket(Protocol):
    """An accepted WebSocket."""

    async def receive(self) -> str | bytes | None:
        """The next frame, or None once the client has gone."""
        ...

    async def send(self, frame: str) -> None:
        """Send a text frame; returns when the network has taken it."""
        ...

    async def close(self, code: int, reason: str) -> None:
        """Close from this side."""
        ...


class SessionEndedError(Exception):
    """The connection is to be closed from this side, for this reason."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason
