"""When a room's timers are due."""

from __future__ import annotations

from datetime import datetime

from roomkit.models.enums import RoomStatus
from roomkit.models.room import Room


def has_timers(room: Room) -> bool:
    """Whether anything can be due at all."""
    timers = room.timers
    return timers.inactive_after_seconds is not None or timers.closed_after_seconds is not None


def due_status(
    room: Room, now: datetime, last_message_at: datetime | None = None
) -> RoomStatus | None:
    """The status that a room's timers call for at `now`, or None if nothing is due.

    Both times count from the last message, or from the room's creation if there was none. Once
    both are over the room is closed, whether or not anybody had it paused in between.

    Args:
        room: the room.
        now: the present.
        last_message_at: for a room whose timers were set after its last message, and which does
            not know yet when that was.
    """
    timers = room.timers
    if not has_timers(room):
        return None
    if room.status not in (RoomStatus.ACTIVE, RoomStatus.PAUSED):
        return None
    since = timers.last_activity_at or last_message_at or min(room.created_at, room.updated_at)
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
