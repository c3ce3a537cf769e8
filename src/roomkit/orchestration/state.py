"""Where a conversation stands: its phase, the agent that leads it, and how it came there.

The state is one entry of a room's metadata, so every store keeps it:

```python
from roomkit import RoomKit
from roomkit.orchestration.state import STATE_KEY, get_conversation_state

kit = RoomKit()
await kit.create_room("support")

state = get_conversation_state(await kit.get_room("support"))
state = state.transition("escalation", "supervisor", reason="Asked for the manager")
await kit.update_room_metadata("support", {STATE_KEY: state.model_dump(mode="json")})
```
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from pydantic import Field, ValidationError

from roomkit.models._base import (
    EMPTY_DICT,
    EMPTY_LIST,
    READ_ONLY,
    FrozenModel,
    Metadata,
    Text,
    utc_now,
)
from roomkit.models.enums import ConversationPhase
from roomkit.models.room import Room

__all__ = [
    "STATE_KEY",
    "ConversationPhase",
    "ConversationState",
    "PhaseTransition",
    "get_conversation_state",
    "set_conversation_state",
]

STATE_KEY = "_conversation_state"
"""Under which the state stands in a room's metadata."""


class PhaseTransition(FrozenModel):
    """One step of a conversation: from a phase to another, from an agent to another, or both.

    Attributes:
        reason: why, in a few words, for people and for the agent that takes over.
        metadata: what else belongs to the step. For a handoff, ``summary`` is what the agent that
            takes over should know.
    """

    from_phase: str
    to_phase: str
    from_agent: str | None = None
    to_agent: str | None = None
    reason: Text = ""
    timestamp: datetime = Field(default_factory=utc_now)
    metadata: Metadata = EMPTY_DICT

    @property
    def is_handoff(self) -> bool:
        """Whether another agent took over."""
        return self.to_agent != self.from_agent


class ConversationState(FrozenModel):
    """Where the conversation of a room stands. Agents are named by their channels' ids.

    Attributes:
        phase: any name; `ConversationPhase` has the usual ones.
        previous_agent_id: who led the conversation before the last transition.
        handoff_count: how often another agent has taken over.
        phase_history: all transitions, oldest first.
        context: whatever an application wants to remember of the conversation, JSON-like.
    """

    phase: str = ConversationPhase.INTAKE.value
    active_agent_id: str | None = None
    previous_agent_id: str | None = None
    handoff_count: int = Field(default=0, ge=0)
    phase_started_at: datetime = Field(default_factory=utc_now)
    phase_history: Annotated[list[PhaseTransition], READ_ONLY] = EMPTY_LIST
    context: Metadata = EMPTY_DICT

    def transition(
        self,
        to_phase: str,
        to_agent: str | None = None,
        reason: str = "",
        metadata: Mapping[str, Any] | None = None,
        *,
        at: datetime | None = None,
    ) -> ConversationState:
        """The state after another step, which is added to the history. This one stays as it is.

        Args:
            to_phase: may be the current one, whose beginning then stays.
            to_agent: who leads the conversation from now on; without one, who has led it so far.
            reason: see `PhaseTransition`, like the next.
            metadata: JSON-like.
            at: when; now by default.
        """
        moment = at or utc_now()
        step = PhaseTransition(
            from_phase=self.phase,
            to_phase=to_phase,
            from_agent=self.active_agent_id,
            to_agent=to_agent or self.active_agent_id,
            reason=reason,
            timestamp=moment,
            metadata=dict(metadata or {}),
        )
        return ConversationState(
            phase=step.to_phase,
            active_agent_id=step.to_agent,
            previous_agent_id=step.from_agent,
            handoff_count=self.handoff_count + step.is_handoff,
            phase_started_at=self.phase_started_at if to_phase == self.phase else moment,
            phase_history=[*self.phase_history, step],
            context=self.context,
        )


def get_conversation_state(room: Room) -> ConversationState:
    """The state in a room's metadata; a new one if there is none.

    Raises:
        ValueError: what is there is no state.
    """
    stored = room.metadata.get(STATE_KEY)
    if stored is None:
        return ConversationState(phase_started_at=room.created_at)
    try:
        return ConversationState.model_validate(stored)
    except ValidationError as error:
        fields = ", ".join(".".join(map(str, one["loc"])) or "all of it" for one in error.errors())
        raise ValueError(
            f"{STATE_KEY!r} in the metadata of room {room.id} is not a conversation state "
            f"(wrong: {fields}); write it with set_conversation_state"
        ) from None


def set_conversation_state(room: Room, state: ConversationState) -> Room:
    """A copy of the room with this state in its metadata, to be stored by the caller.

    `ConversationStore.update_room` writes all of a room's metadata, and with it undoes what others
    have changed since the room was read. Where that may happen, write the one entry with
    `RoomKit.update_room_metadata` instead.
    """
    return room.model_copy(
        update={"metadata": {**room.metadata, STATE_KEY: state.model_dump(mode="json")}}
    )
