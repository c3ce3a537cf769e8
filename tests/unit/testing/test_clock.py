"""Virtual time: it stands still, moves when told, and stops at everything on the way."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta

import pytest

from roomkit._tasks import DeadlineExceededError, TaskScope, bounded
from roomkit.testing import VirtualClock

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(NOON)


async def test_time_moves_only_when_told(clock: VirtualClock) -> None:
    task = asyncio.create_task(clock.sleep(10))
    await clock.settle()
    assert (clock.now(), clock.monotonic(), task.done()) == (NOON, 0, False)
    await clock.advance(9)
    assert not task.done()
    await clock.advance(1)
    assert (clock.now(), task.done()) == (NOON + timedelta(seconds=10), True)


async def test_sleepers_wake_in_order_of_their_time(clock: VirtualClock) -> None:
    woken: list[tuple[str, float]] = []

    async def sleeper(name: str, seconds: float) -> None:
        await clock.sleep(seconds)
        woken.append((name, clock.monotonic()))

    naps = [("late", 3.0), ("early", 1.0), ("middle", 2.0), ("also early", 1.0)]
    tasks = [asyncio.create_task(sleeper(*nap)) for nap in naps]
    await clock.advance(5)
    await asyncio.gather(*tasks)
    assert woken == [("early", 1), ("also early", 1), ("middle", 2), ("late", 3)]
    assert clock.monotonic() == 5


async def test_what_a_timer_sets_off_is_done_before_the_next(clock: VirtualClock) -> None:
    log: list[float] = []

    async def heartbeat() -> None:
        while True:
            await clock.sleep(1)
            for _ in range(20):
                await asyncio.sleep(0)
            log.append(clock.monotonic())

    task = asyncio.create_task(heartbeat())
    await clock.advance(4.5)
    task.cancel()
    assert log == [1, 2, 3, 4]


async def test_small_steps_add_up(clock: VirtualClock) -> None:
    task = asyncio.create_task(clock.sleep(0.8))
    for _ in range(8):
        await clock.advance(0.1)
    assert task.done()


@pytest.mark.parametrize("seconds", [0, -1])
async def test_a_sleep_of_nothing_gives_others_a_turn(clock: VirtualClock, seconds: float) -> None:
    turns: list[str] = []
    asyncio.get_running_loop().call_soon(turns.append, "theirs")
    await clock.sleep(seconds)
    assert turns == ["theirs"]


async def test_a_cancelled_sleeper_leaves_no_timer(clock: VirtualClock) -> None:
    task = asyncio.create_task(clock.sleep(10))
    await clock.settle()
    assert clock.pending == 1
    task.cancel()
    await asyncio.wait({task})
    assert clock.pending == 0


async def test_time_does_not_go_back(clock: VirtualClock) -> None:
    with pytest.raises(ValueError, match="back"):
        await clock.advance(-1)


async def test_a_timeout_cancels_what_takes_too_long(clock: VirtualClock) -> None:
    async def wait() -> str:
        try:
            async with clock.timeout(5) as timeout:
                await asyncio.Event().wait()
        except TimeoutError:
            return f"expired={timeout.expired()} at {clock.monotonic():g}"
        return "not at all"

    task = asyncio.create_task(wait())
    await clock.advance(60)
    assert await task == "expired=True at 5"


async def test_a_timeout_that_is_not_needed_changes_nothing(clock: VirtualClock) -> None:
    async with clock.timeout(5) as timeout:
        await asyncio.sleep(0)
    async with clock.timeout(None) as never:
        await asyncio.sleep(0)
    assert not timeout.expired()
    assert not never.expired()
    assert clock.pending == 0


@pytest.mark.parametrize("seconds", [0, -1])
async def test_no_time_at_all_expires_at_the_first_wait(
    clock: VirtualClock, seconds: float
) -> None:
    with pytest.raises(TimeoutError):
        async with clock.timeout(seconds):
            await asyncio.Event().wait()


async def test_the_bodys_own_timeout_error_is_not_the_clocks(clock: VirtualClock) -> None:
    with pytest.raises(TimeoutError, match="mine"):
        async with clock.timeout(5) as timeout:
            raise TimeoutError("mine")
    assert not timeout.expired()


async def test_cancellation_from_outside_stays_cancellation(clock: VirtualClock) -> None:
    async def wait() -> None:
        async with clock.timeout(5):
            await asyncio.Event().wait()

    task = asyncio.create_task(wait())
    await clock.settle()
    task.cancel()
    await asyncio.wait({task})
    assert task.cancelled()


async def test_the_inner_of_two_timeouts_is_the_inners(clock: VirtualClock) -> None:
    async def wait() -> str:
        async with clock.timeout(10) as outer:
            try:
                async with clock.timeout(1):
                    await asyncio.Event().wait()
            except TimeoutError:
                return f"outer expired: {outer.expired()}"
        return "no"

    task = asyncio.create_task(wait())
    await clock.advance(2)
    assert await task == "outer expired: False"


async def test_a_timeout_is_entered_once(clock: VirtualClock) -> None:
    timeout = clock.timeout(1)
    async with timeout:
        pass
    with pytest.raises(RuntimeError):
        await timeout.__aenter__()


async def test_half_a_minute_of_frames_passes_at_once() -> None:
    clock = VirtualClock(auto=True)
    started = time.perf_counter()
    frames = 0
    async with clock.timeout(60):
        while clock.monotonic() < 30:
            await clock.sleep(0.02)
            frames += 1
    assert frames in (1500, 1501)
    assert time.perf_counter() - started < 5


async def test_in_automatic_mode_a_conversation_plays_by_itself(clock: VirtualClock) -> None:
    said: asyncio.Queue[str] = asyncio.Queue()

    async def speaker() -> None:
        for word in ("one", "two", "three"):
            await clock.sleep(10)
            await said.put(f"{word} at {clock.monotonic():g}")

    async with clock.auto(), asyncio.TaskGroup() as group:
        group.create_task(speaker())
        heard = [await said.get() for _ in range(3)]
    assert heard == ["one at 10", "two at 20", "three at 30"]


async def test_automatic_mode_does_not_outrun_an_advance() -> None:
    clock = VirtualClock(auto=True)
    woken: list[float] = []

    async def sleeper(seconds: float) -> None:
        await clock.sleep(seconds)
        woken.append(clock.monotonic())

    tasks = [asyncio.create_task(sleeper(seconds)) for seconds in (1, 3, 3600)]
    await asyncio.sleep(0)
    await clock.advance(5)
    assert (woken, clock.monotonic()) == ([1, 3], 5)
    await tasks[2]
    assert woken == [1, 3, 3600]


async def test_two_who_move_time_on_leave_no_timer_behind(clock: VirtualClock) -> None:
    """One begins while what the other has set off is still at work."""
    woken: list[float] = []

    async def stages() -> None:
        await clock.sleep(1)
        for _ in range(60):
            await asyncio.sleep(0)
        await clock.sleep(0.5)
        woken.append(clock.monotonic())

    async def sleeper() -> None:
        await clock.sleep(2)
        woken.append(clock.monotonic())

    async def second_hand() -> None:
        for _ in range(50):
            await asyncio.sleep(0)
        await clock.advance(5)

    tasks = [asyncio.create_task(each()) for each in (stages, sleeper, second_hand)]
    await clock.advance(5)
    await asyncio.gather(*tasks)
    assert woken == [1.5, 2]
    assert clock.monotonic() == 5


async def test_automatic_mode_ends_with_its_block(clock: VirtualClock) -> None:
    async with clock.auto():
        await clock.sleep(1)
    task = asyncio.create_task(clock.sleep(1))
    await clock.settle()
    await clock.settle()
    assert not task.done()
    await clock.advance(1)
    await task


async def test_automatic_mode_owns_no_task() -> None:
    clock = VirtualClock(auto=True)
    before = asyncio.all_tasks()
    await clock.sleep(1)
    assert asyncio.all_tasks() == before


async def test_with_a_grace_period_threads_get_their_answer_in() -> None:
    clock = VirtualClock(auto=True, io_grace=0.05)
    async with clock.timeout(30) as timeout:
        for _ in range(20):
            await asyncio.to_thread(int)
    assert not timeout.expired()
    assert clock.monotonic() == 0


def test_it_serves_one_event_loop_after_another() -> None:
    clock = VirtualClock(auto=True)
    asyncio.run(clock.sleep(1))
    asyncio.run(clock.sleep(1))
    assert clock.monotonic() == 2


async def test_the_librarys_helpers_run_on_it() -> None:
    clock = VirtualClock(auto=True)
    with pytest.raises(DeadlineExceededError):
        await bounded(clock, 5, clock.sleep(60))
    assert clock.monotonic() == 5
    scope = TaskScope("test")
    scope.spawn(clock.sleep(60), name="nap")
    await scope.close(drain_seconds=0)
    assert len(scope) == 0
