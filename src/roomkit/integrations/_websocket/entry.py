"""Showing a client to its room."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from weakref import WeakValueDictionary

from roomkit.core.framework import RoomKit
from roomkit.core.pipeline.reception import is_namesake, name_beside_namesake
from roomkit.errors import RoomClosedError, RoomNotFoundError
from roomkit.integrations._websocket.settings import Client, SessionEndedError
from roomkit.models.channel import ChannelBinding
from roomkit.models.enums import ParticipantStatus
from roomkit.models.participant import Participant
from roomkit.models.room import Room
from roomkit.store.members import Members, takes_part
from roomkit.store.rules import OPEN_STATUSES

_PAGE = 100


@dataclass(frozen=True, slots=True)
class Seat:
    """Where a client has been placed."""

    room: Room
    binding: ChannelBinding
    participant_id: str


class Entry:
    """Finds or opens the room of a client, and makes the client a participant."""

    def __init__(self, kit: RoomKit) -> None:
        self._kit = kit
        self._locks: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()

    async def admit(self, channel_id: str, client: Client) -> Seat:
        """Place a client.

        Raises:
            SessionEndedError: the room does not exist, or has no place for the client.
        """
        kit = self._kit
        try:
            room = await self._room_of(channel_id, client)
            binding = await kit.store.get_binding(room.id, channel_id)
            if binding is None:
                binding = await kit.attach_channel(room.id, channel_id)
        except (RoomNotFoundError, RoomClosedError) as error:
            raise SessionEndedError(4404, str(error)) from error
        people = Members.of(await kit.store.list_participants(room.id))
        participant = _participant(people, channel_id, client.sender_id)
        if participant is not None and participant.status is ParticipantStatus.BANNED:
            raise SessionEndedError(4403, "banned from the room")
        name = _name_in(people, channel_id, client.sender_id)
        participant_id = name if participant is None else participant.id
        if room.status in OPEN_STATUSES and (
            participant is None or participant.status is ParticipantStatus.LEFT
        ):
            await kit.ensure_participant(
                room.id, channel_id, participant_id, client.display_name, role=client.role
            )
        return Seat(room, binding, participant_id)

    async def _room_of(self, channel_id: str, client: Client) -> Room:
        if client.room_id is not None:
            return await self._kit.get_room(client.room_id)
        key = (channel_id, client.sender_id)
        # Two pages that one person opens at once shall share a room.
        lock = self._locks.setdefault(key, asyncio.Lock())
        async with lock:
            return await self._own_room(channel_id, client) or await self._new_room(
                channel_id, client
            )

    async def _own_room(self, channel_id: str, client: Client) -> Room | None:
        """The newest open room in which the person takes part through this channel.

        Stricter than the routing of messages: a room that merely has the channel may be somebody
        else's conversation.
        """
        newest: Room | None = None
        for status in OPEN_STATUSES:
            offset = 0
            while rooms := await self._kit.store.find_rooms(
                participant_id=client.sender_id,
                channel_id=channel_id,
                status=status,
                offset=offset,
                limit=_PAGE,
            ):
                offset += len(rooms)
                if newest is None or rooms[-1].created_at > newest.created_at:
                    newest = rooms[-1]
        if newest is not None and await self._takes_part(newest, channel_id, client):
            return newest
        return await self._room_by_address(channel_id, client)

    async def _room_by_address(self, channel_id: str, client: Client) -> Room | None:
        """The same for somebody who takes part under the name that they were identified by."""
        channel = self._kit.get_channel(channel_id)
        if channel is None:
            return None
        found = await self._kit.store.find_conversation(
            channel_id, channel.channel_type, client.sender_id
        )
        room = None if found is None else await self._kit.store.get_room(found)
        if room is None:
            return None
        return room if await self._takes_part(room, channel_id, client) else None

    async def _new_room(self, channel_id: str, client: Client) -> Room:
        room = await self._kit.create_room()
        await self._kit.attach_channel(room.id, channel_id)
        await self._kit.ensure_participant(
            room.id, channel_id, client.sender_id, client.display_name, role=client.role
        )
        return await self._kit.get_room(room.id)

    async def _takes_part(self, room: Room, channel_id: str, client: Client) -> bool:
        people = Members.of(await self._kit.store.list_participants(room.id))
        participant = _participant(people, channel_id, client.sender_id)
        return participant is not None and takes_part(participant)


def _participant(people: Members, channel_id: str, sender_id: str) -> Participant | None:
    """A client among a room's people: by id, or by address once they were identified."""
    name = _name_in(people, channel_id, sender_id)
    return people.writing_from(channel_id, sender_id) or people.get(name)


def _name_in(people: Members, channel_id: str, sender_id: str) -> str:
    """The id under which a client takes part who was not identified."""
    other = people.get(sender_id)
    if other is not None and is_namesake(other, channel_id, sender_id):
        return name_beside_namesake(channel_id, sender_id)
    return sender_id
