"""Tools that come from elsewhere, as an `AIChannel` takes them."""

from __future__ import annotations

import asyncio
import logging
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Self

from roomkit.providers.ai.base import AITool
from roomkit.tools._mcp.names import usable_name
from roomkit.tools.base import Tool, ToolHandler, ToolOutput

logger = logging.getLogger("roomkit.mcp")


class ToolSource(ABC):
    """One or several servers with tools."""

    @abstractmethod
    async def initialize(self) -> None:
        """Connect, and ask for the tools. Nothing happens if that was done before.

        Raises:
            ProviderError: a server cannot be reached or refuses; `retryable` says whether trying
                again may help.
            ValueError: several servers have tools of the same name.
        """

    @abstractmethod
    async def close(self) -> None:
        """Disconnect, and end the child processes. A source may be initialized again."""

    @abstractmethod
    def tools(self) -> Sequence[Tool]:
        """The tools, as they are now, for ``AIChannel(tools=...)``.

        When a server announces that its tools have changed, the next call of this method tells;
        the objects that were handed out go on calling the tool of their name.

        Raises:
            RuntimeError: the source was not initialized.
        """

    def as_tool_handler(self) -> ToolHandler:
        """The tools as one function, for ``AIChannel(tool_handler=...)`` and
        `compose_tool_handlers`.

        It runs whatever tools the servers have at the time of the call and leaves all others to
        the next handler. Its ``declarations`` tell the channel what there is to call.
        """
        return _Handler(self)

    async def __aenter__(self) -> Self:
        await self.initialize()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()


class ToolSourceGroup(ToolSource):
    """Several sources as one; each tool's name begins with its source's prefix.

    Args:
        sources: the sources by prefix: ``read`` of the source ``files`` is ``files_read``. An
            empty prefix leaves the names as they are.
    """

    def __init__(self, sources: Mapping[str, ToolSource]) -> None:
        for prefix in sources:
            if prefix and usable_name(prefix) != prefix:
                raise ValueError(f"prefix {prefix!r} must be of letters, digits, _ and -")
        self._sources = dict(sources)
        # Made once, so that whoever asks again can tell at a glance that nothing has changed.
        self._renamed: dict[tuple[str, Tool], _Renamed] = {}

    async def initialize(self) -> None:
        """Connect to all, at the same time; to none if one of them fails."""
        try:
            await asyncio.gather(*(source.initialize() for source in self._sources.values()))
            self._assert_distinct()
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        await asyncio.gather(*(source.close() for source in self._sources.values()))

    def tools(self) -> Sequence[Tool]:
        tools: dict[str, Tool] = {}
        for tool in self._all():
            if tool.name in tools:
                logger.warning("a second tool of the name %s is left out", tool.name)
            else:
                tools[tool.name] = tool
        return list(tools.values())

    def _all(self) -> list[Tool]:
        found = [(prefix, tool) for prefix, one in self._sources.items() for tool in one.tools()]
        known = self._renamed
        self._renamed = {
            key: known.get(key) or _Renamed(key[1], usable_name(f"{key[0]}_{key[1].name}"))
            for key in found
            if key[0]
        }
        return [self._renamed[key] if key[0] else key[1] for key in found]

    def _assert_distinct(self) -> None:
        names = Counter(tool.name for tool in self._all())
        twice = [name for name, count in names.items() if count > 1]
        if twice:
            raise ValueError(
                f"several MCP servers have a tool {twice[0]!r}; give each server a prefix of its "
                "own"
            )


class _Renamed(Tool):
    """A tool under another name."""

    def __init__(self, tool: Tool, name: str) -> None:
        self.name = name
        self.description = tool.description
        self.parameters = tool.parameters
        self.timeout = tool.timeout
        self._tool = tool
        self._declaration = super().declaration()

    def declaration(self) -> AITool:
        return self._declaration

    async def execute(self, arguments: dict[str, Any]) -> ToolOutput:
        return await self._tool.execute(arguments)


class _Handler:
    """A source as a `ToolHandler`."""

    def __init__(self, source: ToolSource) -> None:
        self._source = source

    @property
    def declarations(self) -> list[AITool]:
        """The tools as a model is told about them."""
        return [tool.declaration() for tool in self._source.tools()]

    async def __call__(self, name: str, arguments: dict[str, Any]) -> ToolOutput | None:
        for tool in self._source.tools():
            if tool.name == name:
                return await tool.execute(arguments)
        return None
