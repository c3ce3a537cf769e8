"""Events that the host application itself puts into a room."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from roomkit.core.pipeline.driver import Driver
from roomkit.core.pipeline.posting import Posting
from roomkit.core.runtime import KitRuntime
from roomkit.errors import ChannelNotFoundError, RoomClosedError, RoomNotFoundError
from roomkit.models.content import EventContent
from roomkit.models.enums import ChannelDirection, EventType, HookTrigger, RoomStatus
from roomkit.models.event import EventSource, RoomEvent
from roomkit.models.task import Observation


class OutboundService:
    """Sends events and feedback on behalf of the host."""

    def __init__(self, runtime: KitRuntime, driver: Driver) -> None:
        self._rt = runtime
        self._driver = driver

    async def send(
        self,
        room_id: str,
        channel_id: str,
        content: EventContent,
        *,
        event_type: EventType = EventType.MESSAGE,
        chain_depth: int = 0,
        visibility: str = "all",
        response_visibility: str | None = None,
        participant_id: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        idempotency_key: str | None = None,
    ) -> RoomEvent:
        """Post an event as the given channel's; see `RoomKit.send_event`."""
        rt = self._rt
        rt.check_open()
        if chain_depth < 0:  # the chain could be that much longer
            raise ValueError("chain_depth must not be negative")
        snapshot = await rt.store.snapshot(room_id)
        if snapshot is None:
            raise RoomNotFoundError(room_id)
        binding = snapshot.binding(channel_id)
        if binding is None:
            raise ChannelNotFoundError(room_id, channel_id)
        event = RoomEvent(
            room_id=room_id,
            type=event_type,
            source=EventSource(
                channel_id=channel_id,
                channel_type=binding.channel_type,
                participant_id=participant_id,
                direction=ChannelDirection.OUTBOUND,
            ),
            content=content,
            visibility=visibility,
            response_visibility=response_visibility,
            chain_depth=chain_depth,
            idempotency_key=idempotency_key,
            created_at=rt.clock.now(),
            metadata=dict(metadata or {}),
        )
        event = event.evolve(correlation_id=event.id)
        cascade, outermost = self._driver.cascade_for(room_id)
        posting = Posting(event=event, cascade=cascade, origin="sent")
        await self._driver.post(posting, outermost=outermost)
        if posting.status == "closed":
            # One that its timers have just closed was still open when it was looked at.
            archived = snapshot.room.status is RoomStatus.ARCHIVED
            raise RoomClosedError(room_id, "archived" if archived else "closed")
        return cascade.current.get(posting.event.id, posting.event)

    async def feedback(
        self,
        room_id: str,
        rating: float,
        *,
        comment: str,
        event_id: str | None,
        user_id: str | None,
        metadata: Mapping[str, Any] | None,
    ) -> Observation:
        """Store somebody's rating and run the ON_FEEDBACK hooks."""
        rt = self._rt
        room = await rt.store.get_room(room_id)
        if room is None:
            raise RoomNotFoundError(room_id)
        if room.status is RoomStatus.ARCHIVED:
            raise RoomClosedError(room_id, room.status.value)
        details = {"rating": rating, "event_id": event_id, "user_id": user_id}
        known = {key: value for key, value in details.items() if value is not None}
        observation = await rt.store.add_observation(
            Observation(
                room_id=room_id,
                category="feedback",
                content=comment,
                created_at=rt.clock.now(),
                metadata={**(metadata or {}), **known},
            )
        )
        await rt.observe(HookTrigger.ON_FEEDBACK, observation, room_id)
        return observation
