"""The two sides of every benchmark behind one small interface, so that both do the same work.

A side sends messages one by one and counts what arrives. It checks as it goes: a message that was
refused raises at once, and `verify` compares the deliveries and the stored timeline with what was
sent, so that a fast wrong answer is an error and not a figure.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol


class WrongAnswerError(Exception):
    """A side did not do the work it was timed for."""


def expect(actual: object, expected: object, what: str) -> None:
    """Raise unless the two are equal; `assert` would be gone under ``python -O``."""
    if actual != expected:
        raise WrongAnswerError(f"{what}: {actual!r} instead of {expected!r}")


class Numbered(Protocol):
    """An event as far as an inbox looks at it."""

    @property
    def index(self) -> int: ...


class Inbox:
    """The client behind a connection: counts events and notices those that come out of order."""

    __slots__ = ("count", "last_index", "misordered")

    def __init__(self) -> None:
        self.count = 0
        self.last_index = -1
        self.misordered = 0

    async def receive(self, _connection_id: str, event: Numbered) -> None:
        self.count += 1
        index = event.index
        if index <= self.last_index:
            self.misordered += 1
        self.last_index = index


@dataclass(frozen=True, slots=True)
class Row:
    """An event of a stored timeline. `text` is None for what is not a message."""

    index: int
    text: str | None


class Side(ABC):
    """Either RoomKit or the reference, empty at first."""

    name: ClassVar[str]

    def __init__(self) -> None:
        self.inboxes: dict[str, Inbox] = {}
        self.hook_calls = 0

    @abstractmethod
    async def add_channel(self, channel_id: str) -> None:
        """A WebSocket channel with one connection."""

    @abstractmethod
    async def add_room(self, room_id: str, channel_ids: Sequence[str]) -> None:
        """A room with channels that were added before."""

    @abstractmethod
    async def add_ai(self, room_id: str, answer: str) -> None:
        """An AI in a room that always gives the same answer, at once."""

    @abstractmethod
    def add_hooks(self, count: int) -> None:
        """Hooks that let every message pass and count their calls in `hook_calls`."""

    @abstractmethod
    async def send(
        self,
        channel_id: str,
        text: str,
        *,
        sender_id: str = "alice",
        key: str | None = None,
        room_id: str | None = None,
    ) -> None:
        """Send a message and wait until everything it causes is done."""

    @abstractmethod
    async def timeline(self, room_id: str) -> list[Row]:
        """All that is stored of a room, oldest first."""

    @abstractmethod
    def ai_context(self) -> list[str]:
        """The texts of the messages that the AI was handed last."""

    @abstractmethod
    async def close(self) -> None: ...

    async def add_pair(self, room_id: str) -> tuple[str, str]:
        """A room with two channels of its own; returns their ids."""
        pair = f"{room_id}-a", f"{room_id}-b"
        for channel_id in pair:
            await self.add_channel(channel_id)
        await self.add_room(room_id, pair)
        return pair

    async def verify(
        self, room_id: str, texts: Sequence[str], received: dict[str, int], *, ordered: bool = True
    ) -> None:
        """Compare the room with what it must be after `texts` were sent.

        Raises:
            WrongAnswerError: a message is missing, twice or changed, an index is not dense, or an
                inbox did not get exactly as many events as `received` says, in order.
        """
        rows = await self.timeline(room_id)
        expect([row.index for row in rows], list(range(len(rows))), f"{room_id}: indices")
        stored = [row.text for row in rows if row.text is not None]
        if ordered:
            expect(stored == list(texts), True, f"{room_id}: the timeline is what was sent")
        else:
            expect(sorted(stored) == sorted(texts), True, f"{room_id}: all messages are stored")
        for channel_id, count in received.items():
            inbox = self.inboxes[channel_id]
            expect(inbox.count, count, f"{channel_id}: deliveries")
            expect(inbox.misordered, 0, f"{channel_id}: deliveries out of order")
