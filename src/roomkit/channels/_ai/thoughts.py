"""A model's reasoning, as it is announced and told to hooks."""

from __future__ import annotations

import logging

from roomkit.channels._ai.signals import Signals
from roomkit.channels.host import ChannelHost
from roomkit.models.ai_event import AIThinkingEvent
from roomkit.models.enums import HookTrigger
from roomkit.models.event import EventSource

logger = logging.getLogger("roomkit.ai")


class Thoughts:
    """Gathers what a model thinks before it goes on.

    `end` has to follow `add`, also where the generation fails or is cancelled.
    """

    def __init__(
        self, signals: Signals, host: ChannelHost | None, source: EventSource, room_id: str
    ) -> None:
        self._signals = signals
        self._host = host
        self._source = source
        self._room_id = room_id
        self._thoughts: list[str] | None = None

    @property
    def going_on(self) -> bool:
        """Whether the model is thinking."""
        return self._thoughts is not None

    async def add(self, text: str, number: int) -> None:
        """The model thinks, in the generation of this number."""
        if self._thoughts is None:
            self._thoughts = []
            await self._signals.thinking_start(number)
        self._thoughts.append(text)

    async def end(self, number: int) -> None:
        """The model goes on to its answer or to a tool. Harmless if it was not thinking."""
        if self._thoughts is None:
            return
        thoughts, self._thoughts = self._thoughts, None
        await self._signals.thinking_end(number)
        if self._host is None:
            return
        event = AIThinkingEvent(
            room_id=self._room_id,
            channel_id=self._source.channel_id,
            thinking="".join(thoughts),
            source=self._source,
            round=number,
        )
        try:
            await self._host.observe(HookTrigger.ON_AI_THINKING, event, self._room_id)
        except Exception as error:  # a store that is down must not cost the answer
            logger.warning("ON_AI_THINKING hooks could not be run: %s", type(error).__name__)
