"""One queue for each channel in each room."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any, Protocol

from roomkit._tasks import TaskScope, first_step, resumed

type LaneKey = tuple[str, str]
"""A room's id and a channel's id."""


_MAX_DEPTH = 20
"""How many lanes that wait may be started within each other: each takes its part of the stack."""


class LaneJob(Protocol):
    """Something to be done in a lane."""

    @property
    def lane(self) -> LaneKey: ...


class Lanes[J: LaneJob]:
    """Lets a channel see a room's events in the order of the timeline, one at a time.

    Channels do not wait for each other, and a lane with nothing to do owns neither a task nor
    memory. Jobs are taken in while the room's lock is held, which fixes their order, and started
    after it was released. `serve` does a job, or returns what is left of it to be awaited, and
    must not raise; `abandon` gets the jobs that were waiting when
    their lane was cancelled.
    """

    def __init__(
        self,
        scope: TaskScope,
        serve: Callable[[J], Coroutine[Any, Any, None] | None],
        abandon: Callable[[J], None],
        *,
        max_backlog: int,
    ) -> None:
        self._scope = scope
        self._serve = serve
        self._abandon = abandon
        self._max_backlog = max_backlog
        # A busy lane has an entry, and a queue only once something waits in it.
        self._queues: dict[LaneKey, deque[J] | None] = {}

    def __len__(self) -> int:
        return len(self._queues)

    def offer(self, key: LaneKey, job: J) -> bool | None:
        """Put a job into its lane.

        Returns:
            True if the lane was idle: the caller must `start` the job. False if the job waits its
            turn. None if the lane has `max_backlog` jobs waiting: the job was not taken.
        """
        queues = self._queues
        if key not in queues:
            queues[key] = None
            return True
        queue = queues[key]
        if queue is None:
            queue = queues[key] = deque()
        if len(queue) >= self._max_backlog:
            return None
        queue.append(job)
        return False

    def start(self, ready: list[J]) -> None:
        """`run` the jobs in a task of their own."""
        self._scope.spawn(self.run(ready), name="lanes")

    async def run(self, ready: list[J], depth: int = 0) -> None:
        """Serve the first jobs of idle lanes, one after the other while none has to wait.

        Most deliveries never wait, and a task for each of them would cost more than they do. The
        first that does wait keeps this task to itself, and another goes on with the rest, so that
        no channel is held up by another. Up to some `depth` that one starts within this one.

        What has queued up behind a job that may have waited goes on in another task too: whoever
        awaits this one has nothing to do with it.
        """
        ready.reverse()
        while ready:
            job = ready.pop()
            try:
                coro = self._serve(job)
                if coro is None:
                    done = True
                elif ready:
                    done, waits_for = first_step(coro)
                    if not done:
                        self._hand_over(ready, (depth + 1) % _MAX_DEPTH)
                        ready = []
                        await resumed(coro, waits_for)
                else:
                    done = False
                    await coro
            except BaseException:
                self._give_up(job.lane)
                for unserved in ready:
                    self._abandon(unserved)
                    self._give_up(unserved.lane)
                raise
            following = self._next(job.lane)
            if following is not None:
                if done:
                    ready.append(following)
                else:
                    self._hand_over([following], 0)

    def _hand_over(self, rest: list[J], depth: int) -> None:
        """Go on in a task within this one, or in the next turn of the loop at a depth of 0."""
        self._scope.spawn(self.run(rest[::-1], depth), name="lanes", eager=depth != 0)

    def _next(self, key: LaneKey) -> J | None:
        queue = self._queues[key]
        if queue:
            return queue.popleft()
        del self._queues[key]
        return None

    def _give_up(self, key: LaneKey) -> None:
        for waiting in self._queues.pop(key, None) or ():
            self._abandon(waiting)
