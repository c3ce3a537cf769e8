"""The in-memory store, which looks everything up, answers as one that searches through all it has.

Any sequence of writes is made to both, and both are asked all questions after it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from roomkit.models.channel import ChannelBinding
from roomkit.models.enums import ChannelType, EventStatus, ParticipantStatus, RoomStatus
from roomkit.models.participant import Participant
from roomkit.models.room import Room
from roomkit.store.base import ConversationStore
from roomkit.store.memory import InMemoryStore
from roomkit.store.records import TimelineCommit
from tests.dict_store import DictStore
from tests.helpers import make_binding, make_event

type Write = Callable[[ConversationStore], Awaitable[object]]

ROOMS = ["r1", "r2", "r3"]
CHANNELS = ["sms-1", "sms-2"]
PEOPLE = ["+15550000001", "+15550000002"]
SPELLINGS = [*PEOPLE, "+1 555 000 0001"]
ROOM = Room(id="template")


def create(room_id: str) -> Write:
    return lambda store: store.create_room(ROOM.evolve(id=room_id))


def delete(room_id: str) -> Write:
    return lambda store: store.delete_room(room_id)


def change_status(room_id: str, status: RoomStatus) -> Write:
    async def write(store: ConversationStore) -> None:
        room = await store.get_room(room_id)
        if room is not None:
            await store.update_room(room.evolve(status=status))

    return write


def attach(room_id: str, channel_id: str, number: str | None) -> Write:
    binding: ChannelBinding = make_binding(
        room_id,
        channel_id,
        channel_type=ChannelType.SMS,
        recipient_key="phone_number",
        metadata={} if number is None else {"phone_number": number},
    )

    async def write(store: ConversationStore) -> None:
        if await store.get_room(room_id) is not None:
            await store.add_binding(binding)

    return write


def detach(room_id: str, channel_id: str) -> Write:
    return lambda store: store.remove_binding(room_id, channel_id)


def join(
    room_id: str,
    channel_id: str,
    person: str,
    address: str | None,
    addresses: dict[str, list[str]],
    status: ParticipantStatus,
) -> Write:
    participant = Participant(
        id=person,
        room_id=room_id,
        channel_id=channel_id,
        address=address,
        addresses=addresses,
        status=status,
    )

    async def write(store: ConversationStore) -> None:
        if await store.get_participant(room_id, person) is not None:
            await store.update_participant(participant)
        elif await store.get_room(room_id) is not None:
            await store.add_participant(participant)

    return write


def say(room_id: str, channel_id: str, key: str | None, status: EventStatus) -> Write:
    event = make_event(
        room_id, source={"channel_id": channel_id}, idempotency_key=key, status=status
    )

    async def write(store: ConversationStore) -> None:
        if await store.get_room(room_id) is not None:
            await store.commit(
                TimelineCommit(event=event, status=status, updated_at=event.created_at)
            )

    return write


rooms, channels, people = map(st.sampled_from, (ROOMS, CHANNELS, PEOPLE))
WRITES = st.one_of(
    st.builds(create, rooms),
    st.builds(delete, rooms),
    st.builds(change_status, rooms, st.sampled_from(RoomStatus)),
    st.builds(attach, rooms, channels, st.none() | st.sampled_from(SPELLINGS)),
    st.builds(detach, rooms, channels),
    st.builds(
        join,
        rooms,
        channels,
        people | st.just("ada"),
        st.none() | people,
        st.dictionaries(channels, st.lists(people, max_size=2), max_size=2),
        st.sampled_from(ParticipantStatus),
    ),
    st.builds(say, rooms, channels, st.none() | st.just("k"), st.sampled_from(EventStatus)),
)


async def answers(store: ConversationStore) -> dict[str, object]:
    """What a store says to every question about finding something."""
    found: dict[str, object] = {}
    for channel_id in CHANNELS:
        for sender in SPELLINGS:
            found[f"{sender} writes on {channel_id}"] = await store.find_conversation(
                channel_id, ChannelType.SMS, sender
            )
        for status in (None, *RoomStatus):
            found[f"newest {status} of {channel_id}"] = await store.find_room_id_by_channel(
                channel_id, status
            )
            listed = await store.find_rooms(channel_id=channel_id, status=status)
            found[f"all {status} of {channel_id}"] = [room.id for room in listed]
    for person in (*PEOPLE, "ada"):
        latest = await store.find_latest_room(person, ChannelType.SMS)
        found[f"latest of {person}"] = latest
    for room_id in ROOMS:
        found[f"room {room_id}"] = await store.get_room(room_id)
        found[f"snapshot of {room_id}"] = await snapshot(store, room_id)
        for binding in await store.list_bindings(room_id):
            key = f"unread by {binding.channel_id} in {room_id}"
            found[key] = await store.get_unread_count(room_id, binding.channel_id)
    return found


async def snapshot(store: ConversationStore, room_id: str) -> object:
    taken = await store.snapshot(room_id, claim=("sms-1", "k"))
    if taken is None:
        return None
    return (
        taken.room,
        list(taken.bindings),
        list(taken.participants),
        list(taken.recent_events),
        taken.duplicate,
    )


async def compare(writes: Sequence[Write]) -> None:
    memory, plain = InMemoryStore(), DictStore()
    for write in writes:
        await write(memory)
        await write(plain)
    assert await answers(memory) == await answers(plain)


@settings(max_examples=200)
@given(st.lists(WRITES, max_size=25))
def test_looking_up_and_searching_agree(writes: list[Write]) -> None:
    start = [create(room_id) for room_id in ROOMS]
    asyncio.run(compare([*start, *writes]))
