"""The rooms of the in-memory store, and how they are found."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from roomkit.errors import RoomNotFoundError
from roomkit.models.address import canonical_address
from roomkit.models.channel import ChannelBinding
from roomkit.models.enums import ChannelType, RoomStatus
from roomkit.models.participant import Participant
from roomkit.models.room import Room
from roomkit.store._memory_index import RoomIds, RoomIndex
from roomkit.store._memory_room import RoomRecord
from roomkit.store.members import takes_part
from roomkit.store.rules import OPEN_STATUSES


class RoomDirectory:
    """All rooms. What decides where one is found is changed here and nowhere else: whether it is
    open, its bindings and its participants.

    Attributes:
        records: the rooms by id, in the order of their creation; for reading.
    """

    def __init__(self) -> None:
        self.records: dict[str, RoomRecord] = {}
        self._index = RoomIndex()

    def require(self, room_id: str) -> RoomRecord:
        """The room.

        Raises:
            RoomNotFoundError: there is none.
        """
        record = self.records.get(room_id)
        if record is None:
            raise RoomNotFoundError(room_id)
        return record

    def add(self, room: Room) -> None:
        self.records[room.id] = RoomRecord(room)
        self._index.room_added(room.id)

    def remove(self, record: RoomRecord) -> None:
        room_id = record.room.id
        del self.records[room_id]
        self._index.room_removed(room_id, record.bindings, record.participants)

    def update(self, record: RoomRecord, room: Room) -> None:
        was_open = _is_open(record)
        record.room = room
        record.changed()
        if _is_open(record) == was_open:
            return
        move = self._index.room_closed if was_open else self._index.room_opened
        move(room.id, record.bindings, record.participants)

    def seat(self, record: RoomRecord, binding: ChannelBinding) -> None:
        """Attach a channel, or change how it is attached."""
        old = record.bindings.get(binding.channel_id)
        record.seat(binding.channel_id, binding)
        self._seat_changed(record, old, binding)

    def unseat(self, record: RoomRecord, binding: ChannelBinding) -> None:
        """Detach a channel."""
        record.seat(binding.channel_id, None)
        self._seat_changed(record, binding, None)

    def _seat_changed(
        self, record: RoomRecord, old: ChannelBinding | None, new: ChannelBinding | None
    ) -> None:
        self._index.binding_changed(
            record.room.id, old, new, record.participants, is_open=_is_open(record)
        )
        record.changed()

    def admit(self, record: RoomRecord, participant: Participant) -> None:
        """Add somebody, or change what is known of them."""
        old = record.participants.get(participant.id)
        record.admit(participant)
        self._index.participant_changed(
            record.room.id,
            old,
            participant,
            record.bindings,
            record.participants,
            is_open=_is_open(record),
        )
        record.changed()

    def find(
        self,
        *,
        organization_id: str | None,
        status: RoomStatus | None,
        metadata: Mapping[str, Any] | None,
        participant_id: str | None,
        channel_id: str | None,
        offset: int,
        limit: int,
    ) -> list[Room]:
        """Rooms that meet every given condition; see `RecordTables.find_rooms`."""
        ids: Iterable[str] = self.records
        if channel_id is not None:
            ids = self._rooms_of_channel(channel_id, status)
        elif participant_id is not None:
            ids = self._index.rooms_of_participant(participant_id)
        found: list[Room] = []
        for room_id in ids:
            if len(found) >= limit:
                break
            record = self.records[room_id]
            room = record.room
            if (
                (organization_id is None or room.organization_id == organization_id)
                and (status is None or room.status == status)
                and (participant_id is None or _is_member(record, participant_id))
                and (metadata is None or _contains(room.metadata, metadata))
            ):
                if offset > 0:
                    offset -= 1
                else:
                    found.append(room)
        return found

    def newest_of_channel(self, channel_id: str, status: RoomStatus | None) -> str | None:
        """The room that was created last of those that the channel is attached to."""
        for room_id in reversed(self._rooms_of_channel(channel_id, status)):
            if status is None or self.records[room_id].room.status == status:
                return room_id
        return None

    def conversation(self, channel_id: str, channel_type: ChannelType, address: str) -> str | None:
        """Where a message belongs; see `ConversationStore.find_conversation`."""
        index = self._index
        canonical = canonical_address(channel_type, address)
        own = index.open_rooms_of_recipient(channel_id, canonical) or index.open_rooms_joined(
            channel_id, canonical
        )
        if own:
            return next(reversed(own))
        unnamed = index.open_rooms_without_recipient(channel_id)
        if unnamed:
            only = len(index.open_rooms_of_channel(channel_id)) == 1
            return next(iter(unnamed)) if only else None
        for room_id in reversed(index.open_rooms_by_type(channel_type, address)):
            if channel_id not in self.records[room_id].bindings:
                return room_id
        return None

    def _rooms_of_channel(self, channel_id: str, status: RoomStatus | None) -> RoomIds:
        if status in OPEN_STATUSES:
            return self._index.open_rooms_of_channel(channel_id)
        return self._index.rooms_of_channel(channel_id)


def _is_open(record: RoomRecord) -> bool:
    return record.room.status in OPEN_STATUSES


def _is_member(record: RoomRecord, participant_id: str) -> bool:
    participant = record.participants.get(participant_id)
    return participant is not None and takes_part(participant)


def _contains(metadata: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    missing = object()
    return all(metadata.get(key, missing) == value for key, value in wanted.items())
