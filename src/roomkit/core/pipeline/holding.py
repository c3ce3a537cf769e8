"""Taking a room's lock and giving it up, also by code that holds another room's already."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence

from roomkit._tasks import TaskScope
from roomkit.core.locks import RoomLease, RoomLockManager
from roomkit.core.pipeline.cascade import Hold


class RoomHolds:
    """Takes locks for turns, and for what their gates do in other rooms.

    A gate that posts into another room keeps its own locked while it waits for that one. Where
    that one's gate waits, itself or by way of others, for a room that this one keeps, nobody would
    ever get on. The one that would close such a circle steps out of its rooms instead: others may
    come in there until its gates are through, and then it takes them back. Only circles within
    one kit are seen, of gates that wait themselves and not for tasks of theirs; a time limit
    breaks the others.
    """

    def __init__(self, locks: RoomLockManager, scope: TaskScope) -> None:
        self._locks = locks
        self._scope = scope
        self._waits: list[tuple[list[str], str]] = []
        """Rooms that a gate keeps, and the room that it waits for. Hardly ever is there one."""

    def acquire(self, room_id: str, kept: Sequence[Hold] = ()) -> Awaitable[RoomLease]:
        """Wait for a room.

        Args:
            kept: what the caller holds already.
        """
        return self._acquire(room_id, kept) if kept else self._locks.acquire(room_id)

    async def _acquire(self, room_id: str, kept: Sequence[Hold]) -> RoomLease:
        rooms = [hold.lease.room_id for hold in kept]
        if self._closes_circle(room_id, rooms):
            for hold in kept:
                releasing = self.release(hold)
                hold.stepped_out = True
                await releasing
            return await self._locks.acquire(room_id)
        wait = (rooms, room_id)
        self._waits.append(wait)
        try:
            return await self._locks.acquire(room_id)
        finally:
            self._waits.remove(wait)

    def _closes_circle(self, room_id: str, rooms: list[str]) -> bool:
        """Whether whoever has the room waits, in the end, for one of `rooms`."""
        wanted, ahead = {room_id}, [room_id]
        while ahead:
            room = ahead.pop()
            for kept, wants in self._waits:
                if room in kept and wants not in wanted:
                    if wants in rooms:
                        return True
                    wanted.add(wants)
                    ahead.append(wants)
        return False

    async def take_back(self, hold: Hold) -> None:
        """Take a room again that its gate has stepped out of, now that the gate is through."""
        hold.lease = await self._locks.acquire(hold.lease.room_id)
        hold.stepped_out = False
        hold.active = True
        hold.touched = True

    def release(self, hold: Hold) -> Awaitable[None]:
        """Give up a lock, but not before all writes under it are done."""
        hold.active = hold.stepped_out = False
        if not hold.nested:
            return self._locks.release(hold.lease)
        # Not in the task that calls, which may be cancelled while it waits.
        return asyncio.shield(self._scope.spawn(self._release_later(hold), name="unlock"))

    async def _release_later(self, hold: Hold) -> None:
        lease = hold.lease
        await hold.quiet()
        await self._locks.release(lease)
