"""One queue for each channel in each room."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable

from roomkit._tasks import TaskScope

type LaneKey = tuple[str, str]
"""A room's id and a channel's id."""


class Lanes[J]:
    """Lets a channel see a room's events in the order of the timeline, one at a time.

    Channels do not wait for each other, and a lane with nothing to do owns neither a task nor memory.
    Jobs are taken in while the room's lock is held, which fixes their order, and started after it was
    released. `serve` must not raise; `abandon` gets the jobs that wait when the lane is cancelled.
    """

    def __init__(
        self,
        scope: TaskScope,
        serve: Callable[[J], Awaitable[None]],
        abandon: Callable[[J], None],
        *,
        max_backlog: int,
    ) -> None:
        self._scope = scope
        self._serve = serve
        self._abandon = abandon
        self._max_backlog = max_backlog
        self._queues: dict[LaneKey, deque[J]] = {}

    def __len__(self) -> int:
        return len(self._queues)

    def offer(self, key: LaneKey, job: J) -> bool | None:
        """Put a job into its lane.

        Returns:
            True if the lane was idle: the caller must `start` it. False if the job waits its turn.
            None if the lane has `max_backlog` jobs waiting: the job was not taken.
        """
        queue = self._queues.get(key)
        if queue is None:
            self._queues[key] = deque()
            return True
        if len(queue) >= self._max_backlog:
            return None
        queue.append(job)
        return False

    def start(self, key: LaneKey, job: J) -> None:
        """Run an idle lane's first job and then whatever has queued up behind it."""
        self._scope.spawn(self._run(key, job), name="lane")

    async def _run(self, key: LaneKey, job: J) -> None:
        queue = self._queues[key]
        try:
            while True:
                await self._serve(job)
                if not queue:
                    return
                job = queue.popleft()
        finally:
            del self._queues[key]
            for waiting in queue:
                self._abandon(waiting)
