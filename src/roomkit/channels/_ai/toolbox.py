"""Which tools a model is offered, and who runs them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from roomkit.providers.ai.base import AITool, AIToolCall
from roomkit.tools.base import Tool, ToolHandler
from roomkit.tools.functions import as_tool
from roomkit.tools.schema import SchemaValidator, compile_schema

logger = logging.getLogger("roomkit.ai")

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
        """Whether a call may be run. Where nothing was declared nobody is refused: the handler, or
        the application, is asked about all."""
        return name in self._offered or not self._offered

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
    """The tools of one channel: those that it was given, and those that its handler declares, as
    they are at the moment.

    Raises:
        ValueError: a tool's name is given twice, or its schema is not one.
    """

    def __init__(self, tools: Iterable[ToolSpec], handler: ToolHandler | None) -> None:
        self._handler = handler
        self._given: dict[str, OfferedTool] = {}
        self._declared: list[AITool] = []
        self._of_handler: dict[str, OfferedTool] = {}
        for tool in tools:
            self.add(tool)
        self._take_over(self._declarations())

    def add(self, spec: ToolSpec) -> None:
        """Offer one more tool, in all rooms."""
        tool = as_tool(spec)
        declaration = tool if isinstance(tool, AITool) else tool.declaration()
        if declaration.name in self._given or declaration.name in self._of_handler:
            raise ValueError(f"there are two tools of the name {declaration.name!r}")
        self._given[declaration.name] = _offer(
            declaration, tool if isinstance(tool, Tool) else None
        )

    def changed(self) -> bool:
        """Whether the handler declares other tools than it did, as it may when a server's change;
        they are taken over then."""
        if self._handler is None:
            return False
        try:
            declared = self._declarations()
            if declared == self._declared:
                return False
            self._take_over(declared)
        except Exception as error:  # such as a server that is gone: its calls will say so
            logger.warning("the tools stay as they were: %s", type(error).__name__)
            return False
        return True

    def tool_set(self) -> ToolSet:
        """What is offered where a room adds nothing."""
        return ToolSet({**self._of_handler, **self._given}, self._handler)

    def _declarations(self) -> list[AITool]:
        return list(getattr(self._handler, "declarations", ()))

    def _take_over(self, declared: list[AITool]) -> None:
        # A tool that was given to the channel itself may be among them, as when both are a
        # server's.
        fresh = [one for one in declared if one.name not in self._given]
        self._of_handler = {one.name: _offer(one, None) for one in fresh}
        self._declared = declared


def _offer(declaration: AITool, tool: Tool | None) -> OfferedTool:
    try:
        validator = compile_schema(declaration.parameters)
    except ValueError as error:
        raise ValueError(f"the schema of tool {declaration.name!r}: {error}") from None
    return OfferedTool(declaration, validator, tool)
