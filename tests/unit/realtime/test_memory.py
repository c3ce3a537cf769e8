"""Ephemeral events within one process: who gets what, when, and what a slow subscriber costs."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator

import pytest

from roomkit.errors import RoomKitError
from roomkit.realtime import EphemeralEvent, EphemeralEventType, InMemoryRealtime
from roomkit.testing import VirtualClock


def numbered(number: int) -> EphemeralEvent:
    return EphemeralEvent(
        type=EphemeralEventType.CUSTOM, room_id="r", user_id="ada", data={"number": number}
    )


class Slow:
    """A subscriber that takes a while over every event."""

    def __init__(self, clock: VirtualClock, seconds: float = 1) -> None:
        self.clock = clock
        self.seconds = seconds
        self.begun: list[int] = []
        self.done: list[int] = []

    async def __call__(self, event: EphemeralEvent) -> None:
        self.begun.append(event.data["number"])
        await self.clock.sleep(self.seconds)
        self.done.append(event.data["number"])


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
async def realtime() -> AsyncIterator[InMemoryRealtime]:
    backend = InMemoryRealtime()
    yield backend
    await backend.close()


async def test_a_quick_subscriber_has_it_when_publish_returns(realtime: InMemoryRealtime) -> None:
    plain: list[int] = []
    awaited: list[int] = []

    async def quick(event: EphemeralEvent) -> None:
        awaited.append(event.data["number"])

    await realtime.subscribe("r", lambda event: plain.append(event.data["number"]))
    await realtime.subscribe("r", quick)
    await realtime.publish("r", numbered(1))
    assert (plain, awaited) == ([1], [1])


async def test_subscribers_at_rest_own_no_task(
    realtime: InMemoryRealtime, clock: VirtualClock
) -> None:
    before = asyncio.all_tasks()
    slow = Slow(clock)
    for _ in range(10):
        await realtime.subscribe("r", slow)
    assert asyncio.all_tasks() == before
    await realtime.publish("r", numbered(1))
    assert len(asyncio.all_tasks() - before) == 10
    await clock.advance(1)
    assert asyncio.all_tasks() == before
    assert slow.done == [1] * 10


async def test_a_slow_subscriber_delays_neither_publisher_nor_neighbours(
    realtime: InMemoryRealtime, clock: VirtualClock
) -> None:
    slow, fast = Slow(clock, 60), Slow(clock, 0)
    await realtime.subscribe("r", slow)
    await realtime.subscribe("r", fast)
    for number in range(5):
        await realtime.publish("r", numbered(number))
    await clock.settle()
    assert clock.monotonic() == 0
    assert fast.done == [0, 1, 2, 3, 4]
    await clock.advance(300)
    assert slow.done == [0, 1, 2, 3, 4]


async def test_a_slow_subscriber_gets_one_event_at_a_time(
    realtime: InMemoryRealtime, clock: VirtualClock
) -> None:
    slow = Slow(clock)
    await realtime.subscribe("r", slow)
    for number in range(3):
        await realtime.publish("r", numbered(number))
    await clock.advance(1.5)
    assert (slow.done, slow.begun) == ([0], [0, 1])


async def test_a_full_queue_loses_the_oldest_and_says_so_once(
    clock: VirtualClock, caplog: pytest.LogCaptureFixture
) -> None:
    realtime = InMemoryRealtime(max_queue=2)
    slow = Slow(clock)
    await realtime.subscribe("r", slow)
    with caplog.at_level(logging.WARNING, "roomkit.realtime"):
        for number in range(6):
            await realtime.publish("r", numbered(number))
    await clock.advance(10)
    assert slow.done == [0, 4, 5]
    assert realtime.dropped == 3
    assert len(caplog.records) == 1
    await realtime.close()


async def test_a_failing_subscriber_is_called_again(
    realtime: InMemoryRealtime, caplog: pytest.LogCaptureFixture
) -> None:
    calls = 0

    def fail(event: EphemeralEvent) -> None:
        nonlocal calls
        calls += 1
        raise RuntimeError("as planned")

    await realtime.subscribe("r", fail)
    with caplog.at_level(logging.ERROR, "roomkit.realtime"):
        await realtime.publish("r", numbered(1))
        await realtime.publish("r", numbered(2))
    assert calls == 2
    assert "RuntimeError" in caplog.text


async def test_a_subscriber_that_awaits_something_cancelled_is_called_again(
    realtime: InMemoryRealtime, clock: VirtualClock
) -> None:
    calls: list[int] = []

    async def await_a_cancelled_task(event: EphemeralEvent) -> None:
        calls.append(event.data["number"])
        task = asyncio.create_task(asyncio.Event().wait())
        task.cancel()
        await task

    await realtime.subscribe("r", await_a_cancelled_task)
    for number in range(3):
        await realtime.publish("r", numbered(number))
    await clock.settle()
    assert calls == [0, 1, 2]


async def test_a_subscriber_that_looks_at_something_cancelled_harms_nobody(
    realtime: InMemoryRealtime,
) -> None:
    calls: list[int] = []
    cancelled = asyncio.get_running_loop().create_future()
    cancelled.cancel()

    def look(event: EphemeralEvent) -> None:
        calls.append(event.data["number"])
        cancelled.result()

    heard: list[int] = []
    await realtime.subscribe("r", look)
    await realtime.subscribe("r", lambda event: heard.append(event.data["number"]))
    for number in range(3):
        await realtime.publish("r", numbered(number))
    assert calls == heard == [0, 1, 2]


async def test_a_subscriber_may_publish_and_sees_its_own_event_next(
    realtime: InMemoryRealtime, clock: VirtualClock
) -> None:
    order: list[str] = []

    async def answer(event: EphemeralEvent) -> None:
        number = event.data["number"]
        order.append(f"begin {number}")
        if number < 2:
            await realtime.publish("r", numbered(number + 1))
        order.append(f"end {number}")

    await realtime.subscribe("r", answer)
    await realtime.publish("r", numbered(0))
    await clock.settle()
    assert order == ["begin 0", "end 0", "begin 1", "end 1", "begin 2", "end 2"]


async def test_a_subscriber_may_unsubscribe_itself(realtime: InMemoryRealtime) -> None:
    calls = 0

    async def once(event: EphemeralEvent) -> None:
        nonlocal calls
        calls += 1
        assert await realtime.unsubscribe(subscription)

    subscription = await realtime.subscribe("r", once)
    await realtime.publish("r", numbered(1))
    await realtime.publish("r", numbered(2))
    assert (calls, realtime.subscription_count) == (1, 0)


async def test_one_subscriber_may_end_another_before_its_turn(realtime: InMemoryRealtime) -> None:
    seen: list[int] = []
    later = ""

    async def end_the_other(event: EphemeralEvent) -> None:
        await realtime.unsubscribe(later)

    await realtime.subscribe("r", end_the_other)
    later = await realtime.subscribe("r", lambda event: seen.append(event.data["number"]))
    await realtime.publish("r", numbered(1))
    assert seen == []


async def test_what_waits_is_dropped_on_close(clock: VirtualClock) -> None:
    realtime = InMemoryRealtime()
    slow = Slow(clock)
    await realtime.subscribe("r", slow)
    for number in range(3):
        await realtime.publish("r", numbered(number))
    await realtime.close()
    await clock.advance(10)
    assert (slow.begun, slow.done) == ([0], [])


async def test_after_close_nobody_is_there(realtime: InMemoryRealtime) -> None:
    await realtime.close()
    await realtime.publish("r", numbered(1))
    with pytest.raises(RoomKitError):
        await realtime.subscribe("r", lambda event: None)


def test_a_queue_holds_something() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        InMemoryRealtime(max_queue=0)


def test_it_serves_one_event_loop_after_another() -> None:
    realtime = InMemoryRealtime()
    seen: list[int] = []

    async def stuck_at_two(event: EphemeralEvent) -> None:
        if event.data["number"] == 2:
            await asyncio.Event().wait()
        seen.append(event.data["number"])

    async def publish(number: int) -> None:
        await realtime.publish("r", numbered(number))

    async def subscribe_and_publish() -> None:
        await realtime.subscribe("r", stuck_at_two)
        await publish(1)

    asyncio.run(subscribe_and_publish())
    asyncio.run(publish(2))
    asyncio.run(publish(3))
    assert seen == [1, 3]
