"""Handing a conversation from one agent to another."""

from __future__ import annotations

from roomkit.memory._transcript import as_block, block_message
from roomkit.memory.base import MemoryResult
from roomkit.memory.wrapper import MemoryWrapper
from roomkit.models.context import RoomContext
from roomkit.models.event import RoomEvent
from roomkit.orchestration.state import PhaseTransition, get_conversation_state
from roomkit.providers.ai.base import AIMessage

__all__ = ["HandoffMemoryProvider"]

_INTRODUCTION = "Another agent has handed this conversation over to you. What it left for you:"
_MAX_CHARS = 4000


class HandoffMemoryProvider(MemoryWrapper):
    """Shows what another memory returns, and to an agent that took over why, and what it should
    know.

    Both come from the `PhaseTransition` with which the conversation came to the agent: its
    ``reason`` and the ``summary`` in its ``metadata``. They stand between the inner memory's
    messages and the events, in a message of a user and marked off: a model has written them about
    what people said, and that must not gain the weight of a system prompt. They are shown as long
    as the agent leads the conversation, and to no other.

    Args:
        inner: the other memory. It is closed with this one.
    """

    async def retrieve(
        self,
        room_id: str,
        current_event: RoomEvent,
        context: RoomContext,
        *,
        channel_id: str | None = None,
    ) -> MemoryResult:
        """See `MemoryProvider.retrieve`.

        Raises:
            ValueError: what the room's metadata hold as the state of the conversation is none.
        """
        found = await self.inner.retrieve(room_id, current_event, context, channel_id=channel_id)
        taken_over = _handoff_to(channel_id, context)
        if taken_over is None:
            return found
        return found.evolve(messages=[*found.messages, _note(taken_over)])


def _handoff_to(agent_id: str | None, context: RoomContext) -> PhaseTransition | None:
    """How the conversation came to this agent, if it is the one that leads it."""
    state = get_conversation_state(context.room)
    if agent_id is None or state.active_agent_id != agent_id:
        return None
    handoffs = (step for step in reversed(state.phase_history) if step.is_handoff)
    last = next(handoffs, None)
    # The first agent of all was handed nothing.
    return last if last is not None and last.from_agent is not None else None


def _note(handoff: PhaseTransition) -> AIMessage:
    lines = [f"From: {handoff.from_agent}"]
    summary = handoff.metadata.get("summary")
    for label, text in (("Reason", handoff.reason), ("Summary", summary)):
        if isinstance(text, str) and text.strip():
            lines.append(f"{label}: {_shortened(text.strip())}")
    return block_message(_INTRODUCTION, as_block("handoff", "\n".join(lines)))


def _shortened(text: str) -> str:
    return text if len(text) <= _MAX_CHARS else text[:_MAX_CHARS] + "…"
