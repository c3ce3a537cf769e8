"""What hooks add to a room on their own."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime

from roomkit.core.event_router import EventRouter
from roomkit.core.pipeline.held import hold_back, holds_back
from roomkit.core.pipeline.posting import Posting
from roomkit.core.pipeline.writing import write
from roomkit.core.runtime import SYSTEM_CHANNEL, KitRuntime
from roomkit.errors import locate_error
from roomkit.models.enums import ChannelDirection, ChannelType, EventStatus
from roomkit.models.event import EventSource, RoomEvent
from roomkit.models.hook import InjectedEvent
from roomkit.store.records import TimelineCommit

logger = logging.getLogger("roomkit")


class Injections:
    """Stores and sends events that hooks add. They skip the hooks, but not the budget."""

    def __init__(self, runtime: KitRuntime, router: EventRouter) -> None:
        self._rt = runtime
        self._router = router

    async def add(self, cause: Posting, injected: Sequence[InjectedEvent]) -> None:
        """Add what was returned for an event. The room's lock must be held.

        The event itself is settled by now: what comes on top of it may fail, and says so.
        """
        for one in injected:
            try:
                await self._add(cause, injected_event(one, cause.event, self._rt.clock.now()))
            except Exception as error:  # a store that is down
                room_id = cause.event.room_id
                logger.error(
                    "an injected event for room %s failed: %s", room_id, locate_error(error)
                )
                cause.cascade.effects.errors.append(f"{SYSTEM_CHANNEL}: {type(error).__name__}")

    async def _add(self, cause: Posting, event: RoomEvent) -> None:
        cascade, room = cause.cascade, cause.snapshot.room
        if not cascade.spend():
            return
        commit = TimelineCommit(event=event, updated_at=event.created_at)
        if holds_back(room):
            hold_back(commit)
        outcome = await write(self._rt.store, commit, room)
        if outcome.status == "stored" and commit.status is not EventStatus.PENDING:
            cascade.current[event.id] = outcome.event
            cascade.sent.append(event.id)
            self._router.enqueue(cause, outcome.event, None)


def injected_event(injected: InjectedEvent, cause: RoomEvent, now: datetime) -> RoomEvent:
    """What a hook adds on account of an event: for the channels that it names, else for the
    sender's."""
    targets = injected.target_channel_ids or [cause.source.channel_id]
    return RoomEvent(
        room_id=cause.room_id,
        type=injected.event_type,
        source=EventSource(
            channel_id=SYSTEM_CHANNEL,
            channel_type=ChannelType.SYSTEM,
            direction=ChannelDirection.OUTBOUND,
        ),
        content=injected.content,
        status=EventStatus.DELIVERED,
        visibility=",".join(targets),
        chain_depth=cause.chain_depth + 1,
        parent_event_id=cause.id,
        correlation_id=cause.correlation_id or cause.id,
        created_at=now,
        metadata={**injected.metadata, "injected": True},
    )
