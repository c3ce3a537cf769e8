"""From channels, addresses and people to rooms, without looking through the rooms."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from roomkit.models.address import canonical_address
from roomkit.models.channel import ChannelBinding
from roomkit.models.enums import ChannelType
from roomkit.models.participant import Participant
from roomkit.store.rules import takes_part

type _Rooms = dict[str, int]
"""Room ids, oldest room first: a dict keeps the order, and the value is the room's rank."""


class RoomIndex:
    """Keeps, for each way of asking, the rooms that answer, in the order of their creation."""

    def __init__(self) -> None:
        self._ranks: dict[str, int] = {}
        self._next_rank = 0
        self._by_channel: dict[str, _Rooms] = {}
        self._unnamed: dict[str, _Rooms] = {}
        self._by_recipient: dict[tuple[str, str], _Rooms] = {}
        self._joined: dict[tuple[str, str], _Rooms] = {}
        self._by_participant: dict[str, _Rooms] = {}
        self._by_type: dict[tuple[ChannelType, str], _Rooms] = {}

    def room_added(self, room_id: str) -> None:
        self._ranks[room_id] = self._next_rank
        self._next_rank += 1

    def room_removed(
        self,
        room_id: str,
        bindings: Iterable[ChannelBinding],
        participants: Iterable[Participant],
    ) -> None:
        by_channel = {binding.channel_id: binding for binding in bindings}
        for participant in participants:
            self.participant_changed(participant, None, by_channel)
        for binding in by_channel.values():
            self.binding_changed(binding, None)
        self._ranks.pop(room_id, None)

    def binding_changed(self, old: ChannelBinding | None, new: ChannelBinding | None) -> None:
        if old is not None:
            self._take(self._by_channel, old.channel_id, old.room_id)
            self._take(self._unnamed, old.channel_id, old.room_id)
            if old.recipient is not None:
                key = (old.channel_id, canonical_address(old.channel_type, old.recipient))
                self._take(self._by_recipient, key, old.room_id)
        if new is not None:
            self._put(self._by_channel, new.channel_id, new.room_id)
            if new.recipient is None:
                self._put(self._unnamed, new.channel_id, new.room_id)
            else:
                key = (new.channel_id, canonical_address(new.channel_type, new.recipient))
                self._put(self._by_recipient, key, new.room_id)

    def participant_changed(
        self,
        old: Participant | None,
        new: Participant | None,
        bindings: Mapping[str, ChannelBinding],
    ) -> None:
        if old is not None:
            self._take(self._by_participant, old.id, old.room_id)
            self._take(self._joined, (old.channel_id, old.id), old.room_id)
            binding = bindings.get(old.channel_id)
            if binding is not None:
                self._take(self._by_type, (binding.channel_type, old.id), old.room_id)
        if new is not None and takes_part(new):
            self._put(self._by_participant, new.id, new.room_id)
            self._put(self._joined, (new.channel_id, new.id), new.room_id)
            binding = bindings.get(new.channel_id)
            if binding is not None:
                self._put(self._by_type, (binding.channel_type, new.id), new.room_id)

    def rooms_of_channel(self, channel_id: str) -> list[str]:
        return list(self._by_channel.get(channel_id, ()))

    def rooms_of_participant(self, participant_id: str) -> list[str]:
        return list(self._by_participant.get(participant_id, ()))

    def rooms_of_recipient(
        self, channel_id: str, channel_type: ChannelType, address: str
    ) -> Iterable[str]:
        return self._by_recipient.get((channel_id, canonical_address(channel_type, address)), ())

    def rooms_joined_through(self, channel_id: str, participant_id: str) -> Iterable[str]:
        """Rooms in which somebody takes part through the channel, unless it names somebody else there."""
        joined = self._joined.get((channel_id, participant_id))
        if not joined:
            return ()
        unnamed = self._unnamed.get(channel_id, {})
        return [room_id for room_id in joined if room_id in unnamed]

    def rooms_without_recipient(self, channel_id: str) -> Iterable[str]:
        return self._unnamed.get(channel_id, ())

    def rooms_by_type(self, channel_type: ChannelType, participant_id: str) -> Iterable[str]:
        return self._by_type.get((channel_type, participant_id), ())

    def _put[K](self, table: dict[K, _Rooms], key: K, room_id: str) -> None:
        rooms = table.setdefault(key, {})
        if room_id in rooms:
            return
        rank = self._ranks[room_id]
        newest = next(reversed(rooms.values()), -1)
        rooms[room_id] = rank
        if rank < newest:
            table[key] = dict(sorted(rooms.items(), key=lambda item: item[1]))

    def _take[K](self, table: dict[K, _Rooms], key: K, room_id: str) -> None:
        rooms = table.get(key)
        if rooms is not None:
            rooms.pop(room_id, None)
            if not rooms:
                del table[key]
