"""`Posting`, one event on its way into a timeline."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from roomkit.core.pipeline.cascade import Cascade, Hold
from roomkit.core.pipeline.jobs import Job
from roomkit.models._frozen import FrozenDict
from roomkit.models.channel import ChannelBinding
from roomkit.models.enums import EventStatus
from roomkit.models.event import RoomEvent
from roomkit.models.hook import InjectedEvent
from roomkit.store.records import RoomSnapshot

type PostStatus = Literal[
    "open", "blocked", "stored", "pending", "duplicate", "closed", "suppressed"
]


@dataclass(slots=True, eq=False, repr=False)
class Posting:
    """One event on its way into a timeline.

    Attributes:
        origin: who wrote it: somebody outside (``inbound``), the host (``sent``), a channel that
            answers (``response``), or the framework, whose notices are neither checked nor
            delivered.
        status: ``open`` until it is settled whether and how the event is stored.
        snapshot: the room under the lock, from `Poster.load` on.
        binding: the source channel's seat in the room, if it has one.
        sender: whose redelivery it may be, of a message that is in another room by now.
        hold: the room's lock while this posting holds it itself.
        closed_within: a hook that was asked about the event has closed the room.
        on_stored: called with the stored event just before it goes out.
        ready: deliveries to start once the lock is released.
    """

    event: RoomEvent
    cascade: Cascade
    origin: Literal["inbound", "sent", "response", "system"] = "inbound"
    status: PostStatus = "open"
    reason: str | None = None
    snapshot: RoomSnapshot = field(init=False)
    binding: ChannelBinding | None = None
    sender: str | None = None
    hold: Hold | None = None
    injected: Sequence[InjectedEvent] = ()
    target: RoomEvent | None = None
    closed_within: bool = False
    on_stored: Callable[[RoomEvent], None] | None = None
    ready: list[Job] = field(default_factory=list)
    error: Exception | None = None

    def block(self, by: str, reason: str) -> None:
        """Have the event stored as withheld."""
        self.status = "blocked"
        self.reason = reason
        self.event = withheld(self.event, by, reason)


def withheld(event: RoomEvent, by: str, reason: str) -> RoomEvent:
    """An event as it is kept when it may not go out."""
    return event.evolve(
        status=EventStatus.BLOCKED,
        blocked_by=by,
        metadata=FrozenDict({**event.metadata, "block_reason": reason}),
    )
