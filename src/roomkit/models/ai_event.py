"""What hooks are told about a model at work: its tool calls and its reasoning."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from roomkit.models._base import EMPTY_DICT, FrozenModel, Metadata
from roomkit.models.event import EventSource

__all__ = ["AIThinkingEvent", "ToolCallCallback", "ToolCallEvent"]


class ToolCallEvent(FrozenModel):
    """A model calls a tool.

    A sync ON_TOOL_CALL hook gets it before the tool runs, with ``result`` None, and decides about
    it. An async one gets it afterwards, with the result.

    Attributes:
        id: the call's; unique within the room's turn.
        channel_id: the channel whose model calls.
        name: the tool's.
        arguments: what it is called with.
        source: the same channel as an event source, for the filters of hooks.
        round: how often the model has been asked in this turn, from 1.
        result: what the model is told; None before the call, and for a call that is left to the
            host application.
        is_error: whether the result says that it failed.
        duration_ms: how long it took.
    """

    id: str
    room_id: str
    channel_id: str
    name: str
    arguments: Metadata = EMPTY_DICT
    source: EventSource
    round: int = 1
    result: str | None = None
    is_error: bool = False
    duration_ms: float | None = None

    def with_arguments(self, arguments: Mapping[str, Any]) -> ToolCallEvent:
        """The same call with other arguments, for a hook to answer with
        (``HookResult.modify(call.with_arguments(...))``)."""
        return ToolCallEvent.model_validate({**self.__dict__, "arguments": dict(arguments)})


ToolCallCallback = Callable[[ToolCallEvent], Awaitable[Any]]
"""A function that is told about tool calls."""


class AIThinkingEvent(FrozenModel):
    """A model has reasoned before it went on: what ON_AI_THINKING hooks get."""

    room_id: str
    channel_id: str
    thinking: str
    source: EventSource
    round: int = 1
