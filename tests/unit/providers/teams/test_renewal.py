"""Fetching something once, however many ask for it."""

from __future__ import annotations

import asyncio

import pytest

from roomkit.providers.teams.renewal import Renewed
from roomkit.testing.clock import VirtualClock


class Office:
    """Gives out numbered tokens that are good for a minute, when it is told to."""

    def __init__(self, clock: VirtualClock) -> None:
        self.given = 0
        self.open = asyncio.Event()
        self.trouble: Exception | None = None
        self.token = Renewed(self._give, clock)

    async def _give(self) -> tuple[str, float]:
        await self.open.wait()
        if self.trouble is not None:
            trouble, self.trouble = self.trouble, None
            raise trouble
        self.given += 1
        return f"token {self.given}", 60.0


async def test_many_who_ask_cause_one_fetch() -> None:
    office = Office(VirtualClock())
    asking = [asyncio.create_task(office.token.get()) for _ in range(10)]
    await asyncio.sleep(0)
    office.open.set()
    assert set(await asyncio.gather(*asking)) == {"token 1"}


async def test_it_is_kept_as_long_as_it_is_good() -> None:
    clock = VirtualClock()
    office = Office(clock)
    office.open.set()
    assert await office.token.get() == "token 1"
    await clock.advance(59)
    assert await office.token.get() == "token 1"
    await clock.advance(2)
    assert await office.token.get() == "token 2"


async def test_after_a_failure_the_next_one_tries() -> None:
    office = Office(VirtualClock())
    office.trouble = ValueError("closed today")
    first, second = (asyncio.create_task(office.token.get()) for _ in range(2))
    await asyncio.sleep(0)
    office.open.set()
    with pytest.raises(ValueError, match="closed today"):
        await first
    assert await second == "token 1"


async def test_one_that_is_of_no_use_is_dropped_once() -> None:
    office = Office(VirtualClock())
    office.open.set()
    bad = await office.token.get()
    office.token.drop(bad)
    good = await office.token.get()
    office.token.drop(bad)
    assert await office.token.get() is good


def test_it_outlives_an_event_loop() -> None:
    clock = VirtualClock()
    given: list[str] = []

    async def give() -> tuple[str, float]:
        await asyncio.sleep(0)
        given.append("x")
        return "token", 0.0

    token = Renewed(give, clock)

    async def rush() -> None:
        await asyncio.gather(*(token.get() for _ in range(3)))

    for _ in range(2):
        asyncio.run(rush())
    assert len(given) == 6
