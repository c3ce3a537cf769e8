"""Rules about who owns what: nothing handed over either way is a handle to what is stored."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from copy import deepcopy
from typing import Any

from roomkit.store.base import ConversationStore
from roomkit.testing._stores._base import (
    ADA,
    StoreRules,
    an_event,
    commit,
    open_room,
    scribble,
)
from roomkit.testing._stores.people import (
    FULL_BINDING,
    FULL_IDENTITY,
    FULL_OBSERVATION,
    FULL_PARTICIPANT,
    FULL_TASK,
)
from roomkit.testing._stores.rooms import FULL_ROOM
from roomkit.testing._stores.timeline import FULL_EVENT, SENT

type Read = Callable[[ConversationStore], Awaitable[Any]]

READS: dict[str, Read] = {
    "get_room": lambda store: store.get_room("room"),
    "list_rooms": lambda store: store.list_rooms(),
    "find_rooms": lambda store: store.find_rooms(channel_id="sms"),
    "find_latest_room": lambda store: store.find_latest_room("ada"),
    "get_event": lambda store: store.get_event("event"),
    "list_events": lambda store: store.list_events("room"),
    "list_recent_events": lambda store: store.list_recent_events("room"),
    "find_duplicate": lambda store: store.find_duplicate("room", "sms", "k"),
    "get_binding": lambda store: store.get_binding("room", "sms"),
    "list_bindings": lambda store: store.list_bindings("room"),
    "get_participant": lambda store: store.get_participant("room", "ada"),
    "list_participants": lambda store: store.list_participants("room"),
    "get_identity": lambda store: store.get_identity("ada"),
    "resolve_identity": lambda store: store.resolve_identity("sms", ADA, "acme"),
    "get_task": lambda store: store.get_task("task"),
    "list_tasks": lambda store: store.list_tasks("room"),
    "list_observations": lambda store: store.list_observations("room"),
}
"""Every method that returns records, on a store with one of each."""

WRITES: dict[str, tuple[Any, Callable[[ConversationStore, Any], Awaitable[Any]], Read]] = {
    "update_room": (
        FULL_ROOM,
        lambda store, record: store.update_room(record),
        READS["get_room"],
    ),
    "add_event": (FULL_EVENT, lambda store, record: store.add_event(record), READS["get_event"]),
    "update_event": (
        FULL_EVENT,
        lambda store, record: store.update_event(record),
        READS["get_event"],
    ),
    "add_binding": (
        FULL_BINDING,
        lambda store, record: store.add_binding(record),
        READS["get_binding"],
    ),
    "update_binding": (
        FULL_BINDING,
        lambda store, record: store.update_binding(record),
        READS["get_binding"],
    ),
    "update_participant": (
        FULL_PARTICIPANT,
        lambda store, record: store.update_participant(record),
        READS["get_participant"],
    ),
    "create_identity": (
        FULL_IDENTITY,
        lambda store, record: store.create_identity(record),
        READS["get_identity"],
    ),
    "add_task": (FULL_TASK, lambda store, record: store.add_task(record), READS["get_task"]),
    "update_task": (FULL_TASK, lambda store, record: store.update_task(record), READS["get_task"]),
    "add_observation": (
        FULL_OBSERVATION.evolve(id="another"),
        lambda store, record: store.add_observation(record),
        READS["list_observations"],
    ),
}
"""Every method that takes records: a record, the call, and how to read it back."""


class IsolationRules(StoreRules):
    """What callers do to objects of theirs changes nothing stored."""

    async def fill(self, store: ConversationStore) -> None:
        """One record of each kind."""
        await store.create_room(FULL_ROOM)
        await store.add_event(FULL_EVENT)
        await commit(
            store, an_event(idempotency_key="k", metadata={"a": {"b": [1]}}, visibility="all")
        )
        await store.add_binding(FULL_BINDING)
        await store.add_participant(FULL_PARTICIPANT)
        await store.create_identity(FULL_IDENTITY)
        await store.add_task(FULL_TASK)
        await store.add_observation(FULL_OBSERVATION)

    async def test_what_is_read_belongs_to_the_reader(
        self, store: ConversationStore, read_name: str
    ) -> None:
        await self.fill(store)
        read = READS[read_name]
        before = deepcopy(await read(store))
        assert before, f"{read_name} found nothing"
        scribble(await read(store))
        assert await read(store) == before

    async def test_what_is_written_stays_the_writers(
        self, store: ConversationStore, write_name: str
    ) -> None:
        await self.fill(store)
        record, write, read = WRITES[write_name]
        # `detached` gives containers that can be written into, as `model_copy` may too.
        given = record.detached()
        returned = await write(store, given)
        before = deepcopy(await read(store))
        scribble(given)
        scribble(returned)
        assert await read(store) == before

    async def test_a_new_room_stays_the_writers_too(self, store: ConversationStore) -> None:
        given = FULL_ROOM.detached()
        scribble(await store.create_room(given))
        scribble(given)
        assert await store.get_room("room") == FULL_ROOM

    async def test_a_new_participant_stays_the_writers_too(self, store: ConversationStore) -> None:
        await open_room(store)
        given = FULL_PARTICIPANT.detached()
        scribble(await store.add_participant(given))
        scribble(given)
        assert await store.get_participant("room", "ada") == FULL_PARTICIPANT

    async def test_snapshots_do_not_show_what_readers_write(
        self, store: ConversationStore
    ) -> None:
        await self.fill(store)
        before = deepcopy(await store.snapshot("room"))
        assert before is not None
        again = await store.snapshot("room", claim=("sms", "k"))
        assert again is not None
        for value in (
            again.room,
            again.bindings,
            again.participants,
            again.recent_events,
            again.duplicate,
        ):
            scribble(value)
        assert await store.snapshot("room") == before

    async def test_outcomes_of_commits_are_no_handles(self, store: ConversationStore) -> None:
        await open_room(store, metadata={"a": {"b": 1}})
        event = an_event(idempotency_key="k", metadata={"nested": {"list": [1]}})
        first = await commit(store, event)
        second = await commit(store, an_event(idempotency_key="k"))
        before = deepcopy(await store.get_event(event.id))
        scribble([event, first.event, first.room, second.event, second.room])
        assert await store.get_event(event.id) == before
        room = await store.get_room("room")
        assert room is not None
        assert room.metadata == {"a": {"b": 1}}

    async def test_outcomes_of_deliveries_are_no_handles(self, store: ConversationStore) -> None:
        await open_room(store)
        event = (await commit(store, an_event())).event
        results = {"sms": SENT}
        returned = await store.record_deliveries("room", event.id, results)
        before = deepcopy(await store.get_event(event.id))
        scribble(results)
        scribble(returned)
        assert await store.get_event(event.id) == before
        found = await store.find_delivery("SM1")
        if found is not None:
            scribble(found[0])
            assert await store.get_event(event.id) == before
