"""What is held back while a room is paused on request."""

from __future__ import annotations

from collections.abc import AsyncIterator

from roomkit.models.enums import EventStatus, RoomStatus
from roomkit.models.event import RoomEvent
from roomkit.models.room import Room
from roomkit.store.base import ConversationStore
from roomkit.store.records import TimelineCommit
from roomkit.store.rules import HELD_BY, is_held

_PAGE = 200


def hold_back(commit: TimelineCommit) -> None:
    """Have an event stored as one that waits."""
    commit.status = EventStatus.PENDING
    commit.event = commit.event.evolve(blocked_by=HELD_BY)


def sent_out(event: RoomEvent) -> RoomEvent:
    """An event that has waited as it goes out."""
    return event.evolve(status=EventStatus.DELIVERED, blocked_by=None)


def holds_back(room: Room) -> bool:
    """Whether events are kept until the room is resumed. A pause by a timer holds nothing back."""
    return room.status is RoomStatus.PAUSED and room.paused_by == "request"


async def held_events(store: ConversationStore, room_id: str) -> AsyncIterator[RoomEvent]:
    """What waits in a room, in order. The caller holds the lock and settles each before the
    next."""
    offset = 0
    while page := await store.list_events(room_id, offset=offset, limit=_PAGE):
        offset += len(page)
        for event in page:
            if is_held(event):
                yield event
