"""An event on its way out, and its part in one channel's lane."""

from __future__ import annotations

from dataclasses import dataclass

from roomkit.core.pipeline.cascade import Cascade
from roomkit.core.pipeline.lanes import LaneKey
from roomkit.core.pipeline.routes import Route
from roomkit.models.channel import ChannelBinding
from roomkit.models.context import RoomContext
from roomkit.models.delivery import DeliveryResult
from roomkit.models.event import RoomEvent


@dataclass(slots=True, eq=False, repr=False)
class Broadcast:
    """One event on its way out, and what came of it so far.

    An `open` one has a context that every channel may see as it is. `early` names the outcomes
    that are stored already, `span` is the telemetry span that its deliveries belong to.
    """

    event: RoomEvent
    context: RoomContext
    open: bool
    source_binding: ChannelBinding | None
    cascade: Cascade
    results: dict[str, DeliveryResult]
    undelivered: int = 0
    unremarkable: bool = True
    early: frozenset[str] = frozenset()
    span: str | None = None


@dataclass(slots=True, eq=False, repr=False)
class Job:
    """One event for one channel, in that channel's lane."""

    broadcast: Broadcast
    route: Route
    lane: LaneKey
    waited: bool = False
