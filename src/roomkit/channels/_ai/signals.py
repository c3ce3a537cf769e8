"""What the room is shown of a model at work: events that are not stored."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Any

from roomkit._tasks import bounded
from roomkit.channels.host import ChannelHost
from roomkit.models._base import new_id
from roomkit.models._frozen import FrozenDict, FrozenList, clean_text
from roomkit.models.channel import ChannelBinding
from roomkit.models.enums import EphemeralEventType
from roomkit.models.event import RoomEvent
from roomkit.providers.ai.base import AIToolCall, AIToolResult
from roomkit.realtime.base import EphemeralEvent

logger = logging.getLogger("roomkit.ai")

_PATIENCE = 5.0
"""How long, in seconds, a turn waits for an event to be published."""


_EVENT = EphemeralEvent.constant(type=EphemeralEventType.CUSTOM, room_id="", user_id="")


class Signals:
    """Tells those who may see the answer that the model runs tools, or thinks.

    Each signal goes out as a whole and in its turn even if the one who sends it is cancelled
    meanwhile: whoever has begun to send a start sends the end too, and so every start that is seen
    is followed by its end. A muted channel shows nothing.
    """

    def __init__(
        self, host: ChannelHost | None, binding: ChannelBinding, trigger: RoomEvent
    ) -> None:
        self._host = None if binding.muted or binding.output_muted else host
        self._channel_id = binding.channel_id
        self._room_id = trigger.room_id
        wanted = trigger.response_visibility or "all"
        # As the answer itself will be: a binding narrows what is open to all.
        self._visibility = binding.visibility if wanted == "all" else wanted
        self._last: asyncio.Task[None] | None = None

    async def tools_start(self, number: int, calls: Sequence[AIToolCall]) -> None:
        """These calls of a round begin."""
        told = [
            FrozenDict({**_named(call.id, call.name), "arguments": call.arguments})
            for call in calls
        ]
        start = EphemeralEventType.TOOL_CALL_START
        await self._publish(start, round=number, tool_calls=FrozenList(told))

    async def tools_end(
        self, number: int, results: Sequence[AIToolResult], duration_ms: float
    ) -> None:
        """The calls of a round are done."""
        told = [
            FrozenDict({**_named(one.tool_call_id, one.name), "result": result_text(one)})
            for one in results
        ]
        await self._publish(
            EphemeralEventType.TOOL_CALL_END,
            round=number,
            tool_calls=FrozenList(told),
            duration_ms=duration_ms,
        )

    async def thinking_start(self, number: int) -> None:
        """The model begins to reason."""
        await self._publish(EphemeralEventType.THINKING_START, round=number)

    async def thinking_end(self, number: int) -> None:
        """The model goes on to its answer, or to a tool."""
        await self._publish(EphemeralEventType.THINKING_END, round=number)

    async def _publish(self, kind: EphemeralEventType, **data: Any) -> None:
        host = self._host
        if host is None:
            return
        # Its parts are frozen already, and what a model writes may be long.
        event = _EVENT.evolve(
            type=kind,
            room_id=self._room_id,
            user_id=self._channel_id,
            channel_id=self._channel_id,
            visibility=self._visibility,
            data=FrozenDict({**data, "channel_id": self._channel_id}),
            timestamp=host.clock.now(),
            id=new_id(),
        )
        sending = host.spawn(self._send(host, event, self._last), "signal of a model at work")
        if not sending.done():
            self._last = sending
            await asyncio.wait([sending])

    async def _send(
        self, host: ChannelHost, event: EphemeralEvent, before: asyncio.Task[None] | None
    ) -> None:
        if before is not None and not before.done():
            await asyncio.wait([before])
        try:
            await bounded(host.clock, _PATIENCE, host.publish(self._room_id, event))
        except Exception as error:  # an indicator that is not shown must not cost the answer
            logger.warning("%s could not be published: %s", event.type, type(error).__name__)


def _named(call_id: str, name: str) -> dict[str, Any]:
    return {"id": clean_text(call_id), "name": clean_text(name)}


def result_text(result: AIToolResult) -> str:
    """A result in words."""
    if isinstance(result.content, str):
        return result.content
    return "\n".join(part.text if part.type == "text" else "[Image]" for part in result.content)
