"""A store of your own: the thirty methods that have to be written; everything else is inherited."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from roomkit import ChannelBinding, Participant, Room, RoomEvent, RoomStatus, errors
from roomkit.models.address import canonical_address
from roomkit.models.enums import TaskStatus
from roomkit.models.identity import Identity
from roomkit.models.task import Observation, Task
from roomkit.store.base import ConversationStore
from roomkit.store.rules import takes_part


class Table[M: BaseModel]:
    """Records of one kind, as JSON, in the order in which they came: the database."""

    def __init__(self, model: type[M], missing: type[Exception], *key: str) -> None:
        self._model, self._missing, self._key = model, missing, key
        self._rows: dict[tuple[str, ...], str] = {}

    def put(self, record: M) -> M:
        row = record.model_dump_json()
        self._rows[tuple(getattr(record, name) for name in self._key)] = row
        return self._model.model_validate_json(row)

    def replace(self, record: M) -> M:
        self.check(*(getattr(record, name) for name in self._key))
        return self.put(record)

    def check(self, *key: str) -> None:
        if key not in self._rows:
            raise self._missing(*key)

    def get(self, *key: str) -> M | None:
        row = self._rows.get(key)
        return None if row is None else self._model.model_validate_json(row)

    def where(self, **fields: object) -> list[M]:
        records = [self._model.model_validate_json(row) for row in self._rows.values()]
        return [one for one in records if all(getattr(one, k) == v for k, v in fields.items())]

    def delete(self, **fields: object) -> bool:
        gone = self.where(**fields)
        for record in gone:
            del self._rows[tuple(getattr(record, name) for name in self._key)]
        return bool(gone)


class DictStore(ConversationStore):
    """Keeps everything in this process, in as few lines as that takes."""

    def __init__(self) -> None:
        self._rooms = Table(Room, errors.RoomNotFoundError, "id")
        self._events = Table(RoomEvent, errors.EventNotFoundError, "id")
        self._bindings = Table(
            ChannelBinding, errors.ChannelNotFoundError, "room_id", "channel_id"
        )
        self._people = Table(Participant, errors.ParticipantNotFoundError, "room_id", "id")
        self._identities = Table(Identity, errors.IdentityNotFoundError, "id")
        self._tasks = Table(Task, errors.TaskNotFoundError, "id")
        self._observations = Table(Observation, KeyError, "id")
        self._owners: dict[tuple[str | None, str, str], str] = {}

    def _counted(self, room: Room) -> Room:
        """The room with the counters that its events make, whatever was written."""
        indices = [event.index for event in self._events.where(room_id=room.id)]
        return room.evolve(event_count=len(indices), latest_index=max(indices, default=0))

    async def create_room(self, room: Room) -> Room:
        return self._counted(self._rooms.get(room.id) or self._rooms.put(room))

    async def get_room(self, room_id: str) -> Room | None:
        room = self._rooms.get(room_id)
        return None if room is None else self._counted(room)

    async def update_room(self, room: Room) -> Room:
        return self._counted(self._rooms.replace(room))

    async def delete_room(self, room_id: str) -> bool:
        for part in (self._events, self._bindings, self._people, self._tasks, self._observations):
            part.delete(room_id=room_id)
        return self._rooms.delete(id=room_id)

    async def find_rooms(
        self, *, organization_id: str | None = None, status: RoomStatus | None = None,
        metadata: Mapping[str, Any] | None = None, participant_id: str | None = None,
        channel_id: str | None = None, offset: int = 0, limit: int = 50,
    ) -> list[Room]:  # fmt: skip
        joined = {one.room_id for one in self._people.where(id=participant_id) if takes_part(one)}
        attached = {one.room_id for one in self._bindings.where(channel_id=channel_id)}
        found = [
            self._counted(room)
            for room in self._rooms.where()
            if organization_id in (None, room.organization_id)
            and status in (None, room.status)
            and {**room.metadata, **(metadata or {})} == room.metadata
            and (participant_id is None or room.id in joined)
            and (channel_id is None or room.id in attached)
        ]
        return found[offset : offset + limit]

    async def find_room_id_by_channel(
        self, channel_id: str, status: RoomStatus | None = None
    ) -> str | None:
        rooms = await self.find_rooms(channel_id=channel_id, status=status, limit=10**9)
        return rooms[-1].id if rooms else None

    async def add_event(self, event: RoomEvent) -> RoomEvent:
        self._rooms.check(event.room_id)
        return self._events.put(event)

    async def get_event(self, event_id: str) -> RoomEvent | None:
        return self._events.get(event_id)

    async def list_events(
        self, room_id: str, offset: int = 0, limit: int = 50, visibility_filter: str | None = None
    ) -> list[RoomEvent]:
        events = sorted(self._events.where(room_id=room_id), key=lambda event: event.index)
        if visibility_filter is not None:
            events = [one for one in events if one.visibility in ("all", visibility_filter)]
        return events[offset : offset + limit]

    async def check_idempotency(
        self, room_id: str, key: str, channel_id: str | None = None
    ) -> bool:
        events = self._events.where(room_id=room_id, idempotency_key=key)
        return any(channel_id in (None, event.source.channel_id) for event in events)

    async def get_event_count(self, room_id: str) -> int:
        return len(self._events.where(room_id=room_id))

    async def add_binding(self, binding: ChannelBinding) -> ChannelBinding:
        self._rooms.check(binding.room_id)
        return self._bindings.put(binding)

    async def get_binding(self, room_id: str, channel_id: str) -> ChannelBinding | None:
        return self._bindings.get(room_id, channel_id)

    async def update_binding(self, binding: ChannelBinding) -> ChannelBinding:
        return self._bindings.replace(binding)

    async def remove_binding(self, room_id: str, channel_id: str) -> bool:
        return self._bindings.delete(room_id=room_id, channel_id=channel_id)

    async def list_bindings(self, room_id: str) -> list[ChannelBinding]:
        return self._bindings.where(room_id=room_id)

    async def add_participant(self, participant: Participant) -> Participant:
        self._rooms.check(participant.room_id)
        existing = self._people.get(participant.room_id, participant.id)
        return existing or self._people.put(participant)

    async def get_participant(self, room_id: str, participant_id: str) -> Participant | None:
        return self._people.get(room_id, participant_id)

    async def update_participant(self, participant: Participant) -> Participant:
        return self._people.replace(participant)

    async def list_participants(self, room_id: str) -> list[Participant]:
        return self._people.where(room_id=room_id)

    async def create_identity(self, identity: Identity) -> Identity:
        self._owners = {k: owner for k, owner in self._owners.items() if owner != identity.id}
        for kind, addresses in identity.addresses.items():
            for address in addresses:
                key = (identity.organization_id, kind, canonical_address(kind, address))
                self._owners[key] = identity.id
        return self._identities.put(identity)

    async def get_identity(self, identity_id: str) -> Identity | None:
        return self._identities.get(identity_id)

    async def resolve_identity(
        self, channel_type: str, address: str, organization_id: str | None = None
    ) -> Identity | None:
        key = (organization_id, channel_type, canonical_address(channel_type, address))
        return self._identities.get(self._owners.get(key, ""))

    async def link_address(self, identity_id: str, channel_type: str, address: str) -> None:
        self._identities.check(identity_id)
        (identity,) = self._identities.where(id=identity_id)
        known = [*identity.addresses.get(channel_type, []), address]
        addresses = {**identity.addresses, channel_type: list(dict.fromkeys(known))}
        await self.create_identity(identity.evolve(addresses=addresses))

    async def add_task(self, task: Task) -> Task:
        self._rooms.check(task.room_id)
        return self._tasks.put(task)

    async def get_task(self, task_id: str) -> Task | None:
        return self._tasks.get(task_id)

    async def list_tasks(self, room_id: str, status: TaskStatus | None = None) -> list[Task]:
        return self._tasks.where(room_id=room_id, **({"status": status} if status else {}))

    async def update_task(self, task: Task) -> Task:
        return self._tasks.replace(task)

    async def add_observation(self, observation: Observation) -> Observation:
        self._rooms.check(observation.room_id)
        return self._observations.put(observation)

    async def list_observations(self, room_id: str) -> list[Observation]:
        return self._observations.where(room_id=room_id)
