"""Which tools a model is offered, and who runs them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from roomkit.providers.ai.base import AITool, AIToolCall
from roomkit.tools.base import Tool, ToolHandler
from roomkit.tools.functions import as_tool
from roomkit.tools.schema import SchemaValidator, compile_schema

type ToolSpec = Tool | AITool | Mapping[str, Any] | type[Tool] | Callable[..., Any]
"""What `AIChannel(tools=[...])` takes: an object, a declaration, JSON, or a function."""


@dataclass(frozen=True, slots=True)
class OfferedTool:
    """A tool as it is offered in a room. ``tool`` is None where the handler runs it."""

    declaration: AITool
    validator: SchemaValidator
    tool: Tool | None = None


class ToolSet:
    """The tools of one room."""

    def __init__(self, offered: Mapping[str, OfferedTool], handler: ToolHandler | None) -> None:
        self._offered = dict(offered)
        self.handler = handler
        self.declarations = [one.declaration for one in self._offered.values()]

    def find(self, name: str) -> OfferedTool | None:
        """The tool of this name, if the model was offered one."""
        return self._offered.get(name)

    @property
    def names(self) -> list[str]:
        return list(self._offered)

    def knows(self, name: str) -> bool:
        """Whether a call may be run. Where nothing was declared the handler is asked about all."""
        return name in self._offered or (not self._offered and self.handler is not None)

    def leaves_to_host(self, call: AIToolCall) -> bool:
        """Whether the call is for the application: nobody here could run it."""
        if self.handler is not None:
            return False
        offered = self._offered.get(call.name)
        return not self._offered or (offered is not None and offered.tool is None)

    def joined_by(self, declarations: Iterable[AITool]) -> ToolSet:
        """These tools and a room's own, which replace those of the same name."""
        offered = dict(self._offered)
        for declaration in declarations:
            known = offered.get(declaration.name)
            tool = None if known is None else known.tool
            offered[declaration.name] = _offer(declaration, tool)
        return ToolSet(offered, self.handler)


class Toolbox:
    """The tools of one channel.

    Raises:
        ValueError: a tool's name is given twice, or its schema is not one.
    """

    def __init__(self, tools: Iterable[ToolSpec], handler: ToolHandler | None) -> None:
        self._handler = handler
        self._offered: dict[str, OfferedTool] = {}
        for tool in (*tools, *getattr(handler, "declarations", ())):
            self.add(tool)

    def add(self, spec: ToolSpec) -> None:
        """Offer one more tool, in all rooms."""
        tool = as_tool(spec)
        declaration = tool if isinstance(tool, AITool) else tool.declaration()
        if declaration.name in self._offered:
            raise ValueError(f"there are two tools of the name {declaration.name!r}")
        self._offered[declaration.name] = _offer(
            declaration, tool if isinstance(tool, Tool) else None
        )

    def tool_set(self) -> ToolSet:
        """What is offered where a room adds nothing."""
        return ToolSet(self._offered, self._handler)


def _offer(declaration: AITool, tool: Tool | None) -> OfferedTool:
    try:
        validator = compile_schema(declaration.parameters)
    except ValueError as error:
        raise ValueError(f"the schema of tool {declaration.name!r}: {error}") from None
    return OfferedTool(declaration, validator, tool)
