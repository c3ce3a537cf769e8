"""Tools of an MCP server, which runs as a child process and is started again when it dies.

The server is at the end of this file. The model plays from a script; the last lines show what it
was told. Needs `pip install "roomkit[mcp]"`.
"""

from __future__ import annotations

import asyncio
import os
import sys

from roomkit import AIChannel, Channel, InboundMessage, RoomKit, TextContent, WebSocketChannel
from roomkit.providers.ai.base import AIResponse, AIToolCall
from roomkit.providers.ai.mock import MockAIProvider
from roomkit.tools import MCPToolProvider

SERVER = [sys.executable, __file__, "serve"]


def wants(name: str, **arguments: str) -> AIResponse:
    return AIResponse(content="", tool_calls=[AIToolCall(id="1", name=name, arguments=arguments)])


async def main() -> None:
    model = MockAIProvider(
        [
            wants("weather_forecast", city="Oslo"),
            wants("weather_crash"),
            wants("weather_forecast", city="Bergen"),
            "Seven degrees in Oslo; take an umbrella to Bergen.",
        ]
    )
    provider = MCPToolProvider(server_command=SERVER, name="weather")
    servers = MCPToolProvider.combine({"weather": provider})
    async with servers as mcp, RoomKit() as kit:
        print("tools:", [tool.name for tool in mcp.tools()])
        kit.register_channel(WebSocketChannel("web"))
        kit.register_channel(AIChannel("guide", model, tools=mcp.tools()))
        await kit.create_room("trip")
        await kit.attach_channel("trip", "web")
        await kit.attach_channel("trip", "guide")
        question = TextContent(body="What is the weather like in Oslo and Bergen?")
        result = await kit.process_inbound(
            InboundMessage(channel_id="web", sender_id="ada", content=question)
        )
        print("answer:", *(Channel.extract_text(event) for event in result.response_events))
    for request in model.calls[1:]:
        for part in request.messages[-1].content:
            print("told:", part if isinstance(part, str) else getattr(part, "content", part))


def serve() -> None:
    from mcp.server import MCPServer

    server = MCPServer("weather", log_level="CRITICAL")

    @server.tool()
    def forecast(city: str) -> str:
        """The weather of a city."""
        return {"Oslo": "7 °C, sunny"}.get(city, "9 °C, rain")

    @server.tool()
    def crash() -> str:
        """Die in the middle of a call."""
        os._exit(1)

    server.run("stdio")


if __name__ == "__main__":
    serve() if sys.argv[1:] == ["serve"] else asyncio.run(main())
