"""`ChannelHost`: all that a channel may ask of the kit it is registered with."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, Protocol

from roomkit._clock import Clock
from roomkit.models.delivery import InboundMessage, InboundResult
from roomkit.models.enums import HookTrigger
from roomkit.models.event import RoomEvent
from roomkit.realtime.base import EphemeralEvent
from roomkit.telemetry.base import TelemetryProvider


class ChannelHost(Protocol):
    """A channel's view of its kit, handed to `Channel.on_registered`."""

    @property
    def clock(self) -> Clock:
        """Where the channel takes time from."""
        ...

    @property
    def telemetry(self) -> TelemetryProvider:
        """Where the channel reports spans, if ``telemetry.enabled``."""
        ...

    def spawn(self, coro: Coroutine[Any, Any, Any], name: str) -> asyncio.Task[Any]:
        """Run something in the background; the kit ends it when it closes."""
        ...

    async def process_inbound(
        self, message: InboundMessage, room_id: str | None = None
    ) -> InboundResult:
        """Hand in a message, as `RoomKit.process_inbound`."""
        ...

    async def publish(self, room_id: str, event: EphemeralEvent) -> None:
        """Tell the room's ephemeral subscribers something that is not stored."""
        ...

    async def observe(self, trigger: HookTrigger, payload: Any, room_id: str) -> None:
        """Run the hooks of a trigger that only observes."""
        ...

    async def report_error(
        self,
        room_id: str,
        channel_id: str,
        error: BaseException,
        *,
        event: RoomEvent | None = None,
    ) -> None:
        """Say that the channel could not do something: ON_ERROR hooks and a framework event."""
        ...
