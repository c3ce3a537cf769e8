"""Every store keeps the contract, and a store is no more work than is promised."""

from __future__ import annotations

import inspect

import pytest

from roomkit.store.base import ConversationStore
from roomkit.store.memory import InMemoryStore
from roomkit.testing import StoreContract, YieldingStore
from tests.dict_store import DictStore

DOCUMENTED = {
    "rooms": [
        "create_room",
        "get_room",
        "update_room",
        "delete_room",
        "list_rooms",
        "find_rooms",
        "find_latest_room",
        "find_room_id_by_channel",
    ],
    "events": ["add_event", "get_event", "list_events", "check_idempotency", "get_event_count"],
    "bindings": [
        "add_binding",
        "get_binding",
        "update_binding",
        "remove_binding",
        "list_bindings",
    ],
    "participants": [
        "add_participant",
        "get_participant",
        "update_participant",
        "list_participants",
    ],
    "identities": ["create_identity", "get_identity", "resolve_identity", "link_address"],
    "tasks": ["add_task", "get_task", "list_tasks", "update_task"],
    "observations": ["add_observation", "list_observations"],
    "read tracking": ["mark_read", "mark_all_read", "get_unread_count"],
}
NAMES = [name for names in DOCUMENTED.values() for name in names]


class TestInMemoryStore(StoreContract):
    @pytest.fixture
    def store(self) -> ConversationStore:
        return InMemoryStore()


class TestYieldingStore(StoreContract):
    @pytest.fixture
    def store(self) -> ConversationStore:
        return YieldingStore()


class TestDictStore(StoreContract):
    """The least that a store can be: everything beyond the abstract methods is inherited."""

    finds_deliveries = False

    @pytest.fixture
    def store(self) -> ConversationStore:
        return DictStore()


def test_thirty_methods_make_a_store() -> None:
    assert len(ConversationStore.__abstractmethods__) == 30
    own = {name for name in vars(DictStore) if not name.startswith("_")}
    assert own == ConversationStore.__abstractmethods__


@pytest.mark.parametrize("name", NAMES)
def test_a_documented_method_is_there(name: str) -> None:
    assert inspect.iscoroutinefunction(getattr(ConversationStore, name))
    assert inspect.getdoc(getattr(ConversationStore, name))


def test_thirty_five_methods_are_documented() -> None:
    assert len(set(NAMES)) == len(NAMES) == 35
    assert ConversationStore.__abstractmethods__ <= set(NAMES)


def test_no_rule_hides_another() -> None:
    names = [
        name
        for rules in StoreContract.__bases__
        for name in vars(rules)
        if name.startswith("test_")
    ]
    assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize("name", NAMES)
def test_a_yielding_store_waits_at_every_call(name: str) -> None:
    assert getattr(YieldingStore, name) is not getattr(InMemoryStore, name)
