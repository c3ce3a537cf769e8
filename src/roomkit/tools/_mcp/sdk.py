"""The MCP SDK, loaded when it is first needed."""

from __future__ import annotations

from types import ModuleType

from roomkit._lazy import require

_FEATURE = "MCPToolProvider"


class SDK:
    """What is used of the packages ``mcp`` and ``httpx2``.

    Raises:
        MissingDependencyError: the extra ``mcp`` is not installed.
    """

    def __init__(self) -> None:
        self.mcp = _load("mcp")
        self.types = _load("mcp_types")
        self.httpx2 = _load("httpx2")
        self.stdio = _load("mcp.client.stdio")
        self.http = _load("mcp.client.streamable_http")
        self.sse = _load("mcp.client.sse")


def _load(module: str) -> ModuleType:
    return require(module, extra="mcp", feature=_FEATURE)
