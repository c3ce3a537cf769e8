"""What the room is shown of a model at work: events that are not stored."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from roomkit.channels.host import ChannelHost
from roomkit.models.channel import ChannelBinding
from roomkit.models.enums import EphemeralEventType
from roomkit.models.event import RoomEvent
from roomkit.providers.ai.base import AIToolCall, AIToolResult
from roomkit.realtime.base import EphemeralEvent

logger = logging.getLogger("roomkit.ai")


class Signals:
    """Tells those who may see the answer that the model runs tools, or thinks.

    Every start is followed by its end, whatever happens in between. A muted channel shows nothing.
    """

    def __init__(
        self, host: ChannelHost | None, binding: ChannelBinding, trigger: RoomEvent
    ) -> None:
        self._host = None if binding.muted or binding.output_muted else host
        self._channel_id = binding.channel_id
        self._room_id = trigger.room_id
        self._visibility = trigger.response_visibility or binding.visibility

    async def tools_start(self, number: int, calls: Sequence[AIToolCall]) -> None:
        """These calls of a round begin."""
        told = [{"id": call.id, "name": call.name, "arguments": call.arguments} for call in calls]
        await self._publish(EphemeralEventType.TOOL_CALL_START, round=number, tool_calls=told)

    async def tools_end(
        self, number: int, results: Sequence[AIToolResult], duration_ms: float
    ) -> None:
        """The calls of a round are done."""
        told = [
            {"id": one.tool_call_id, "name": one.name, "result": result_text(one)}
            for one in results
        ]
        await self._publish(
            EphemeralEventType.TOOL_CALL_END,
            round=number,
            tool_calls=told,
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
        event = EphemeralEvent(
            type=kind,
            room_id=self._room_id,
            user_id=self._channel_id,
            channel_id=self._channel_id,
            visibility=self._visibility,
            data={**data, "channel_id": self._channel_id},
            timestamp=host.clock.now(),
        )
        try:
            await host.publish(self._room_id, event)
        except Exception as error:  # an indicator that is not shown must not cost the answer
            logger.warning("%s could not be published: %s", kind, type(error).__name__)


def result_text(result: AIToolResult) -> str:
    """A result in words."""
    if isinstance(result.content, str):
        return result.content
    return "\n".join(part.text if part.type == "text" else "[Image]" for part in result.content)
