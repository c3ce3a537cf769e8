"""Putting one event into a timeline: under the room's lock through the checks and gates, then
committed.

Every event takes this way, whoever wrote it: an inbound message, an answer, an event that the host
sends, a notice of the framework.
"""

from __future__ import annotations

import asyncio
import logging

from roomkit.core.event_router import EventRouter
from roomkit.core.pipeline import revisions
from roomkit.core.pipeline.admission import Admission
from roomkit.core.pipeline.cascade import Hold, Inside, enclosing, kept_by_task
from roomkit.core.pipeline.held import hold_back, holds_back
from roomkit.core.pipeline.holding import RoomHolds
from roomkit.core.pipeline.injections import Injections
from roomkit.core.pipeline.posting import Posting
from roomkit.core.pipeline.timers import due_status, has_timers
from roomkit.core.pipeline.writing import write
from roomkit.core.runtime import KitRuntime
from roomkit.core.services.transitions import Transitions
from roomkit.errors import RoomNotFoundError
from roomkit.models.delivery import HookFailure
from roomkit.models.enums import (
    EventStatus,
    EventType,
    HookTrigger,
    RoomStatus,
)
from roomkit.models.event import RoomEvent
from roomkit.store.records import RoomSnapshot, TimelineCommit
from roomkit.store.rules import OPEN_STATUSES

logger = logging.getLogger("roomkit")


class Poster:
    """The steps of a posting, in the order in which they are to be called.

    `lock` … `run_gates` may be abandoned at any moment, with `unlock`; nothing is stored then.
    `commit` must run to its end, in a task that the caller's cancellation does not reach.
    """

    def __init__(self, runtime: KitRuntime, router: EventRouter, transitions: Transitions) -> None:
        self._rt = runtime
        self.admission = Admission(runtime)
        self.holds = RoomHolds(runtime.locks, runtime.scope)
        self.injections = Injections(runtime, router)
        self._router = router
        self._transitions = transitions

    async def lock(self, posting: Posting) -> None:
        """Wait for the room's lock, unless this very task holds it already, inside a gate."""
        room_id = posting.event.room_id
        frame = enclosing(room_id)
        if frame is None or not frame.holds_lock:
            kept = kept_by_task() if frame is not None or posting.cascade.outer else ()
            posting.hold = Hold(await self.holds.acquire(room_id, kept))
        elif frame.hold is not None:
            frame.hold.touched = True
            await frame.hold.quiet()

    async def unlock(self, posting: Posting) -> None:
        """Release the lock if the posting holds it. Harmless otherwise."""
        hold = posting.hold
        if hold is not None:
            posting.hold = None
            await self.holds.release(hold)

    async def load(self, posting: Posting, known: RoomSnapshot | None = None) -> None:
        """Read the room as it is under the lock, and apply what its timers are due to do.

        Args:
            known: an earlier reading, which spares the store the work if nothing has changed.

        Raises:
            RoomNotFoundError: it is gone.
        """
        event = posting.event
        claim = None
        if event.idempotency_key is not None:
            claim = (event.source.channel_id, event.idempotency_key)
        snapshot = await self._rt.store.snapshot(
            event.room_id, known=known, claim=claim, sender=posting.sender
        )
        if snapshot is None:
            raise RoomNotFoundError(event.room_id)
        if posting.origin != "system" and has_timers(snapshot.room):
            await self._apply_timers(posting, snapshot)
        posting.snapshot = snapshot
        posting.binding = snapshot.binding(event.source.channel_id)

    async def _apply_timers(self, posting: Posting, snapshot: RoomSnapshot) -> None:
        """Close a room that should have been closed by now, whether or not anybody has looked."""
        recent = snapshot.recent_events
        last_message_at = recent[-1].created_at if recent else None
        due = due_status(snapshot.room, self._rt.clock.now(), last_message_at)
        if due is RoomStatus.CLOSED:
            closing = self._rt.scope.spawn(
                self._transitions.to_closed(snapshot.room, posting.cascade),
                name="close_room",
                awaited=True,
            )
            hold = posting.hold or _held_around(snapshot.room.id)
            if hold is not None and not closing.done():
                hold.follow(closing)
            # The caller may go away; the room is closed with all that belongs to it.
            await asyncio.shield(closing)
            posting.status = "closed"
            posting.reason = "room_closed"

    async def run_gates(self, posting: Posting) -> None:
        """Ask the BEFORE_BROADCAST hooks."""
        rt, event = self._rt, posting.event
        if posting.status != "open" or posting.origin == "system":
            return
        trigger = HookTrigger.BEFORE_BROADCAST
        if not rt.hooks.listens(trigger, event.room_id):
            return
        cascade = posting.cascade
        hold = posting.hold or _held_around(event.room_id)
        with Inside(cascade, hold):
            outcome = await rt.hooks.run_gate(trigger, event, posting.snapshot.context)
        posting.event = outcome.event
        if hold is not None and hold.stepped_out:
            await self.holds.take_back(hold)
        if hold is not None and hold.touched:
            await hold.quiet()
            await self._look_again(posting)
        posting.injected = outcome.injected
        if outcome.tasks or outcome.observations:
            cascade.effects.tasks.extend(outcome.tasks)
            cascade.effects.observations.extend(outcome.observations)
        if outcome.failures:
            self.report_failures(posting, outcome.failures)
        if outcome.blocked_by is not None:
            posting.block(outcome.blocked_by, outcome.reason or "blocked")

    async def _look_again(self, posting: Posting) -> None:
        """A hook has changed the room: route and store by what it is now."""
        snapshot = await self._rt.store.snapshot(posting.event.room_id)
        if snapshot is not None:
            posting.snapshot = snapshot
            posting.closed_within = snapshot.room.status not in OPEN_STATUSES

    def report_failures(self, posting: Posting, failures: list[HookFailure]) -> None:
        """Keep what hooks did wrong for the result, and tell."""
        cascade = posting.cascade
        cascade.effects.failures.extend(failures)
        for failure in failures:
            self._rt.notify(
                cascade,
                "hook_error",
                room_id=posting.event.room_id,
                event_id=posting.event.id,
                hook=failure.hook,
                trigger=failure.trigger,
                error=failure.error,
            )

    async def commit(self, posting: Posting) -> None:
        """Store the event and put it into its targets' lanes, all under the lock; then release it.

        Never raises: what goes wrong is in ``posting.error``.
        """
        try:
            if posting.status in ("open", "blocked"):
                await self._store(posting)
                if posting.injected:
                    await self.injections.add(posting, posting.injected)
        except Exception as error:
            # Handed to the caller, who may be gone by now and must not have to release the lock.
            posting.error = error
        finally:
            hold, posting.hold = posting.hold, None
            if hold is not None:
                await self.holds.release(hold)

    async def _store(self, posting: Posting) -> None:
        rt, event = self._rt, posting.event
        now = rt.clock.now()
        room = posting.snapshot.room
        blocked, by_system = posting.status == "blocked", posting.origin == "system"
        commit = TimelineCommit(event=event, updated_at=now, allow_closed=by_system)
        if blocked:
            commit.status = EventStatus.BLOCKED
        else:
            if holds_back(room) and not by_system:
                hold_back(commit)
            if event.type is EventType.MESSAGE:
                commit.activity_at = now
            if posting.target is not None:
                commit.rewrites = await revisions.rewrites_for(
                    rt.store, event, posting.target, now
                )
        outcome = await write(rt.store, commit, room)
        posting.event = outcome.event
        if outcome.status != "stored":
            posting.status = outcome.status
            posting.reason = "duplicate" if outcome.status == "duplicate" else "room_closed"
            return
        cascade = posting.cascade
        cascade.current[event.id] = outcome.event
        if blocked:
            rt.notify(
                cascade,
                "event_blocked",
                room_id=event.room_id,
                channel_id=event.source.channel_id,
                event_id=event.id,
                blocked_by=event.blocked_by,
                reason=posting.reason,
            )
        elif commit.status is EventStatus.PENDING:
            posting.status = "pending"
            posting.reason = "room_paused"
        else:
            posting.status = "stored"
            if outcome.room.status is not room.status:
                # A message has woken a room that a timer had paused.
                rt.notify(cascade, "room_resumed", room_id=event.room_id, status="active")
            if not by_system:
                self.send_out(posting, outcome.event)

    def send_out(self, posting: Posting, event: RoomEvent) -> None:
        """Queue a stored event for everybody who may see it. The lock must be held."""
        cascade = posting.cascade
        cascade.sent.append(event.id)
        if posting.origin == "response":
            cascade.responses.append(event.id)
        self._router.enqueue(posting, event, posting.binding)


def _held_around(room_id: str) -> Hold | None:
    """The lock that the running gate of the room holds."""
    frame = enclosing(room_id)
    return None if frame is None else frame.hold
