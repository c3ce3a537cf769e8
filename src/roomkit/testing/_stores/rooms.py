"""Rules about rooms: keeping, finding and deleting them."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

from roomkit.errors import RoomNotFoundError
from roomkit.models.enums import ChannelType, ParticipantStatus, RoomStatus
from roomkit.models.identity import Identity
from roomkit.models.room import Room, RoomTimers
from roomkit.models.task import Observation, Task
from roomkit.store.base import ConversationStore
from roomkit.testing._stores._base import (
    ADA,
    BOB,
    NOON,
    StoreRules,
    a_binding,
    a_participant,
    an_event,
    attach,
    commit,
    existing_room,
    open_room,
    refused,
    say,
)

FULL_ROOM = Room(
    id="room",
    organization_id="acme",
    status=RoomStatus.PAUSED,
    paused_by="timer",
    created_at=NOON,
    updated_at=NOON + timedelta(minutes=1),
    closed_at=NOON + timedelta(minutes=2),
    timers=RoomTimers(
        inactive_after_seconds=60, closed_after_seconds=3600.5, last_activity_at=NOON
    ),
    metadata={"topic": "Grüße 👋", "nested": {"list": [1, 2.5, None, True]}},
)
"""A room without a field at its default."""

METADATA_FILTERS: dict[str, tuple[dict[str, Any], list[str]]] = {
    "one key": ({"tier": "gold"}, ["first", "second"]),
    "two keys": ({"tier": "gold", "lang": "fr"}, ["second"]),
    "a nested value": ({"plan": {"seats": 2}}, ["third"]),
    "nothing": ({}, ["first", "second", "third"]),
    "a value that no room has": ({"tier": "silver"}, []),
    "a key that no room has": ({"absent": None}, []),
}


class RoomRules(StoreRules):
    """Rooms by id."""

    async def test_a_room_is_kept_with_all_its_fields(self, store: ConversationStore) -> None:
        assert await store.create_room(FULL_ROOM) == FULL_ROOM
        assert await store.get_room("room") == FULL_ROOM

    async def test_an_unknown_room_is_none(self, store: ConversationStore) -> None:
        assert await store.get_room("nowhere") is None

    async def test_an_id_in_use_gives_the_room_that_has_it(self, store: ConversationStore) -> None:
        first = await open_room(store, metadata={"mine": True})
        assert await open_room(store, metadata={"mine": False}) == first
        assert await store.get_room("room") == first

    async def test_of_many_who_create_a_room_one_does(self, store: ConversationStore) -> None:
        stores = [store, self.another(store)]
        rooms = await asyncio.gather(
            *(open_room(stores[n % 2], metadata={"number": n}) for n in range(10))
        )
        assert rooms == [await store.get_room("room")] * 10
        assert len(await store.list_rooms()) == 1

    async def test_updating_a_room_replaces_every_field(self, store: ConversationStore) -> None:
        await open_room(store)
        assert await store.update_room(FULL_ROOM) == FULL_ROOM
        assert await store.get_room("room") == FULL_ROOM

    async def test_updating_an_unknown_room_is_an_error(self, store: ConversationStore) -> None:
        error = await refused(store.update_room(FULL_ROOM), RoomNotFoundError)
        assert error.room_id == "room"
        assert await store.list_rooms() == []

    async def test_an_empty_room_counts_nothing(self, store: ConversationStore) -> None:
        room = await open_room(store, event_count=7, latest_index=6)
        assert (room.event_count, room.latest_index) == (0, 0)
        assert await store.get_event_count("room") == 0

    async def test_counters_do_not_follow_a_stale_room(self, store: ConversationStore) -> None:
        stale = await open_room(store)
        await say(store, "one", "two", "three")
        updated = await store.update_room(stale.evolve(metadata={"seen": True}))
        for room in (updated, await existing_room(store)):
            assert (room.event_count, room.latest_index) == (3, 2)
            assert room.metadata == {"seen": True}

    async def test_a_deleted_room_is_gone(self, store: ConversationStore) -> None:
        await open_room(store)
        assert await store.delete_room("room")
        assert await store.get_room("room") is None
        assert await store.list_rooms() == []
        assert not await store.delete_room("room")

    async def test_deleting_takes_everything_in_the_room(self, store: ConversationStore) -> None:
        await attach(store, "room", number=ADA)
        await store.add_participant(a_participant())
        outcome = await commit(store, an_event(idempotency_key="k"))
        task = await store.add_task(Task(room_id="room", title="call back"))
        await store.add_observation(Observation(room_id="room", category="mood"))
        await store.create_identity(Identity(id="ada", addresses={"sms": [ADA]}))

        await store.delete_room("room")

        assert await store.get_event(outcome.event.id) is None
        assert await store.get_task(task.id) is None
        assert await store.get_binding("room", "sms") is None
        assert await store.get_participant("room", ADA) is None
        assert await store.list_observations("room") == []
        assert await store.find_room_id_by_channel("sms") is None
        assert await store.find_latest_room(ADA) is None
        assert await store.get_identity("ada") is not None, "a person is not part of a room"

    async def test_a_room_that_takes_a_deleted_ones_id_is_empty(
        self, store: ConversationStore
    ) -> None:
        await attach(store, "room", number=ADA)
        await store.add_participant(a_participant())
        await commit(store, an_event(idempotency_key="k"))
        await store.delete_room("room")

        room = await open_room(store)
        assert (room.event_count, room.latest_index) == (0, 0)
        assert await store.list_events("room") == []
        assert await store.list_bindings("room") == []
        assert await store.list_participants("room") == []
        assert not await store.check_idempotency("room", "k")
        assert (await commit(store, an_event(idempotency_key="k"))).status == "stored"

    async def test_deleting_leaves_other_rooms_alone(self, store: ConversationStore) -> None:
        for room_id in ("room", "other"):
            await attach(store, room_id)
            await store.add_participant(a_participant(room_id=room_id))
            await commit(store, an_event(room_id=room_id, idempotency_key="k"))
        await store.delete_room("room")
        assert await store.get_event_count("other") == 1
        assert await store.get_binding("other", "sms") is not None
        assert await store.check_idempotency("other", "k")
        latest = await store.find_latest_room(ADA)
        assert latest is not None
        assert latest.id == "other"


class FindingRules(StoreRules):
    """Rooms by what is true of them."""

    async def ids(self, store: ConversationStore, **filters: Any) -> list[str]:
        """The rooms that `find_rooms` finds."""
        return [room.id for room in await store.find_rooms(**filters)]

    async def three_rooms(self, store: ConversationStore) -> None:
        """Rooms whose ids are not in the order of their creation."""
        await open_room(
            store, "third", organization_id="acme", metadata={"plan": {"seats": 2, "old": 1}}
        )
        await store.delete_room("third")
        await open_room(store, "first", organization_id="acme", metadata={"tier": "gold"})
        await open_room(
            store,
            "second",
            status=RoomStatus.CLOSED,
            metadata={"tier": "gold", "lang": "fr"},
        )
        await open_room(store, "third", organization_id="acme", metadata={"plan": {"seats": 2}})

    async def test_rooms_are_listed_in_order_of_creation(self, store: ConversationStore) -> None:
        for room_id in "dbca":
            await open_room(store, room_id)
        assert [room.id for room in await store.list_rooms()] == ["d", "b", "c", "a"]

    async def test_rooms_are_listed_page_by_page(self, store: ConversationStore) -> None:
        for number in range(5):
            await open_room(store, f"{number}")
        pages = [
            [room.id for room in await store.list_rooms(offset=offset, limit=2)]
            for offset in (0, 2, 4, 6)
        ]
        assert pages == [["0", "1"], ["2", "3"], ["4"], []]
        assert await store.list_rooms(limit=0) == []

    async def test_rooms_of_an_organisation(self, store: ConversationStore) -> None:
        await self.three_rooms(store)
        assert await self.ids(store, organization_id="acme") == ["first", "third"]
        assert await self.ids(store, organization_id="other") == []

    async def test_rooms_of_a_status(self, store: ConversationStore) -> None:
        await self.three_rooms(store)
        assert await self.ids(store, status=RoomStatus.ACTIVE) == ["first", "third"]
        assert await self.ids(store, status=RoomStatus.CLOSED) == ["second"]

    async def test_rooms_with_metadata(
        self, store: ConversationStore, metadata_filter: str
    ) -> None:
        await self.three_rooms(store)
        wanted, expected = METADATA_FILTERS[metadata_filter]
        assert await self.ids(store, metadata=wanted) == expected

    async def test_rooms_somebody_takes_part_in(self, store: ConversationStore) -> None:
        statuses = list(ParticipantStatus)
        for status in statuses:
            await open_room(store, status.value)
            await store.add_participant(a_participant(room_id=status.value, status=status))
        assert await self.ids(store, participant_id=ADA) == ["active", "inactive"]
        assert await self.ids(store, participant_id=BOB) == []

    async def test_who_leaves_takes_part_no_more(self, store: ConversationStore) -> None:
        await open_room(store)
        ada = await store.add_participant(a_participant())
        await store.update_participant(ada.evolve(status=ParticipantStatus.LEFT))
        assert await self.ids(store, participant_id=ADA) == []
        await store.update_participant(ada.evolve(status=ParticipantStatus.ACTIVE))
        assert await self.ids(store, participant_id=ADA) == ["room"]

    async def test_rooms_of_a_channel(self, store: ConversationStore) -> None:
        await self.three_rooms(store)
        for room_id in ("third", "second"):
            await store.add_binding(a_binding(room_id=room_id))
        assert await self.ids(store, channel_id="sms") == ["second", "third"]
        await store.remove_binding("third", "sms")
        assert await self.ids(store, channel_id="sms") == ["second"]
        assert await self.ids(store, channel_id="email") == []

    async def test_all_conditions_have_to_hold(self, store: ConversationStore) -> None:
        await self.three_rooms(store)
        for room_id in ("first", "second", "third"):
            await store.add_binding(a_binding(room_id=room_id))
            await store.add_participant(a_participant(room_id=room_id))
        filters = {"organization_id": "acme", "participant_id": ADA, "channel_id": "sms"}
        assert await self.ids(store, status=RoomStatus.ACTIVE, **filters) == ["first", "third"]
        assert await self.ids(store, metadata={"tier": "gold"}, **filters) == ["first"]

    async def test_pages_count_only_what_was_asked_for(self, store: ConversationStore) -> None:
        for number in range(10):
            status = RoomStatus.ACTIVE if number % 2 else RoomStatus.CLOSED
            await open_room(store, f"{number}", status=status)
            await store.add_binding(a_binding(room_id=f"{number}"))
        for filters in ({}, {"channel_id": "sms"}):
            found = await self.ids(store, status=RoomStatus.ACTIVE, offset=1, limit=2, **filters)
            assert found == ["3", "5"]

    async def test_the_newest_room_of_a_channel(self, store: ConversationStore) -> None:
        for room_id in ("b", "a"):
            await open_room(store, room_id)
        await store.add_binding(a_binding(room_id="a"))
        await store.add_binding(a_binding(room_id="b"))
        assert await store.find_room_id_by_channel("sms") == "a"
        assert await store.find_room_id_by_channel("email") is None

    async def test_the_newest_room_of_a_channel_and_a_status(
        self, store: ConversationStore
    ) -> None:
        for room_id, status in (("a", RoomStatus.PAUSED), ("b", RoomStatus.CLOSED)):
            await open_room(store, room_id, status=status)
            await store.add_binding(a_binding(room_id=room_id))
        assert await store.find_room_id_by_channel("sms", RoomStatus.PAUSED) == "a"
        assert await store.find_room_id_by_channel("sms", RoomStatus.CLOSED) == "b"
        assert await store.find_room_id_by_channel("sms", RoomStatus.ACTIVE) is None

    async def test_the_latest_room_of_somebody(self, store: ConversationStore) -> None:
        for room_id in ("b", "a", "elsewhere"):
            await open_room(store, room_id)
        for room_id in ("a", "b"):
            await store.add_participant(a_participant(room_id=room_id))
        latest = await store.find_latest_room(ADA)
        assert latest is not None
        assert latest.id == "a"
        assert await store.find_latest_room(BOB) is None

    async def test_the_latest_room_by_type_and_status(self, store: ConversationStore) -> None:
        for room_id, channel_type, status in (
            ("active", ChannelType.SMS, RoomStatus.ACTIVE),
            ("closed", ChannelType.SMS, RoomStatus.CLOSED),
            ("mail", ChannelType.EMAIL, RoomStatus.ACTIVE),
        ):
            await open_room(store, room_id, status=status)
            await store.add_binding(a_binding(room_id=room_id, channel_type=channel_type))
            await store.add_participant(a_participant(room_id=room_id))
        by_type = await store.find_latest_room(ADA, ChannelType.SMS)
        active = await store.find_latest_room(ADA, ChannelType.SMS, RoomStatus.ACTIVE)
        assert by_type is not None
        assert active is not None
        assert (by_type.id, active.id) == ("closed", "active")
        assert await store.find_latest_room(ADA, ChannelType.VOICE) is None
