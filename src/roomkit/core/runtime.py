"""`KitRuntime`: what the parts of a kit share."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field, fields
from math import isnan
from typing import TYPE_CHECKING, Any, Protocol

from roomkit._clock import Clock
from roomkit._tasks import TaskScope
from roomkit.channels.base import Channel
from roomkit.core.framework_events import FrameworkEvents
from roomkit.core.hooks import HookEngine
from roomkit.core.inbound_router import InboundRoomRouter
from roomkit.core.locks import RoomLockManager
from roomkit.core.pipeline.delivery_ladder import EarlyReports
from roomkit.core.rate_limiter import TokenBucketRateLimiter
from roomkit.core.transcoder import ContentTranscoder
from roomkit.errors import ChannelNotRegisteredError, KitClosedError, describe_error
from roomkit.identity.base import IdentityResolver
from roomkit.models.channel import ChannelBinding, ChannelOutput
from roomkit.models.content import SystemContent
from roomkit.models.context import RoomContext
from roomkit.models.delivery import DeliveryResult, HookFailure
from roomkit.models.enums import ChannelDirection, ChannelType, EventType, HookTrigger
from roomkit.models.event import EventSource, RoomEvent
from roomkit.models.framework_event import FrameworkEventType
from roomkit.realtime.base import RealtimeBackend
from roomkit.store.base import ConversationStore
from roomkit.telemetry.base import TelemetryProvider

if TYPE_CHECKING:
    from roomkit.core.pipeline.cascade import Cascade

logger = logging.getLogger("roomkit")

SYSTEM_CHANNEL = "system"
"""The source of events that the framework itself writes."""


class DeliveryStrategy(Protocol):
    """Wraps every attempt at a delivery, to delay, record or redirect it."""

    async def deliver(
        self,
        fn: Callable[[RoomEvent, ChannelBinding, RoomContext], Awaitable[ChannelOutput]],
        event: RoomEvent,
        binding: ChannelBinding,
        context: RoomContext,
    ) -> ChannelOutput:
        """Call ``fn(event, binding, context)`` and return what it returns."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Limits:
    """The bounds of a kit; times in seconds.

    Attributes:
        max_chain_depth: how many generations of answers may follow one message.
        cascade_budget: how many events one message may cause altogether.
        max_gate_depth: how deep hooks may send events from inside hooks.
        max_backlog: how many events may wait for one channel of one room.
    """

    max_chain_depth: int = 5
    cascade_budget: int = 100
    max_gate_depth: int = 8
    max_backlog: int = 1000
    identity_timeout: float = 10.0
    process_timeout: float = 30.0
    delivery_timeout: float = 30.0
    close_timeout: float = 3.0

    def __post_init__(self) -> None:
        for limit in fields(self):
            value = getattr(self, limit.name)
            if not isinstance(value, int | float) or value < 0 or isnan(value):
                raise ValueError(f"{limit.name} must be a number that is not negative")


@dataclass(slots=True, kw_only=True, eq=False, repr=False)
class KitRuntime:
    """The collaborators of one kit. Everything here may be used from any part of the core."""

    store: ConversationStore
    locks: RoomLockManager
    realtime: RealtimeBackend
    hooks: HookEngine
    events: FrameworkEvents
    clock: Clock
    telemetry: TelemetryProvider
    transcoder: ContentTranscoder
    inbound_router: InboundRoomRouter
    identity_resolver: IdentityResolver | None
    identity_channel_types: frozenset[ChannelType] | None
    inbound_limiter: TokenBucketRateLimiter | None
    delivery_strategy: DeliveryStrategy | None
    limits: Limits
    scope: TaskScope
    channels: dict[str, Channel] = field(default_factory=dict)
    early_reports: EarlyReports = field(default_factory=EarlyReports)
    closed: bool = False
    ended: bool = False

    def channel(self, channel_id: str) -> Channel:
        """The registered channel.

        Raises:
            ChannelNotRegisteredError: there is none with this id.
        """
        channel = self.channels.get(channel_id)
        if channel is None:
            raise ChannelNotRegisteredError(channel_id)
        return channel

    def check_open(self) -> None:
        """Raises `KitClosedError` once the kit was closed."""
        if self.closed:
            raise KitClosedError

    async def end(self, patience: float) -> None:
        """Stop what the channels still did while they were closed; nothing is stored any more."""
        self.ended = True
        await self.scope.close(drain_seconds=patience)

    async def context(self, room_id: str) -> RoomContext | None:
        """The room as it stands now."""
        snapshot = await self.store.snapshot(room_id)
        return None if snapshot is None else snapshot.context

    def record_deliveries(
        self, room_id: str, event_id: str, results: dict[str, DeliveryResult]
    ) -> Coroutine[Any, Any, RoomEvent | None]:
        """Add outcomes to a stored event, whatever else is being written to it."""
        results = self.early_reports.applied(results)
        if type(self.store).record_deliveries is not ConversationStore.record_deliveries:
            return self.store.record_deliveries(room_id, event_id, results)
        return self._record_under_lock(room_id, event_id, results)

    async def _record_under_lock(
        self, room_id: str, event_id: str, results: dict[str, DeliveryResult]
    ) -> RoomEvent | None:
        """With a method that reads and writes an edit in between would be undone."""
        async with self.locks.locked(room_id):
            return await self.store.record_deliveries(room_id, event_id, results)

    async def observe(
        self, trigger: HookTrigger, payload: Any, room_id: str, *, only_async: bool = False
    ) -> list[HookFailure]:
        """Run a trigger's observers with a fresh context, and report those that fail."""
        if not self.hooks.listens(trigger, room_id):
            return []
        context = await self.context(room_id)
        failures = await self.hooks.observe(
            trigger, room_id, payload, context, only_async=only_async
        )
        await self.report_hook_failures(failures, room_id)
        return failures

    async def report_hook_failures(self, failures: list[HookFailure], room_id: str) -> None:
        for failure in failures:
            await self.events.emit(
                "hook_error",
                room_id=room_id,
                hook=failure.hook,
                trigger=failure.trigger,
                error=failure.error,
            )

    async def report_error(
        self,
        room_id: str,
        channel_id: str,
        error: BaseException,
        *,
        event: RoomEvent | None = None,
    ) -> None:
        """Say that a channel failed: ON_ERROR hooks, a framework event and a line in the log.

        Never raises: what was to be reported comes first.
        """
        logger.warning(
            "channel %s failed in room %s: %s", channel_id, room_id, type(error).__name__
        )
        text = describe_error(error)
        await self.events.emit(
            "channel_error",
            room_id=room_id,
            channel_id=channel_id,
            event_id=None if event is None else event.id,
            error=text,
        )
        if self.hooks.listens(HookTrigger.ON_ERROR, room_id):
            data = {"error": text, "error_type": type(error).__name__, "channel_id": channel_id}
            if event is not None:
                data["event_id"] = event.id
            channel = self.channels.get(channel_id)
            notice = RoomEvent(
                room_id=room_id,
                type=EventType.SYSTEM,
                source=EventSource(
                    channel_id=channel_id,
                    channel_type=None if channel is None else channel.channel_type,
                    direction=ChannelDirection.OUTBOUND,
                ),
                content=SystemContent(body="A channel failed.", code="error", data=data),
                created_at=self.clock.now(),
            )
            try:
                await self.observe(HookTrigger.ON_ERROR, notice, room_id)
            except Exception as failure:  # the store may be what is failing
                logger.error(
                    "the ON_ERROR hooks of room %s could not be run: %s",
                    room_id,
                    type(failure).__name__,
                )

    def in_background(self, cascade: Cascade, coro: Coroutine[Any, Any, Any], name: str) -> None:
        """Run something that belongs to a cascade without holding up the caller."""
        cascade.enter()
        task = self.scope.spawn(coro, name=name)
        if task.done():
            cascade.leave()
        else:
            task.add_done_callback(lambda _: cascade.leave())

    def notify(
        self,
        cascade: Cascade,
        event_type: FrameworkEventType,
        *,
        room_id: str,
        channel_id: str | None = None,
        event_id: str | None = None,
        **data: Any,
    ) -> None:
        """Emit a framework event from where waiting for its handlers is not possible."""
        if self.events.listens(event_type):
            coro = self.events.emit(
                event_type, room_id=room_id, channel_id=channel_id, event_id=event_id, **data
            )
            self.in_background(cascade, coro, "framework_event")
