"""Room locks of one process: who waits, what is remembered, what a cancellation leaves behind."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import suppress

import pytest

from roomkit.core.locks import InMemoryLockManager, RoomLease, RoomLockManager
from roomkit.testing import VirtualClock


async def use(manager: InMemoryLockManager, *rooms: str) -> None:
    for room in rooms:
        async with manager.locked(room):
            pass


async def test_waiters_enter_in_the_order_in_which_they_came() -> None:
    manager = InMemoryLockManager()
    order: list[int] = []

    async def enter(number: int) -> None:
        async with manager.locked("r"):
            order.append(number)
            await asyncio.sleep(0)

    await asyncio.gather(*(enter(number) for number in range(5)))
    assert order == [0, 1, 2, 3, 4]


async def test_a_newcomer_does_not_overtake_those_who_wait() -> None:
    manager = InMemoryLockManager()
    order: list[str] = []

    async def enter(name: str) -> None:
        async with manager.locked("r"):
            order.append(name)

    lease = await manager.acquire("r")
    waiting = asyncio.create_task(enter("first"))
    await asyncio.sleep(0)
    await manager.release(lease)
    await enter("second")
    await waiting
    assert order == ["first", "second"]


async def test_no_more_idle_rooms_are_remembered_than_asked() -> None:
    manager = InMemoryLockManager(max_locks=1024)
    await use(manager, *(f"room-{number}" for number in range(1100)))
    assert len(manager) == 1024


async def test_rooms_in_use_are_remembered_beyond_the_limit() -> None:
    manager = InMemoryLockManager(max_locks=2)
    leases = [await manager.acquire(f"room-{number}") for number in range(5)]
    assert len(manager) == 5
    for lease in leases:
        await manager.release(lease)
    assert len(manager) == 2


async def test_a_single_remembered_lock_still_keeps_twenty_workers_apart() -> None:
    manager = InMemoryLockManager(max_locks=1)
    inside: Counter[str] = Counter()

    async def work(worker: int) -> None:
        for step in range(50):
            room = f"room-{(worker * 7 + step * 3) % 11}"
            async with manager.locked(room):
                inside[room] += 1
                assert inside[room] == 1
                await asyncio.sleep(0)
                inside[room] -= 1

    await asyncio.gather(*(work(worker) for worker in range(20)))
    assert len(manager) == 1


async def test_cancelled_waiters_leave_nothing_behind() -> None:
    manager = InMemoryLockManager(max_locks=1)
    lease = await manager.acquire("r")
    waiters = [asyncio.create_task(manager.acquire("r")) for _ in range(10)]
    await asyncio.sleep(0)
    for waiter in waiters:
        waiter.cancel()
    await asyncio.wait(waiters)
    await manager.release(lease)
    async with manager.locked("r") as next_lease:
        assert not next_lease.waited
    assert len(manager) == 1


async def test_a_waiter_cancelled_as_it_is_served_passes_the_room_on() -> None:
    manager = InMemoryLockManager()
    lease = await manager.acquire("r")
    unlucky = asyncio.create_task(manager.acquire("r"))
    lucky = asyncio.create_task(manager.acquire("r"))
    await asyncio.sleep(0)
    await manager.release(lease)
    unlucky.cancel()
    await asyncio.wait({unlucky})
    assert unlucky.cancelled()
    assert (await lucky).waited


async def test_a_timeout_while_waiting_leaves_the_line() -> None:
    clock = VirtualClock(auto=True)
    manager = InMemoryLockManager()
    lease = await manager.acquire("r")
    with pytest.raises(TimeoutError):
        async with clock.timeout(5):
            await manager.acquire("r")
    await manager.release(lease)
    await use(manager, "r")


async def test_leases_of_another_manager_are_refused() -> None:
    with pytest.raises(TypeError):
        await InMemoryLockManager().release(RoomLease("r"))


def test_it_must_remember_something() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        InMemoryLockManager(max_locks=0)


def test_it_serves_one_event_loop_after_another() -> None:
    manager = InMemoryLockManager()

    async def contend() -> int:
        entered = 0

        async def enter() -> None:
            nonlocal entered
            async with manager.locked("r"):
                await asyncio.sleep(0)
                entered += 1

        await asyncio.gather(*(enter() for _ in range(5)))
        return entered

    assert [asyncio.run(contend()), asyncio.run(contend())] == [5, 5]


def test_a_loop_that_ends_in_the_middle_leaves_the_room_free() -> None:
    manager = InMemoryLockManager()

    async def hold_and_wait() -> None:
        async with manager.locked("r"):
            await manager.acquire("r")

    async def give_up() -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(0):
                await hold_and_wait()

    asyncio.run(give_up())
    asyncio.run(use(manager, "r"))


async def test_a_custom_manager_needs_two_methods() -> None:
    class Recorder(RoomLockManager):
        def __init__(self) -> None:
            self.log: list[str] = []

        async def acquire(self, room_id: str) -> RoomLease:
            self.log.append(f"acquire {room_id}")
            return RoomLease(room_id, token=7)

        async def release(self, lease: RoomLease) -> None:
            self.log.append(f"release {lease.room_id} {lease.token}")

    manager = Recorder()
    async with manager.locked("r") as lease:
        assert repr(lease) == "RoomLease('r', token=7)"
    await manager.close()
    assert manager.log == ["acquire r", "release r 7"]
