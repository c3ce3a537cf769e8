"""When a room's timers are due."""

from __future__ import annotations

from datetime import datetime

from roomkit.models.enums import RoomStatus
from roomkit.models.room import Room


def due_status(room: Room, now: datetime) -> RoomStatus | None:
    """The status that a room's timers call for at `now`, or None if nothing is due.

    Both times count from the last message, or from the room's creation if there was none. Once both are
    over the room is closed, whether or not anybody had it paused in between.
    """
    timers = room.timers
    if timers.inactive_after_seconds is None and timers.closed_after_seconds is None:
        return None
    if room.status not in (RoomStatus.ACTIVE, RoomStatus.PAUSED):
        return None
    since = timers.last_activity_at or min(room.created_at, room.updated_at)
    quiet = (now - since).total_seconds()
    if timers.closed_after_seconds is not None and quiet >= timers.closed_after_seconds:
        return RoomStatus.CLOSED
    if (
        room.status is RoomStatus.ACTIVE
        and timers.inactive_after_seconds is not None
        and quiet >= timers.inactive_after_seconds
    ):
        return RoomStatus.PAUSED
    return None
