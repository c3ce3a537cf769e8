"""The tools of an MCP server that was made with the SDK and runs as a child process.

It takes a second to start: these stories share one.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from roomkit.providers.ai.base import AIImagePart, AITextPart
from roomkit.tools.base import ToolError
from roomkit.tools.handlers import compose_tool_handlers
from roomkit.tools.mcp import MCPTool, MCPToolProvider
from tests.integrations.mcp_server import PIXEL
from tests.integrations.mcp_story import DEMO, call, names_of, servers_running, tool_of, until

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def demo() -> AsyncIterator[MCPToolProvider]:
    provider = MCPToolProvider(server_command=DEMO)
    await provider.initialize()
    assert len(servers_running()) == 1
    yield provider
    await provider.close()
    assert servers_running() == set()
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_its_tools_are_found_and_run(demo: MCPToolProvider) -> None:
    weather = tool_of(demo, "get_weather")
    assert weather.description == "Get the weather."
    assert weather.parameters["properties"]["city"]["type"] == "string"
    assert await weather.execute({"city": "Oslo"}) == '{"city": "Oslo", "degrees": 7}'


async def test_results_of_every_kind(demo: MCPToolProvider) -> None:
    assert await call(demo, "echo", text='{"a": "é"}') == '{"a": "é"}'
    assert await call(demo, "numbers") == '{"result": [1, 2]}'
    assert await call(demo, "draw") == [
        AITextPart(text="a map"),
        AIImagePart(url=f"data:image/png;base64,{PIXEL}", mime_type="image/png"),
        AITextPart(text="[audio/wav, 12 bytes, not shown]"),
        AITextPart(text="[Resource readme, file:///readme.md: what to know]"),
        AITextPart(text="words"),
        AIImagePart(url=f"data:image/png;base64,{PIXEL}", mime_type="image/png"),
    ]


async def test_what_goes_wrong_in_a_tool_is_told_in_the_server_s_words(
    demo: MCPToolProvider,
) -> None:
    with pytest.raises(ToolError, match="no seats left"):
        await call(demo, "refuse")
    with pytest.raises(ToolError) as crashed:
        await call(demo, "crash")
    assert "hunter2" not in str(crashed.value)
    with pytest.raises(ToolError, match="city"):
        await call(demo, "get_weather")


async def test_calls_run_side_by_side(demo: MCPToolProvider) -> None:
    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        slow = group.create_task(call(demo, "hold", gate="slow"))
        quick = [group.create_task(call(demo, "echo", text=str(n))) for n in range(20)]
        await asyncio.wait(quick)
        assert not slow.done()
        await call(demo, "release", gate="slow")
    assert [task.result() for task in quick] == [str(n) for n in range(20)]
    assert slow.result() == "released"


async def test_a_call_that_is_cancelled_leaves_the_others_alone(demo: MCPToolProvider) -> None:
    waiting = asyncio.create_task(call(demo, "hold", gate="never"))
    other = asyncio.create_task(call(demo, "hold", gate="other"))
    await call(demo, "echo", text="both are under way")
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await call(demo, "release", gate="other")
    assert await other == "released"


async def test_as_a_handler_beside_local_tools(demo: MCPToolProvider) -> None:
    async def local(name: str, arguments: dict[str, object]) -> str | None:
        return "local echo" if name == "echo" else None

    handler = compose_tool_handlers(local, demo.as_tool_handler())
    assert await handler("echo", {"text": "x"}) == "local echo"
    assert json.loads(await handler("get_weather", {"city": "Oslo"})) == {
        "city": "Oslo",
        "degrees": 7,
    }
    assert await handler("no_such_tool", {}) is None
    declared = {tool.name for tool in getattr(handler, "declarations", ())}
    assert declared == names_of(demo)


async def test_names_that_models_cannot_use_are_changed(demo: MCPToolProvider) -> None:
    tool = tool_of(demo, "with_dots_and_more")
    assert isinstance(tool, MCPTool)
    assert tool.remote_name == "with.dots/and:more"
    assert await tool.execute({"text": "dots"}) == "dots"


async def test_tools_come_and_go(demo: MCPToolProvider) -> None:
    await call(demo, "learn", tool="juggle")
    await until(lambda: "juggle" in names_of(demo))
    juggle = tool_of(demo, "juggle")
    assert await juggle.execute({}) == "juggle was learned"
    await call(demo, "forget", tool="juggle")
    await until(lambda: "juggle" not in names_of(demo))
    with pytest.raises(ToolError, match="juggle"):
        await juggle.execute({})
