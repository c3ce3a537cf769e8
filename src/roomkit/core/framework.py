"""`RoomKit`, the class that applications use."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from types import TracebackType
from typing import Any, Self

from roomkit._clock import SYSTEM_CLOCK, Clock
from roomkit._tasks import StrayCancellationError, is_failure
from roomkit.core.assembly import assemble, build_runtime
from roomkit.core.hooks import HookEngine
from roomkit.core.inbound_router import InboundRoomRouter
from roomkit.core.locks import RoomLockManager
from roomkit.core.mixins.channel_ops import ChannelOpsMixin
from roomkit.core.mixins.helpers import HelpersMixin
from roomkit.core.mixins.inbound import InboundMixin
from roomkit.core.mixins.room_lifecycle import RoomLifecycleMixin
from roomkit.core.runtime import DeliveryStrategy, Limits
from roomkit.core.services.rooms import RoomOrchestrator
from roomkit.core.services.speech import SpeechService, Synthesizer, Transcriber
from roomkit.core.status_bus import InMemoryStatusBus, StatusBus
from roomkit.core.transcoder import ContentTranscoder
from roomkit.errors import RoomKitError
from roomkit.identity.base import IdentityResolver
from roomkit.models.channel import RateLimit
from roomkit.models.enums import ChannelType
from roomkit.realtime.base import RealtimeBackend
from roomkit.store.base import ConversationStore
from roomkit.telemetry.base import TelemetryProvider

logger = logging.getLogger("roomkit")


class RoomKit(InboundMixin, ChannelOpsMixin, RoomLifecycleMixin, HelpersMixin):
    """Conversations in rooms, over any mix of channels.

    Register channels, create rooms, attach the channels to them, and hand in what comes from
    outside with `process_inbound`. Everything that keeps state or talks to the world can be
    replaced at construction; the defaults keep it all in this process. Use the kit from one event
    loop, and close it at the end (``async with RoomKit() as kit``). Times are in seconds.

    Args:
        store: keeps the conversations; in memory by default.
        identity_resolver: finds out who writes; without one nobody is looked up.
        identity_channel_types: the channels whose senders are looked up; all by default.
        inbound_router: finds the room of a message.
        lock_manager: lets one message at a time write to a room. Several processes that share
            a store need one that they share as well.
        realtime: carries typing, presence and the like.
        max_chain_depth: how many generations of answers may follow one message.
        identity_timeout: bound of one look-up.
        process_timeout: bound of everything before a message is stored.
        stt: for `transcribe`.
        tts: for `synthesize`.
        delivery_strategy: wraps every delivery; an object with ``async deliver(fn, event,
            binding, context)`` that calls ``fn(event, binding, context)`` and returns what it
            returns.
        status_bus: carries what agents say about their progress.
        telemetry: receives spans and measurements.
        inbound_rate_limit: messages beyond it are answered with ``rate_limited`` and not
            stored.
        orchestration: furnishes every new room.
        transcoder: converts content for channels that cannot carry it.
        clock: where time comes from.
        delivery_timeout: bound of one attempt at a delivery.
        close_timeout: how long work that is under way gets when the kit is closed; no step of the
            closing takes more than twice as long.
        cascade_budget: how many events one message may cause.
    """

    def __init__(
        self,
        store: ConversationStore | None = None,
        identity_resolver: IdentityResolver | None = None,
        identity_channel_types: Iterable[ChannelType] | None = None,
        inbound_router: InboundRoomRouter | None = None,
        lock_manager: RoomLockManager | None = None,
        realtime: RealtimeBackend | None = None,
        max_chain_depth: int = 5,
        identity_timeout: float = 10.0,
        process_timeout: float = 30.0,
        stt: Transcriber | None = None,
        tts: Synthesizer | None = None,
        voice: Any = None,
        task_runner: Any = None,
        delivery_strategy: DeliveryStrategy | None = None,
        status_bus: StatusBus | None = None,
        telemetry: TelemetryProvider | None = None,
        inbound_rate_limit: RateLimit | None = None,
        orchestration: RoomOrchestrator | None = None,
        *,
        transcoder: ContentTranscoder | None = None,
        clock: Clock = SYSTEM_CLOCK,
        delivery_timeout: float = 30.0,
        close_timeout: float = 3.0,
        cascade_budget: int = 100,
    ) -> None:
        for name, unused in (("voice", voice), ("task_runner", task_runner)):
            if unused is not None:
                raise RoomKitError(f"RoomKit({name}=...) has no use in this version of roomkit")
        self._status_bus = status_bus if status_bus is not None else InMemoryStatusBus()
        runtime = build_runtime(
            store=store,
            identity_resolver=identity_resolver,
            identity_channel_types=identity_channel_types,
            inbound_router=inbound_router,
            lock_manager=lock_manager,
            realtime=realtime,
            telemetry=telemetry,
            inbound_rate_limit=inbound_rate_limit,
            transcoder=transcoder,
            delivery_strategy=delivery_strategy,
            clock=clock,
            limits=Limits(
                max_chain_depth=max_chain_depth,
                cascade_budget=cascade_budget,
                identity_timeout=identity_timeout,
                process_timeout=process_timeout,
                delivery_timeout=delivery_timeout,
                close_timeout=close_timeout,
            ),
        )
        self._rt = assemble(runtime, SpeechService(stt, tts), orchestration)
        self._rt.rooms.connect(self)
        self._closing: asyncio.Task[None] | None = None

    @property
    def store(self) -> ConversationStore:
        """Where the conversations are kept."""
        return self._rt.runtime.store

    @property
    def hook_engine(self) -> HookEngine:
        """The registered hooks."""
        return self._rt.runtime.hooks

    @property
    def realtime(self) -> RealtimeBackend:
        """What carries ephemeral events."""
        return self._rt.runtime.realtime

    @property
    def status_bus(self) -> StatusBus:
        """What carries the progress reports of agents."""
        return self._status_bus

    @property
    def clock(self) -> Clock:
        """Where the kit takes time from."""
        return self._rt.runtime.clock

    @property
    def transcoder(self) -> ContentTranscoder:
        """What converts content for channels that cannot carry it."""
        return self._rt.runtime.transcoder

    @property
    def closed(self) -> bool:
        """Whether `close` was called: nothing is accepted any more."""
        return self._rt.runtime.closed

    @property
    def _transcoder(self) -> ContentTranscoder:
        return self._rt.runtime.transcoder

    @_transcoder.setter
    def _transcoder(self, transcoder: ContentTranscoder) -> None:
        self._rt.runtime.transcoder = transcoder

    async def close(self) -> None:
        """End everything: no more messages, deliveries under way get a moment, connections are
        closed.

        Every step is taken even if an earlier one fails, and each within a few seconds. Calling it
        again, or several times at once, waits for the one closing.

        Raises:
            ExceptionGroup: what went wrong in the steps, once all were taken.
        """
        if self._closing is None:
            self._rt.runtime.closed = True
            self._closing = asyncio.ensure_future(self._close())
        await asyncio.shield(self._closing)

    async def _close(self) -> None:
        runtime = self._rt.runtime
        patience = runtime.limits.close_timeout
        steps: list[tuple[str, Callable[[], Awaitable[object]]]] = [
            ("sources", self._rt.sources.close),
            ("tasks", lambda: runtime.scope.close(drain_seconds=patience / 2)),
            *((f"channel {one.channel_id}", one.close) for one in self.list_channels()),
            ("late tasks", lambda: runtime.end(patience / 2)),
            # Looked up when it is their turn: what lacks a `close` must not keep others from it.
            ("status bus", lambda: self._status_bus.close()),
            ("realtime", lambda: runtime.realtime.close()),
            ("telemetry", lambda: runtime.telemetry.close()),
            *(
                ("identity resolver", resolver.close)
                for resolver in (runtime.identity_resolver,)
                if resolver is not None
            ),
            ("locks", lambda: runtime.locks.close()),
            ("store", lambda: runtime.store.close()),
        ]
        failures: list[Exception] = []
        for name, step in steps:
            try:
                async with asyncio.timeout(patience * 2):
                    await step()
            except BaseException as error:  # the later steps must be taken in any case
                if not is_failure(error):
                    raise
                logger.error("closing %s failed: %s", name, type(error).__name__)
                failure = error if isinstance(error, Exception) else StrayCancellationError(name)
                failure.add_note(f"while closing {name}")
                failures.append(failure)
        if failures:
            raise ExceptionGroup("closing the kit failed in part", failures)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()
