"""`Tool`: a function that a model may call."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from roomkit.errors import RoomKitError
from roomkit.models.context import RoomContext
from roomkit.providers.ai.base import AIImagePart, AITextPart, AITool, AIToolCall

__all__ = [
    "Tool",
    "ToolCallContext",
    "ToolError",
    "ToolHandler",
    "ToolOutput",
    "calling",
    "current_tool_call",
]

ToolOutput = str | Sequence[AITextPart | AIImagePart]
"""What a tool gives back to the model: text, or text and pictures."""

ToolHandler = Callable[[str, dict[str, Any]], Awaitable[Any]]
"""Runs a tool by name: ``async def handler(name, arguments) -> str``.

A handler that does not know the tool returns None, raises `NotImplementedError` or `KeyError`, or
returns a JSON object whose ``error`` begins with ``Unknown tool``. Anything it returns that is no
text is given to the model as JSON.
"""


class ToolError(RoomKitError):
    """A tool could not do what was asked, for a reason that the model may read and act on.

    The text of any other exception stays in the log: it may hold paths, addresses or secrets.
    """


class Tool(ABC):
    """A function that a model may call.

    One object serves all rooms and may run several calls at once. `current_tool_call` says which
    room a call is for.

    Attributes:
        name: what the model calls it; letters, digits, ``_`` and ``-``.
        description: what it does and when to use it, for the model.
        parameters: a JSON schema of its arguments, of type ``object``. A call that does not fit is
            refused before `execute` runs.
        timeout: how long a call may take, in seconds; None leaves it to the channel.
    """

    name: str
    description: str = ""
    parameters: Mapping[str, Any] = {}
    timeout: float | None = None

    @abstractmethod
    async def execute(self, arguments: dict[str, Any]) -> ToolOutput:
        """Run the function.

        Raise `ToolError` to tell the model why it did not work; of any other exception it learns
        the class name only. May be cancelled when the call takes too long or the turn ends.
        """

    def declaration(self) -> AITool:
        """The tool as a model is told about it."""
        return AITool(
            name=self.name, description=self.description, parameters=dict(self.parameters)
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class ToolCallContext:
    """What a running tool may know about its call.

    Attributes:
        call: the call, with its arguments.
        channel_id: the channel whose model asked.
        room: the room as that channel may see it; None outside a room.
    """

    call: AIToolCall
    channel_id: str
    room: RoomContext | None = None


_CURRENT: ContextVar[ToolCallContext | None] = ContextVar("roomkit_tool_call", default=None)


@contextmanager
def calling(context: ToolCallContext) -> Iterator[None]:
    """Make `current_tool_call` say what is being run, inside the body; for whoever runs tools."""
    before = _CURRENT.get()
    _CURRENT.set(context)
    try:
        yield
    finally:
        _CURRENT.set(before)


def current_tool_call() -> ToolCallContext | None:
    """The call that is being run, inside of a tool; None elsewhere."""
    return _CURRENT.get()
