"""The tools of MCP servers that run as child processes."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from roomkit.errors import ProviderError
from roomkit.testing.clock import VirtualClock
from roomkit.tools.base import ToolError
from roomkit.tools.mcp import MCPToolProvider
from tests.integrations.mcp_raw_server import LONG
from tests.integrations.mcp_story import (
    RAW,
    QuickClock,
    call,
    names_of,
    servers_running,
    tool_of,
    until,
)


@pytest.fixture(autouse=True)
async def _nothing_is_left_behind() -> AsyncIterator[None]:
    yield
    assert servers_running() == set()
    assert asyncio.all_tasks() == {asyncio.current_task()}


@pytest.fixture
async def raw() -> AsyncIterator[MCPToolProvider]:
    async with MCPToolProvider(server_command=RAW) as provider:
        yield provider


async def test_a_call_that_takes_too_long_is_given_up() -> None:
    clock = VirtualClock()
    async with MCPToolProvider(server_command=RAW, timeout=30, clock=clock) as provider:
        assert tool_of(provider, "wait").timeout == 30
        waiting = asyncio.create_task(call(provider, "wait"))
        await asyncio.sleep(0.05)
        await clock.advance(31)
        with pytest.raises(ToolError, match="no answer within 30 s; it is not known whether"):
            await waiting
        assert await call(provider, "echo", text="still there") == "still there"


async def test_environment_and_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROOMKIT_TEST_SECRET", "of the parent")
    here = str(Path.cwd())
    provider = MCPToolProvider.from_command(
        RAW, env={"PYTHONPATH": here, "TOKEN": SecretStr("t0ken")}, cwd=tmp_path
    )
    async with provider:
        assert await call(provider, "environment", name="TOKEN") == f"t0ken in {tmp_path.name}"
        inherited = await call(provider, "environment", name="ROOMKIT_TEST_SECRET")
        assert str(inherited).startswith("None")
    assert "t0ken" not in repr(provider)


async def test_a_server_that_died_is_started_again_by_the_next_call(
    raw: MCPToolProvider,
) -> None:
    with pytest.raises(ToolError, match="it is not known whether the tool has run"):
        await call(raw, "die")
    assert await call(raw, "echo", text="back") == "back"


async def test_a_server_that_died_while_idle_is_buried_at_once(raw: MCPToolProvider) -> None:
    (before,) = servers_running()
    os.kill(before, signal.SIGKILL)
    await until(lambda: not Path(f"/proc/{before}").exists())
    await asyncio.sleep(0.1)
    # Nothing was sent into the grave, so even a call that must not be repeated goes through.
    outcomes = await asyncio.gather(*(call(raw, "echo", text=str(n)) for n in range(5)))
    assert outcomes == ["0", "1", "2", "3", "4"]
    assert len(servers_running()) == 1


@pytest.mark.parametrize("name", ["look", "set"])
async def test_a_call_that_may_be_repeated_is(
    raw: MCPToolProvider, tmp_path: Path, name: str
) -> None:
    assert await call(raw, name, path=str(tmp_path / "marks")) == "xx"


async def test_a_call_that_may_have_had_an_effect_is_not(
    raw: MCPToolProvider, tmp_path: Path
) -> None:
    marks = tmp_path / "marks"
    with pytest.raises(ToolError, match="not known whether the tool has run"):
        await call(raw, "pay", path=str(marks))
    assert marks.read_text(encoding="utf-8") == "x"


async def test_a_tool_that_kills_the_server_is_called_twice_at_most(
    raw: MCPToolProvider,
) -> None:
    with pytest.raises(ToolError, match="not known whether the tool has run"):
        await call(raw, "faint")
    assert await call(raw, "echo", text="back") == "back"


async def test_calls_under_way_when_a_server_dies_all_end(raw: MCPToolProvider) -> None:
    sleepers = [asyncio.create_task(call(raw, "wait")) for _ in range(3)]
    await asyncio.sleep(0.05)
    with pytest.raises(ToolError):
        await call(raw, "die")
    for outcome in await asyncio.gather(*sleepers, return_exceptions=True):
        assert isinstance(outcome, ToolError)


async def test_names_stay_apart_and_wrong_schemas_are_left_out(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with MCPToolProvider(server_command=RAW) as provider:
        tools = {tool.remote_name: tool for tool in provider.tools()}
        assert tools["a_b"].name == "a_b"
        assert tools["a.b"].name.startswith("a_b_")
        assert tools["a.b"].description == "The first"
        assert len(tools[LONG].name) == 64
        assert await tools[LONG].execute({}) == LONG
        assert "broken" not in tools
    assert "tool broken of MCP server" in caplog.text


async def test_errors_of_the_protocol(raw: MCPToolProvider) -> None:
    tools = {tool.remote_name: tool for tool in raw.tools()}
    with pytest.raises(ToolError, match="refused the call: 'q' is required"):
        await tools["a_b"].execute({})
    with pytest.raises(ToolError) as failed:
        await tools["a.b"].execute({})
    assert str(failed.value) == f"the MCP server {Path(RAW[0]).name} failed (error -32603)"


async def test_servers_from_before_2026_announce_changes_unasked(raw: MCPToolProvider) -> None:
    await call(raw, "learn", name="juggle")
    await until(lambda: "juggle" in names_of(raw))


async def test_before_and_after_it_is_connected_it_says_so() -> None:
    provider = MCPToolProvider(server_command=RAW)
    handler = provider.as_tool_handler()
    with pytest.raises(RuntimeError, match="is not connected; use `async with provider:`"):
        provider.tools()
    async with provider:
        echo = tool_of(provider, "echo")
    with pytest.raises(RuntimeError, match="is not connected"):
        await echo.execute({"text": "x"})
    with pytest.raises(RuntimeError, match="is not connected"):
        await handler("echo", {})
    async with provider:
        assert await echo.execute({"text": "again"}) == "again"
    await provider.close()


async def test_initializing_twice_starts_one_server() -> None:
    async with MCPToolProvider(server_command=RAW) as provider:
        await asyncio.gather(provider.initialize(), provider.initialize())
        assert len(servers_running()) == 1


@pytest.mark.parametrize("name", ["wait", "rest"])
async def test_closing_in_the_middle_of_a_call_ends_the_call(name: str) -> None:
    provider = MCPToolProvider(server_command=RAW)
    await provider.initialize()
    waiting = asyncio.create_task(call(provider, name))
    await asyncio.sleep(0.05)
    await provider.close()
    with pytest.raises(ToolError):
        await waiting


@pytest.mark.parametrize(
    ("command", "code", "words"),
    [
        (["/no/such/program"], "unreachable", "the MCP server program cannot be started: File"),
        ([sys.executable, "-c", "pass", "--key=s3cret"], "connection_lost", "ended while conn"),
    ],
)
async def test_a_program_that_is_no_server(command: list[str], code: str, words: str) -> None:
    provider = MCPToolProvider(server_command=command)
    with pytest.raises(ProviderError, match=words) as failed:
        await provider.initialize()
    assert failed.value.code == code
    assert "s3cret" not in str(failed.value)
    with pytest.raises(RuntimeError, match="is not connected"):
        provider.tools()


async def test_a_server_that_never_answers_is_given_up() -> None:
    clock = VirtualClock()
    provider = MCPToolProvider(
        server_command=[sys.executable, "-c", "import sys; sys.stdin.read()"], clock=clock
    )
    connecting = asyncio.create_task(provider.initialize())
    await asyncio.sleep(0.2)
    await clock.advance(31)
    with pytest.raises(ProviderError, match="did not answer in time") as failed:
        await connecting
    assert failed.value.retryable


async def test_initializing_can_be_cancelled() -> None:
    provider = MCPToolProvider(
        server_command=[
            *[sys.executable, "-c", "import sys; sys.stdin.read()"],
            "tests.integrations.mcp",
        ]
    )
    connecting = asyncio.create_task(provider.initialize())
    await until(lambda: len(servers_running()) == 1)
    connecting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await connecting


async def test_a_server_that_cannot_be_started_again_is_told_to_be_gone(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "roomkit.mcp")
    starts = tmp_path / "starts"
    program = (
        f"import sys, pathlib; starts = pathlib.Path({str(starts)!r})\n"
        "count = len(starts.read_text()) if starts.exists() else 0\n"
        "starts.write_text('x' * (count + 1))\n"
        "if count: sys.exit('no more')\n"
        "from tests.integrations.mcp_raw_server import main\n"
        "main()\n"
    )
    clock = QuickClock()
    provider = MCPToolProvider(
        server_command=[sys.executable, "-c", program], clock=clock, timeout=None
    )
    async with provider:
        with pytest.raises(ToolError):
            await call(provider, "die")
        with pytest.raises(ToolError, match="cannot be reached at the moment"):
            await call(provider, "echo", text="x")
        assert clock.pauses == [0.5, 1, 2]
    assert starts.read_text(encoding="utf-8") == "xxxxx"
    assert "cannot be reached: connection_lost" in caplog.text
