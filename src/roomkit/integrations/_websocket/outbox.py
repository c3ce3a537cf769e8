"""Frames on their way to one client."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Container
from typing import Never

_EASY = 32
"""With no more frames than this waiting, a client is keeping up."""


class SlowClientError(Exception):
    """More frames wait for the client than it may leave unread, or it has gone."""


class Outbox:
    """A bounded queue, sent in order by `run`.

    Until `open` is called frames only pile up, so that what happens while a client is being told
    about the past is neither lost nor too early.
    """

    def __init__(
        self, send: Callable[[str], Awaitable[None]], *, max_frames: int, max_bytes: int
    ) -> None:
        self._send = send
        self._max_frames = max_frames
        self._max_bytes = max_bytes
        self._frames: deque[tuple[str, str | None]] = deque()
        self._bytes = 0
        self._opened = False
        self._closed = False
        self._seen: Container[str] = ()
        self._filled = asyncio.Event()
        self._eased = asyncio.Event()
        self._eased.set()

    def __len__(self) -> int:
        return len(self._frames)

    def put(self, frame: str, *, event_id: str | None = None) -> None:
        """Queue a frame without waiting. One about an event that the client knows is left out.

        Raises:
            SlowClientError: the queue is full or closed.
        """
        if event_id is not None and event_id in self._seen:
            return
        size = self._bytes + len(frame)
        full = len(self._frames) >= self._max_frames or (size > self._max_bytes and self._frames)
        if full or self._closed:
            raise SlowClientError
        self._frames.append((frame, event_id))
        self._bytes = size
        if len(self._frames) > _EASY:
            self._eased.clear()
        self._filled.set()

    async def put_in_turn(self, frame: str) -> None:
        """Queue a frame once few are waiting. The order of callers is theirs to keep."""
        await self._eased.wait()
        self.put(frame)

    def open(self, first: str, known: Container[str]) -> None:
        """Put a frame in front of all others and let them out.

        Args:
            known: the ids of the events that the first frame tells of.
        """
        self._seen = known
        waiting = [entry for entry in self._frames if entry[1] is None or entry[1] not in known]
        self._frames = deque([(first, None), *waiting])
        self._bytes = sum(len(frame) for frame, _ in self._frames)
        self._opened = True
        self._filled.set()

    def close(self) -> None:
        """Take no more frames, and let go of whoever waits to queue one."""
        self._closed = True
        self._frames.clear()
        self._eased.set()

    async def run(self) -> Never:
        """Send, for as long as the client takes it."""
        while True:
            while not (self._opened and self._frames):
                self._filled.clear()
                await self._filled.wait()
            frame, _ = self._frames.popleft()
            self._bytes -= len(frame)
            if len(self._frames) <= _EASY:
                self._eased.set()
            await self._send(frame)
