"""What a store has to get right, as tests that its author inherits; and a store to test with.

```python
class TestMyStore(StoreContract):
    @pytest.fixture
    async def store(self) -> AsyncIterator[ConversationStore]:
        store = MyStore(...)
        yield store
        await store.close()
```

The store has to be empty at the beginning of each test. The tests are coroutines: set
pytest-asyncio's ``asyncio_mode = "auto"``, or mark the class with ``pytest.mark.asyncio``.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from roomkit.models.enums import EventStatus, ParticipantStatus, RoomStatus
from roomkit.store.memory import InMemoryStore
from roomkit.testing._stores._base import SPELLINGS_OF_ADA
from roomkit.testing._stores.commits import CommitRules, SnapshotRules
from roomkit.testing._stores.isolation import READS, WRITES, IsolationRules
from roomkit.testing._stores.people import (
    BindingRules,
    IdentityRules,
    ParticipantRules,
    WorkRules,
)
from roomkit.testing._stores.rooms import METADATA_FILTERS, FindingRules, RoomRules
from roomkit.testing._stores.routing import RoutingRules
from roomkit.testing._stores.timeline import DeliveryRules, ReadingRules, TimelineRules

__all__ = ["StoreContract", "YieldingStore"]

_PARAMETERS: dict[str, Sequence[Any]] = {
    "event_status": list(EventStatus),
    "gone": [ParticipantStatus.LEFT, ParticipantStatus.BANNED],
    "metadata_filter": list(METADATA_FILTERS),
    "over": [RoomStatus.CLOSED, RoomStatus.ARCHIVED],
    "read_name": list(READS),
    "spelling": SPELLINGS_OF_ADA,
    "write_name": list(WRITES),
}


class StoreContract(
    RoomRules,
    FindingRules,
    RoutingRules,
    TimelineRules,
    CommitRules,
    SnapshotRules,
    DeliveryRules,
    ReadingRules,
    BindingRules,
    ParticipantRules,
    IdentityRules,
    WorkRules,
    IsolationRules,
):
    """Inherit, and define a fixture ``store`` that gives an empty `ConversationStore`.

    Override ``another(store)`` for a store that several processes may share. A store that leaves
    `commit` or `find_delivery` as they are may have to say so with ``atomic`` and
    ``finds_deliveries``.
    """

    def pytest_generate_tests(self, metafunc: Any) -> None:
        """Called by pytest: one test for each value of a parameter."""
        for name, values in _PARAMETERS.items():
            if name in metafunc.fixturenames:
                metafunc.parametrize(name, values)


class YieldingStore(InMemoryStore):
    """An `InMemoryStore` that gives other tasks a turn before and after every call.

    In memory a call never waits, so code that forgets what may happen meanwhile passes its tests
    and fails with a database. This store has the database's waits and keeps the speed.
    """


def _yielding(method: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    @functools.wraps(method)
    async def call(*args: Any, **kwargs: Any) -> Any:
        await asyncio.sleep(0)
        try:
            return await method(*args, **kwargs)
        finally:
            await asyncio.sleep(0)

    return call


for _name, _method in inspect.getmembers(InMemoryStore, inspect.iscoroutinefunction):
    if not _name.startswith("_"):
        setattr(YieldingStore, _name, _yielding(_method))
