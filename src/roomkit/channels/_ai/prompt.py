"""What a model is told about its part, put together from all who have something to say."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from roomkit.models.channel import ChannelCapabilities
from roomkit.models.context import RoomContext
from roomkit.models.event import RoomEvent


class Prompt:
    """Composes system prompts.

    Args:
        persona: comes before the system prompt: who the agent is.
        additions: functions that are asked every time and come behind it.
    """

    def __init__(self, persona: str | None, additions: Sequence[Callable[[], str]]) -> None:
        self._persona = persona
        self._additions = additions

    def compose(self, system_prompt: str | None) -> str | None:
        """The prompt for an answer that goes to `target`; None if there is nothing to say."""
        parts = [self._persona, system_prompt]
        parts += [addition() for addition in self._additions]
        return "\n\n".join(part for part in parts if part) or None


def target_of(event: RoomEvent, context: RoomContext) -> ChannelCapabilities | None:
    """What the channel that asked can carry, for the answer goes there first of all."""
    for binding in context.bindings:
        if binding.channel_id == event.source.channel_id:
            return binding.capabilities
    return None
