"""Rooms and their pasts for the tests of memories."""

from __future__ import annotations

from roomkit.memory.base import MemoryProvider, MemoryResult
from roomkit.models.content import EventContent, TextContent
from roomkit.models.context import RoomContext
from roomkit.models.enums import ChannelType
from roomkit.models.event import EventSource, RoomEvent
from roomkit.models.participant import Participant
from roomkit.models.room import Room


def said(
    index: int,
    content: str | EventContent = "hello",
    *,
    by: str = "ada",
    room_id: str = "room",
) -> RoomEvent:
    """Something a person says; ``by="ai"`` is the AI."""
    is_ai = by == "ai"
    return RoomEvent(
        id=f"{room_id}-{index}",
        room_id=room_id,
        index=index,
        content=TextContent(body=content) if isinstance(content, str) else content,
        source=EventSource(
            channel_id="ai" if is_ai else "web",
            channel_type=ChannelType.AI if is_ai else ChannelType.WEBSOCKET,
            participant_id=None if is_ai else by,
        ),
    )


def talk(count: int, *, start: int = 0, room_id: str = "room") -> list[RoomEvent]:
    """A person says ``line 0``, ``line 1`` …"""
    return [said(number, f"line {number}", room_id=room_id) for number in range(start, count)]


def seen(
    events: list[RoomEvent], *, room_id: str = "room", names: dict[str, str] | None = None
) -> RoomContext:
    """A room in which that is what can be seen."""
    people = tuple(
        Participant(id=one, room_id=room_id, channel_id="web", display_name=name)
        for one, name in (names or {}).items()
    )
    return RoomContext(room=Room(id=room_id), recent_events=tuple(events), participants=people)


async def ask(
    memory: MemoryProvider,
    events: list[RoomEvent],
    question: str = "And now?",
    *,
    channel_id: str = "ai",
    names: dict[str, str] | None = None,
) -> MemoryResult:
    """What the memory has to say to a question that follows the events."""
    index = events[-1].index + 1 if events else 0
    room_id = events[-1].room_id if events else "room"
    recent = events[-memory.max_events :] if memory.max_events else []
    return await memory.retrieve(
        room_id,
        said(index, question, room_id=room_id),
        seen(recent, room_id=room_id, names=names),
        channel_id=channel_id,
    )


def bodies(result: MemoryResult) -> list[str]:
    """The words of the events."""
    return [
        event.content.body for event in result.events if isinstance(event.content, TextContent)
    ]
