"""Channels in kits on virtual time, over a store that answers at once and one that waits."""

from __future__ import annotations

import pytest

from roomkit.store.base import ConversationStore
from roomkit.store.memory import InMemoryStore
from roomkit.testing import YieldingStore
from tests.scenarios.conftest import clock, kit, make_kit

__all__ = ["clock", "kit", "make_kit", "store"]


@pytest.fixture(params=[InMemoryStore, YieldingStore], ids=["memory", "yielding"])
def store(request: pytest.FixtureRequest) -> ConversationStore:
    """Where the kits keep their rooms."""
    made: ConversationStore = request.param()
    return made
