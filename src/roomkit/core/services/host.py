"""The kit as its channels see it."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from roomkit._clock import Clock
from roomkit.channels.host import ToolVerdict
from roomkit.core.pipeline.context import seen_by
from roomkit.core.pipeline.driver import Driver
from roomkit.core.pipeline.turn import InboundPipeline
from roomkit.core.runtime import KitRuntime
from roomkit.models.ai_event import ToolCallEvent
from roomkit.models.channel import ChannelBinding
from roomkit.models.delivery import InboundMessage, InboundResult
from roomkit.models.enums import HookTrigger
from roomkit.models.event import RoomEvent
from roomkit.realtime.base import EphemeralEvent
from roomkit.telemetry.base import TelemetryProvider


class KitHost:
    """Implements `roomkit.channels.host.ChannelHost` over the runtime."""

    def __init__(self, runtime: KitRuntime, driver: Driver, inbound: InboundPipeline) -> None:
        self._rt = runtime
        self._driver = driver
        self._inbound = inbound

    @property
    def clock(self) -> Clock:
        return self._rt.clock

    @property
    def telemetry(self) -> TelemetryProvider:
        return self._rt.telemetry

    def spawn(self, coro: Coroutine[Any, Any, Any], name: str) -> asyncio.Task[Any]:
        return self._rt.scope.spawn(coro, name=name)

    async def process_inbound(
        self, message: InboundMessage, room_id: str | None = None
    ) -> InboundResult:
        return await self._inbound.process(message, room_id)

    async def publish(self, room_id: str, event: EphemeralEvent) -> None:
        await self._rt.realtime.publish(room_id, event)

    async def observe(
        self, trigger: HookTrigger, payload: Any, room_id: str, *, only_async: bool = False
    ) -> None:
        await self._rt.observe(trigger, payload, room_id, only_async=only_async)

    def asks_about_tools(self, room_id: str) -> bool:
        return self._rt.hooks.listens(HookTrigger.ON_TOOL_CALL, room_id)

    async def admit_tool_call(self, call: ToolCallEvent, trigger: RoomEvent) -> ToolVerdict:
        if not self.asks_about_tools(call.room_id):
            return ToolVerdict(call=call)
        rt = self._rt
        context = await rt.context(call.room_id)
        outcome = await rt.hooks.run_gate(HookTrigger.ON_TOOL_CALL, call, context)
        await rt.report_hook_failures(outcome.failures, call.room_id)
        if outcome.injected:
            await self._driver.inject(trigger, outcome.injected)
        return ToolVerdict(
            call=outcome.event,
            refused=outcome.reason,
            tasks=tuple(outcome.tasks),
            observations=tuple(outcome.observations),
        )

    async def history(
        self, event: RoomEvent, binding: ChannelBinding, limit: int
    ) -> tuple[RoomEvent, ...]:
        channels = self._rt.channels
        seen: tuple[RoomEvent, ...] = ()
        width = limit
        while limit > 0:
            newest = await self._rt.store.list_recent_events(event.room_id, width)
            seen = tuple(one for one in newest if seen_by(one, binding, event, channels))[-limit:]
            if len(seen) == limit or len(newest) < width:
                break
            width *= 4
        return seen

    async def find_event(self, event_id: str) -> RoomEvent | None:
        return await self._rt.store.get_event(event_id)

    async def report_error(
        self,
        room_id: str,
        channel_id: str,
        error: BaseException,
        *,
        event: RoomEvent | None = None,
    ) -> None:
        await self._rt.report_error(room_id, channel_id, error, event=event)
