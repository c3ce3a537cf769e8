"""`ConversationStore`, the interface to whatever keeps the conversations."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping

from roomkit.errors import (
    ChannelNotFoundError,
    EventExistsError,
    EventNotFoundError,
    RoomNotFoundError,
)
from roomkit.models.address import same_address
from roomkit.models.channel import ChannelBinding
from roomkit.models.delivery import DeliveryResult, DeliveryStatus
from roomkit.models.enums import ChannelType, RoomStatus
from roomkit.models.event import RoomEvent
from roomkit.models.participant import Participant
from roomkit.models.room import Room
from roomkit.store.members import addresses_at, takes_part
from roomkit.store.records import RECENT_EVENTS, CommitOutcome, RoomSnapshot, TimelineCommit
from roomkit.store.rules import (
    OPEN_STATUSES,
    is_history,
    is_unread,
    rewritten_over,
    room_after,
    sender_of,
    with_deliveries,
)
from roomkit.store.tables import RecordTables

_PAGE = 200


class ConversationStore(RecordTables):
    """Keeps rooms, their timelines, and everything that belongs to them.

    The abstract methods (`RecordTables`) are plain create, read, update and list operations; the
    rest is built on them and may be overridden with something faster. Rules for all
    implementations, which `roomkit.testing.StoreContract` checks:

    - Objects given and returned belong to the caller: changing their containers changes nothing
      stored. Those of `snapshot`, `commit` and `record_deliveries` may be the stored ones, since
      their containers are read-only.
    - ``update_*`` of a record that is not there raises the matching ``…NotFoundError``.
    - A room's ``event_count`` and ``latest_index`` follow its events, whatever `create_room` and
      `update_room` are given.
    - `delete_room` takes everything in the room with it.

    Writes to one room are serialised by the framework's room lock, except that several processes
    may race in `create_room` and `commit`: a store that several processes share decides those
    atomically.
    """

    async def list_rooms(self, offset: int = 0, limit: int = 50) -> list[Room]:
        """All rooms in order of creation."""
        return await self.find_rooms(offset=offset, limit=limit)

    async def find_latest_room(
        self,
        participant_id: str,
        channel_type: ChannelType | None = None,
        status: RoomStatus | None = None,
    ) -> Room | None:
        """The newest room somebody takes part in, by a channel of this type if one is given."""
        latest: Room | None = None
        async for room in self._all_rooms(participant_id=participant_id, status=status):
            if channel_type is None or await self._is_there_by(
                channel_type, room.id, participant_id
            ):
                latest = room
        return latest

    async def _is_there_by(
        self, channel_type: ChannelType, room_id: str, participant_id: str
    ) -> bool:
        participant = await self.get_participant(room_id, participant_id)
        if participant is None:
            return False
        binding = await self.get_binding(room_id, participant.channel_id)
        return binding is not None and binding.channel_type == channel_type

    async def _all_rooms(
        self,
        *,
        channel_id: str | None = None,
        participant_id: str | None = None,
        status: RoomStatus | None = None,
    ) -> AsyncIterator[Room]:
        offset = 0
        while rooms := await self.find_rooms(
            channel_id=channel_id,
            participant_id=participant_id,
            status=status,
            offset=offset,
            limit=_PAGE,
        ):
            offset += len(rooms)
            for room in rooms:
                yield room

    async def find_conversation(
        self, channel_id: str, channel_type: ChannelType, participant_id: str
    ) -> str | None:
        """The open room in which a message from this sender on this channel belongs, or None.

        In this order: the newest room whose binding of the channel names the sender as recipient;
        the newest in which the sender, by id or address, takes part through the channel; the
        channel's only room, if its binding names no recipient; the newest room in which the sender
        takes part through another channel of the same type, if this one is not in it. A channel
        that is in several rooms without a recipient leads nowhere: that would be a guess.

        Args:
            participant_id: the sender, as the channel calls them.
        """
        named: str | None = None
        joined: str | None = None
        unnamed: str | None = None
        count = 0
        async for room in self._all_rooms(channel_id=channel_id):
            binding = await self.get_binding(room.id, channel_id)
            if binding is None or room.status not in OPEN_STATUSES:
                continue
            count += 1
            if binding.addressee is None:
                unnamed = room.id
            elif same_address(channel_type, binding.addressee, participant_id):
                named = room.id
            if binding.recipient is None:
                people = await self.list_participants(room.id)
                if any(_joined(one, binding, participant_id) for one in people):
                    joined = room.id
        if named or joined:
            return named or joined
        if unnamed:
            return unnamed if count == 1 else None
        return await self._elsewhere(channel_id, channel_type, participant_id)

    async def _elsewhere(
        self, channel_id: str, channel_type: ChannelType, participant_id: str
    ) -> str | None:
        """The newest open room where somebody is by another channel, and this channel is not."""
        latest: str | None = None
        async for room in self._all_rooms(participant_id=participant_id):
            if (
                room.status in OPEN_STATUSES
                and await self._is_there_by(channel_type, room.id, participant_id)
                and await self.get_binding(room.id, channel_id) is None
            ):
                latest = room.id
        return latest

    async def update_event(self, event: RoomEvent) -> RoomEvent:
        """Replace an event.

        Raises:
            EventNotFoundError: there is no such event.
        """
        if await self.get_event(event.id) is None:
            raise EventNotFoundError(event.room_id, event.id)
        return await self.add_event(event)

    async def list_recent_events(
        self, room_id: str, limit: int = RECENT_EVENTS
    ) -> list[RoomEvent]:
        """The newest messages that were not blocked or held back, oldest first."""
        end = await self.get_event_count(room_id)
        found: list[RoomEvent] = []
        while end > 0 and len(found) < limit:
            start = max(0, end - _PAGE)
            page = await self.list_events(room_id, offset=start, limit=end - start)
            found = [event for event in page if is_history(event)] + found
            end = start
        return found[-limit:]

    async def find_duplicate(self, room_id: str, channel_id: str, key: str) -> RoomEvent | None:
        """The event of this source channel that was stored under an idempotency key."""
        if not await self.check_idempotency(room_id, key):
            return None
        offset = 0
        while page := await self.list_events(room_id, offset=offset, limit=_PAGE):
            offset += len(page)
            for event in page:
                if event.idempotency_key == key and event.source.channel_id == channel_id:
                    return event
        return None

    async def find_redelivery(self, channel_id: str, key: str, sender: str) -> RoomEvent | None:
        """The event that a sender's message became, in whatever room; the newest if there are
        several.

        A vendor repeats a webhook although the conversation may have ended meanwhile. This version
        looks through all rooms of the channel.

        Args:
            channel_id: the source channel.
            key: the message's idempotency key.
            sender: the sender, as the channel calls them (`sender_of`).
        """
        newest: RoomEvent | None = None
        async for room in self._all_rooms(channel_id=channel_id):
            event = await self.find_duplicate(room.id, channel_id, key)
            if event is not None and sender_of(event) == sender:
                newest = event
        return newest

    async def snapshot(
        self,
        room_id: str,
        *,
        known: RoomSnapshot | None = None,
        claim: tuple[str, str] | None = None,
        sender: str | None = None,
    ) -> RoomSnapshot | None:
        """Everything a turn needs to know about a room, in one read; None if there is none.

        Args:
            known: an earlier snapshot, which a store may return if it can tell that nothing
                changed.
            claim: a source channel's id and an idempotency key, to be looked up for `duplicate`.
            sender: whose event counts as duplicate in other rooms too, as `find_redelivery` finds
                it. One in this room goes first.
        """
        room = await self.get_room(room_id)
        if room is None:
            return None
        duplicate: RoomEvent | None = None
        if claim is not None:
            duplicate = await self.find_duplicate(room_id, *claim)
            if duplicate is None and sender is not None:
                duplicate = await self.find_redelivery(*claim, sender)
        return RoomSnapshot(
            room=room,
            bindings=tuple(await self.list_bindings(room_id)),
            participants=tuple(await self.list_participants(room_id)),
            recent_events=tuple(await self.list_recent_events(room_id)),
            duplicate=duplicate,
        )

    async def commit(self, commit: TimelineCommit) -> CommitOutcome:
        """Append an event: give it the next index and write it, its key and the counters as one.

        This version takes several steps and relies on the room lock; a store that several
        processes share must do it in one transaction, with the keys and the indices unique.

        Raises:
            RoomNotFoundError: there is no such room.
            EventExistsError: the event's id is taken, in whatever room; nothing was written.
        """
        event = commit.event
        room = await self.get_room(event.room_id)
        if room is None:
            raise RoomNotFoundError(event.room_id)
        if room.status not in OPEN_STATUSES and not commit.allow_closed:
            return CommitOutcome(status="closed", event=event, room=room)
        if event.idempotency_key is not None:
            first = await self.find_duplicate(
                room.id, event.source.channel_id, event.idempotency_key
            )
            if first is not None:
                return CommitOutcome(status="duplicate", event=first, room=room)
        if await self.get_event(event.id) is not None:
            raise EventExistsError(event.id)
        count = await self.get_event_count(room.id)
        event = event.evolve(
            index=max(count, room.latest_index + 1 if count else 0), status=commit.status
        )
        for rewritten in commit.rewrites:
            stored = await self.get_event(rewritten.id)
            if stored is not None:
                await self.add_event(rewritten_over(stored, rewritten))
        await self.add_event(event)
        room = await self.update_room(room_after(room, commit, count + 1, event.index))
        return CommitOutcome(status="stored", event=event, room=room)

    async def record_deliveries(
        self, room_id: str, event_id: str, results: Mapping[str, DeliveryResult]
    ) -> RoomEvent | None:
        """Add outcomes to an event's ``delivery_results``, leaving all else as it is by now.

        An event all of whose deliveries failed becomes `EventStatus.FAILED`. None if it is gone.
        """
        event = await self.get_event(event_id)
        if event is None:
            return None
        return await self.update_event(with_deliveries(event, results))

    async def find_delivery(self, provider_message_id: str) -> tuple[RoomEvent, str] | None:
        """The event that a vendor knows under this id and the channel it went out on.

        Every id in a result's ``message_ids`` counts: a message may have gone out in parts.

        None if there is none, or if the store cannot look it up: reports from the vendor then
        still reach the handlers, but are not kept with the event.
        """
        return None

    async def add_delivery_status(self, status: DeliveryStatus) -> None:
        """Keep a vendor's report as it came, for audits. Optional."""

    async def mark_read(self, room_id: str, channel_id: str, event_id: str) -> None:
        """A channel has read up to an event. Never moves backwards.

        Raises:
            EventNotFoundError: the room has no such event.
            ChannelNotFoundError: the channel is not attached.
        """
        event = await self.get_event(event_id)
        if event is None or event.room_id != room_id:
            raise EventNotFoundError(room_id, event_id)
        await self._read_up_to(room_id, channel_id, event.index)

    async def mark_all_read(self, room_id: str, channel_id: str) -> None:
        """A channel has read everything so far.

        Raises:
            RoomNotFoundError: there is no such room.
            ChannelNotFoundError: the channel is not attached.
        """
        room = await self.get_room(room_id)
        if room is None:
            raise RoomNotFoundError(room_id)
        await self._read_up_to(room_id, channel_id, room.latest_index if room.event_count else -1)

    async def _read_up_to(self, room_id: str, channel_id: str, index: int) -> None:
        binding = await self.get_binding(room_id, channel_id)
        if binding is None:
            raise ChannelNotFoundError(room_id, channel_id)
        mark = -1 if binding.last_read_index is None else binding.last_read_index
        if index > mark:
            await self.update_binding(binding.evolve(last_read_index=index))

    async def get_unread_count(self, room_id: str, channel_id: str) -> int:
        """How many messages of others the channel has not read; blocked ones do not count.

        Raises:
            ChannelNotFoundError: the channel is not attached.
        """
        binding = await self.get_binding(room_id, channel_id)
        if binding is None:
            raise ChannelNotFoundError(room_id, channel_id)
        mark = -1 if binding.last_read_index is None else binding.last_read_index
        end = await self.get_event_count(room_id)
        unread = 0
        while end > 0:
            start = max(0, end - _PAGE)
            page = await self.list_events(room_id, offset=start, limit=end - start)
            unread += sum(event.index > mark and is_unread(event, binding) for event in page)
            if not page or page[0].index <= mark:
                break
            end = start
        return unread

    async def close(self) -> None:
        """Release connections. Called by `RoomKit.close`."""


def _joined(participant: Participant, binding: ChannelBinding, sender: str) -> bool:
    return takes_part(participant) and any(
        same_address(binding.channel_type, address, sender)
        for address in addresses_at(participant, binding.channel_id)
    )
