"""What the stories about MCP servers are told with."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from roomkit.testing.clock import VirtualClock
from roomkit.tools.base import Tool, ToolOutput
from roomkit.tools.mcp import ToolSource

DEMO = [sys.executable, "-m", "tests.integrations.mcp_server"]
RAW = [sys.executable, "-m", "tests.integrations.mcp_raw_server"]


class QuickClock(VirtualClock):
    """Pauses take no time, and limits do not run out, however slow the machine.

    Attributes:
        pauses: how long somebody wanted to wait, in order.
    """

    def __init__(self) -> None:
        super().__init__()
        self.pauses: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        await super().sleep(0)


def tool_of(source: ToolSource, name: str) -> Tool:
    """The tool of this name."""
    return next(tool for tool in source.tools() if tool.name == name)


def names_of(source: ToolSource) -> set[str]:
    """What the tools are called."""
    return {tool.name for tool in source.tools()}


async def call(source: ToolSource, name: str, /, **arguments: Any) -> ToolOutput:
    """Run a tool as a channel would."""
    return await tool_of(source, name).execute(arguments)


async def until(condition: Callable[[], bool]) -> None:
    """Give a real process on the other side time to get there."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - another process sets no event of ours
            await asyncio.sleep(0.01)


def servers_running() -> set[int]:
    """The processes of servers that this one has started."""
    found = set()
    for entry in Path("/proc").iterdir():
        try:
            parent = (entry / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()[1]
            command = (entry / "cmdline").read_text(encoding="utf-8")
        except OSError:  # no process, or one that has just ended
            continue
        if int(parent) == os.getpid() and "tests.integrations.mcp" in command:
            found.add(int(entry.name))
    return found
