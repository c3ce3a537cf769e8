"""`DictStore`, the least that a store can be: the thirty abstract methods over dictionaries.

It searches through all it has, and inherits everything else from `ConversationStore`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from roomkit import ChannelBinding, Identity, Observation, Participant, Room, RoomEvent, errors
from roomkit.models.address import canonical_address
from roomkit.models.enums import RoomStatus, TaskStatus
from roomkit.models.task import Task
from roomkit.store.base import ConversationStore
from roomkit.store.members import takes_part


class Table[M: BaseModel]:
    """Records of one kind, as JSON, in the order in which they came: the database."""

    def __init__(self, model: type[M], missing: type[Exception], *key: str) -> None:
        self._model, self._missing, self._names = model, missing, key
        self._rows: dict[tuple[str, ...], str] = {}

    def _key(self, record: M) -> tuple[str, ...]:
        return tuple(getattr(record, name) for name in self._names)

    def put(self, record: M) -> M:
        row = self._rows[self._key(record)] = record.model_dump_json()
        return self._model.model_validate_json(row)

    def replace(self, record: M) -> M:
        self.one(*self._key(record))
        return self.put(record)

    def get(self, *key: str) -> M | None:
        return self.one(*key) if key in self._rows else None

    def one(self, *key: str) -> M:
        if key not in self._rows:
            raise self._missing(*key)
        return self._model.model_validate_json(self._rows[key])

    def where(self, **wanted: object) -> list[M]:
        records = [self._model.model_validate_json(row) for row in self._rows.values()]
        given = {name: value for name, value in wanted.items() if value is not None}
        return [one for one in records if all(getattr(one, k) == v for k, v in given.items())]

    def delete(self, **wanted: object) -> bool:
        return any([self._rows.pop(self._key(record)) for record in self.where(**wanted)])


class DictStore(ConversationStore):
    def __init__(self) -> None:
        self._rooms = Table(Room, errors.RoomNotFoundError, "id")
        self._events = Table(RoomEvent, errors.EventNotFoundError, "id")
        self._seats = Table(ChannelBinding, errors.ChannelNotFoundError, "room_id", "channel_id")
        self._users = Table(Participant, errors.ParticipantNotFoundError, "room_id", "id")
        self._identities = Table(Identity, errors.IdentityNotFoundError, "id")
        self._tasks = Table(Task, errors.TaskNotFoundError, "id")
        self._observations = Table(Observation, LookupError, "id")
        self._owners: dict[tuple[str | None, str, str], str] = {}

    def _counted(self, room: Room) -> Room:
        indices = [event.index for event in self._events.where(room_id=room.id)]
        return room.evolve(event_count=len(indices), latest_index=max(indices, default=0))

    async def create_room(self, room: Room) -> Room:
        return self._counted(self._rooms.get(room.id) or self._rooms.put(room))

    async def get_room(self, room_id: str) -> Room | None:
        return next(map(self._counted, self._rooms.where(id=room_id)), None)

    async def update_room(self, room: Room) -> Room:
        return self._counted(self._rooms.replace(room))

    async def delete_room(self, room_id: str) -> bool:
        for part in (self._events, self._seats, self._users, self._tasks, self._observations):
            part.delete(room_id=room_id)
        return self._rooms.delete(id=room_id)

    async def find_rooms(
        self, *, organization_id: str | None = None, status: RoomStatus | None = None,
        metadata: Mapping[str, Any] | None = None, participant_id: str | None = None,
        channel_id: str | None = None, offset: int = 0, limit: int = 50,
    ) -> list[Room]:  # fmt: skip
        joined = {one.room_id for one in self._users.where(id=participant_id) if takes_part(one)}
        return [
            self._counted(room)
            for room in self._rooms.where(organization_id=organization_id, status=status)
            if {**room.metadata, **(metadata or {})} == room.metadata
            and (participant_id is None or room.id in joined)
            and (channel_id is None or self._seats.get(room.id, channel_id) is not None)
        ][offset : offset + limit]

    async def find_room_id_by_channel(
        self, channel_id: str, status: RoomStatus | None = None
    ) -> str | None:
        rooms = await self.find_rooms(channel_id=channel_id, status=status, limit=10**9)
        return rooms[-1].id if rooms else None

    async def add_event(self, event: RoomEvent) -> RoomEvent:
        self._rooms.one(event.room_id)
        return self._events.put(event)

    async def get_event(self, event_id: str) -> RoomEvent | None:
        return self._events.get(event_id)

    async def list_events(
        self, room_id: str, offset: int = 0, limit: int = 50, visibility_filter: str | None = None
    ) -> list[RoomEvent]:
        events = sorted(self._events.where(room_id=room_id), key=lambda event: event.index)
        seen = [e for e in events if e.visibility in ("all", visibility_filter or e.visibility)]
        return seen[offset : offset + limit]

    async def check_idempotency(self, room_id: str, key: str) -> bool:
        return bool(self._events.where(room_id=room_id, idempotency_key=key))

    async def get_event_count(self, room_id: str) -> int:
        return len(self._events.where(room_id=room_id))

    async def add_binding(self, binding: ChannelBinding) -> ChannelBinding:
        self._rooms.one(binding.room_id)
        return self._seats.put(binding)

    async def get_binding(self, room_id: str, channel_id: str) -> ChannelBinding | None:
        return self._seats.get(room_id, channel_id)

    async def update_binding(self, binding: ChannelBinding) -> ChannelBinding:
        return self._seats.replace(binding)

    async def remove_binding(self, room_id: str, channel_id: str) -> bool:
        return self._seats.delete(room_id=room_id, channel_id=channel_id)

    async def list_bindings(self, room_id: str) -> list[ChannelBinding]:
        return self._seats.where(room_id=room_id)

    async def add_participant(self, participant: Participant) -> Participant:
        self._rooms.one(participant.room_id)
        return self._users.get(participant.room_id, participant.id) or self._users.put(participant)

    async def get_participant(self, room_id: str, participant_id: str) -> Participant | None:
        return self._users.get(room_id, participant_id)

    async def update_participant(self, participant: Participant) -> Participant:
        return self._users.replace(participant)

    async def list_participants(self, room_id: str) -> list[Participant]:
        return self._users.where(room_id=room_id)

    async def create_identity(self, identity: Identity) -> Identity:
        self._owners = {key: one for key, one in self._owners.items() if one != identity.id}
        for channel_type, addresses in identity.addresses.items():
            for address in addresses:
                self._claim(identity, channel_type, address)
        return self._identities.put(identity)

    async def get_identity(self, identity_id: str) -> Identity | None:
        return self._identities.get(identity_id)

    async def resolve_identity(
        self, channel_type: str, address: str, organization_id: str | None = None
    ) -> Identity | None:
        key = (organization_id, channel_type, canonical_address(channel_type, address))
        return self._identities.get(self._owners.get(key, ""))

    async def link_address(self, identity_id: str, channel_type: str, address: str) -> None:
        identity = self._identities.one(identity_id)
        known = [*identity.addresses.get(channel_type, []), address]
        addresses = {**identity.addresses, channel_type: list(dict.fromkeys(known))}
        self._identities.put(identity.evolve(addresses=addresses))
        self._claim(identity, channel_type, address)

    def _claim(self, identity: Identity, channel_type: str, address: str) -> None:
        key = (identity.organization_id, channel_type, canonical_address(channel_type, address))
        self._owners[key] = identity.id

    async def add_task(self, task: Task) -> Task:
        self._rooms.one(task.room_id)
        return self._tasks.put(task)

    async def get_task(self, task_id: str) -> Task | None:
        return self._tasks.get(task_id)

    async def list_tasks(self, room_id: str, status: TaskStatus | None = None) -> list[Task]:
        return self._tasks.where(room_id=room_id, status=status)

    async def update_task(self, task: Task) -> Task:
        return self._tasks.replace(task)

    async def add_observation(self, observation: Observation) -> Observation:
        self._rooms.one(observation.room_id)
        return self._observations.put(observation)

    async def list_observations(self, room_id: str) -> list[Observation]:
        return self._observations.where(room_id=room_id)
