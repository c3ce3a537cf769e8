"""From channels, addresses and people to rooms, without looking through the rooms."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from sys import getsizeof

from roomkit.models.address import canonical_address
from roomkit.models.channel import ChannelBinding
from roomkit.models.enums import ChannelType
from roomkit.models.participant import Participant
from roomkit.store.members import addresses_at, takes_part

type RoomIds = dict[str, int]
"""Room ids, oldest room first: a dict keeps the order, and the value is the room's rank."""

type _Key = tuple[str, ...]

_NO_ROOMS: RoomIds = {}
_BYTES_PER_ROOM = 200
_SMALL_DICT_BYTES = 1024


class RoomIndex:
    """Keeps, for each way of asking, the rooms that answer, in the order of their creation.

    Routing asks for open rooms only, which are kept apart: a channel may have been in a million
    rooms that are closed by now. `room_opened` and `room_closed` tell of what changes sides.
    """

    def __init__(self) -> None:
        self._ranks: dict[str, int] = {}
        self._next_rank = 0
        self._attached: dict[_Key, RoomIds] = {}
        self._members: dict[_Key, RoomIds] = {}
        self._open: dict[_Key, RoomIds] = {}

    def room_added(self, room_id: str) -> None:
        self._ranks[room_id] = self._next_rank
        self._next_rank += 1

    def room_removed(
        self,
        room_id: str,
        bindings: Mapping[str, ChannelBinding],
        participants: Mapping[str, Participant],
    ) -> None:
        self.room_closed(room_id, bindings, participants)
        for channel_id in bindings:
            self._take(self._attached, (channel_id,), room_id)
        for participant in participants.values():
            self._take(self._members, (participant.id,), room_id)
        del self._ranks[room_id]

    def room_opened(
        self,
        room_id: str,
        bindings: Mapping[str, ChannelBinding],
        participants: Mapping[str, Participant],
    ) -> None:
        for binding in bindings.values():
            for key in _keys_of_seat(binding, participants.values()):
                self._put(self._open, key, room_id)

    def room_closed(
        self,
        room_id: str,
        bindings: Mapping[str, ChannelBinding],
        participants: Mapping[str, Participant],
    ) -> None:
        for binding in bindings.values():
            for key in _keys_of_seat(binding, participants.values()):
                self._take(self._open, key, room_id)

    def binding_changed(
        self,
        room_id: str,
        old: ChannelBinding | None,
        new: ChannelBinding | None,
        participants: Mapping[str, Participant],
        *,
        is_open: bool,
    ) -> None:
        if old is None and new is not None:
            self._put(self._attached, (new.channel_id,), room_id)
        elif new is None and old is not None:
            self._take(self._attached, (old.channel_id,), room_id)
        if is_open and not _same_seat(old, new):
            people = participants.values()
            before = set() if old is None else set(_keys_of_seat(old, people))
            after = set() if new is None else set(_keys_of_seat(new, people))
            self._move(room_id, before, after)

    def participant_changed(
        self,
        room_id: str,
        old: Participant | None,
        new: Participant,
        bindings: Mapping[str, ChannelBinding],
        participants: Mapping[str, Participant],
        *,
        is_open: bool,
    ) -> None:
        if takes_part(new):
            self._put(self._members, (new.id,), room_id)
        elif old is not None:
            self._take(self._members, (old.id,), room_id)
        if not is_open:
            return
        if old is None:
            for key in _keys_of_person(new, bindings):
                self._put(self._open, key, room_id)
            return
        after = set(_keys_of_person(new, bindings))
        before = set(_keys_of_person(old, bindings))
        if before - after:
            # Somebody else may have the same address.
            for other in participants.values():
                before.difference_update(_keys_of_person(other, bindings))
        self._move(room_id, before, after)

    def rooms_of_channel(self, channel_id: str) -> RoomIds:
        return self._attached.get((channel_id,), _NO_ROOMS)

    def rooms_of_participant(self, participant_id: str) -> RoomIds:
        return self._members.get((participant_id,), _NO_ROOMS)

    def open_rooms_of_channel(self, channel_id: str) -> RoomIds:
        return self._open.get(("channel", channel_id), _NO_ROOMS)

    def open_rooms_without_recipient(self, channel_id: str) -> RoomIds:
        return self._open.get(("unnamed", channel_id), _NO_ROOMS)

    def open_rooms_of_recipient(self, channel_id: str, canonical: str) -> RoomIds:
        return self._open.get(("named", channel_id, canonical), _NO_ROOMS)

    def open_rooms_joined(self, channel_id: str, canonical: str) -> RoomIds:
        """Where somebody takes part through a channel that names no recipient there."""
        return self._open.get(("joined", channel_id, canonical), _NO_ROOMS)

    def open_rooms_by_type(self, channel_type: ChannelType, participant_id: str) -> RoomIds:
        return self._open.get(("type", channel_type, participant_id), _NO_ROOMS)

    def _move(self, room_id: str, before: set[_Key], after: set[_Key]) -> None:
        for key in before - after:
            self._take(self._open, key, room_id)
        for key in after - before:
            self._put(self._open, key, room_id)

    def _put(self, table: dict[_Key, RoomIds], key: _Key, room_id: str) -> None:
        rank = self._ranks[room_id]
        rooms = table.get(key)
        if rooms is None:
            table[key] = {room_id: rank}
            return
        if room_id in rooms:
            return
        newest = next(reversed(rooms.values()))
        rooms[room_id] = rank
        if rank < newest:
            table[key] = dict(sorted(rooms.items(), key=lambda item: item[1]))

    def _take(self, table: dict[_Key, RoomIds], key: _Key, room_id: str) -> None:
        rooms = table.get(key)
        if rooms is None:
            return
        rooms.pop(room_id, None)
        if not rooms:
            del table[key]
        elif getsizeof(rooms) > _SMALL_DICT_BYTES + _BYTES_PER_ROOM * len(rooms):
            # A dict never shrinks, and finding its first or last key passes over all the holes.
            table[key] = dict(rooms)


def _same_seat(old: ChannelBinding | None, new: ChannelBinding | None) -> bool:
    return (
        old is not None
        and new is not None
        and old.recipient == new.recipient
        and old.addressee == new.addressee
        and old.channel_type == new.channel_type
    )


def _keys_of_seat(binding: ChannelBinding, participants: Iterable[Participant]) -> Iterator[_Key]:
    """Everything under which a room is found because of one binding."""
    channel_id, addressee = binding.channel_id, binding.addressee
    yield ("channel", channel_id)
    if addressee is None:
        yield ("unnamed", channel_id)
    else:
        yield ("named", channel_id, canonical_address(binding.channel_type, addressee))
    for participant in participants:
        yield from _keys_at(participant, binding)


def _keys_of_person(
    participant: Participant, bindings: Mapping[str, ChannelBinding]
) -> Iterator[_Key]:
    """Everything under which a room is found because of one participant."""
    for channel_id in (participant.channel_id, *participant.addresses):
        binding = bindings.get(channel_id)
        if binding is not None:
            yield from _keys_at(participant, binding)


def _keys_at(participant: Participant, binding: ChannelBinding) -> Iterator[_Key]:
    if not takes_part(participant):
        return
    channel_type, channel_id = binding.channel_type, binding.channel_id
    if participant.channel_id == channel_id:
        yield ("type", channel_type, participant.id)
    if binding.recipient is None:
        for address in addresses_at(participant, channel_id):
            yield ("joined", channel_id, canonical_address(channel_type, address))
