"""What is particular to the store of one process."""

from __future__ import annotations

import pytest

from roomkit.models.enums import ChannelType, RoomStatus
from roomkit.models.room import Room
from roomkit.store.memory import InMemoryStore
from tests.helpers import make_binding


@pytest.mark.parametrize("oldest_first", [True, False])
async def test_closed_rooms_leave_no_trace_in_routing(oldest_first: bool) -> None:
    store = InMemoryStore()
    numbers = list(range(300))
    for number in numbers:
        await store.create_room(Room(id=f"room-{number}"))
        await store.add_binding(make_binding(f"room-{number}", "web"))
    kept = numbers.pop() if oldest_first else numbers.pop(0)
    for number in numbers if oldest_first else reversed(numbers):
        room = await store.get_room(f"room-{number}")
        assert room is not None
        await store.update_room(room.evolve(status=RoomStatus.CLOSED))
    routed = await store.find_conversation("web", ChannelType.WEBSOCKET, "somebody")
    assert routed == f"room-{kept}"
    assert await store.find_room_id_by_channel("web", RoomStatus.ACTIVE) == f"room-{kept}"
    closed = await store.find_rooms(channel_id="web", status=RoomStatus.CLOSED, limit=1000)
    assert [room.id for room in closed] == [f"room-{number}" for number in numbers]


async def test_a_snapshot_is_taken_once_while_nothing_changes() -> None:
    store = InMemoryStore()
    await store.create_room(Room(id="room"))
    first = await store.snapshot("room")
    assert await store.snapshot("room") is first
    await store.add_binding(make_binding("room"))
    assert await store.snapshot("room") is not first
