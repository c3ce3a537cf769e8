"""What a lock manager has to get right, as tests that its author inherits.

```python
class TestMyLocks(LockManagerContract):
    @pytest.fixture
    async def lock_manager(self) -> AsyncIterator[RoomLockManager]:
        manager = MyLockManager(...)
        yield manager
        await manager.close()
```

The tests are coroutines: set pytest-asyncio's ``asyncio_mode = "auto"``, or mark the class with
``pytest.mark.asyncio``.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import suppress

from roomkit.core.locks import RoomLease, RoomLockManager
from roomkit.models._base import new_id

__all__ = ["LockManagerContract"]


class LockManagerContract:
    """Inherit, and define a fixture ``lock_manager``."""

    patience: float = 0.05
    """Seconds to watch for what must not happen. Zero will do for locks of one process."""

    limit: float = 10.0
    """Seconds after which something that has to happen is taken to have failed."""

    def another(self, lock_manager: RoomLockManager) -> RoomLockManager:
        """The same locks as another process sees them: override it for locks on a server.

        It may be closed together with `lock_manager`.
        """
        return lock_manager

    async def stays_outside(self, waiter: asyncio.Task[RoomLease]) -> bool:
        """Whether `waiter` is still waiting after `patience` seconds."""
        done, _ = await asyncio.wait({waiter}, timeout=self.patience)
        return not done

    async def test_one_holder_at_a_time(self, lock_manager: RoomLockManager) -> None:
        rooms = [new_id() for _ in range(3)]
        managers = [lock_manager, self.another(lock_manager)]
        inside: Counter[str] = Counter()
        visits: Counter[str] = Counter()

        async def visit(number: int) -> None:
            room = rooms[number % 3]
            async with managers[number % 2].locked(room):
                inside[room] += 1
                assert inside[room] == 1, "two holders in one room"
                await asyncio.sleep(0)
                inside[room] -= 1
                visits[room] += 1

        async with asyncio.timeout(self.limit):
            await asyncio.gather(*(visit(number) for number in range(30)))
        assert [visits[room] for room in rooms] == [10, 10, 10]

    async def test_other_rooms_do_not_wait(self, lock_manager: RoomLockManager) -> None:
        async with (
            asyncio.timeout(self.limit),
            lock_manager.locked(new_id()),
            lock_manager.locked(new_id()) as second,
        ):
            assert not second.waited

    async def test_a_holder_keeps_others_out(self, lock_manager: RoomLockManager) -> None:
        room = new_id()
        first = await lock_manager.acquire(room)
        waiter = asyncio.create_task(self.another(lock_manager).acquire(room))
        assert await self.stays_outside(waiter)
        await lock_manager.release(first)
        async with asyncio.timeout(self.limit):
            second = await waiter
        assert (first.room_id, second.room_id) == (room, room)
        assert not first.waited
        assert second.waited
        await self.another(lock_manager).release(second)

    async def test_tokens_grow(self, lock_manager: RoomLockManager) -> None:
        room = new_id()
        leases = []
        for manager in (lock_manager, self.another(lock_manager), lock_manager):
            async with manager.locked(room) as lease:
                leases.append(lease)
        tokens = [lease.token for lease in leases if lease.token is not None]
        assert len(tokens) in (0, len(leases)), "some leases have a token and some have none"
        assert tokens == sorted(set(tokens))

    async def test_a_second_release_does_nothing(self, lock_manager: RoomLockManager) -> None:
        room = new_id()
        first = await lock_manager.acquire(room)
        await lock_manager.release(first)
        second = await lock_manager.acquire(room)
        await lock_manager.release(first)
        waiter = asyncio.create_task(lock_manager.acquire(room))
        assert await self.stays_outside(waiter), "the second release freed somebody else's room"
        await lock_manager.release(second)
        async with asyncio.timeout(self.limit):
            await lock_manager.release(await waiter)

    async def test_another_task_may_release(self, lock_manager: RoomLockManager) -> None:
        room = new_id()
        lease = await lock_manager.acquire(room)
        async with asyncio.timeout(self.limit):
            await asyncio.create_task(lock_manager.release(lease))
            async with lock_manager.locked(room):
                pass

    async def test_an_error_releases(self, lock_manager: RoomLockManager) -> None:
        room = new_id()
        with suppress(ZeroDivisionError):
            async with lock_manager.locked(room):
                raise ZeroDivisionError
        async with asyncio.timeout(self.limit), lock_manager.locked(room):
            pass

    async def test_cancelling_the_holder_releases(self, lock_manager: RoomLockManager) -> None:
        room = new_id()
        inside = asyncio.Event()

        async def hold() -> None:
            async with lock_manager.locked(room):
                inside.set()
                await asyncio.Event().wait()

        holder = asyncio.create_task(hold())
        async with asyncio.timeout(self.limit):
            await inside.wait()
            holder.cancel()
            await asyncio.wait({holder})
            assert holder.cancelled()
            async with lock_manager.locked(room):
                pass

    async def test_a_cancelled_waiter_holds_up_nobody(self, lock_manager: RoomLockManager) -> None:
        room = new_id()
        lease = await lock_manager.acquire(room)
        waiters = [asyncio.create_task(lock_manager.acquire(room)) for _ in range(3)]
        assert await self.stays_outside(waiters[0])
        waiters[0].cancel()
        waiters[1].cancel()
        await lock_manager.release(lease)
        async with asyncio.timeout(self.limit):
            await asyncio.wait(waiters)
            assert [waiter.cancelled() for waiter in waiters] == [True, True, False]
            await lock_manager.release(await waiters[2])
            async with lock_manager.locked(room):
                pass

    async def test_closing_twice_is_harmless(self, lock_manager: RoomLockManager) -> None:
        async with lock_manager.locked(new_id()):
            pass
        await lock_manager.close()
        await lock_manager.close()
