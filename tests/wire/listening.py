"""What the tests of sources have in common: a kit that listens, and what it noticed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from time import monotonic

from roomkit import FrameworkEvent, RoomKit
from roomkit.sources.base import SourceHealth
from roomkit.testing import VirtualClock
from tests.helpers import Inbox, join_room

_PATIENCE = 10.0


async def until(condition: Callable[[], object]) -> None:
    """Wait for something that comes over a real connection."""
    deadline = monotonic() + _PATIENCE
    while not condition():
        assert monotonic() < deadline, "it did not come about"
        await asyncio.sleep(0.002)


class Listener:
    """A kit with a channel ``feed`` in a room with ``desk``."""

    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.kit = RoomKit(clock=self.clock)
        self.desk = Inbox()
        self.events: list[FrameworkEvent] = []

    async def __aenter__(self) -> Listener:
        inboxes = await join_room(self.kit, "room", "feed", "desk")
        self.desk = inboxes["desk"]
        for kind in ("source_attached", "source_error", "source_exhausted", "source_detached"):
            self.kit.on(kind)(self.events.append)
        return self

    async def __aexit__(self, *_exc: object) -> None:
        await self.kit.close()
        left = asyncio.all_tasks() - {asyncio.current_task()}
        assert not [task for task in left if "source" in task.get_name()]

    @property
    def health(self) -> SourceHealth:
        return self.kit.source_health("feed")

    @property
    def told(self) -> list[str]:
        """The framework events so far: their types, with why it ended for those that say so."""
        return [
            " ".join(filter(None, (event.type, event.data.get("reason")))) for event in self.events
        ]

    async def hears(self, *texts: str) -> None:
        """Wait for these texts to arrive at the desk, and see that there are no others."""
        await until(lambda: len(self.desk.texts) >= len(texts))
        assert self.desk.texts == list(texts)

    async def time_until(self, condition: Callable[[], object]) -> None:
        """Let time pass until something has come about that a source's restarts lead to."""
        deadline = monotonic() + _PATIENCE
        while not condition():
            assert monotonic() < deadline, "it did not come about"
            await self.clock.advance(0.5)
            await asyncio.sleep(0.002)

    async def is_(self, status: str) -> None:
        """Wait for the source to be in this state."""
        await until(lambda: self.health.status == status)
