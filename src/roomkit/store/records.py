"""What passes between the framework and a store besides models: one read of a room, one write."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from roomkit.models.channel import ChannelBinding
from roomkit.models.context import RoomContext
from roomkit.models.enums import EventStatus
from roomkit.models.event import RoomEvent
from roomkit.models.participant import Participant
from roomkit.models.room import Room
from roomkit.store.members import Members

RECENT_EVENTS = 50
"""How many messages of its latest history a `RoomSnapshot` holds."""


@dataclass(slots=True, kw_only=True)
class RoomSnapshot:
    """A room as one read found it. Its models may be the stored ones: they are read-only.

    Attributes:
        recent_events: the newest `RECENT_EVENTS` messages that were not blocked, oldest first.
        open: whether the store can tell that all may see each of the recent events.
        duplicate: the event that holds the idempotency key which was asked about.
        version: differs from that of any other state of the room, where the store can tell.
        seats: the bindings by their channels' ids, where the store has them at hand; `binding`
            makes its own otherwise. Never changed once the snapshot is made.
        people: the same for participants.
    """

    room: Room
    bindings: tuple[ChannelBinding, ...] = ()
    participants: tuple[Participant, ...] = ()
    recent_events: tuple[RoomEvent, ...] = ()
    open: bool = False
    duplicate: RoomEvent | None = None
    version: int | None = None
    seats: Mapping[str, ChannelBinding] | None = field(default=None, repr=False, compare=False)
    people: Members | None = field(default=None, repr=False, compare=False)
    _context: RoomContext | None = field(default=None, init=False, repr=False, compare=False)

    @property
    def context(self) -> RoomContext:
        """The room as hooks and channels get to see it; always the same object."""
        context = self._context
        if context is None:
            context = self._context = RoomContext.assembled(
                room=self.room,
                bindings=self.bindings,
                participants=self.participants,
                recent_events=self.recent_events,
                narrowed=False,
            )
        return context

    def binding(self, channel_id: str) -> ChannelBinding | None:
        """How a channel is attached, if it is. As fast in a room of many."""
        seats = self.seats
        if seats is None:
            seats = self.seats = {one.channel_id: one for one in self.bindings}
        return seats.get(channel_id)

    @property
    def members(self) -> Members:
        """Those who take part, or did."""
        people = self.people
        if people is None:
            people = self.people = Members.of(self.participants)
        return people

    def participant(self, participant_id: str) -> Participant | None:
        """Somebody who takes part, or did. As fast in a room of many."""
        people = self.people
        return (self.members if people is None else people).get(participant_id)


@dataclass(slots=True, kw_only=True)
class TimelineCommit:
    """One write to a timeline and all that must happen together with it.

    Attributes:
        event: what to append, with read-only containers; its ``index`` is given out by the store.
        status: the status to store it with.
        rewrites: earlier events as they shall read from now on (what an edit or delete is about):
            their content, metadata and channel data. Status and deliveries stay as they are.
        activity_at: the time of a message: moves the room's timers, and wakes a room that a timer
            had paused. None for events that are no activity.
        allow_closed: append although the room is closed: for the record of the closing itself.
        updated_at: the room's new ``updated_at``.
    """

    event: RoomEvent
    updated_at: datetime
    status: EventStatus = EventStatus.DELIVERED
    rewrites: tuple[RoomEvent, ...] = ()
    activity_at: datetime | None = None
    allow_closed: bool = False


@dataclass(slots=True, kw_only=True)
class CommitOutcome:
    """What became of a `TimelineCommit`.

    ``stored``: the event with its index. ``duplicate``: nothing was written, `event` is the one
    that was stored first under the same key. ``closed``: nothing was written, the room takes no
    more events.
    """

    status: Literal["stored", "duplicate", "closed"]
    event: RoomEvent
    room: Room
