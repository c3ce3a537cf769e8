"""`RetrievalMemory`: the newest messages, and older ones that have to do with the question."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

from roomkit._clock import SYSTEM_CLOCK, Clock
from roomkit.channels.base import text_of
from roomkit.memory._digests import LatestUsed, Reader, fingerprints
from roomkit.memory._transcript import (
    Transcript,
    as_block,
    block_message,
    revised_id,
    was_deleted,
)
from roomkit.memory.base import MemoryProvider, MemoryResult
from roomkit.memory.index import Embedder, IndexEntry, IndexHit, IndexScope, VectorIndex
from roomkit.memory.sliding_window import earlier_events
from roomkit.models.context import RoomContext
from roomkit.models.event import RoomEvent
from roomkit.providers.ai.base import AIMessage

__all__ = ["RetrievalMemory"]

logger = logging.getLogger("roomkit.memory")

_INTRODUCTION = (
    "Earlier messages of this conversation that may matter for what is asked now. They are quoted "
    "here, not said again; <own_message> marks your own:"
)
_MAX_EMBEDDED_CHARS = 8000
_MAX_QUOTED_CHARS = 1000


class RetrievalMemory(MemoryProvider):
    """Shows the newest events word by word, and before them what it finds of older ones.

    Whatever the channel gets to see is added to the index as it comes by, so what was said while
    nobody asked for long, or before the index existed, is not in it. Each channel of a room has a
    scope of its own in the index: nothing is found that this channel may not see, and nothing of
    another room. Messages that are edited or deleted are replaced and removed.

    If the embedder or the index fails or takes too long, that is logged and the turn goes on with
    the newest events alone.

    Args:
        index: where vectors are kept.
        embedder: turns texts into vectors. Both are closed with this object.
        keep: how many of the newest events always stand as they are.
        top_k: how many older ones to quote at most.
        min_score: how close they have to be, from 0 to 1; what is close depends on the embedding
            model.
        timeout: how long embedding and searching may take together, in seconds.
        max_conversations: for how many channels in rooms to remember what is in the index. Those
            forgotten are added again when they come back.
        clock: where time comes from.
    """

    def __init__(
        self,
        index: VectorIndex,
        embedder: Embedder,
        *,
        keep: int = 20,
        top_k: int = 5,
        min_score: float = 0.0,
        timeout: float = 10.0,
        max_conversations: int = 1000,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        if keep < 0 or top_k < 1:
            raise ValueError("keep must not be negative and top_k must be at least 1")
        self._index = index
        self._embedder = embedder
        self._keep = keep
        self._top_k = top_k
        self._min_score = min_score
        self._timeout = timeout
        self._clock = clock
        self._known: LatestUsed[Mapping[str, int]] = LatestUsed(max_conversations)
        # What should have been removed from the index, by room, and is still in it.
        self._stale: LatestUsed[list[str]] = LatestUsed(max_conversations)
        self.max_events = max(MemoryProvider.max_events, keep)

    async def retrieve(
        self,
        room_id: str,
        current_event: RoomEvent,
        context: RoomContext,
        *,
        channel_id: str | None = None,
    ) -> MemoryResult:
        events = earlier_events(context, current_event, self.max_events)
        shown = events[-self._keep :] if self._keep else []
        transcript = Transcript(context, channel_id, max_chars=_MAX_QUOTED_CHARS)
        reader = Reader(room_id, channel_id)
        try:
            async with self._clock.timeout(self._timeout):
                hits = await self._look_up(reader, events, current_event, transcript, shown)
        except Exception as error:
            logger.warning(
                "the look-up for channel %s in room %s failed: %s",
                channel_id,
                room_id,
                type(error).__name__,
            )
            hits = []
        return MemoryResult(messages=_quoted(hits, transcript), events=shown)

    async def on_revision(
        self, revision: RoomEvent, context: RoomContext, *, channel_id: str | None = None
    ) -> None:
        target = revised_id(revision)
        if target is None:
            await self.forget(revision.room_id)
            return
        for reader in self._known.readers_of(revision.room_id):
            known = self._known.get(reader) or {}
            # As if it had never been seen: an edited message is added again with its new words.
            rest = {event_id: said for event_id, said in known.items() if event_id != target}
            self._known.put(reader, rest)
        try:
            await self._index.remove(revision.room_id, [target])
        except BaseException:
            # Nothing is looked up in the room until that has been made up for.
            room = Reader(revision.room_id, None)
            self._stale.put(room, [*(self._stale.get(room) or ()), target])
            raise

    async def forget(self, room_id: str) -> None:
        for reader in self._known.readers_of(room_id):
            self._known.drop(reader)
        await self._index.clear(room_id)
        self._stale.drop(Reader(room_id, None))

    async def close(self) -> None:
        try:
            await self._index.close()
        finally:
            await self._embedder.close()

    async def _look_up(
        self,
        reader: Reader,
        events: Sequence[RoomEvent],
        current_event: RoomEvent,
        transcript: Transcript,
        shown: Sequence[RoomEvent],
    ) -> list[IndexHit]:
        room = Reader(reader.room_id, None)
        stale = self._stale.get(room)
        if stale:
            await self._index.remove(reader.room_id, stale)
            self._stale.drop(room)
        scope = IndexScope(*reader)
        known = self._known.get(reader) or {}
        now = fingerprints(events)
        changed = [event for event in events if known.get(event.id) != now[event.id]]
        entries = _entries(changed, transcript)
        added = {entry.event_id for entry in entries}
        gone = [event.id for event in changed if event.id in known and event.id not in added]
        if gone:
            await self._index.remove(reader.room_id, gone)
        question = text_of(current_event.content).strip()[:_MAX_EMBEDDED_CHARS]
        texts = [entry.text for entry in entries]
        if question:
            texts.append(question)
        vectors = list(await self._embedder.embed(texts)) if texts else []
        if len(vectors) != len(texts):
            raise ValueError("the embedder returned another number of vectors than texts")
        if entries:
            await self._index.add(scope, entries, vectors[: len(entries)])
        self._known.put(reader, now)
        if not question:
            return []
        return await self._search(scope, vectors[-1], {event.id for event in shown})

    async def _search(
        self, scope: IndexScope, vector: Sequence[float], shown: set[str]
    ) -> list[IndexHit]:
        found = await self._index.search(scope, vector, self._top_k + len(shown))
        hits = [
            hit
            for hit in found
            if hit.score >= self._min_score and hit.entry.event_id not in shown
        ]
        return sorted(hits[: self._top_k], key=lambda hit: hit.entry.position)


def _entries(events: Sequence[RoomEvent], transcript: Transcript) -> list[IndexEntry]:
    """What there is to find of the events: those with words that were not withdrawn."""
    return [
        IndexEntry(
            event_id=event.id,
            position=event.index,
            text=text_of(event.content).strip()[:_MAX_EMBEDDED_CHARS],
            speaker=transcript.name_of(event),
        )
        for event in events
        if not was_deleted(event) and text_of(event.content).strip()
    ]


def _quoted(hits: Sequence[IndexHit], transcript: Transcript) -> list[AIMessage]:
    if not hits:
        return []
    lines = [transcript.line(hit.entry.speaker, hit.entry.text) for hit in hits]
    block = as_block("earlier_messages", "\n".join(lines), is_markup=True)
    return [block_message(_INTRODUCTION, block)]
