"""Putting a kit together."""

from __future__ import annotations

from collections.abc import Iterable

from roomkit._clock import Clock
from roomkit._tasks import TaskScope
from roomkit.core._filters import one_or_more
from roomkit.core.event_router import EventRouter
from roomkit.core.framework_events import FrameworkEvents
from roomkit.core.hooks import HookEngine
from roomkit.core.inbound_router import DefaultInboundRoomRouter, InboundRoomRouter
from roomkit.core.locks import InMemoryLockManager, RoomLockManager
from roomkit.core.mixins._shared import KitParts
from roomkit.core.pipeline.driver import Driver
from roomkit.core.pipeline.poster import Poster
from roomkit.core.pipeline.reentry import Reentry
from roomkit.core.pipeline.turn import InboundPipeline
from roomkit.core.rate_limiter import TokenBucketRateLimiter
from roomkit.core.runtime import DeliveryStrategy, KitRuntime, Limits
from roomkit.core.services.bindings import BindingService
from roomkit.core.services.delivery_status import DeliveryStatusService
from roomkit.core.services.greeting import GreetingService
from roomkit.core.services.host import KitHost
from roomkit.core.services.identity import IdentityService
from roomkit.core.services.live import LiveService
from roomkit.core.services.outbound import OutboundService
from roomkit.core.services.people import PeopleService
from roomkit.core.services.rooms import RoomOrchestrator, RoomService
from roomkit.core.services.sources import SourceService
from roomkit.core.services.speech import SpeechService
from roomkit.core.services.transitions import Transitions
from roomkit.core.services.webhooks import WebhookService
from roomkit.core.transcoder import ContentTranscoder, DefaultContentTranscoder
from roomkit.identity.base import IdentityResolver
from roomkit.models.channel import RateLimit
from roomkit.models.enums import ChannelType
from roomkit.realtime.base import RealtimeBackend
from roomkit.realtime.memory import InMemoryRealtime
from roomkit.store.base import ConversationStore
from roomkit.store.memory import InMemoryStore
from roomkit.telemetry.base import TelemetryProvider
from roomkit.telemetry.guard import guarded
from roomkit.telemetry.noop import NoopTelemetryProvider


def build_runtime(
    *,
    store: ConversationStore | None,
    identity_resolver: IdentityResolver | None,
    identity_channel_types: Iterable[ChannelType] | None,
    inbound_router: InboundRoomRouter | None,
    lock_manager: RoomLockManager | None,
    realtime: RealtimeBackend | None,
    telemetry: TelemetryProvider | None,
    inbound_rate_limit: RateLimit | None,
    transcoder: ContentTranscoder | None,
    delivery_strategy: DeliveryStrategy | None,
    clock: Clock,
    limits: Limits,
) -> KitRuntime:
    """The collaborators of a kit, with the in-memory ones where none was given.

    Raises:
        TypeError: a class was given instead of an instance, or a number instead of a limit.
    """
    given = (store, identity_resolver, inbound_router, lock_manager, realtime, telemetry)
    for one in (*given, transcoder, delivery_strategy):
        if isinstance(one, type):
            raise TypeError(f"RoomKit takes instances: {one.__name__}(), not {one.__name__}")
    if inbound_rate_limit is not None and not isinstance(inbound_rate_limit, RateLimit):
        raise TypeError("inbound_rate_limit takes a RateLimit: RateLimit(max_per_second=10)")
    store = store if store is not None else InMemoryStore()
    safe_telemetry = NoopTelemetryProvider() if telemetry is None else guarded(telemetry)
    channel_types = one_or_more(identity_channel_types, ChannelType)
    limiter = None
    if inbound_rate_limit is not None:
        limiter = TokenBucketRateLimiter(inbound_rate_limit, clock=clock)
    return KitRuntime(
        store=store,
        locks=lock_manager if lock_manager is not None else InMemoryLockManager(),
        realtime=realtime if realtime is not None else InMemoryRealtime(),
        hooks=HookEngine(clock, safe_telemetry),
        events=FrameworkEvents(clock),
        clock=clock,
        telemetry=safe_telemetry,
        transcoder=transcoder if transcoder is not None else DefaultContentTranscoder(),
        inbound_router=inbound_router or DefaultInboundRoomRouter(store),
        identity_resolver=identity_resolver,
        identity_channel_types=channel_types,
        inbound_limiter=limiter,
        delivery_strategy=delivery_strategy,
        limits=limits,
        scope=TaskScope("roomkit"),
    )


def assemble(
    runtime: KitRuntime, speech: SpeechService, orchestration: RoomOrchestrator | None
) -> KitParts:
    """Build the collaborators, each over those it needs."""
    reentry = Reentry(runtime)
    router = EventRouter(runtime, reentry)
    transitions = Transitions(runtime)
    streams = router.stream_relay()
    driver = Driver(runtime, router, Poster(runtime, router, transitions), streams)
    reentry.connect(driver, streams)
    bindings = BindingService(runtime, driver)
    rooms = RoomService(runtime, driver, transitions, bindings, orchestration)
    identity = IdentityService(runtime)
    inbound = InboundPipeline(runtime, driver, rooms, identity)
    statuses = DeliveryStatusService(runtime)
    outbound = OutboundService(runtime, driver)
    return KitParts(
        runtime=runtime,
        driver=driver,
        router=router,
        inbound=inbound,
        rooms=rooms,
        bindings=bindings,
        people=PeopleService(runtime, driver),
        identity=identity,
        statuses=statuses,
        webhooks=WebhookService(runtime, inbound, statuses),
        live=LiveService(runtime, driver),
        outbound=outbound,
        greetings=GreetingService(runtime, outbound),
        speech=speech,
        sources=SourceService(runtime, inbound),
        host=KitHost(runtime, driver, inbound),
    )
