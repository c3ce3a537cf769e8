"""One room of the in-memory store and its timeline."""

from __future__ import annotations

from bisect import bisect_left
from collections import deque

from roomkit.models.channel import ChannelBinding
from roomkit.models.event import RoomEvent
from roomkit.models.participant import Participant
from roomkit.models.room import Room
from roomkit.models.task import Observation
from roomkit.store.members import Members
from roomkit.store.records import RECENT_EVENTS, RoomSnapshot
from roomkit.store.rules import is_history


class RoomRecord:
    """A room and all that belongs to it.

    ``events`` is sorted by index, and ``recent`` is its bounded tail. ``snapshot`` is the one that
    was taken since the last change, if any was. Snapshots share what holds bindings and
    participants for as long as these stay the same, by which others see that nothing has moved.
    """

    __slots__ = (
        "_bindings",
        "_hidden_up_to",
        "_participants",
        "_version",
        "bindings",
        "claims",
        "events",
        "observations",
        "participants",
        "recent",
        "room",
        "snapshot",
        "tasks",
    )

    def __init__(self, room: Room) -> None:
        self.room = room
        self.events: list[RoomEvent] = []
        self.recent: deque[RoomEvent] = deque(maxlen=RECENT_EVENTS)
        self.bindings: dict[str, ChannelBinding] = {}
        self.participants = Members()
        self.claims: dict[tuple[str, str], str] = {}
        self.tasks: list[str] = []
        self.observations: list[Observation] = []
        self._bindings: tuple[ChannelBinding, ...] | None = None
        self._participants: tuple[Participant, ...] | None = None
        self._hidden_up_to = -1
        self._version = 0
        self.snapshot: RoomSnapshot | None = None

    def changed(self) -> None:
        """To be called after every change, so that snapshots tell the truth."""
        self._version += 1
        self.snapshot = None

    def seat(self, channel_id: str, binding: ChannelBinding | None) -> None:
        """Put a binding in its place, or take it away."""
        if self._bindings is not None:
            self._bindings = None
            self.bindings = self.bindings.copy()  # snapshots hold the old one
        if binding is None:
            del self.bindings[channel_id]
        else:
            self.bindings[channel_id] = binding

    def admit(self, participant: Participant) -> None:
        """Put somebody in their place."""
        if self._participants is not None:
            self._participants = None
            self.participants = Members(self.participants)  # as above
        self.participants[participant.id] = participant

    def take_snapshot(self, duplicate: RoomEvent | None = None) -> RoomSnapshot:
        snapshot = self.snapshot
        if snapshot is None or duplicate is not None:
            if self._bindings is None:
                self._bindings = tuple(self.bindings.values())
            if self._participants is None:
                self._participants = tuple(self.participants.values())
            snapshot = RoomSnapshot(
                room=self.room,
                bindings=self._bindings,
                participants=self._participants,
                recent_events=tuple(self.recent),
                open=not self.recent or self.recent[0].index > self._hidden_up_to,
                duplicate=duplicate,
                version=self._version,
                seats=self.bindings,
                people=self.participants,
            )
            if duplicate is None:
                self.snapshot = snapshot
        return snapshot

    def insert(self, event: RoomEvent) -> None:
        """Add an event at the place that its index gives it, normally the end."""
        events = self.events
        self._note(event)
        if not events or event.index >= events[-1].index:
            events.append(event)
            if is_history(event):
                self.recent.append(event)
        else:
            events.insert(bisect_left(events, event.index + 1, key=_index_of), event)
            self._rebuild_recent()

    def replace(self, old: RoomEvent, new: RoomEvent) -> None:
        """Put `new` in the place of `old`, the stored event of the same id."""
        if new.idempotency_key != old.idempotency_key or new.source is not old.source:
            self._release_claim(old)
        if new.index != old.index:
            del self.events[self._position_of(old)]
            self.insert(new)
            self._rebuild_recent()
            return
        self._note(new)
        self.swap(old, new)
        if is_history(old) is not is_history(new):
            self._rebuild_recent()

    def swap(self, old: RoomEvent, new: RoomEvent) -> None:
        """The same where they differ in nothing by which an event is found."""
        self.events[self._position_of(old)] = new
        recent = self.recent
        for place in range(len(recent) - 1, -1, -1):
            if recent[place] is old:
                recent[place] = new
                return

    def _note(self, event: RoomEvent) -> None:
        """Remember what an event that is now in the timeline claims, and whom it is hidden
        from."""
        if event.idempotency_key is not None:
            self.claims[event.source.channel_id, event.idempotency_key] = event.id
        if event.visibility != "all" and event.index > self._hidden_up_to:
            self._hidden_up_to = event.index

    def _release_claim(self, event: RoomEvent) -> None:
        if event.idempotency_key is not None:
            key = (event.source.channel_id, event.idempotency_key)
            if self.claims.get(key) == event.id:
                del self.claims[key]

    def first_unread(self, last_read_index: int | None) -> int:
        """The position of the first event beyond a read mark."""
        if last_read_index is None:
            return 0
        return bisect_left(self.events, last_read_index + 1, key=_index_of)

    def _position_of(self, event: RoomEvent) -> int:
        events = self.events
        if event.index < len(events) and events[event.index] is event:
            return event.index
        position = bisect_left(events, event.index, key=_index_of)
        while events[position].id != event.id:
            position += 1
        return position

    def _rebuild_recent(self) -> None:
        newest: list[RoomEvent] = []
        for event in reversed(self.events):
            if is_history(event):
                newest.append(event)
                if len(newest) == RECENT_EVENTS:
                    break
        self.recent.clear()
        self.recent.extend(reversed(newest))


def _index_of(event: RoomEvent) -> int:
    return event.index
