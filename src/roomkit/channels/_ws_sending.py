"""Giving an event to several clients at once, none of whom waits for another."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Collection, Coroutine, Sequence
from typing import Any

from roomkit._clock import Clock
from roomkit._tasks import TaskScope
from roomkit.errors import DeliveryError
from roomkit.models.event import RoomEvent

_MAX_BEHIND = 1000
"""How many events may wait for a client that is behind before it is given up."""

_CLOSING_SECONDS = 0.5


class Sending[Client]:
    """Sends the events of each room to each client in order, one at a time.

    A client that takes longer than a moment is left behind: it gets what it has missed as fast as
    it can take it, while the others go on.

    Args:
        send: makes one client take one event; False if it could not, and was forgotten.
        give_up: forgets a client.
        at_once: how many clients are served at the same time for one event.
    """

    def __init__(
        self,
        send: Callable[[Client, RoomEvent], Coroutine[Any, Any, bool]],
        give_up: Callable[[Client, Exception], None],
        *,
        at_once: int,
    ) -> None:
        self._send = send
        self._give_up = give_up
        self._at_once = at_once
        self._scope = TaskScope("websocket")
        self._behind: dict[tuple[Client, str], deque[RoomEvent]] = {}

    def is_behind(self, client: Client, room_id: str) -> bool:
        """Whether a client is still taking what came before in a room."""
        return (client, room_id) in self._behind

    async def to_all(
        self, clients: Sequence[Client], event: RoomEvent, clock: Clock, patience: float
    ) -> bool:
        """Send an event; returns once all have it, or some and the others take too long.

        Cancelling this ends only the wait.

        Args:
            patience: for how many seconds to wait for all.

        Returns:
            Whether anybody has it, or still may get it.
        """
        places = asyncio.Semaphore(self._at_once)

        async def send(client: Client) -> bool:
            async with places:
                return await self._send(client, event)

        queued = [client for client in clients if self._queue(client, event)]
        sends = {
            self._scope.spawn(send(client), name="send", awaited=True): client
            for client in clients
            if client not in queued
        }
        try:
            if not all(task.done() for task in sends):
                await _sent(sends, clock, patience)
        finally:
            for task, client in sends.items():
                if not task.done():
                    self._leave_behind(client, event.room_id, task)
        return bool(queued) or any(not task.done() or task.result() for task in sends)

    async def close(self) -> None:
        """Stop sending."""
        await self._scope.close(drain_seconds=_CLOSING_SECONDS)
        self._behind.clear()

    def _queue(self, client: Client, event: RoomEvent) -> bool:
        """Keep an event for a client who is behind, if it is."""
        missed = self._behind.get((client, event.room_id))
        if missed is None:
            return False
        if len(missed) >= _MAX_BEHIND:
            self._give_up(client, DeliveryError("too far behind", code="backlog_full"))
            missed.clear()
        missed.append(event)
        return True

    def _leave_behind(self, client: Client, room_id: str, sending: asyncio.Task[bool]) -> None:
        missed: deque[RoomEvent] = deque()
        self._behind[client, room_id] = missed
        self._scope.spawn(self._catch_up(client, room_id, missed, sending), name="catch up")

    async def _catch_up(
        self,
        client: Client,
        room_id: str,
        missed: deque[RoomEvent],
        sending: asyncio.Task[bool],
    ) -> None:
        try:
            await asyncio.wait([sending])
            reached = sending.result()
            while missed and reached:
                reached = await self._send(client, missed.popleft())
        finally:
            del self._behind[client, room_id]


async def _sent(sends: Collection[asyncio.Task[bool]], clock: Clock, patience: float) -> None:
    """Wait until all have it; after `patience`, until somebody has or nobody can any more."""
    try:
        async with clock.timeout(patience):
            await asyncio.wait(sends)
    except TimeoutError:
        while waiting := [task for task in sends if not task.done()]:
            if any(task.done() and task.result() for task in sends):
                break
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
