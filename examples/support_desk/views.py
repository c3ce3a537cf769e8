"""What the console shows, as JSON: rows of the timeline, a room's state, the list of rooms."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from roomkit import Channel, ChannelBinding, Participant, Room, RoomEvent, RoomKit
from roomkit.models.content import DeleteContent, EditContent
from roomkit.models.enums import (
    EventType,
    IdentificationStatus,
    ParticipantRole,
    ParticipantStatus,
)

Frame = dict[str, Any]

LATEST = 100
"""How many rows a search looks through, and how many a console gets at once."""

_SNIPPET = 120


def row_of(event: RoomEvent) -> Frame:
    """An event as the timeline shows it."""
    source, metadata, content = event.source, event.metadata, event.content
    target = content.target_event_id if isinstance(content, EditContent | DeleteContent) else None
    return {
        "id": event.id,
        "index": event.index,
        "type": event.type.value,
        "at": event.created_at.isoformat(),
        "who": source.participant_id,
        "channel": source.channel_id,
        "text": Channel.extract_text(event),
        "subject": event.data.get("participant_id"),
        "target": target,
        "status": event.status.value,
        "blocked_by": event.blocked_by,
        "reason": metadata.get("block_reason"),
        "visibility": event.visibility,
        "edited": bool(metadata.get("edited")),
        "deleted": bool(metadata.get("deleted")),
        "deliveries": [
            {
                "channel": result.channel_id,
                "success": result.success,
                "status": result.status,
                "error": result.error,
            }
            for result in event.delivery_results.values()
        ],
    }


async def rows_before(kit: RoomKit, room_id: str, index: int, limit: int = LATEST) -> list[Frame]:
    """The rows before an index, the oldest first."""
    start = max(0, index - limit)
    events = await kit.store.list_events(room_id, offset=start, limit=index - start)
    return [row_of(event) for event in events]


async def state_of(kit: RoomKit, room_id: str) -> Frame:
    """Everything about a room but its timeline."""
    store = kit.store
    people = await store.list_participants(room_id)
    bindings = await store.list_bindings(room_id)
    return {
        "title": title_of(people),
        "taken_over": is_taken_over(bindings),
        "channels": [_channel(kit, binding) for binding in bindings],
        "people": [_person(one) for one in people],
        "tasks": [
            {"id": one.id, "title": one.title, "status": one.status.value}
            for one in await store.list_tasks(room_id)
        ],
        "observations": [
            {"id": one.id, "category": one.category, "content": one.content}
            for one in await store.list_observations(room_id)
        ],
    }


async def summary_of(kit: RoomKit, room: Room) -> Frame:
    """A room as the list of rooms shows it."""
    store = kit.store
    people = await store.list_participants(room.id)
    recent = await store.list_recent_events(room.id, limit=1)
    return {
        "id": room.id,
        "title": title_of(people),
        "known": all(_is_known(one) for one in _customers(people)),
        "taken_over": is_taken_over(await store.list_bindings(room.id)),
        "unread": await store.get_unread_count(room.id, "desk"),
        "last": Channel.extract_text(recent[-1])[:_SNIPPET] if recent else "",
        "at": (recent[-1] if recent else room).created_at.isoformat(),
    }


async def find_in(kit: RoomKit, room: Room, wanted: str) -> Frame | None:
    """The room's summary if its title or one of its latest messages has these words in it, with
    the newest such message in the place of the last one."""
    summary = await summary_of(kit, room)
    wanted = wanted.casefold()
    events = await kit.store.list_events(
        room.id, offset=max(0, room.event_count - LATEST), limit=LATEST
    )
    for event in reversed(events):
        text = Channel.extract_text(event)
        if event.type is EventType.MESSAGE and wanted in text.casefold():
            return {**summary, "last": text[:_SNIPPET]}
    return summary if wanted in str(summary["title"]).casefold() else None


def title_of(people: Sequence[Participant]) -> str:
    """A room is called after its customers."""
    names = [one.display_name or one.address or one.id for one in _customers(people)]
    return " and ".join(names) or "Nobody yet"


def is_taken_over(bindings: Sequence[ChannelBinding]) -> bool:
    return any(one.channel_id == "assistant" and one.muted for one in bindings)


def _customers(people: Sequence[Participant]) -> list[Participant]:
    """The customers. Who was identified has left as the stranger that they were before."""
    return [
        one
        for one in people
        if one.role is not ParticipantRole.AGENT and one.status is not ParticipantStatus.LEFT
    ]


def _is_known(person: Participant) -> bool:
    return person.identification is IdentificationStatus.IDENTIFIED


def _channel(kit: RoomKit, binding: ChannelBinding) -> Frame:
    channel = kit.get_channel(binding.channel_id)
    return {
        "id": binding.channel_id,
        "type": binding.channel_type.value,
        "category": binding.category.value,
        "provider": None if channel is None else channel.provider_name,
        "recipient": binding.recipient,
        "access": binding.access.value,
        "muted": binding.muted,
        "last_read": binding.last_read_index,
    }


def _person(person: Participant) -> Frame:
    return {
        "id": person.id,
        "name": person.display_name,
        "address": person.address,
        "channel": person.channel_id,
        "role": person.role.value,
        "identification": person.identification.value,
        "resolved_by": person.resolved_by,
        "left": person.status is ParticipantStatus.LEFT,
    }
