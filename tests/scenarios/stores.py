"""Stores that behave like a server far away, or like a server in trouble."""

from __future__ import annotations

import inspect
from collections import Counter
from typing import Any

from roomkit.models.event import RoomEvent
from roomkit.store.base import ConversationStore
from roomkit.store.memory import InMemoryStore
from roomkit.testing.stores import YieldingStore


class WatchedStore(InMemoryStore):
    """Calls `before` and `after` around every call of the framework, with the method's name."""

    async def before(self, method: str) -> None:
        """What happens on the way there."""

    async def after(self, method: str) -> None:
        """What happens on the way back."""

    def __getattribute__(self, name: str) -> Any:
        value = super().__getattribute__(name)
        if name.startswith("_") or name in ("before", "after"):
            return value
        if not inspect.iscoroutinefunction(value):
            return value

        async def watched(*args: Any, **kwargs: Any) -> Any:
            await self.before(name)
            result = await value(*args, **kwargs)
            await self.after(name)
            return result

        return watched


class StepwiseStore(YieldingStore):
    """Leaves all that it can to the base class, which takes several steps and relies on the room's
    lock: a store of somebody's own."""

    async def find_delivery(self, provider_message_id: str) -> tuple[RoomEvent, str] | None:
        for room in await self.list_rooms():
            for event in await self.list_events(room.id, limit=1000):
                for channel_id, result in event.delivery_results.items():
                    if provider_message_id in result.message_ids:
                        return event, channel_id
        return None


for _name, _method in vars(ConversationStore).items():
    if inspect.iscoroutinefunction(_method) and _name not in vars(StepwiseStore):
        setattr(StepwiseStore, _name, _method)


class CountingStore(WatchedStore):
    """Counts the calls of each method."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: Counter[str] = Counter()

    async def before(self, method: str) -> None:
        self.calls[method] += 1


class FailingStore(WatchedStore):
    """Raises in the methods named in `failing`, as many times as is said there."""

    def __init__(self) -> None:
        super().__init__()
        self.failing: dict[str, int] = {}

    async def before(self, method: str) -> None:
        left = self.failing.get(method, 0)
        if left:
            self.failing[method] = left - 1
            raise ConnectionError("the store is out of reach")
