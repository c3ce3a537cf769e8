"""Large rooms, long queues and long chains."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from roomkit import (
    InboundResult,
    RoomEvent,
    RoomKit,
)
from roomkit.testing import VirtualClock
from tests.helpers import say
from tests.scenarios.actors import Thinker, Transport, seat, timeline


class Slow:
    """Lets a channel be told when to go on; `entered` is set while it waits."""

    def __init__(self) -> None:
        self.entered = asyncio.Event()
        self.go_on = asyncio.Event()

    async def __call__(self, *_: object) -> None:
        self.entered.set()
        await self.go_on.wait()


@pytest.fixture
async def kit(clock: VirtualClock) -> AsyncIterator[RoomKit]:
    """Over one store only: it is the sheer number that counts here."""
    async with RoomKit(clock=clock) as made:
        yield made


async def test_backlog_of_a_channel_is_bounded(kit: RoomKit) -> None:
    """What does not fit any more is refused and reported, not piled up."""
    limit = 1000
    slow = Slow()
    everything = asyncio.Event()

    def deliver(_event: RoomEvent) -> None:
        if len(c.tried) == limit + 3:
            everything.set()

    b, c = Transport("b", slow), Transport("c", deliver)
    await seat(kit, "r", Transport("a"), b, c)
    calls = [asyncio.create_task(say(kit, "a", str(number))) for number in range(limit + 3)]
    await slow.entered.wait()
    await everything.wait()
    slow.go_on.set()
    results: list[InboundResult] = await asyncio.gather(*calls)

    refused = [result for result in results if result.delivery_errors]
    assert len(refused) == 2
    assert {result.delivery_results["b"].error_code for result in refused} == {"backlog_full"}
    assert all(result.delivery_results["c"].success for result in results)
    assert b.texts == [str(number) for number in range(limit + 1)]


@pytest.mark.parametrize("waits", [True, False])
async def test_large_room_is_served_completely(kit: RoomKit, waits: bool) -> None:
    """However many channels have to wait at the same time."""

    async def deliver(_event: RoomEvent) -> None:
        if waits:
            await asyncio.sleep(0)

    channels = [Transport(f"c{number}", deliver) for number in range(700)]
    await seat(kit, "r", Transport("a"), *channels)
    result = await say(kit, "a", "hello", room_id="r")
    assert result.delivery_errors == {}
    assert all(channel.texts == ["hello"] for channel in channels)


async def test_chain_of_answers_may_be_long(clock: VirtualClock) -> None:
    """As long as the limit says, whatever the stack of the interpreter holds."""
    async with RoomKit(clock=clock, max_chain_depth=200, cascade_budget=1000) as kit:
        await seat(kit, "r", Transport("a"), Thinker("one", "yes"), Thinker("two", "no"))
        await say(kit, "a", "discuss", room_id="r")
        depths = [event.chain_depth for event in await timeline(kit)]
        assert max(depths) == 201


async def test_room_full_of_agents_answers_completely(clock: VirtualClock) -> None:
    """All answer, and all see all answers."""
    async with RoomKit(clock=clock, max_chain_depth=1, cascade_budget=10_000) as kit:
        agents = [
            Thinker(f"ai{number}", lambda event, _: None if event.chain_depth else "here")
            for number in range(60)
        ]
        b = Transport("b")
        await seat(kit, "r", Transport("a"), b, *agents)
        result = await say(kit, "a", "who is there?", room_id="r")
        assert result.error is None
        assert len(result.response_events) == 60
        assert len(b.received) == 61
        assert all(len(agent.seen) == 60 for agent in agents)
