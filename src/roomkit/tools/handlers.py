"""Functions that run tools by name, several of them as one."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any

from roomkit.providers.ai.base import AITool
from roomkit.tools.base import ToolHandler

__all__ = ["compose_tool_handlers", "is_unhandled"]

_UNKNOWN = "unknown tool"
_LONGEST_REFUSAL = 4096


def compose_tool_handlers(*handlers: ToolHandler) -> ToolHandler:
    """One handler that asks each of `handlers` in turn; the first that knows the tool answers.

    See `ToolHandler` for the ways to say that a tool is not one's own. If none knows it, the
    composed handler says so too: it raises what the first one raised that did raise, else it
    returns None. Any other exception ends the search, since the tool may have run. Every handler
    gets a copy of the arguments. What the handlers declare to a model, as that of an
    `MCPToolProvider` does, the composed one declares too.
    """

    return _Composed(handlers)


class _Composed:
    def __init__(self, handlers: Sequence[ToolHandler]) -> None:
        self._handlers = tuple(handlers)

    @property
    def declarations(self) -> list[AITool]:
        """What the handlers declare, such as that of `MCPToolProvider.as_tool_handler`."""
        declared: dict[str, AITool] = {}
        for handler in self._handlers:
            for tool in getattr(handler, "declarations", ()):
                declared.setdefault(tool.name, tool)
        return list(declared.values())

    async def __call__(self, name: str, arguments: dict[str, Any]) -> Any:
        refusal: Exception | None = None
        for handle in self._handlers:
            try:
                result = await handle(name, deepcopy(arguments))
            except Exception as error:
                if not is_unhandled(error):
                    raise
                refusal = refusal or error
            else:
                if not is_unhandled(result):
                    return result
        if refusal is not None:
            raise refusal
        return None


def is_unhandled(outcome: object) -> bool:
    """Whether a handler's result, or the exception that it raised, says "not my tool"."""
    if outcome is None or isinstance(outcome, NotImplementedError | KeyError):
        return True
    if isinstance(outcome, str):
        outcome = _as_refusal(outcome)
    if not isinstance(outcome, Mapping):
        return False
    error = outcome.get("error")
    return isinstance(error, str) and error.lower().startswith(_UNKNOWN)


def _as_refusal(text: str) -> Any:
    """The text as data, if it can be a refusal at all: results may be long, and many are JSON."""
    if len(text) > _LONGEST_REFUSAL or _UNKNOWN not in text.lower():
        return None
    try:
        return json.loads(text)
    except ValueError:
        return None
