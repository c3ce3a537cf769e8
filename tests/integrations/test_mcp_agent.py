"""An AI that uses the tools of MCP servers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from roomkit import AIChannel, RoomKit, WebSocketChannel
from roomkit.providers.ai.base import AIResponse, AIToolCall
from roomkit.providers.ai.mock import MockAIProvider
from roomkit.tools.handlers import compose_tool_handlers
from roomkit.tools.mcp import MCPToolProvider
from tests.helpers import say
from tests.integrations.mcp_server import demo_server
from tests.integrations.serving import serving


@pytest.fixture
async def mcp() -> AsyncIterator[MCPToolProvider]:
    app = demo_server().streamable_http_app()
    async with (
        serving(app, graceful_seconds=0) as address,
        MCPToolProvider.from_url(f"http://{address}/mcp") as provider,
    ):
        yield provider


def calling(name: str, **arguments: Any) -> AIResponse:
    return AIResponse(content="", tool_calls=[AIToolCall(id="1", name=name, arguments=arguments)])


async def talk(ai: AIChannel, *, times: int = 1) -> None:
    async with RoomKit() as kit:
        kit.register_channel(WebSocketChannel("web"))
        kit.register_channel(ai)
        await kit.create_room("r")
        await kit.attach_channel("r", "web")
        await kit.attach_channel("r", "ai")
        for _ in range(times):
            assert (await say(kit, "web")).error is None


async def test_as_tools(mcp: MCPToolProvider) -> None:
    model = MockAIProvider([calling("get_weather", city="Oslo"), "Seven degrees."])
    await talk(AIChannel("ai", provider=model, tools=mcp.tools()))
    (offered,) = [tool for tool in model.calls[0].tools if tool.name == "get_weather"]
    assert offered.description == "Get the weather."
    assert told(model) == '{"city": "Oslo", "degrees": 7}'


async def test_as_a_handler_beside_a_local_one(mcp: MCPToolProvider) -> None:
    async def local(name: str, arguments: dict[str, Any]) -> str:
        if name == "echo":
            return "local"
        return '{"error": "Unknown tool"}'

    model = MockAIProvider([calling("get_weather", city="Oslo"), "x", calling("echo", text="y")])
    handler = compose_tool_handlers(local, mcp.as_tool_handler())
    await talk(AIChannel("ai", provider=model, tool_handler=handler), times=2)
    assert "get_weather" in {tool.name for tool in model.calls[0].tools}
    assert told(model, 1) == '{"city": "Oslo", "degrees": 7}'
    assert told(model, 3) == "local"


async def test_arguments_that_do_not_fit_are_not_sent(mcp: MCPToolProvider) -> None:
    model = MockAIProvider([calling("get_weather", town="Oslo"), "Sorry."])
    await talk(AIChannel("ai", provider=model, tools=mcp.tools()))
    assert "missing argument 'city'" in told(model)


async def test_what_a_server_says_of_a_failure_reaches_the_model(mcp: MCPToolProvider) -> None:
    model = MockAIProvider([calling("refuse"), "Sorry."])
    await talk(AIChannel("ai", provider=model, tools=mcp.tools()))
    assert "no seats left" in told(model)


def told(model: MockAIProvider, request: int = 1) -> str:
    """The result that the model was given last in a request."""
    part = model.calls[request].messages[-1].content[-1]
    assert not isinstance(part, str)
    assert part.type == "tool_result"
    assert isinstance(part.content, str)
    return part.content
