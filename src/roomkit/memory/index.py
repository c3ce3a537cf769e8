"""Finding texts by their meaning: `Embedder`, `VectorIndex`, and an index in memory."""

from __future__ import annotations

import asyncio
import heapq
import math
from abc import ABC, abstractmethod
from array import array
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

__all__ = [
    "Embedder",
    "InMemoryVectorIndex",
    "IndexEntry",
    "IndexHit",
    "IndexScope",
    "Vector",
    "VectorIndex",
]

Vector = Sequence[float]
"""A text as a point: the closer two points, the more alike what the texts mean."""

_MAX_ON_LOOP = 20_000
"""How many multiplications a search may do on the event loop; about half a millisecond."""


class IndexScope(NamedTuple):
    """Whose texts these are: those that one channel has seen of one room."""

    room_id: str
    channel_id: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class IndexEntry:
    """A message in an index.

    Attributes:
        event_id: the event that it came with.
        position: the event's index in its room, for the order.
        text: its words.
        speaker: whose they are; None for the channel's own.
    """

    event_id: str
    position: int
    text: str
    speaker: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class IndexHit:
    """An entry that was found, and how close it is: 1 is the same direction, 0 is unrelated."""

    entry: IndexEntry
    score: float


class Embedder(ABC):
    """Turns texts into vectors, usually with a vendor's model. Called concurrently."""

    @abstractmethod
    async def embed(self, texts: Sequence[str]) -> Sequence[Vector]:
        """One vector for each text, in their order, all of the same length."""

    async def close(self) -> None:  # noqa: B027 - an optional callback
        """Release connections."""


class VectorIndex(ABC):
    """Keeps vectors and finds the closest. Called concurrently.

    Scopes are walls: a search never finds what was added to another scope.
    """

    @abstractmethod
    async def add(
        self, scope: IndexScope, entries: Sequence[IndexEntry], vectors: Sequence[Vector]
    ) -> None:
        """Add entries with their vectors. One whose ``event_id`` is in the scope already is
        replaced."""

    @abstractmethod
    async def search(self, scope: IndexScope, vector: Vector, limit: int) -> Sequence[IndexHit]:
        """The closest entries of the scope, at most `limit`, the closest first."""

    @abstractmethod
    async def remove(self, room_id: str, event_ids: Sequence[str]) -> None:
        """Remove messages from all scopes of a room; unknown ids are no error."""

    @abstractmethod
    async def clear(self, room_id: str) -> None:
        """Remove all scopes of a room."""

    async def close(self) -> None:  # noqa: B027 - an optional callback
        """Release connections."""


class _Row(NamedTuple):
    entry: IndexEntry
    unit: array[float]


class InMemoryVectorIndex(VectorIndex):
    """Compares with every vector of the scope, in plain Python: for some thousand messages.

    A search through a thousand vectors of 1536 numbers takes about 30 ms, in a thread beside the
    event loop. Each of them takes 6 KB.

    Args:
        max_entries: how many messages to keep in all; those of the scope that was used least
            recently go first, the oldest first.
        max_per_scope: how many messages to keep for one channel in one room.
    """

    def __init__(self, *, max_entries: int = 10_000, max_per_scope: int = 1_000) -> None:
        if max_entries < 1 or max_per_scope < 1:
            raise ValueError("max_entries and max_per_scope must be at least 1")
        self._max_entries = max_entries
        self._max_per_scope = max_per_scope
        self._scopes: OrderedDict[IndexScope, OrderedDict[str, _Row]] = OrderedDict()
        self._size = 0
        self._dimensions: int | None = None

    def __len__(self) -> int:
        """How many messages there are."""
        return self._size

    async def add(
        self, scope: IndexScope, entries: Sequence[IndexEntry], vectors: Sequence[Vector]
    ) -> None:
        new = [
            _Row(entry, self._unit(vector)) for entry, vector in zip(entries, vectors, strict=True)
        ]
        if not new:
            return
        rows = self._scopes.setdefault(scope, OrderedDict())
        self._scopes.move_to_end(scope)
        for row in new:
            self._take(rows, row.entry.event_id)
            rows[row.entry.event_id] = row
            self._size += 1
        while len(rows) > self._max_per_scope:
            self._take(rows, next(iter(rows)))
        while self._size > self._max_entries:
            self._evict()

    async def search(self, scope: IndexScope, vector: Vector, limit: int) -> Sequence[IndexHit]:
        rows = self._scopes.get(scope)
        if not rows or limit < 1:
            return []
        self._scopes.move_to_end(scope)
        unit = self._unit(vector)
        snapshot = list(rows.values())
        if len(snapshot) * len(unit) <= _MAX_ON_LOOP:
            return _closest(snapshot, unit, limit)
        return await asyncio.to_thread(_closest, snapshot, unit, limit)

    async def remove(self, room_id: str, event_ids: Sequence[str]) -> None:
        for scope in self._scopes_of(room_id):
            rows = self._scopes[scope]
            for event_id in event_ids:
                self._take(rows, event_id)
            if not rows:
                del self._scopes[scope]

    async def clear(self, room_id: str) -> None:
        for scope in self._scopes_of(room_id):
            self._size -= len(self._scopes.pop(scope))

    def _scopes_of(self, room_id: str) -> list[IndexScope]:
        return [scope for scope in self._scopes if scope.room_id == room_id]

    def _take(self, rows: OrderedDict[str, _Row], event_id: str) -> None:
        if rows.pop(event_id, None) is not None:
            self._size -= 1

    def _evict(self) -> None:
        scope, rows = next(iter(self._scopes.items()))
        self._take(rows, next(iter(rows)))
        if not rows:
            del self._scopes[scope]

    def _unit(self, vector: Vector) -> array[float]:
        """The vector at length 1. One that is nothing but zeros is close to none."""
        if self._dimensions is None:
            self._dimensions = len(vector)
        if len(vector) != self._dimensions:
            raise ValueError(
                f"a vector of {len(vector)} numbers does not fit in with others of "
                f"{self._dimensions}; use one embedding model for one index"
            )
        length = math.hypot(*vector)
        if not math.isfinite(length):
            raise ValueError("a vector's numbers must be finite")
        return array("f", [number / length for number in vector] if length else vector)


def _closest(rows: Sequence[_Row], unit: array[float], limit: int) -> list[IndexHit]:
    hits = [IndexHit(entry=row.entry, score=math.sumprod(row.unit, unit)) for row in rows]
    return heapq.nlargest(limit, hits, key=lambda hit: hit.score)
