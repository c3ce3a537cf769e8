"""Answers that are shown while they are being written."""

from __future__ import annotations

from typing import Literal, Protocol

from roomkit.models._base import FrozenModel
from roomkit.models.event import RoomEvent

__all__ = ["StreamChunk", "StreamEnd", "StreamMessage", "StreamSink", "StreamStart"]


class StreamStart(FrozenModel):
    """An answer begins. `source_channel_id` is the channel that writes it."""

    type: Literal["stream_start"] = "stream_start"
    stream_id: str
    room_id: str
    source_channel_id: str
    parent_event_id: str | None = None


class StreamChunk(FrozenModel):
    """The next piece of text."""

    type: Literal["stream_chunk"] = "stream_chunk"
    stream_id: str
    delta: str


class StreamEnd(FrozenModel):
    """The answer is complete.

    ``event`` is what was stored, which a hook may have changed; None with ``reason``
    ``"blocked"``, ``"error"`` or ``"cancelled"`` means that what was shown so far should be taken
    back. Other reasons are those of the answer's ``metadata["end_reason"]``: ``"completed"``,
    ``"length"`` and so on.
    """

    type: Literal["stream_end"] = "stream_end"
    stream_id: str
    event: RoomEvent | None = None
    reason: str = "completed"


StreamMessage = StreamStart | StreamChunk | StreamEnd
"""What a stream callback receives: one start, any number of chunks, exactly one end."""


class StreamSink(Protocol):
    """Where one channel shows one answer as it grows. Its methods never raise and never wait
    long."""

    def feed(self, delta: str) -> None:
        """Show another piece of text; pieces may be merged if the other side is slow."""
        ...

    async def end(self, event: RoomEvent | None, reason: str) -> None:
        """Finish, exactly once. `event` is the stored answer, or None to take back what was
        shown."""
        ...
