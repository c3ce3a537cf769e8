"""A room's way from one status to the next."""

from __future__ import annotations

from typing import Any, Literal

from roomkit.core.pipeline.cascade import Cascade
from roomkit.core.pipeline.held import held_events, holds_back
from roomkit.core.pipeline.posting import withheld
from roomkit.core.runtime import SYSTEM_CHANNEL, KitRuntime
from roomkit.errors import RoomClosedError
from roomkit.models.content import SystemContent
from roomkit.models.enums import (
    ChannelDirection,
    ChannelType,
    EventStatus,
    EventType,
    HookTrigger,
    RoomStatus,
)
from roomkit.models.event import EventSource, RoomEvent
from roomkit.models.framework_event import FrameworkEventType
from roomkit.models.room import Room
from roomkit.store.base import ConversationStore

_HOOKS = {
    RoomStatus.PAUSED: HookTrigger.ON_ROOM_PAUSED,
    RoomStatus.CLOSED: HookTrigger.ON_ROOM_CLOSED,
}
_EVENTS: dict[RoomStatus, FrameworkEventType] = {
    RoomStatus.ACTIVE: "room_resumed",
    RoomStatus.PAUSED: "room_paused",
    RoomStatus.CLOSED: "room_closed",
    RoomStatus.ARCHIVED: "room_archived",
}


def system_event(
    room_id: str,
    code: str,
    body: str,
    *,
    event_type: EventType = EventType.SYSTEM,
    channel_id: str = SYSTEM_CHANNEL,
    channel_type: ChannelType | None = ChannelType.SYSTEM,
    **data: Any,
) -> RoomEvent:
    """A notice of the framework about a room, readable by people and by programs
    (``content.data``)."""
    return RoomEvent(
        room_id=room_id,
        type=event_type,
        source=EventSource(
            channel_id=channel_id,
            channel_type=channel_type,
            direction=ChannelDirection.OUTBOUND,
        ),
        content=SystemContent(body=body, code=code, data={"room_id": room_id, **data}),
        status=EventStatus.DELIVERED,
    )


async def check_unarchived(store: ConversationStore, room_id: str) -> None:
    """Refuse a change to a room that is put away for good. What is not there is not refused.

    Raises:
        RoomClosedError: the room was archived.
    """
    room = await store.get_room(room_id)
    if room is not None and room.status is RoomStatus.ARCHIVED:
        raise RoomClosedError(room_id, room.status.value)


class Transitions:
    """Changes a room's status and tells about it. The room's lock must be held.

    Hooks and handlers run outside of the lock, as part of the given cascade.
    """

    def __init__(self, runtime: KitRuntime) -> None:
        self._rt = runtime

    async def to_paused(
        self, room: Room, cascade: Cascade, by: Literal["timer", "request"]
    ) -> Room:
        changes = room.evolve(status=RoomStatus.PAUSED, paused_by=by)
        return await self._move(changes, cascade, paused_by=by)

    async def to_active(self, room: Room, cascade: Cascade) -> Room:
        return await self._move(room.evolve(status=RoomStatus.ACTIVE, paused_by=None), cascade)

    async def to_closed(self, room: Room, cascade: Cascade) -> Room:
        now = self._rt.clock.now()
        await self._withhold_for_good(room, cascade)
        return await self._move(
            room.evolve(status=RoomStatus.CLOSED, paused_by=None, closed_at=now), cascade
        )

    async def to_archived(self, room: Room, cascade: Cascade) -> Room:
        now = self._rt.clock.now()
        await self._withhold_for_good(room, cascade)
        closed_at = room.closed_at or now
        archived = await self._move(
            room.evolve(status=RoomStatus.ARCHIVED, paused_by=None, closed_at=closed_at), cascade
        )
        self._rt.hooks.forget_room(room.id)
        return archived

    async def _withhold_for_good(self, room: Room, cascade: Cascade) -> None:
        """Say of each event that a paused room holds back that it will not go out any more.

        To send them now would undo the pause, which may be there for a reason; who wants them sent
        resumes the room before it is closed.
        """
        if not holds_back(room):
            return
        rt = self._rt
        async for held in held_events(rt.store, room.id):
            event = await rt.store.update_event(withheld(held, "room_status", "room_closed"))
            rt.notify(
                cascade,
                "event_blocked",
                room_id=room.id,
                channel_id=event.source.channel_id,
                event_id=event.id,
                blocked_by=event.blocked_by,
                reason="room_closed",
            )

    async def _move(self, room: Room, cascade: Cascade, **data: Any) -> Room:
        rt = self._rt
        room = await rt.store.update_room(room.evolve(updated_at=rt.clock.now()))
        status = room.status
        rt.notify(cascade, _EVENTS[status], room_id=room.id, status=status.value, **data)
        trigger = _HOOKS.get(status)
        if trigger is not None and rt.hooks.listens(trigger, room.id):
            notice = system_event(
                room.id,
                f"room_{status.value}",
                f"The room was {status.value}.",
                status=status.value,
                **data,
            )
            rt.in_background(cascade, rt.observe(trigger, notice, room.id), f"on_room_{status}")
        return room
