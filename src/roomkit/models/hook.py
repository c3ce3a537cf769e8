"""What hooks decide and add."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import model_validator

from roomkit.models._base import EMPTY_DICT, EMPTY_LIST, READ_ONLY, FrozenModel, Metadata, Text
from roomkit.models.ai_event import ToolCallEvent
from roomkit.models.content import EventContent
from roomkit.models.enums import EventType
from roomkit.models.event import RoomEvent
from roomkit.models.task import Observation, Task


class InjectedEvent(FrozenModel):
    """A message that a hook adds to the room. Without targets it goes back to the sender's
    channel."""

    content: EventContent
    target_channel_ids: Annotated[list[str], READ_ONLY] = EMPTY_LIST
    event_type: EventType = EventType.MESSAGE
    metadata: Metadata = EMPTY_DICT


class HookResult(FrozenModel):
    """A sync hook's decision about an event, or about a tool call. Side effects count whatever the
    decision is."""

    action: Literal["allow", "block", "modify"] = "allow"
    event: RoomEvent | None = None
    tool_call: ToolCallEvent | None = None
    reason: Text | None = None
    injected_events: Annotated[list[InjectedEvent], READ_ONLY] = EMPTY_LIST
    tasks: Annotated[list[Task], READ_ONLY] = EMPTY_LIST
    observations: Annotated[list[Observation], READ_ONLY] = EMPTY_LIST

    @model_validator(mode="after")
    def _modify_needs_an_event(self) -> Self:
        if self.action == "modify" and self.event is None and self.tool_call is None:
            raise ValueError('action "modify" needs the changed event in `event`')
        return self

    @classmethod
    def allow(
        cls,
        *,
        injected_events: list[InjectedEvent] | None = None,
        tasks: list[Task] | None = None,
        observations: list[Observation] | None = None,
    ) -> HookResult:
        """Let the event pass."""
        if injected_events is None and tasks is None and observations is None:
            return HOOK_ALLOWS
        return cls(
            action="allow",
            injected_events=injected_events or [],
            tasks=tasks or [],
            observations=observations or [],
        )

    @classmethod
    def block(
        cls,
        reason: str = "blocked",
        *,
        injected_events: list[InjectedEvent] | None = None,
        tasks: list[Task] | None = None,
        observations: list[Observation] | None = None,
    ) -> HookResult:
        """Withhold the event: it is stored as blocked with this reason and reaches nobody."""
        return cls(
            action="block",
            reason=reason,
            injected_events=injected_events or [],
            tasks=tasks or [],
            observations=observations or [],
        )

    @classmethod
    def modify(
        cls,
        event: RoomEvent | ToolCallEvent,
        *,
        injected_events: list[InjectedEvent] | None = None,
        tasks: list[Task] | None = None,
        observations: list[Observation] | None = None,
    ) -> HookResult:
        """Go on with `event` instead.

        Its id, room, index and chain depth stay as they were; of a tool call only the arguments
        may differ.
        """
        return cls(
            action="modify",
            event=event if isinstance(event, RoomEvent) else None,
            tool_call=event if isinstance(event, ToolCallEvent) else None,
            injected_events=injected_events or [],
            tasks=tasks or [],
            observations=observations or [],
        )


HOOK_ALLOWS = HookResult.constant()
"""The plain permission: one shared object."""
