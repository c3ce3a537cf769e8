"""`SlidingWindowMemory`: the newest messages as they are."""

from __future__ import annotations

from roomkit.memory.base import MemoryProvider, MemoryResult
from roomkit.models.context import RoomContext
from roomkit.models.event import RoomEvent

__all__ = ["SlidingWindowMemory", "earlier_events"]

_NOTHING = MemoryResult.constant()


def earlier_events(context: RoomContext, current_event: RoomEvent, limit: int) -> list[RoomEvent]:
    """The newest events of the context but the one that is to be answered, oldest first."""
    if limit <= 0:
        return []
    current_id = current_event.id
    # Hardly ever is the current event among them, so the slice comes first.
    newest = context.recent_events[-limit - 1 :]
    return [event for event in newest if event.id != current_id][-limit:]


class SlidingWindowMemory(MemoryProvider):
    """Shows the newest events of the room, word by word. Keeps nothing.

    Args:
        max_events: how many.
    """

    def __init__(self, max_events: int = 50) -> None:
        if max_events < 0:
            raise ValueError("max_events must not be negative")
        self.max_events = max_events

    async def retrieve(
        self,
        room_id: str,
        current_event: RoomEvent,
        context: RoomContext,
        *,
        channel_id: str | None = None,
    ) -> MemoryResult:
        return _NOTHING.evolve(events=earlier_events(context, current_event, self.max_events))
