"""The plain operations on records that a store must offer; everything else is built on them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

from roomkit.models.channel import ChannelBinding
from roomkit.models.enums import RoomStatus, TaskStatus
from roomkit.models.event import RoomEvent
from roomkit.models.identity import Identity
from roomkit.models.participant import Participant
from roomkit.models.room import Room
from roomkit.models.task import Observation, Task


class RecordTables(ABC):
    """Create, read, update and list: rooms, events, bindings, people, tasks and observations."""

    @abstractmethod
    async def create_room(self, room: Room) -> Room:
        """Store a new room; if its id is taken, write nothing and return the existing one."""

    @abstractmethod
    async def get_room(self, room_id: str) -> Room | None:
        """The room, or None."""

    @abstractmethod
    async def update_room(self, room: Room) -> Room:
        """Replace a room's own fields; its counters stay what its events make them.

        Raises:
            RoomNotFoundError: there is no such room.
        """

    @abstractmethod
    async def delete_room(self, room_id: str) -> bool:
        """Remove a room and all that belongs to it; False if there was none."""

    @abstractmethod
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
        """Rooms that meet every given condition, in order of creation.

        Args:
            metadata: key-value pairs that the room's metadata must contain, on its top level.
            participant_id: somebody who takes part (and has not left or been banned).
            channel_id: a channel that is attached.
        """

    @abstractmethod
    async def find_room_id_by_channel(
        self, channel_id: str, status: RoomStatus | None = None
    ) -> str | None:
        """The most recently created room that the channel is attached to."""

    @abstractmethod
    async def add_event(self, event: RoomEvent) -> RoomEvent:
        """Write an event as it is, index included; one with the same id is replaced.

        The framework appends through `commit`, which gives out the index.

        Raises:
            RoomNotFoundError: there is no such room.
        """

    @abstractmethod
    async def get_event(self, event_id: str) -> RoomEvent | None:
        """The event, or None."""

    @abstractmethod
    async def list_events(
        self,
        room_id: str,
        offset: int = 0,
        limit: int = 50,
        visibility_filter: str | None = None,
    ) -> list[RoomEvent]:
        """The timeline in ascending order of index, blocked events included.

        Args:
            offset: how many to skip, counted from the oldest.
            visibility_filter: only events whose visibility is ``"all"`` or exactly this.
        """

    @abstractmethod
    async def check_idempotency(self, room_id: str, key: str) -> bool:
        """Whether an event with this key is stored, of whatever source channel.

        Keys of one channel say nothing about another's: `ConversationStore.find_duplicate` tells
        them apart.
        """

    @abstractmethod
    async def get_event_count(self, room_id: str) -> int:
        """How many events the room has."""

    @abstractmethod
    async def add_binding(self, binding: ChannelBinding) -> ChannelBinding:
        """Attach a channel; an existing binding of the same channel is replaced.

        Raises:
            RoomNotFoundError: there is no such room.
        """

    @abstractmethod
    async def get_binding(self, room_id: str, channel_id: str) -> ChannelBinding | None:
        """The binding, or None."""

    @abstractmethod
    async def update_binding(self, binding: ChannelBinding) -> ChannelBinding:
        """Replace a binding.

        Raises:
            ChannelNotFoundError: the channel is not attached.
        """

    @abstractmethod
    async def remove_binding(self, room_id: str, channel_id: str) -> bool:
        """Detach a channel; False if it was not attached."""

    @abstractmethod
    async def list_bindings(self, room_id: str) -> list[ChannelBinding]:
        """All bindings in the order in which they were attached."""

    @abstractmethod
    async def add_participant(self, participant: Participant) -> Participant:
        """Add somebody to a room; an existing record of the same id is returned unchanged.

        Raises:
            RoomNotFoundError: there is no such room.
        """

    @abstractmethod
    async def get_participant(self, room_id: str, participant_id: str) -> Participant | None:
        """The participant, or None."""

    @abstractmethod
    async def update_participant(self, participant: Participant) -> Participant:
        """Replace a participant.

        Raises:
            ParticipantNotFoundError: the room has no such participant.
        """

    @abstractmethod
    async def list_participants(self, room_id: str) -> list[Participant]:
        """Everybody in the room, in the order in which they came."""

    @abstractmethod
    async def create_identity(self, identity: Identity) -> Identity:
        """Store a person; one with the same id is replaced."""

    @abstractmethod
    async def get_identity(self, identity_id: str) -> Identity | None:
        """The person, or None."""

    @abstractmethod
    async def resolve_identity(
        self, channel_type: str, address: str, organization_id: str | None = None
    ) -> Identity | None:
        """Whose address this is, within the organisation; None if nobody's there.

        Different spellings of a number are equal, and so are those of an e-mail address.
        """

    @abstractmethod
    async def link_address(self, identity_id: str, channel_type: str, address: str) -> None:
        """Record that an address belongs to a person, and to nobody else in the organisation.

        Raises:
            IdentityNotFoundError: there is no such person.
        """

    @abstractmethod
    async def add_task(self, task: Task) -> Task:
        """Store a task; one with the same id is replaced.

        Raises:
            RoomNotFoundError: there is no such room.
        """

    @abstractmethod
    async def get_task(self, task_id: str) -> Task | None:
        """The task, or None."""

    @abstractmethod
    async def list_tasks(self, room_id: str, status: TaskStatus | None = None) -> list[Task]:
        """The room's tasks in order of creation."""

    @abstractmethod
    async def update_task(self, task: Task) -> Task:
        """Replace a task.

        Raises:
            TaskNotFoundError: there is no such task.
        """

    @abstractmethod
    async def add_observation(self, observation: Observation) -> Observation:
        """Store an observation.

        Raises:
            RoomNotFoundError: there is no such room.
        """

    @abstractmethod
    async def list_observations(self, room_id: str) -> list[Observation]:
        """The room's observations in order of creation."""
