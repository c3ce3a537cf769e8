"""One writer per room: the lock that keeps the gates and the commit of two messages apart."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections import OrderedDict, deque
from types import TracebackType

__all__ = ["InMemoryLockManager", "RoomLease", "RoomLockManager"]


class RoomLease:
    """The right to write to one room, from `RoomLockManager.acquire` until `release`.

    Attributes:
        room_id: the room.
        token: grows with every lease of the room, so that a store can refuse a writer whose lease
            ran out unnoticed; None where a lease cannot run out.
        waited: whether somebody else held the room first. What was read about the room before may
            be stale then.
    """

    __slots__ = ("room_id", "token", "waited")

    def __init__(self, room_id: str, *, token: int | None = None, waited: bool = False) -> None:
        self.room_id = room_id
        self.token = token
        self.waited = waited

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.room_id!r}, token={self.token})"


class RoomLockManager(ABC):
    """Gives out one lease per room at a time; different rooms never wait for each other.

    Not reentrant: whoever holds a room and acquires it again waits for ever.
    `roomkit.testing.LockManagerContract` tests an implementation.
    """

    @abstractmethod
    async def acquire(self, room_id: str) -> RoomLease:
        """Wait until the room is free and take it.

        A caller that is cancelled while it waits holds nothing afterwards and delays nobody.
        Callers that bound their wait do so from outside.
        """

    @abstractmethod
    async def release(self, lease: RoomLease) -> None:
        """Give the room to the next in line.

        May be called from another task than `acquire`, and again for the same lease, which does
        nothing. An implementation that talks to a server must finish, or let the lease run out,
        when the caller is cancelled meanwhile.
        """

    def locked(self, room_id: str) -> HeldRoom:
        """``async with manager.locked(room_id) as lease`` holds the room for the body."""
        return HeldRoom(self, room_id)

    async def close(self) -> None:  # noqa: B027 - an optional callback
        """Release connections. Leases that are still held are the caller's business."""


class HeldRoom:
    """An ``async with`` over `RoomLockManager.acquire` and `release`. Good for one use."""

    __slots__ = ("_lease", "_manager", "_room_id")

    def __init__(self, manager: RoomLockManager, room_id: str) -> None:
        self._manager = manager
        self._room_id = room_id

    async def __aenter__(self) -> RoomLease:
        self._lease = await self._manager.acquire(self._room_id)
        return self._lease

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._manager.release(self._lease)


class _RoomLock:
    """The line in front of one room. Its futures belong to whichever loop is running then."""

    __slots__ = ("waiters",)

    def __init__(self) -> None:
        self.waiters: deque[asyncio.Future[None]] | None = None

    def join(self) -> asyncio.Future[None]:
        """Go to the end of the line; the future is done when the room is handed over."""
        if self.waiters is None:
            self.waiters = deque()
        waiter = asyncio.get_running_loop().create_future()
        self.waiters.append(waiter)
        return waiter

    def leave(self, waiter: asyncio.Future[None]) -> bool:
        """Leave the line; False if the room had been handed over already."""
        if self.waiters and waiter in self.waiters:
            self.waiters.remove(waiter)
            return True
        return waiter.cancelled()

    def wake_next(self) -> bool:
        """Hand the room to the first who still waits; False if nobody does."""
        while self.waiters:
            waiter = self.waiters.popleft()
            if not waiter.done():
                waiter.set_result(None)
                return True
        return False


class _HeldLease(RoomLease):
    __slots__ = ("lock",)

    def __init__(self, room_id: str, lock: _RoomLock, waited: bool) -> None:
        self.room_id = room_id
        self.token = None
        self.waited = waited
        self.lock: _RoomLock | None = lock


class InMemoryLockManager(RoomLockManager):
    """Locks for one process, first come first served.

    Not bound to an event loop: may be built before one runs, and used by one after another.

    Args:
        max_locks: how many rooms to remember. Rooms that are held or waited for are never
            forgotten, however many they are; of the idle ones the least recently used goes first.
    """

    def __init__(self, max_locks: int = 1024) -> None:
        if max_locks < 1:
            raise ValueError("max_locks must be at least 1")
        self._max_locks = max_locks
        self._held: dict[str, _RoomLock] = {}
        self._idle: OrderedDict[str, _RoomLock] = OrderedDict()

    def __len__(self) -> int:
        """How many rooms are remembered, held ones included."""
        return len(self._held) + len(self._idle)

    async def acquire(self, room_id: str) -> RoomLease:
        lock = self._held.get(room_id)
        if lock is None:
            lock = self._idle.pop(room_id) if room_id in self._idle else _RoomLock()
            self._held[room_id] = lock
            return _HeldLease(room_id, lock, False)
        await self._wait(room_id, lock)
        return _HeldLease(room_id, lock, True)

    async def release(self, lease: RoomLease) -> None:
        if not isinstance(lease, _HeldLease):
            raise TypeError("this lease comes from another lock manager")
        lock = lease.lock
        if lock is not None:
            lease.lock = None
            self._pass_on(lease.room_id, lock)

    async def _wait(self, room_id: str, lock: _RoomLock) -> None:
        waiter = lock.join()
        try:
            await waiter
        except BaseException:
            if not lock.leave(waiter):
                self._pass_on(room_id, lock)
            raise

    def _pass_on(self, room_id: str, lock: _RoomLock) -> None:
        if lock.waiters and lock.wake_next():
            return
        del self._held[room_id]
        idle = self._idle
        idle[room_id] = lock
        while idle and len(idle) + len(self._held) > self._max_locks:
            idle.popitem(last=False)
