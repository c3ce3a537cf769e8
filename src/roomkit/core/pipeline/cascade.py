"""Everything that one accepted message sets in motion, followed to its end."""

from __future__ import annotations

import asyncio
from contextvars import ContextVar
from typing import Any

from roomkit.core.locks import RoomLease
from roomkit.models.delivery import HookFailure
from roomkit.models.event import RoomEvent
from roomkit.models.task import Observation, Task

_frame: ContextVar[Frame | None] = ContextVar("roomkit_frame", default=None)


class SideEffects:
    """What hooks and channels want noted besides events, and what they did wrong."""

    __slots__ = (
        "errors",
        "failures",
        "observations",
        "saved_observations",
        "saved_tasks",
        "tasks",
    )

    def __init__(self) -> None:
        self.tasks: list[Task] = []
        self.observations: list[Observation] = []
        self.saved_tasks: list[Task] = []
        self.saved_observations: list[Observation] = []
        self.failures: list[HookFailure] = []
        self.errors: list[str] = []

    @property
    def unsaved(self) -> bool:
        """Whether there are tasks or observations that the store does not know yet."""
        return bool(self.tasks or self.observations)


class Cascade:
    """The work that follows from one message: deliveries, answers, answers to answers.

    ``pending`` counts what is still under way. A call that is made from inside (by a hook, a tool,
    or while delivering) joins the cascade it is made in instead of waiting for one of its own,
    which would be waiting for itself. ``budget`` bounds how many events a cascade may add, so that
    a hook that answers its own answers comes to an end; less than nothing is left where tasks that
    cascades have left behind keep starting new ones. ``sent`` names the events that were
    broadcast, ``responses`` those of them that are answers, and ``current`` has each as it stands
    by now.
    """

    __slots__ = (
        "_idle",
        "budget",
        "current",
        "ended_at",
        "finished",
        "known_effects",
        "outer",
        "pending",
        "responses",
        "room_id",
        "sent",
    )

    def __init__(self, room_id: str, budget: int, outer: Frame | None = None) -> None:
        self.room_id = room_id
        self.budget = budget
        self.outer = outer
        self.pending = 0
        self.finished = False
        self.ended_at = 0.0
        self.sent: list[str] = []
        self.responses: list[str] = []
        self.current: dict[str, RoomEvent] = {}
        self.known_effects: SideEffects | None = None
        self._idle: asyncio.Future[None] | None = None

    @property
    def effects(self) -> SideEffects:
        """To be added to. Most cascades have none: read `known_effects`."""
        if self.known_effects is None:
            self.known_effects = SideEffects()
        return self.known_effects

    def enter(self) -> None:
        """Something more is under way."""
        self.pending += 1

    def leave(self) -> None:
        """Something that was entered is done, in whatever way."""
        self.pending -= 1
        if self.pending == 0 and self._idle is not None:
            if not self._idle.done():
                self._idle.set_result(None)
            self._idle = None

    async def idle(self) -> None:
        """Wait until nothing is under way."""
        while self.pending:
            if self._idle is None:
                self._idle = asyncio.get_running_loop().create_future()
            await self._idle

    def spend(self) -> bool:
        """Take one event from the budget; False if there is none left."""
        if self.budget <= 0:
            return False
        self.budget -= 1
        return True


class Hold:
    """A lease while it is held. The flag outlives the lease in frames that were inherited.

    ``touched`` tells that something was written to the room from inside the gate, and ``nested``
    has the writes that are still under way: the lock is not given up before they are done. A hold
    that has ``stepped_out`` is to be taken back at the end of the gate.
    """

    __slots__ = ("active", "lease", "nested", "stepped_out", "touched")

    def __init__(self, lease: RoomLease) -> None:
        self.lease = lease
        self.active = True
        self.touched = False
        self.stepped_out = False
        self.nested: set[asyncio.Task[Any]] | None = None

    @property
    def is_open(self) -> bool:
        """Whether the gate goes on, on its lease or stepped out."""
        return self.active or self.stepped_out

    def follow(self, task: asyncio.Task[Any]) -> None:
        """Keep the lock until this write from inside the gate is done."""
        if self.nested is None:
            self.nested = set()
        self.nested.add(task)
        task.add_done_callback(self.nested.discard)

    async def quiet(self) -> None:
        """Wait for writes from inside the gate that a hook's time limit has left behind."""
        if self.nested:
            await asyncio.wait(set(self.nested))


class Frame:
    """Where the running code stands: in which room's cascade and, inside a gate, on which lease.

    The lease counts only in the very task that holds the lock: a task that a hook started inherits
    the frame with its context, but must queue for the lock like everybody else.
    """

    __slots__ = ("_task", "cascade", "depth", "hold", "parent")

    def __init__(self, cascade: Cascade, parent: Frame | None, hold: Hold | None = None) -> None:
        self.cascade = cascade
        self.parent = parent
        self.depth: int = 0 if parent is None else parent.depth
        self.hold = hold
        self._task: asyncio.Task[Any] | None = None
        if hold is not None:
            self._task = asyncio.current_task()
            self.depth += 1

    @property
    def holds_lock(self) -> bool:
        return self.hold is not None and self.hold.active and self._task is asyncio.current_task()


def _unfinished(frame: Frame | None) -> Frame | None:
    """The innermost frame, from this one outwards, whose cascade goes on."""
    while frame is not None and frame.cascade.finished:
        frame = frame.parent
    return frame


def unfinished_around() -> Frame | None:
    """The innermost frame around the running code whose cascade goes on, of whatever room."""
    return _unfinished(_frame.get())


def running_in() -> Cascade | None:
    """The cascade that the running code comes from, of whatever room, even if it has ended."""
    frame = _frame.get()
    return None if frame is None else frame.cascade


def enclosing(room_id: str) -> Frame | None:
    """The innermost unfinished cascade of the room that the running code is part of."""
    frame = _frame.get()
    while frame is not None:
        if frame.cascade.room_id == room_id and not frame.cascade.finished:
            return frame
        frame = frame.parent
    return None


def kept_by_task() -> list[Hold]:
    """The locks that the running task holds, in the gates that it is in."""
    kept: list[Hold] = []
    frame = _frame.get()
    while frame is not None:
        if frame.hold is not None and frame.holds_lock and frame.hold not in kept:
            kept.append(frame.hold)
        frame = frame.parent
    return kept


def gate_around() -> Frame | None:
    """The innermost gate that waits for the running code, as far as that can be told, whatever
    its room."""
    frame = _frame.get()
    while frame is not None and (frame.hold is None or not frame.hold.is_open):
        frame = frame.parent
    return frame


def is_inside_gate(cascade: Cascade) -> bool:
    """Whether a gate waits for the running code, which has begun this cascade."""
    return cascade.outer is not None and gate_around() is not None


def enter_frame(cascade: Cascade) -> None:
    """Mark what this task does from now on as part of a cascade."""
    frame = _frame.get()
    if frame is None or frame.cascade is not cascade or frame.hold is not None:
        _frame.set(Frame(cascade, cascade.outer))


class Inside:
    """``with Inside(cascade, hold)``: the body is a gate of the cascade and holds the room's
    lock."""

    __slots__ = ("_frame", "_token")

    def __init__(self, cascade: Cascade, hold: Hold | None) -> None:
        self._frame = Frame(cascade, unfinished_around(), hold)

    def __enter__(self) -> None:
        self._token = _frame.set(self._frame)

    def __exit__(self, *_exc: object) -> None:
        _frame.reset(self._token)
