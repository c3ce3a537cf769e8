"""Showing a client to its room."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from weakref import WeakValueDictionary

from roomkit.core.framework import RoomKit
from roomkit.errors import RoomClosedError, RoomNotFoundError
from roomkit.integrations._websocket.settings import Client, SessionEndedError
from roomkit.models.channel import ChannelBinding
from roomkit.models.enums import ParticipantStatus
from roomkit.models.participant import Participant
from roomkit.models.room import Room
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
        participant = await self._participant(room, channel_id, client)
        if participant is not None and participant.status is ParticipantStatus.BANNED:
            raise SessionEndedError(4403, "banned from the room")
        if room.status in OPEN_STATUSES and (
            participant is None or participant.status is ParticipantStatus.LEFT
        ):
            participant = await kit.ensure_participant(
                room.id,
                channel_id,
                client.sender_id if participant is None else participant.id,
                client.display_name,
                role=client.role,
            )
        return Seat(room, binding, client.sender_id if participant is None else participant.id)

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
        return newest

    async def _new_room(self, channel_id: str, client: Client) -> Room:
        room = await self._kit.create_room()
        await self._kit.attach_channel(room.id, channel_id)
        await self._kit.ensure_participant(
            room.id, channel_id, client.sender_id, client.display_name, role=client.role
        )
        return await self._kit.get_room(room.id)

    async def _participant(
        self, room: Room, channel_id: str, client: Client
    ) -> Participant | None:
        """The client among the room's people: by id, or by address once they were identified."""
        by_address: Participant | None = None
        for participant in await self._kit.store.list_participants(room.id):
            if participant.id == client.sender_id:
                return participant
            if (participant.channel_id, participant.address) == (channel_id, client.sender_id):
                by_address = participant
        return by_address
