"""Kits for the stories: over every kind of store, on virtual time, and closed at the end."""

from __future__ import annotations

import asyncio
import functools
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from roomkit import RoomKit
from roomkit.store.base import ConversationStore
from roomkit.store.memory import InMemoryStore
from roomkit.testing import VirtualClock
from roomkit.testing.stores import YieldingStore
from tests.scenarios.actors import seat
from tests.scenarios.stores import StepwiseStore
from tests.scenarios.strangers import Cast, Casting, Script

# Longer than any story takes; a deadlock fails its own test and not the whole run.
_PATIENCE_SECONDS = 20.0

type KitFactory = Callable[..., RoomKit]


def _bounded(fn: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    @functools.wraps(fn)
    async def story(*args: Any, **kwargs: Any) -> None:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            await fn(*args, **kwargs)

    return story


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if (
            isinstance(item, pytest.Function)
            and here in item.path.parents
            and inspect.iscoroutinefunction(item.obj)
        ):
            item.obj = _bounded(item.obj)


@pytest.fixture(
    params=[InMemoryStore, YieldingStore, StepwiseStore], ids=["memory", "yielding", "stepwise"]
)
def store(request: pytest.FixtureRequest) -> ConversationStore:
    """Every store that a story is told over."""
    made: ConversationStore = request.param()
    return made


@pytest.fixture
def clock() -> VirtualClock:
    """Stands still until the story moves it.

    A store that takes many small steps needs many turns of the loop before a story is at rest.
    """
    return VirtualClock(settle_rounds=400)


@pytest.fixture
async def make_kit(store: ConversationStore, clock: VirtualClock) -> AsyncIterator[KitFactory]:
    """Builds kits over the story's store and clock; afterwards nothing of them may be left."""
    kits: list[RoomKit] = []

    def make(**options: Any) -> RoomKit:
        kit = RoomKit(**{"store": store, "clock": clock, **options})
        kits.append(kit)
        return kit

    yield make
    async with clock.auto():
        for kit in kits:
            await kit.close()
    assert asyncio.all_tasks() == {asyncio.current_task()}, "a kit left tasks behind"


@pytest.fixture
def kit(make_kit: KitFactory) -> RoomKit:
    """A kit with all the defaults."""
    return make_kit()


@pytest.fixture
def cast(make_kit: KitFactory) -> Casting:
    async def make(*answers: Any, **options: Any) -> Cast:
        resolver = options.pop("resolver", None) or Script(*answers)
        made = Cast(make_kit(identity_resolver=resolver, **options))
        await seat(made.kit, "r", made.a, made.b)
        return made

    return make
