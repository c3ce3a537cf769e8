"""The one call by which an event gets into a timeline."""

from __future__ import annotations

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
        if stored is None:
            raise
        return CommitOutcome(status="stored", event=stored.sealed(), room=room)
