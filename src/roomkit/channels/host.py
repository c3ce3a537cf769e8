"""`ChannelHost`: all that a channel may ask of the kit it is registered with."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, Protocol

from roomkit._clock import Clock
from roomkit.models.ai_event import ToolCallEvent
from roomkit.models.channel import ChannelBinding
from roomkit.models.delivery import InboundMessage, InboundResult
from roomkit.models.enums import HookTrigger
from roomkit.models.event import RoomEvent
from roomkit.models.task import Observation, Task
from roomkit.realtime.base import EphemeralEvent
from roomkit.telemetry.base import TelemetryProvider


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolVerdict:
    """What the application's hooks say to a tool call.

    Attributes:
        call: the call, perhaps with other arguments.
        refused: why it must not be run; None if it may.
        tasks: what the hooks want to have done.
        observations: what they have noticed.
    """

    call: ToolCallEvent
    refused: str | None = None
    tasks: tuple[Task, ...] = ()
    observations: tuple[Observation, ...] = ()


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

    async def observe(
        self, trigger: HookTrigger, payload: Any, room_id: str, *, only_async: bool = False
    ) -> None:
        """Run the hooks of a trigger that only observes; `only_async` leaves out those that were
        asked before."""
        ...

    def asks_about_tools(self, room_id: str) -> bool:
        """Whether any hook wants to know of tool calls."""
        ...

    async def admit_tool_call(self, call: ToolCallEvent, trigger: RoomEvent) -> ToolVerdict:
        """Ask the sync ON_TOOL_CALL hooks about a call that is about to be run. One that fails
        refuses.

        Args:
            call: the call.
            trigger: the event that the channel answers; what hooks inject goes to its sender.
        """
        ...

    async def history(
        self, event: RoomEvent, binding: ChannelBinding, limit: int
    ) -> tuple[RoomEvent, ...]:
        """The newest messages before `event` that the channel may see, the oldest first.

        For a window that is wider than what `RoomContext.recent_events` holds.
        """
        ...

    async def find_event(self, event_id: str) -> RoomEvent | None:
        """An event as it is stored now; None if it is gone."""
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
