"""What every store does alike: what counts as history, and how a write changes records."""

from __future__ import annotations

from collections.abc import Mapping

from roomkit.models._frozen import FrozenDict
from roomkit.models.channel import ChannelBinding
from roomkit.models.delivery import DeliveryResult
from roomkit.models.enums import EventStatus, EventType, RoomStatus
from roomkit.models.event import RoomEvent
from roomkit.models.room import Room
from roomkit.store.records import TimelineCommit

OPEN_STATUSES = (RoomStatus.ACTIVE, RoomStatus.PAUSED)
"""The statuses in which a room takes messages."""

HELD_BY = "room_paused"
"""The ``blocked_by`` of an event that waits in a paused room. Its status is `PENDING`, which alone
says nothing: events that nobody has sent out yet begin with it."""


def is_held(event: RoomEvent) -> bool:
    """Whether an event is kept until its room is resumed."""
    return event.status is EventStatus.PENDING and event.blocked_by == HELD_BY


def is_withheld(event: RoomEvent) -> bool:
    """Whether nobody got to see an event: it was blocked, or is held back."""
    return event.status is EventStatus.BLOCKED or is_held(event)


def is_history(event: RoomEvent) -> bool:
    """Whether an event is part of what was said: a message neither blocked nor held back."""
    if event.type is not EventType.MESSAGE or event.status is EventStatus.BLOCKED:
        return False
    return event.status is not EventStatus.PENDING or not is_held(event)


def is_unread(event: RoomEvent, binding: ChannelBinding) -> bool:
    """Whether an event beyond the read mark counts as unread for a channel."""
    return is_history(event) and event.source.channel_id != binding.channel_id


def sender_of(event: RoomEvent) -> str | None:
    """Whoever sent an event, as their channel calls them."""
    source = event.source
    return source.participant_id if source.address is None else source.address


def room_after(room: Room, commit: TimelineCommit, event_count: int, latest_index: int) -> Room:
    """The room as a commit leaves it."""
    room = room.evolve(
        updated_at=commit.updated_at, event_count=event_count, latest_index=latest_index
    )
    if commit.activity_at is None:
        return room
    timers = room.timers
    if timers.inactive_after_seconds is not None or timers.closed_after_seconds is not None:
        room = room.evolve(timers=timers.evolve(last_activity_at=commit.activity_at))
    if room.status is RoomStatus.PAUSED and room.paused_by == "timer":
        room = room.evolve(status=RoomStatus.ACTIVE, paused_by=None)
    return room


def rewritten_over(stored: RoomEvent, rewritten: RoomEvent) -> RoomEvent:
    """A stored event with the wording of a rewrite.

    What became of its deliveries stays as it is by now: that may have been recorded since the
    rewrite was made.
    """
    return stored.evolve(
        content=rewritten.content,
        metadata=rewritten.metadata,
        channel_data=rewritten.channel_data,
    )


def with_deliveries(event: RoomEvent, results: Mapping[str, DeliveryResult]) -> RoomEvent:
    """The event with more outcomes; failed as a whole once nobody got it."""
    if event.delivery_results:
        results = {**event.delivery_results, **results}
    merged = results if isinstance(results, FrozenDict) else FrozenDict(results)
    if event.status is EventStatus.DELIVERED and merged:
        for result in merged.values():
            if result.success:
                break
        else:
            return event.evolve(delivery_results=merged, status=EventStatus.FAILED)
    return event.evolve(delivery_results=merged)
