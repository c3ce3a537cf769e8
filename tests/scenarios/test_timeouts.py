"""Messages that take too long."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from roomkit import (
    ChannelOutput,
    HookResult,
    HookTrigger,
    InboundMessage,
    RoomContext,
    RoomEvent,
    RoomKit,
    TextContent,
)
from roomkit.channels.base import text_of
from roomkit.core.locks import InMemoryLockManager
from roomkit.store.memory import InMemoryStore
from roomkit.store.records import CommitOutcome, TimelineCommit
from roomkit.testing import VirtualClock
from tests.helpers import say
from tests.scenarios.actors import Thinker, Transport, Witness, said, seat, timeline
from tests.scenarios.conftest import KitFactory


class SlowParser(Transport):
    """Takes its time over messages that say so."""

    def __init__(self, channel_id: str, clock: VirtualClock) -> None:
        super().__init__(channel_id)
        self.clock = clock

    async def handle_inbound(self, message: InboundMessage, context: RoomContext) -> RoomEvent:
        if message.content == TextContent(body="slow"):
            await self.clock.sleep(30)
        return await super().handle_inbound(message, context)


async def test_everything_before_the_commit_shares_one_deadline(
    make_kit: KitFactory, clock: VirtualClock
) -> None:
    """Also what happens outside of the lock."""
    kit = make_kit(process_timeout=0.3)
    await seat(kit, "r", SlowParser("a", clock), Transport("b"))
    witness = Witness(kit).on("process_timeout")
    rows = await timeline(kit)

    async with clock.auto():
        result = await say(kit, "a", "slow", key="k")

    assert (result.blocked, result.reason, result.event) == (True, "process_timeout", None)
    assert clock.monotonic() == pytest.approx(0.3)
    assert await timeline(kit) == rows
    assert [event.room_id for event in witness.of("process_timeout")] == ["r"]
    # The key was not used up: the vendor's redelivery is a new message.
    assert not (await say(kit, "a", "quick", key="k")).blocked


async def test_slow_gate_is_cut_short_and_gives_up_the_room(
    make_kit: KitFactory, clock: VirtualClock
) -> None:
    kit = make_kit(process_timeout=2)
    b = Transport("b")
    await seat(kit, "r", Transport("a"), b)

    @kit.hook(HookTrigger.BEFORE_BROADCAST)
    async def gate(event: RoomEvent, _context: RoomContext) -> HookResult:
        if text_of(event.content) == "slow":
            await clock.sleep(60)
        return HookResult.allow()

    slow = asyncio.create_task(say(kit, "a", "slow"))
    await clock.advance(1)
    after = asyncio.create_task(say(kit, "a", "after"))
    async with clock.auto():
        results = await asyncio.gather(slow, after)
    assert [result.reason for result in results] == ["process_timeout", None]
    assert b.texts == await said(kit) == ["after"]


async def test_waiting_for_the_room_is_bounded_too(
    make_kit: KitFactory, clock: VirtualClock
) -> None:
    locks = InMemoryLockManager()
    kit = make_kit(process_timeout=2, lock_manager=locks)
    await seat(kit, "r", Transport("a"), Transport("b"))
    held = await locks.acquire("r")
    async with clock.auto():
        result = await say(kit, "a", "hello")
    assert result.reason == "process_timeout"
    await locks.release(held)
    assert not (await say(kit, "a", "hello")).blocked


async def test_time_limit_does_not_cover_deliveries(
    make_kit: KitFactory, clock: VirtualClock
) -> None:
    """A stored message is never reported as timed out."""
    kit = make_kit(process_timeout=0.3)
    b = Transport("b", lambda _event: clock.sleep(10))
    await seat(kit, "r", Transport("a"), b, Thinker("ai", lambda *_: clock.sleep(10)))
    async with clock.auto():
        result = await say(kit, "a", "hello")
    assert (result.blocked, result.reason) == (False, None)
    assert b.texts == await said(kit) == ["hello"]


async def test_time_limit_does_not_cover_the_commit(clock: VirtualClock) -> None:
    """A slow store makes a slow answer, not a wrong one."""

    class SlowStore(InMemoryStore):
        async def commit(self, commit: TimelineCommit) -> CommitOutcome:
            await clock.sleep(10)
            outcome = await super().commit(commit)
            await clock.sleep(10)
            return outcome

    kit = RoomKit(store=SlowStore(), clock=clock, process_timeout=0.3)
    b = Transport("b")
    async with clock.auto():
        await seat(kit, "r", Transport("a"), b)
        result = await say(kit, "a", "hello")
        assert not result.blocked
        assert b.texts == await said(kit) == ["hello"]
        await kit.close()


async def test_slow_delivery_fails_by_its_own_limit(
    make_kit: KitFactory, clock: VirtualClock
) -> None:
    kit = make_kit(delivery_timeout=5)
    await seat(kit, "r", Transport("a"), Transport("b", lambda _event: clock.sleep(60)))
    async with clock.auto():
        result = await say(kit, "a", "hello")
    assert result.delivery_results["b"].error_code == "timeout"
    assert clock.monotonic() == pytest.approx(5)


@pytest.mark.parametrize("streamed", [False, True])
async def test_channel_that_never_answers_is_given_up(
    kit: RoomKit, clock: VirtualClock, streamed: bool
) -> None:
    """It holds up its own lane for a while, and nobody else."""

    async def hang() -> AsyncIterator[str]:
        yield "I am "
        await asyncio.Event().wait()

    async def answer(event: RoomEvent, _context: RoomContext) -> ChannelOutput | None:
        if text_of(event.content) != "first":
            return None
        if streamed:
            return ChannelOutput(response_stream=hang())
        await asyncio.Event().wait()
        return None

    ai, b = Thinker("ai", answer), Transport("b")
    await seat(kit, "r", Transport("a"), b, ai)
    first = asyncio.create_task(say(kit, "a", "first"))
    await clock.settle()
    second = asyncio.create_task(say(kit, "a", "second"))
    await clock.settle()
    assert b.texts == ["first", "second"]
    async with clock.auto():
        results = await asyncio.gather(first, second)
    assert [result.error for result in results] == ["ai: DeadlineExceededError", None]
    assert ai.texts == ["first", "second"]
    assert clock.monotonic() == pytest.approx(120)
    # What had been said is kept, and marked.
    assert b.texts[2:] == (["I am "] if streamed else [])
    if streamed:
        assert b.received[-1].metadata["partial"] is True
