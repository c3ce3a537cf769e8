"""A store of your own: the thirty methods that have to be written, over tables of JSON.

All else (giving an event its index, finding the room of a message, read marks, …) is built on these.
With a database, replace `Table` by queries; then override what it can do better in one statement.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from roomkit import InboundMessage, RoomKit, TextContent, WebSocketChannel
from roomkit.errors import (
    ChannelNotFoundError,
    IdentityNotFoundError,
    ParticipantNotFoundError,
    RoomNotFoundError,
    TaskNotFoundError,
)
from roomkit.models.address import same_address
from roomkit.models.channel import ChannelBinding
from roomkit.models.enums import RoomStatus, TaskStatus
from roomkit.models.event import RoomEvent
from roomkit.models.identity import Identity
from roomkit.models.participant import Participant
from roomkit.models.room import Room
from roomkit.models.task import Observation, Task
from roomkit.store.base import ConversationStore
from roomkit.store.rules import takes_part


class Table[M: BaseModel]:
    """Records of one kind as JSON, under a key, in the order in which they came."""

    def __init__(self, model: type[M]) -> None:
        self._model = model
        self._rows: dict[tuple[str, ...], str] = {}

    def put(self, record: M, *key: str) -> M:
        self._rows[key] = record.model_dump_json()
        return self._model.model_validate_json(self._rows[key])

    def get(self, *key: str) -> M | None:
        row = self._rows.get(key)
        return None if row is None else self._model.model_validate_json(row)

    def where(self, **fields: object) -> list[M]:
        records = map(self._model.model_validate_json, self._rows.values())
        return [
            one for one in records if all(getattr(one, k) == v for k, v in fields.items())
        ]

    def remove(self, *key: str) -> bool:
        return self._rows.pop(key, None) is not None

    def remove_room(self, room_id: str) -> None:
        kept = {
            key: row
            for key, row in self._rows.items()
            if getattr(self._model.model_validate_json(row), "room_id", None) != room_id
        }
        self._rows = kept


class DictStore(ConversationStore):
    """Keeps everything in this process, in as few lines as that takes."""

    def __init__(self) -> None:
        self._rooms = Table(Room)
        self._events = Table(RoomEvent)
        self._bindings = Table(ChannelBinding)
        self._participants = Table(Participant)
        self._identities = Table(Identity)
        self._tasks = Table(Task)
        self._observations = Table(Observation)

    # Rooms. What a room counts is taken from its events, never from what the caller says.

    async def create_room(self, room: Room) -> Room:
        return await self.get_room(room.id) or self._counted(self._rooms.put(room, room.id))

    async def get_room(self, room_id: str) -> Room | None:
        room = self._rooms.get(room_id)
        return None if room is None else self._counted(room)

    async def update_room(self, room: Room) -> Room:
        self._require_room(room.id)
        return self._counted(self._rooms.put(room, room.id))

    async def delete_room(self, room_id: str) -> bool:
        for table in (self._events, self._bindings, self._participants, self._tasks):
            table.remove_room(room_id)
        self._observations.remove_room(room_id)
        return self._rooms.remove(room_id)

    async def find_rooms(
        self,
        *,
        organization_id: str | None = None,
        status: RoomStatus | None = None,
        metadata: Mapping[str, Any] | None = None,
        participant_id: str | None = None,
        channel_id: str | None = None,
        offset: int = 0,
        limit: int = 50,
    ) -> list[Room]:
        rooms = self._rooms.where(
            **({} if organization_id is None else {"organization_id": organization_id}),
            **({} if status is None else {"status": status}),
        )
        if metadata is not None:
            rooms = [one for one in rooms if metadata.items() <= one.metadata.items()]
        if participant_id is not None:
            people = self._participants.where(id=participant_id)
            ids = {one.room_id for one in people if takes_part(one)}
            rooms = [one for one in rooms if one.id in ids]
        if channel_id is not None:
            ids = {one.room_id for one in self._bindings.where(channel_id=channel_id)}
            rooms = [one for one in rooms if one.id in ids]
        return [self._counted(one) for one in rooms[offset : offset + limit]]

    async def find_room_id_by_channel(
        self, channel_id: str, status: RoomStatus | None = None
    ) -> str | None:
        rooms = await self.find_rooms(channel_id=channel_id, status=status, limit=1_000_000)
        return rooms[-1].id if rooms else None

    def _require_room(self, room_id: str) -> None:
        if self._rooms.get(room_id) is None:
            raise RoomNotFoundError(room_id)

    def _counted(self, room: Room) -> Room:
        events = self._timeline(room.id)
        latest = events[-1].index if events else 0
        return room.evolve(event_count=len(events), latest_index=latest)

    # Events.

    def _timeline(self, room_id: str) -> list[RoomEvent]:
        return sorted(self._events.where(room_id=room_id), key=lambda event: event.index)

    async def add_event(self, event: RoomEvent) -> RoomEvent:
        self._require_room(event.room_id)
        return self._events.put(event, event.id)

    async def get_event(self, event_id: str) -> RoomEvent | None:
        return self._events.get(event_id)

    async def list_events(
        self,
        room_id: str,
        offset: int = 0,
        limit: int = 50,
        visibility_filter: str | None = None,
    ) -> list[RoomEvent]:
        events = self._timeline(room_id)
        if visibility_filter is not None:
            events = [one for one in events if one.visibility in ("all", visibility_filter)]
        return events[offset : offset + limit]

    async def check_idempotency(
        self, room_id: str, key: str, channel_id: str | None = None
    ) -> bool:
        events = self._events.where(room_id=room_id, idempotency_key=key)
        return any(channel_id in (None, event.source.channel_id) for event in events)

    async def get_event_count(self, room_id: str) -> int:
        return len(self._timeline(room_id))

    # Bindings and participants.

    async def add_binding(self, binding: ChannelBinding) -> ChannelBinding:
        self._require_room(binding.room_id)
        return self._bindings.put(binding, binding.room_id, binding.channel_id)

    async def get_binding(self, room_id: str, channel_id: str) -> ChannelBinding | None:
        return self._bindings.get(room_id, channel_id)

    async def update_binding(self, binding: ChannelBinding) -> ChannelBinding:
        if self._bindings.get(binding.room_id, binding.channel_id) is None:
            raise ChannelNotFoundError(binding.room_id, binding.channel_id)
        return await self.add_binding(binding)

    async def remove_binding(self, room_id: str, channel_id: str) -> bool:
        return self._bindings.remove(room_id, channel_id)

    async def list_bindings(self, room_id: str) -> list[ChannelBinding]:
        return self._bindings.where(room_id=room_id)

    async def add_participant(self, participant: Participant) -> Participant:
        self._require_room(participant.room_id)
        existing = self._participants.get(participant.room_id, participant.id)
        return existing or self._participants.put(
            participant, participant.room_id, participant.id
        )

    async def get_participant(self, room_id: str, participant_id: str) -> Participant | None:
        return self._participants.get(room_id, participant_id)

    async def update_participant(self, participant: Participant) -> Participant:
        if self._participants.get(participant.room_id, participant.id) is None:
            raise ParticipantNotFoundError(participant.room_id, participant.id)
        return self._participants.put(participant, participant.room_id, participant.id)

    async def list_participants(self, room_id: str) -> list[Participant]:
        return self._participants.where(room_id=room_id)
