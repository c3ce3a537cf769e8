"""What has been worked out about conversations so far: bounded, and dropped once it is stale."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from roomkit.channels.base import text_of
from roomkit.models.event import RoomEvent

__all__ = ["Digest", "LatestUsed", "Reader", "fingerprints", "is_stale"]


class Reader(NamedTuple):
    """A channel in a room. Two channels of a room may see different things of it, so what is
    worked out for one is not shown to the other."""

    room_id: str
    channel_id: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Digest:
    """The summary of a conversation up to some event.

    Attributes:
        text: the summary; "" if there is none yet.
        upto: the index of the newest event in it.
        covered: how the events in it read then, by id, as far as they can still be seen.
        retry_from: the index that the room has to reach before a failed attempt is repeated.
    """

    text: str = ""
    upto: int = -1
    covered: Mapping[str, int] = field(default_factory=dict)
    retry_from: int = -1


def fingerprints(events: Iterable[RoomEvent]) -> dict[str, int]:
    """What the events say, by id, in a form that takes no room."""
    return {event.id: hash(text_of(event.content)) for event in events}


def is_stale(covered: Mapping[str, int], events: Iterable[RoomEvent]) -> bool:
    """Whether any of the events reads otherwise than it did."""
    now = fingerprints(event for event in events if event.id in covered)
    return any(covered[event_id] != said for event_id, said in now.items())


class LatestUsed[T]:
    """Values for the readers that were served last.

    Args:
        limit: how many readers.
    """

    def __init__(self, limit: int) -> None:
        if limit < 1:
            raise ValueError("at least one conversation has to be remembered")
        self._limit = limit
        self._values: OrderedDict[Reader, T] = OrderedDict()

    def __len__(self) -> int:
        return len(self._values)

    def get(self, reader: Reader) -> T | None:
        value = self._values.get(reader)
        if value is not None:
            self._values.move_to_end(reader)
        return value

    def put(self, reader: Reader, value: T) -> None:
        self._values[reader] = value
        self._values.move_to_end(reader)
        if len(self._values) > self._limit:
            self._values.popitem(last=False)

    def drop(self, reader: Reader) -> None:
        self._values.pop(reader, None)

    def readers_of(self, room_id: str) -> list[Reader]:
        """Everybody in a room about whom something is kept."""
        return [reader for reader in self._values if reader.room_id == room_id]
