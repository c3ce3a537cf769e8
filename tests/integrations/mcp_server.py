"""An MCP server made with the SDK; as a program it speaks over its pipes."""

from __future__ import annotations

import asyncio
import base64
from typing import Any

import mcp_types as types
from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from pydantic import BaseModel

PIXEL = base64.b64encode(b"\x89PNG pixel").decode()


class Weather(BaseModel):
    city: str
    degrees: int


def demo_server(name: str = "demo") -> MCPServer[Any]:
    """A server with tools of every kind."""
    server: MCPServer[Any] = MCPServer(name, log_level="CRITICAL")
    server.add_tool(numbers, annotations=types.ToolAnnotations(read_only_hint=True))
    for tool in (get_weather, echo, refuse, crash, draw, learn, forget):
        server.add_tool(tool)
    gates = Gates()
    server.add_tool(gates.hold)
    server.add_tool(gates.release)
    server.add_tool(echo, name="with.dots/and:more")
    return server


def get_weather(city: str) -> Weather:
    """Get the weather."""
    return Weather(city=city, degrees=7)


def echo(text: str) -> str:
    return text


def numbers() -> list[int]:
    return [1, 2]


def refuse() -> str:
    raise ToolError("no seats left")


def crash() -> str:
    raise ValueError("password=hunter2")


def draw() -> types.CallToolResult:
    return types.CallToolResult(content=every_kind_of_content())


class Gates:
    """Calls that have their answer when another call says so."""

    def __init__(self) -> None:
        self._open: dict[str, asyncio.Event] = {}

    async def hold(self, gate: str) -> str:
        await self._gate(gate).wait()
        return "released"

    async def release(self, gate: str) -> str:
        self._gate(gate).set()
        return "ok"

    def _gate(self, name: str) -> asyncio.Event:
        return self._open.setdefault(name, asyncio.Event())


async def learn(ctx: Context[Any], tool: str) -> str:
    def learned() -> str:
        return f"{tool} was learned"

    ctx.mcp_server.add_tool(learned, name=tool)
    await announce(ctx)
    return "ok"


async def forget(ctx: Context[Any], tool: str) -> str:
    ctx.mcp_server.remove_tool(tool)
    await announce(ctx)
    return "ok"


async def announce(ctx: Context[Any]) -> None:
    """Tell clients of 2026, who listen, and those from before, who do not have to."""
    await ctx.notify_tools_changed()
    await ctx.session.send_tool_list_changed()


def every_kind_of_content() -> list[types.ContentBlock]:
    """One of each."""
    return [
        types.TextContent(text="a map"),
        types.ImageContent(data=PIXEL, mime_type="image/png"),
        types.AudioContent(data=PIXEL, mime_type="audio/wav"),
        types.ResourceLink(name="readme", uri="file:///readme.md", description="what to know"),
        types.EmbeddedResource(
            resource=types.TextResourceContents(uri="file:///a.txt", text="words")
        ),
        types.EmbeddedResource(
            resource=types.BlobResourceContents(
                uri="file:///b.png", blob=PIXEL, mime_type="image/png"
            )
        ),
    ]


if __name__ == "__main__":
    demo_server().run("stdio")
