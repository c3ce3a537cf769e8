"""`EventRouter`: from a committed event to the channels that see it.

Select the targets, transcode for each, let it react, deliver: one method each.
"""

from __future__ import annotations

import logging
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

from roomkit._tasks import bounded, first_step, is_failure
from roomkit.channels.base import Channel
from roomkit.core.overflow import fit
from roomkit.core.pipeline.cascade import enter_frame
from roomkit.core.pipeline.context import for_reader, is_open
from roomkit.core.pipeline.deliverer import NOTHING, Deliverer
from roomkit.core.pipeline.jobs import Broadcast, Job
from roomkit.core.pipeline.lanes import Lanes
from roomkit.core.pipeline.posting import Posting
from roomkit.core.pipeline.routes import Route, RouteTables
from roomkit.core.pipeline.streams import StreamRelay
from roomkit.core.runtime import KitRuntime
from roomkit.core.visibility import may_read
from roomkit.errors import describe_error
from roomkit.models._frozen import FrozenDict
from roomkit.models.channel import ChannelBinding, ChannelOutput
from roomkit.models.context import RoomContext
from roomkit.models.delivery import DeliveryResult
from roomkit.models.event import RoomEvent
from roomkit.telemetry.base import current_span_id, resume_span

if TYPE_CHECKING:
    from roomkit.core.pipeline.reentry import Reentry

logger = logging.getLogger("roomkit")

_MAX_SHARED_RESULTS = 512


class EventRouter:
    """Takes committed events to the lanes of their targets and serves the lanes."""

    def __init__(self, runtime: KitRuntime, reentry: Reentry) -> None:
        self._rt = runtime
        self._reentry = reentry
        self._deliverer = Deliverer(runtime)
        self._routes = RouteTables(runtime.channels)
        self._lanes: Lanes[Job] = Lanes(
            runtime.scope, self._serve, self._abandon, max_backlog=runtime.limits.max_backlog
        )
        self._traced = runtime.telemetry.enabled
        self._shared_results: dict[tuple[str, ...], dict[str, DeliveryResult]] = {}

    def stream_relay(self) -> StreamRelay:
        """Shows growing answers on the same routes."""
        return StreamRelay(self._rt, self._routes)

    def channels_changed(self) -> None:
        """A channel was registered."""
        self._routes.clear()

    def enqueue(
        self, posting: Posting, event: RoomEvent, source_binding: ChannelBinding | None
    ) -> None:
        """Give an event its place in every target's lane. To be called while the room is locked.

        The jobs whose lanes were idle are left in ``posting.ready``, for `run` or `start` once the
        lock is released.
        """
        snapshot, cascade = posting.snapshot, posting.cascade
        broadcast = Broadcast(
            event, snapshot.context, is_open(snapshot, event), source_binding, cascade, {}
        )
        if self._traced:
            broadcast.span = current_span_id()
        for route in self._routes.select(event, event.room_id, snapshot.bindings):
            job = Job(broadcast, route, route.lane)
            idle = self._lanes.offer(route.lane, job)
            if route.delivers:
                broadcast.undelivered += 1
            if idle is None:
                broadcast.results[route.binding.channel_id] = DeliveryResult(
                    channel_id=route.binding.channel_id,
                    success=False,
                    error="too many events are waiting for the channel",
                    error_code="backlog_full",
                )
                broadcast.unremarkable = False
                broadcast.undelivered -= route.delivers
                continue
            cascade.enter()
            if idle:
                posting.ready.append(job)
            else:
                job.waited = True
        if broadcast.results and not broadcast.undelivered:
            self._rt.in_background(cascade, self._record(broadcast), "record_deliveries")

    def start(self, ready: list[Job]) -> None:
        """Set idle lanes to work, beside the caller and as part of its telemetry span."""
        if self._traced:
            span = current_span_id()
            for job in ready:
                job.broadcast.span = span
        if ready:
            self._lanes.start(ready)

    def run(self, ready: list[Job]) -> Coroutine[Any, Any, None]:
        """Serve idle lanes in the task that awaits this, until what was `ready` is done."""
        return self._lanes.run(ready)

    def _serve(self, job: Job) -> Coroutine[Any, Any, None] | None:
        """Show one event to one channel.

        Most events go out unchanged and at once: those are done when this returns None. For all
        others it returns what is left to be awaited.
        """
        broadcast, route = job.broadcast, job.route
        channel, event = route.channel, broadcast.event
        if (
            channel is None
            or not route.plain
            or job.waited
            or not broadcast.open
            or not self._deliverer.is_direct
            or not self._rt.transcoder.passes(event.content, route.binding)
        ):
            return self._serve_slowly(job)
        enter_frame(broadcast.cascade)
        try:
            call = channel.deliver(event, route.binding, broadcast.context)
            done, output = first_step(call)
        except Exception as error:  # a channel is foreign code; its failure is an outcome
            return self._close(job, self._deliverer.failed(route.binding.channel_id, error))
        if not done:
            return self._finish(job, call, output)
        if output is not NOTHING:
            return self._close(job, self._deliverer.outcome(output, route.success))
        if broadcast.undelivered == 1:
            return self._close(job, route.success)
        broadcast.results[route.success.channel_id] = route.success
        broadcast.undelivered -= 1
        broadcast.cascade.leave()
        return None

    async def _finish(self, job: Job, call: Coroutine[Any, Any, Any], waits_for: Any) -> None:
        """Wait for a delivery that could not be made at once."""
        try:
            result = await self._deliverer.finish(call, waits_for, job.route.success)
        except BaseException:
            job.broadcast.cascade.leave()
            raise
        await self._close(job, result)

    async def _serve_slowly(self, job: Job) -> None:
        """The same for whatever needs more than one call of the channel."""
        broadcast = job.broadcast
        result: DeliveryResult | None
        try:
            enter_frame(broadcast.cascade)
            if self._traced:
                resume_span(broadcast.span)
            result = await self._handle(job)
        except BaseException as error:
            if not is_failure(error):
                broadcast.cascade.leave()
                raise
            result = await self._crashed(job, error)
        await self._close(job, result)

    async def _close(self, job: Job, result: DeliveryResult | None) -> None:
        """Note the outcome. Whatever the channel did, and the store does, the lane goes on."""
        broadcast, route = job.broadcast, job.route
        try:
            if route.delivers:
                if result is not None:
                    broadcast.results[result.channel_id] = result
                    if result is not route.success:
                        broadcast.unremarkable = False
                        if result.provider_message_id is not None and broadcast.undelivered > 1:
                            await self._record_early(broadcast, result)
                broadcast.undelivered -= 1
                if not broadcast.undelivered and broadcast.results:
                    await self._record(broadcast)
        except BaseException as error:  # the last line of defence: a lane must never stop
            if not is_failure(error):
                raise
            await self._crashed(job, error)
        finally:
            broadcast.cascade.leave()

    async def _crashed(self, job: Job, error: BaseException) -> DeliveryResult:
        """What becomes of an event that could not even be handed to its channel."""
        event, channel_id = job.broadcast.event, job.route.binding.channel_id
        await self._rt.report_error(event.room_id, channel_id, error, event=event)
        return DeliveryResult(
            channel_id=channel_id,
            success=False,
            error=describe_error(error),
            error_code="exception",
        )

    async def _handle(self, job: Job) -> DeliveryResult | None:
        """Show an event to a channel; returns the outcome if it was to be delivered."""
        broadcast, route = job.broadcast, job.route
        context = broadcast.context
        if job.waited:
            current, context = await self._refresh(job)
            if current is None:
                return None
            route = current
        if job.waited or not broadcast.open:
            context = for_reader(context, route.binding, broadcast.event, self._rt.channels)
        if route.channel is None:
            return _not_registered(route.binding)
        return await self._show(broadcast, route, route.channel, context)

    async def _refresh(self, job: Job) -> tuple[Route | None, RoomContext]:
        """The route and the context as they are now, after the job has waited in its lane."""
        broadcast = job.broadcast
        snapshot = await self._rt.store.snapshot(broadcast.event.room_id)
        if snapshot is None:
            return None, broadcast.context
        context = snapshot.context
        binding = snapshot.binding(job.route.binding.channel_id)
        if binding is None or not may_read(binding):
            return None, context
        if binding is job.route.binding:
            return job.route, context
        return self._routes.route(binding), context

    async def _show(
        self, broadcast: Broadcast, route: Route, channel: Channel, context: RoomContext
    ) -> DeliveryResult | None:
        binding = route.binding
        event = broadcast.event
        content = event.content
        transcoder = self._rt.transcoder
        if not transcoder.passes(content, binding):
            transcoded = await transcoder.transcode(
                content, broadcast.source_binding or binding, binding
            )
            if transcoded is None:
                return _not_representable(binding)
            if transcoded is not content:
                event = event.evolve(content=transcoded)
        parts: tuple[RoomEvent, ...] = (event,)
        truncated = False
        if binding.capabilities.max_length is not None:
            fitted = fit(event.content, binding.capabilities)
            truncated = fitted.truncated
            if fitted.contents != (event.content,):
                parts = tuple(event.evolve(content=part) for part in fitted.contents)
        if route.reacts:
            # A text that is sent in several parts is still one thing to react to.
            seen = parts[0] if len(parts) == 1 else event
            await self._react(broadcast, seen, route, channel, context)
        if not route.delivers:
            return None
        return await self._deliverer.deliver(
            channel, parts, binding, context, route.success, truncated=truncated
        )

    async def _react(
        self,
        broadcast: Broadcast,
        event: RoomEvent,
        route: Route,
        channel: Channel,
        context: RoomContext,
    ) -> None:
        """Let a channel answer, and put its answers through the gates."""
        binding = route.binding
        try:
            output: ChannelOutput | None = await bounded(
                self._rt.clock,
                channel.reaction_timeout,
                channel.on_event(event, binding, context),
            )
            if output is None or output is ChannelOutput.empty():
                return
            if not isinstance(output, ChannelOutput):
                raise TypeError(f"on_event() returned {type(output).__name__}, not ChannelOutput")
            await self._reentry.take(output, channel, binding, broadcast.event, broadcast.cascade)
            if output.error is not None:
                raise output.error
        except BaseException as error:  # who cannot answer must still get the deliveries
            if not is_failure(error):
                raise
            errors = broadcast.cascade.effects.errors
            errors.append(f"{binding.channel_id}: {type(error).__name__}")
            await self._rt.report_error(event.room_id, binding.channel_id, error, event=event)

    def _abandon(self, job: Job) -> None:
        """The kit closes; what still waited will not be delivered."""
        job.broadcast.cascade.leave()

    async def _record_early(self, broadcast: Broadcast, result: DeliveryResult) -> None:
        """Keep an outcome that the vendor may report about before the slowest channel is done."""
        event, channel_id = broadcast.event, result.channel_id
        try:
            await self._rt.record_deliveries(event.room_id, event.id, {channel_id: result})
        except Exception as error:  # it will be recorded with the others
            logger.warning("recording a delivery failed: %s", type(error).__name__)
        else:
            broadcast.early |= {channel_id}

    async def _record(self, broadcast: Broadcast) -> None:
        """Keep the outcomes with the event."""
        event, cascade, early = broadcast.event, broadcast.cascade, broadcast.early
        results = self._share(broadcast)
        new = results
        if early:
            # What a vendor has reported since is not to be overwritten.
            new = {name: result for name, result in results.items() if name not in early}
        stored = await self._rt.record_deliveries(event.room_id, event.id, new)
        if stored is not None:
            cascade.current[event.id] = stored.sealed()
        events = self._rt.events
        if not broadcast.unremarkable or events.listens("delivery_succeeded"):
            # Whoever listens takes their time, and the channel's next event need not wait for it.
            self._rt.in_background(cascade, self._tell(event, results), "delivery_events")

    async def _tell(self, event: RoomEvent, results: dict[str, DeliveryResult]) -> None:
        """Tell whoever listens what became of the deliveries."""
        events = self._rt.events
        failed = [result for result in results.values() if not result.success]
        if events.listens("delivery_succeeded"):
            for result in results.values():
                if result.success:
                    await events.emit(
                        "delivery_succeeded",
                        room_id=event.room_id,
                        channel_id=result.channel_id,
                        event_id=event.id,
                        provider_message_id=result.provider_message_id,
                    )
        for result in failed:
            logger.warning(
                "channel %s in room %s did not get event %s: %s",
                result.channel_id,
                event.room_id,
                event.id,
                result.error_code,
            )
            await events.emit(
                "delivery_failed",
                room_id=event.room_id,
                channel_id=result.channel_id,
                event_id=event.id,
                error=result.error,
                code=result.error_code,
            )
        if failed and len(failed) < len(results):
            await events.emit(
                "broadcast_partial_failure",
                room_id=event.room_id,
                event_id=event.id,
                failed=[result.channel_id for result in failed],
            )

    def _share(self, broadcast: Broadcast) -> dict[str, DeliveryResult]:
        """One read-only mapping for all events that simply reached the same channels."""
        results = broadcast.results
        if not broadcast.unremarkable:
            return FrozenDict(results)
        key = tuple(results)
        shared = self._shared_results.get(key)
        if shared is None:
            if len(self._shared_results) >= _MAX_SHARED_RESULTS:
                self._shared_results.clear()
            shared = self._shared_results[key] = FrozenDict(results)
        return shared


def _not_registered(binding: ChannelBinding) -> DeliveryResult:
    return DeliveryResult(
        channel_id=binding.channel_id,
        success=False,
        error="the channel is not registered with this kit",
        error_code="channel_not_registered",
    )


def _not_representable(binding: ChannelBinding) -> DeliveryResult:
    return DeliveryResult(
        channel_id=binding.channel_id,
        success=False,
        error="transcoding_failed",
        error_code="transcoding_failed",
    )
