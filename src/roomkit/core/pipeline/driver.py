"""`Driver`: takes postings through their steps and follows their cascades to the end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from roomkit.core.event_router import EventRouter
from roomkit.core.pipeline.aftermath import Aftermath
from roomkit.core.pipeline.cascade import (
    Cascade,
    Hold,
    Inside,
    enclosing,
    enter_frame,
    is_inside_gate,
    kept_by_task,
    running_in,
    unfinished_around,
)
from roomkit.core.pipeline.held import held_events, sent_out
from roomkit.core.pipeline.poster import Poster
from roomkit.core.pipeline.posting import Posting
from roomkit.core.pipeline.streams import StreamRelay
from roomkit.core.runtime import KitRuntime
from roomkit.errors import KitClosedError
from roomkit.models.enums import HookTrigger
from roomkit.models.event import RoomEvent
from roomkit.models.hook import InjectedEvent
from roomkit.telemetry.base import SpanKind

_SAME_CHAIN = 60.0
"""A task that waits for longer than this (in seconds) before it posts again is no endless loop."""


class Operation:
    """A change to a room that is being made under its lock."""

    def __init__(self, room_id: str, cascade: Cascade, driver: Driver) -> None:
        self.room_id = room_id
        self.cascade = cascade
        self._driver = driver

    async def record(self, event: RoomEvent) -> RoomEvent:
        """Append a notice to the timeline. It is not delivered to anybody."""
        posting = Posting(event=event, cascade=self.cascade, origin="system")
        await self._driver.poster.load(posting)
        await self._driver.poster.commit(posting)
        if posting.error is not None:
            raise posting.error
        return posting.event

    def tell(self, trigger: HookTrigger, payload: Any) -> None:
        """Run a trigger's hooks, outside of the lock."""
        rt = self._driver.runtime
        if rt.hooks.listens(trigger, self.room_id):
            rt.in_background(
                self.cascade, rt.observe(trigger, payload, self.room_id), trigger.value
            )


class Driver:
    """Runs postings and operations, each in a task that its caller's cancellation does not
    reach."""

    def __init__(
        self, runtime: KitRuntime, router: EventRouter, poster: Poster, streams: StreamRelay
    ) -> None:
        self.runtime = runtime
        self._router = router
        self.poster = poster
        self._streams = streams
        self._aftermath = Aftermath(runtime)

    def cascade_for(self, room_id: str) -> tuple[Cascade, bool]:
        """The cascade that a call from here belongs to, and whether it begins with this call.

        The call is entered in it: it ends in `carry_through`, or with `let_go`.
        """
        if running_in() is None:  # nothing that a kit runs: the way of nearly every message
            cascade = Cascade(room_id, self.runtime.limits.cascade_budget)
            cascade.enter()
            return cascade, True
        frame = enclosing(room_id)
        cascade = frame.cascade if frame else Cascade(room_id, self._budget(), unfinished_around())
        cascade.enter()
        return cascade, frame is None

    def _budget(self) -> int:
        """What a cascade that begins here may add: one event less than the one before it, if it
        is started by a task that this one has left behind just now."""
        before = running_in()
        if before is None or (
            before.finished and self.runtime.clock.monotonic() - before.ended_at > _SAME_CHAIN
        ):
            return self.runtime.limits.cascade_budget
        return before.budget - 1

    async def prepare(self, posting: Posting, *, outermost: bool) -> None:
        """All steps before the commit. If this is cut short, call `Poster.unlock`."""
        poster = self.poster
        await poster.lock(posting)
        await poster.load(posting)
        poster.admission.check_idempotency(posting)
        poster.admission.check_rights(posting)
        poster.admission.check_bounds(posting, outermost=outermost)
        await poster.admission.check_revision(posting)
        await poster.run_gates(posting)

    async def post(self, posting: Posting, *, outermost: bool) -> None:
        """Take a posting all the way.

        The outermost caller waits for the whole cascade; a call from inside one only for the
        commit, and so does one from a gate of another room, which stays locked meanwhile. The
        posting has to be entered in its cascade.
        """
        try:
            await self.prepare(posting, outermost=outermost)
        except BaseException:
            await self.let_go(posting, outermost=outermost)
            raise
        await self.carry_through(posting, outermost=outermost)

    async def carry_through(self, posting: Posting, *, outermost: bool) -> None:
        """Commit a prepared posting and see to what follows, whatever becomes of the caller."""
        if self.runtime.ended:
            await self.let_go(posting, outermost=outermost)
            raise KitClosedError
        frame = enclosing(posting.event.room_id) if posting.hold is None else None
        hold = None if frame is None else frame.hold
        carrying = self._carry(posting, outermost=outermost)
        task = self.runtime.scope.spawn(carrying, name="turn", awaited=True)
        if task.done():
            task.result()
        else:
            await self._finished(task, hold)
        if posting.error is not None:
            raise posting.error

    async def let_go(self, posting: Posting, *, outermost: bool) -> None:
        """End a call whose event will not be committed.

        What hooks have set in motion meanwhile is followed to its end all the same.
        """
        try:
            await self.poster.unlock(posting)
        finally:
            self._leave(posting.cascade, outermost=outermost)

    def _leave(self, cascade: Cascade, *, outermost: bool) -> None:
        cascade.leave()
        if outermost:
            self._settle_later(cascade)

    def _settle_later(self, cascade: Cascade) -> None:
        """Follow a cascade to its end for a caller who does not wait for that; the outermost call
        around it does."""
        outer = cascade.outer
        if outer is None or outer.cascade.finished:
            self.runtime.scope.spawn(self.settle(cascade), name="cascade")
        else:
            self.runtime.in_background(outer.cascade, self.settle(cascade), "cascade")

    async def _carry(self, posting: Posting, *, outermost: bool) -> None:
        cascade, telemetry = posting.cascade, self.runtime.telemetry
        waits = outermost and not is_inside_gate(cascade)
        try:
            await self.poster.commit(posting)
            if posting.on_stored is not None and posting.status == "stored":
                posting.on_stored(posting.event)
            if telemetry.enabled:
                with telemetry.span(SpanKind.BROADCAST, posting.event.source.channel_id):
                    self._router.start(posting.ready)
            elif waits:  # for the whole cascade anyway: no need for another task
                await self._router.run(posting.ready)
            else:
                self._router.start(posting.ready)
        finally:
            cascade.leave()
        if waits:
            await self.settle(cascade)
        elif outermost:
            self._settle_later(cascade)

    async def see_through[T](self, coro: Coroutine[Any, Any, T], name: str) -> T:
        """Await something that must not end half done: cancelling the caller ends only the
        wait."""
        result: T = await self._owned(coro, name)
        return result

    async def _owned(self, coro: Any, name: str, hold: Hold | None = None) -> Any:
        """Await a coroutine in a task of the kit's: cancelling the caller abandons only the wait.

        If the coroutine writes under a gate's lock, the gate keeps that `hold` until it is done.
        """
        task = self.runtime.scope.spawn(coro, name=name, awaited=True)
        return task.result() if task.done() else await self._finished(task, hold)

    async def _finished(self, task: asyncio.Task[Any], hold: Hold | None) -> Any:
        if hold is not None:
            hold.follow(task)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            task.add_done_callback(self.runtime.scope.report)
            current = asyncio.current_task()
            if task.cancelled() and current is not None and not current.cancelling():
                raise KitClosedError from None
            raise

    async def operate[T](
        self, room_id: str, body: Callable[[Operation], Coroutine[Any, Any, T]]
    ) -> T:
        """Make a change to a room under its lock, then run the hooks that it calls for.

        May be called from anywhere, also from inside a gate of the same room.
        """
        frame = enclosing(room_id)
        if frame is not None and frame.holds_lock and frame.hold is not None:
            frame.hold.touched = True
            await frame.hold.quiet()
            nested = body(Operation(room_id, frame.cascade, self))
            changed: T = await self._owned(nested, "operation", frame.hold)
            await self._streams.review(room_id)
            return changed
        cascade, outermost = self.cascade_for(room_id)
        result: T = await self._owned(
            self._operate(room_id, body, cascade, kept_by_task(), outermost=outermost),
            "operation",
        )
        return result

    async def _operate[T](
        self,
        room_id: str,
        body: Callable[[Operation], Coroutine[Any, Any, T]],
        cascade: Cascade,
        kept: list[Hold],
        *,
        outermost: bool,
    ) -> T:
        holds = self.poster.holds
        try:
            hold = Hold(await holds.acquire(room_id, kept))
            try:
                with Inside(cascade, hold):
                    result = await body(Operation(room_id, cascade, self))
            finally:
                await holds.release(hold)
            await self._streams.review(room_id)
        except BaseException:
            self._leave(cascade, outermost=outermost)
            raise
        cascade.leave()
        if outermost and is_inside_gate(cascade):
            self._settle_later(cascade)
        elif outermost:
            await self.settle(cascade)
        return result

    async def settle(self, cascade: Cascade) -> None:
        """Wait until nothing is under way, save side effects and run the observers, until all is
        quiet.

        Observers may themselves set something in motion, which then is awaited in its turn.
        """
        told = 0
        try:
            while True:
                if cascade.pending:
                    await cascade.idle()
                news = len(cascade.sent) > told and self._aftermath.is_watched(cascade.room_id)
                effects = cascade.known_effects
                unsaved = effects is not None and effects.unsaved
                if not news and not unsaved:
                    break
                enter_frame(cascade)
                sent = cascade.sent[told:]
                told += len(sent)
                if effects is not None:
                    await self._aftermath.save(effects, cascade)
                await self._aftermath.tell(cascade, sent)
        finally:
            cascade.finished = True
            cascade.ended_at = self.runtime.clock.monotonic()

    async def inject(self, cause: RoomEvent, injected: Sequence[InjectedEvent]) -> None:
        """Add what a hook returned for something else than a message, which `cause` has set
        off."""

        async def add(operation: Operation) -> None:
            posting = Posting(event=cause, cascade=operation.cascade, origin="sent")
            await self.poster.load(posting)
            await self.poster.injections.add(posting, injected)
            self._router.start(posting.ready)

        await self.operate(cause.room_id, add)

    async def release_pending(self, operation: Operation) -> None:
        """Send out, in order, what was held back while a room was paused. The lock must be
        held."""
        store, poster = self.runtime.store, self.poster
        async for event in held_events(store, operation.room_id):
            posting = Posting(event=event, cascade=operation.cascade, origin="sent")
            await poster.load(posting)
            event = await store.update_event(sent_out(event))
            posting.event = event = event.sealed()
            operation.cascade.current[event.id] = event
            poster.send_out(posting, event)
            self._router.start(posting.ready)
