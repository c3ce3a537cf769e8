"""What a client may see of what was said before it came."""

from __future__ import annotations

from dataclasses import dataclass

from roomkit.core.framework import RoomKit
from roomkit.core.visibility import is_visible, may_read
from roomkit.integrations._websocket.frames import encode, event_view
from roomkit.integrations._websocket.settings import WebSocketLimits
from roomkit.models.channel import ChannelBinding
from roomkit.models.enums import ChannelDirection, EventType
from roomkit.models.event import RoomEvent
from roomkit.models.room import Room
from roomkit.store.rules import is_withheld

_PAGE = 100
_MAX_SCANNED = 2000
# The framework's notices stand in the timeline and are delivered to nobody.
_NOTICES = frozenset(
    {
        EventType.PARTICIPANT_JOINED,
        EventType.PARTICIPANT_LEFT,
        EventType.PARTICIPANT_IDENTIFIED,
        EventType.CHANNEL_ATTACHED,
        EventType.CHANNEL_DETACHED,
        EventType.CHANNEL_MUTED,
        EventType.CHANNEL_UNMUTED,
        EventType.CHANNEL_UPDATED,
        EventType.TASK_CREATED,
        EventType.OBSERVATION,
    }
)


@dataclass(frozen=True, slots=True)
class Past:
    """Events in the order of the timeline.

    `resumed` tells whether they are all that came after what the client had; if not, they are the
    newest ones, and the client starts anew.
    """

    events: list[RoomEvent]
    resumed: bool


def shows(kit: RoomKit, binding: ChannelBinding, visibility: str) -> bool:
    """Whether something of this visibility is meant for the clients of a channel."""
    channels = {channel.channel_id for channel in kit.list_channels()}
    return visibility == "all" or is_visible(visibility, binding, channels)


class History:
    """Reads rooms for clients of one channel."""

    def __init__(self, kit: RoomKit, limits: WebSocketLimits) -> None:
        self._kit = kit
        self._limits = limits

    async def since(self, room: Room, binding: ChannelBinding, after: int | None) -> Past:
        """What came after an index, if that can be told, or else the newest events."""
        if after is not None and -1 <= after < room.event_count:
            missed = await self._missed(room, binding, after)
            if missed is not None:
                return Past(missed, resumed=True)
        return Past(await self._newest(room, binding), resumed=False)

    async def _missed(
        self, room: Room, binding: ChannelBinding, after: int
    ) -> list[RoomEvent] | None:
        limit = self._limits.replay
        rows = room.event_count - (after + 1)
        if rows > limit:
            return None
        events: list[RoomEvent] = []
        size = 0
        for row in await self._kit.store.list_events(room.id, offset=after + 1, limit=rows):
            event = await self._shown(row, binding)
            if event is not None:
                size += _size(event)
                events.append(event)
        return events if size <= self._limits.max_queued_bytes else None

    async def _newest(self, room: Room, binding: ChannelBinding) -> list[RoomEvent]:
        limits = self._limits
        events: list[RoomEvent] = []
        size, end = 0, room.event_count
        oldest = max(0, end - _MAX_SCANNED)
        while end > oldest and len(events) < limits.history:
            start = max(oldest, end - _PAGE)
            page = await self._kit.store.list_events(room.id, offset=start, limit=end - start)
            for row in reversed(page):
                event = await self._shown(row, binding)
                if event is None:
                    continue
                size += _size(event)
                if len(events) == limits.history or size > limits.max_queued_bytes:
                    return events[::-1]
                events.append(event)
            end = start
        return events[::-1]

    async def _shown(self, event: RoomEvent, binding: ChannelBinding) -> RoomEvent | None:
        """The event as the channel would have received it, or None if it would not have."""
        if not may_read(binding) or binding.direction is ChannelDirection.INBOUND:
            return None
        if is_withheld(event) or event.type in _NOTICES:
            return None
        if event.source.channel_id != binding.channel_id:
            if not shows(self._kit, binding, event.visibility):
                return None
            transcoder = self._kit.transcoder
            if not transcoder.passes(event.content, binding):
                content = await transcoder.transcode(event.content, binding, binding)
                return None if content is None else event.evolve(content=content)
        return event


def _size(event: RoomEvent) -> int:
    return len(encode(event_view(event)))
