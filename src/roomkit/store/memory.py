"""`InMemoryStore`: everything in dictionaries, gone when the process ends."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any

from roomkit.errors import (
    ChannelNotFoundError,
    EventExistsError,
    EventNotFoundError,
    ParticipantNotFoundError,
    TaskNotFoundError,
)
from roomkit.models.channel import ChannelBinding
from roomkit.models.delivery import DeliveryResult, DeliveryStatus
from roomkit.models.enums import ChannelType, RoomStatus, TaskStatus
from roomkit.models.event import RoomEvent
from roomkit.models.identity import Identity
from roomkit.models.participant import Participant
from roomkit.models.room import Room
from roomkit.models.task import Observation, Task
from roomkit.store._memory_claims import Claims
from roomkit.store._memory_directory import RoomDirectory
from roomkit.store._memory_people import People
from roomkit.store.base import ConversationStore
from roomkit.store.records import RECENT_EVENTS, CommitOutcome, RoomSnapshot, TimelineCommit
from roomkit.store.rules import (
    OPEN_STATUSES,
    is_unread,
    rewritten_over,
    room_after,
    with_deliveries,
)

_STATUS_LOG = 10_000


class InMemoryStore(ConversationStore):
    """Keeps everything in this process.

    What writes does so without waiting in between, so it is atomic. Finding the room of a message,
    appending an event and reading the latest history cost the same however much is stored.
    """

    def __init__(self) -> None:
        self._directory = RoomDirectory()
        self._rooms = self._directory.records
        self._events: dict[str, RoomEvent] = {}
        self._claims = Claims()
        self._deliveries: dict[str, tuple[str, str]] = {}
        self._people = People()
        self._tasks: dict[str, Task] = {}
        self._statuses: deque[DeliveryStatus] = deque(maxlen=_STATUS_LOG)

    async def create_room(self, room: Room) -> Room:
        if room.id not in self._rooms:
            stored = Room.model_validate(room.model_dump())
            self._directory.add(stored.evolve(event_count=0, latest_index=0))
        return self._rooms[room.id].room.detached()

    async def get_room(self, room_id: str) -> Room | None:
        record = self._rooms.get(room_id)
        return None if record is None else record.room.detached()

    async def update_room(self, room: Room) -> Room:
        record = self._directory.require(room.id)
        counters = {
            "event_count": record.room.event_count,
            "latest_index": record.room.latest_index,
        }
        self._directory.update(record, Room.model_validate(room.model_dump()).evolve(**counters))
        return record.room.detached()

    async def delete_room(self, room_id: str) -> bool:
        record = self._rooms.get(room_id)
        if record is None:
            return False
        self._directory.remove(record)
        for event in record.events:
            self._forget_event(event)
        for task_id in record.tasks:
            self._tasks.pop(task_id, None)
        return True

    def _forget_event(self, event: RoomEvent) -> None:
        self._events.pop(event.id, None)
        self._claims.remove(event)
        for result in event.delivery_results.values():
            for message_id in result.message_ids:
                self._deliveries.pop(message_id, None)

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
        found = self._directory.find(
            organization_id=organization_id,
            status=status,
            metadata=metadata,
            participant_id=participant_id,
            channel_id=channel_id,
            offset=offset,
            limit=limit,
        )
        return [room.detached() for room in found]

    async def find_room_id_by_channel(
        self, channel_id: str, status: RoomStatus | None = None
    ) -> str | None:
        return self._directory.newest_of_channel(channel_id, status)

    async def find_conversation(
        self, channel_id: str, channel_type: ChannelType, participant_id: str
    ) -> str | None:
        return self._directory.conversation(channel_id, channel_type, participant_id)

    async def add_event(self, event: RoomEvent) -> RoomEvent:
        return self._write_event(event).detached()

    def _write_event(self, event: RoomEvent) -> RoomEvent:
        record = self._directory.require(event.room_id)
        event = RoomEvent.model_validate(event.model_dump())
        old = self._events.get(event.id)
        self._events[event.id] = event
        if old is not None:
            self._claims.remove(old)
            record.replace(old, event)
        else:
            record.insert(event)
        self._claims.add(event)
        record.room = record.room.evolve(
            event_count=len(record.events), latest_index=record.events[-1].index
        )
        record.changed()
        return event

    async def get_event(self, event_id: str) -> RoomEvent | None:
        event = self._events.get(event_id)
        return None if event is None else event.detached()

    async def list_events(
        self,
        room_id: str,
        offset: int = 0,
        limit: int = 50,
        visibility_filter: str | None = None,
    ) -> list[RoomEvent]:
        record = self._rooms.get(room_id)
        if record is None or limit <= 0:
            return []
        events = record.events
        if visibility_filter is not None:
            allowed = ("all", visibility_filter)
            events = [event for event in events if event.visibility in allowed]
        return [event.detached() for event in events[offset : offset + limit]]

    async def list_recent_events(
        self, room_id: str, limit: int = RECENT_EVENTS
    ) -> list[RoomEvent]:
        if limit > RECENT_EVENTS:
            return await super().list_recent_events(room_id, limit)
        record = self._rooms.get(room_id)
        if record is None or limit <= 0:
            return []
        return [event.detached() for event in list(record.recent)[-limit:]]

    async def check_idempotency(self, room_id: str, key: str) -> bool:
        record = self._rooms.get(room_id)
        return record is not None and any(claimed == key for _, claimed in record.claims)

    async def find_duplicate(self, room_id: str, channel_id: str, key: str) -> RoomEvent | None:
        record = self._rooms.get(room_id)
        event_id = None if record is None else record.claims.get((channel_id, key))
        return None if event_id is None else self._events[event_id].detached()

    async def find_redelivery(self, channel_id: str, key: str, sender: str) -> RoomEvent | None:
        event_id = self._claims.newest(channel_id, key, sender)
        return None if event_id is None else self._events[event_id].detached()

    async def get_event_count(self, room_id: str) -> int:
        record = self._rooms.get(room_id)
        return 0 if record is None else len(record.events)

    async def snapshot(
        self,
        room_id: str,
        *,
        known: RoomSnapshot | None = None,
        claim: tuple[str, str] | None = None,
        sender: str | None = None,
    ) -> RoomSnapshot | None:
        record = self._rooms.get(room_id)
        if record is None:
            return None
        if claim is not None:
            first = record.claims.get(claim)
            if first is None and sender is not None:
                first = self._claims.newest(*claim, sender)
            if first is not None:
                return record.take_snapshot(self._events[first])
        return record.snapshot or record.take_snapshot()

    async def commit(self, commit: TimelineCommit) -> CommitOutcome:
        event = commit.event
        record = self._directory.require(event.room_id)
        room = record.room
        if room.status not in OPEN_STATUSES and not commit.allow_closed:
            return CommitOutcome(status="closed", event=event, room=room)
        key = event.idempotency_key
        if key is not None:
            first = record.claims.get((event.source.channel_id, key))
            if first is not None:
                return CommitOutcome(status="duplicate", event=self._events[first], room=room)
        if event.id in self._events:
            raise EventExistsError(event.id)
        events = record.events
        event = event.evolve(index=events[-1].index + 1 if events else 0, status=commit.status)
        for rewritten in commit.rewrites:
            old = self._events.get(rewritten.id)
            if old is not None:
                new = self._events[rewritten.id] = rewritten_over(old, rewritten)
                record.replace(old, new)
        self._events[event.id] = event
        if key is not None:
            self._claims.add(event)
        record.insert(event)
        room = record.room = room_after(room, commit, len(events), event.index)
        record.changed()
        return CommitOutcome(status="stored", event=event, room=room)

    async def record_deliveries(
        self, room_id: str, event_id: str, results: Mapping[str, DeliveryResult]
    ) -> RoomEvent | None:
        event = self._events.get(event_id)
        record = self._rooms.get(room_id)
        if event is None or record is None:
            return None
        changed = self._events[event_id] = with_deliveries(event, results)
        record.swap(event, changed)
        record.changed()
        for result in results.values():
            if result.provider_message_id is not None:
                for message_id in result.message_ids:
                    self._deliveries[message_id] = (event_id, result.channel_id)
        return changed

    async def find_delivery(self, provider_message_id: str) -> tuple[RoomEvent, str] | None:
        found = self._deliveries.get(provider_message_id)
        return None if found is None else (self._events[found[0]].detached(), found[1])

    async def add_delivery_status(self, status: DeliveryStatus) -> None:
        self._statuses.append(status)

    async def update_event(self, event: RoomEvent) -> RoomEvent:
        if event.id not in self._events:
            raise EventNotFoundError(event.room_id, event.id)
        return self._write_event(event).detached()

    async def add_binding(self, binding: ChannelBinding) -> ChannelBinding:
        return self._write_binding(binding).detached()

    def _write_binding(self, binding: ChannelBinding) -> ChannelBinding:
        stored = ChannelBinding.model_validate(binding.model_dump())
        self._directory.seat(self._directory.require(binding.room_id), stored)
        return stored

    async def get_binding(self, room_id: str, channel_id: str) -> ChannelBinding | None:
        record = self._rooms.get(room_id)
        binding = None if record is None else record.bindings.get(channel_id)
        return None if binding is None else binding.detached()

    async def update_binding(self, binding: ChannelBinding) -> ChannelBinding:
        record = self._rooms.get(binding.room_id)
        if record is None or binding.channel_id not in record.bindings:
            raise ChannelNotFoundError(binding.room_id, binding.channel_id)
        return self._write_binding(binding).detached()

    async def remove_binding(self, room_id: str, channel_id: str) -> bool:
        record = self._rooms.get(room_id)
        binding = None if record is None else record.bindings.get(channel_id)
        if record is None or binding is None:
            return False
        self._directory.unseat(record, binding)
        return True

    async def list_bindings(self, room_id: str) -> list[ChannelBinding]:
        record = self._rooms.get(room_id)
        if record is None:
            return []
        return [binding.detached() for binding in record.bindings.values()]

    async def add_participant(self, participant: Participant) -> Participant:
        record = self._directory.require(participant.room_id)
        existing = record.participants.get(participant.id)
        if existing is None:
            existing = _copied(participant)
            self._directory.admit(record, existing)
        return existing.detached()

    async def get_participant(self, room_id: str, participant_id: str) -> Participant | None:
        record = self._rooms.get(room_id)
        participant = None if record is None else record.participants.get(participant_id)
        return None if participant is None else participant.detached()

    async def update_participant(self, participant: Participant) -> Participant:
        record = self._rooms.get(participant.room_id)
        if record is None or participant.id not in record.participants:
            raise ParticipantNotFoundError(participant.room_id, participant.id)
        stored = _copied(participant)
        self._directory.admit(record, stored)
        return stored.detached()

    async def list_participants(self, room_id: str) -> list[Participant]:
        record = self._rooms.get(room_id)
        if record is None:
            return []
        return [participant.detached() for participant in record.participants.values()]

    async def create_identity(self, identity: Identity) -> Identity:
        return self._people.add(identity).detached()

    async def get_identity(self, identity_id: str) -> Identity | None:
        identity = self._people.get(identity_id)
        return None if identity is None else identity.detached()

    async def resolve_identity(
        self, channel_type: str, address: str, organization_id: str | None = None
    ) -> Identity | None:
        identity = self._people.find(organization_id, channel_type, address)
        return None if identity is None else identity.detached()

    async def link_address(self, identity_id: str, channel_type: str, address: str) -> None:
        self._people.link(identity_id, channel_type, address)

    async def add_task(self, task: Task) -> Task:
        return self._write_task(task).detached()

    def _write_task(self, task: Task) -> Task:
        stored = Task.model_validate(task.model_dump())
        if stored.id not in self._tasks:
            self._directory.require(stored.room_id).tasks.append(stored.id)
        self._tasks[stored.id] = stored
        return stored

    async def get_task(self, task_id: str) -> Task | None:
        task = self._tasks.get(task_id)
        return None if task is None else task.detached()

    async def list_tasks(self, room_id: str, status: TaskStatus | None = None) -> list[Task]:
        record = self._rooms.get(room_id)
        if record is None:
            return []
        tasks = (self._tasks[task_id] for task_id in record.tasks)
        return [task.detached() for task in tasks if status is None or task.status == status]

    async def update_task(self, task: Task) -> Task:
        if task.id not in self._tasks:
            raise TaskNotFoundError(task.id)
        return self._write_task(task).detached()

    async def add_observation(self, observation: Observation) -> Observation:
        stored = Observation.model_validate(observation.model_dump())
        self._directory.require(stored.room_id).observations.append(stored)
        return stored.detached()

    async def list_observations(self, room_id: str) -> list[Observation]:
        record = self._rooms.get(room_id)
        if record is None:
            return []
        return [observation.detached() for observation in record.observations]

    async def get_unread_count(self, room_id: str, channel_id: str) -> int:
        record = self._rooms.get(room_id)
        binding = None if record is None else record.bindings.get(channel_id)
        if record is None or binding is None:
            raise ChannelNotFoundError(room_id, channel_id)
        start = record.first_unread(binding.last_read_index)
        return sum(is_unread(event, binding) for event in record.events[start:])


def _copied(participant: Participant) -> Participant:
    """A validated copy that shares nothing with the writer's object."""
    # Models within it are taken as they are unless they are dumped, which costs as much again.
    values = participant.model_dump() if participant.candidates else dict(participant.__dict__)
    return Participant.model_validate(values)
