"""The one call by which an event gets into a timeline."""

from __future__ import annotations

from roomkit.models.event import RoomEvent
from roomkit.models.room import Room
from roomkit.store.base import ConversationStore
from roomkit.store.records import CommitOutcome, TimelineCommit


async def write(store: ConversationStore, commit: TimelineCommit, room: Room) -> CommitOutcome:
    """Commit an event to a room.

    If that fails, look whether it was written all the same: the connection may have broken before
    the answer was there. Such an event must go out, since it would count as a duplicate when it
    comes again.
    """
    try:
        return await store.commit(commit)
    except Exception:
        stored = await store.get_event(commit.event.id)
        if stored is None or not _is_same(stored, commit.event):
            raise
        return CommitOutcome(status="stored", event=stored.sealed(), room=room)


def _is_same(stored: RoomEvent, written: RoomEvent) -> bool:
    """Whether this was written, and not an earlier event of the same id."""
    return (
        stored.room_id == written.room_id
        and stored.source == written.source
        and stored.content == written.content
        and stored.created_at == written.created_at
        and stored.idempotency_key == written.idempotency_key
    )
