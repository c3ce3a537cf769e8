"""What a model may call: functions of the application, and those of MCP servers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from roomkit._lazy import lazy_exports
from roomkit.tools.base import (
    Tool,
    ToolCallContext,
    ToolError,
    ToolHandler,
    ToolOutput,
    current_tool_call,
)

if TYPE_CHECKING:
    from roomkit.tools.functions import FunctionTool, as_tool, tool
    from roomkit.tools.handlers import compose_tool_handlers, is_unhandled
    from roomkit.tools.mcp import MCPToolProvider
    from roomkit.tools.output import as_tool_output
    from roomkit.tools.schema import SchemaValidator, compile_schema

__all__ = [
    "FunctionTool",
    "MCPToolProvider",
    "SchemaValidator",
    "Tool",
    "ToolCallContext",
    "ToolError",
    "ToolHandler",
    "ToolOutput",
    "as_tool",
    "as_tool_output",
    "compile_schema",
    "compose_tool_handlers",
    "current_tool_call",
    "is_unhandled",
    "tool",
]

# Type checkers would take `__getattr__` as leave to import any name at all.
if not TYPE_CHECKING:
    __getattr__, __dir__ = lazy_exports(
        __name__,
        {
            "FunctionTool": "roomkit.tools.functions",
            "MCPToolProvider": "roomkit.tools.mcp",
            "SchemaValidator": "roomkit.tools.schema",
            "as_tool": "roomkit.tools.functions",
            "as_tool_output": "roomkit.tools.output",
            "compile_schema": "roomkit.tools.schema",
            "compose_tool_handlers": "roomkit.tools.handlers",
            "is_unhandled": "roomkit.tools.handlers",
            "tool": "roomkit.tools.functions",
        },
    )
