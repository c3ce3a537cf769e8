"""What the four mixins of `RoomKit` share: one attribute, set by its constructor."""

from __future__ import annotations

from dataclasses import dataclass

from roomkit.core.event_router import EventRouter
from roomkit.core.pipeline.driver import Driver
from roomkit.core.pipeline.turn import InboundPipeline
from roomkit.core.runtime import KitRuntime
from roomkit.core.services.bindings import BindingService
from roomkit.core.services.delivery_status import DeliveryStatusService
from roomkit.core.services.greeting import GreetingService
from roomkit.core.services.host import KitHost
from roomkit.core.services.identity import IdentityService
from roomkit.core.services.live import LiveService
from roomkit.core.services.outbound import OutboundService
from roomkit.core.services.people import PeopleService
from roomkit.core.services.rooms import RoomService
from roomkit.core.services.sources import SourceService
from roomkit.core.services.speech import SpeechService
from roomkit.core.services.webhooks import WebhookService


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class KitParts:
    """The collaborators behind the public methods."""

    runtime: KitRuntime
    driver: Driver
    router: EventRouter
    inbound: InboundPipeline
    rooms: RoomService
    bindings: BindingService
    people: PeopleService
    identity: IdentityService
    statuses: DeliveryStatusService
    webhooks: WebhookService
    live: LiveService
    outbound: OutboundService
    greetings: GreetingService
    speech: SpeechService
    sources: SourceService
    host: KitHost


class KitMixin:
    """The base of the mixins."""

    _rt: KitParts
