"""The tools of MCP servers on the network: streamable HTTP, and SSE as it was before."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import asynccontextmanager
from typing import Any, Literal

import pytest
from pydantic import SecretStr

from roomkit.errors import ProviderError
from roomkit.testing.clock import VirtualClock
from roomkit.tools.base import ToolError
from roomkit.tools.mcp import MCPToolProvider
from tests.integrations.mcp_server import demo_server
from tests.integrations.mcp_story import QuickClock, call, names_of, tool_of, until
from tests.integrations.serving import loopback_socket, port_of, serving

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


@pytest.fixture(autouse=True)
async def _nothing_is_left_behind() -> AsyncIterator[None]:
    yield
    await until(lambda: tasks_of_the_client() == {asyncio.current_task()})


def tasks_of_the_client() -> set[asyncio.Task[Any] | None]:
    """All tasks but one that the server, which runs in the same loop, leaves to the loop's end."""
    return {
        task
        for task in asyncio.all_tasks()
        if getattr(task.get_coro(), "__name__", "") != "_shutdown_watcher"
    }


def before_2026(app: App) -> App:
    """The server, without the protocol's newest version: it keeps a session for each client."""

    async def wrapper(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "POST":
            return await app(scope, receive, send)
        message = await receive()
        request = json.loads(message["body"])
        if request["method"] == "server/discover":
            error = {"code": -32601, "message": "Method not found"}
            return await respond(send, {"jsonrpc": "2.0", "id": request["id"], "error": error})
        given = iter([message])

        async def replay() -> MutableMapping[str, Any]:
            first = next(given, None)
            return await receive() if first is None else first

        await app(scope, replay, send)

    return wrapper


async def respond(send: Send, body: Any, status: int = 200) -> None:
    headers = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(body).encode()})


def guarded(app: App) -> App:
    """The server, for those who know the word."""

    async def wrapper(scope: Scope, receive: Receive, send: Send) -> None:
        given = dict(scope.get("headers", ())).get(b"authorization")
        if scope["type"] == "http" and given != b"Bearer s3cret":
            return await respond(send, {"detail": "who are you?"}, 401)
        await app(scope, receive, send)

    return wrapper


def modern() -> App:
    app: App = demo_server().streamable_http_app()
    return app


def legacy() -> App:
    return before_2026(demo_server().streamable_http_app())


def answering_in_json() -> App:
    app: App = demo_server().streamable_http_app(json_response=True)
    return app


def sse() -> App:
    app: App = demo_server().sse_app()
    return app


@asynccontextmanager
async def connected(
    app: App, path: str = "/mcp", **options: Any
) -> AsyncIterator[MCPToolProvider]:
    """A server, and a provider of its tools."""
    async with serving(app, graceful_seconds=0) as address:
        provider = MCPToolProvider.from_url(f"http://{address}{path}", **options)
        async with provider:
            yield provider


KINDS = pytest.mark.parametrize(
    ("app", "path"),
    [(modern, "/mcp"), (legacy, "/mcp"), (answering_in_json, "/mcp"), (sse, "/sse")],
    ids=["2026", "before 2026", "plain JSON", "sse"],
)


@KINDS
async def test_its_tools_are_found_and_run(app: Callable[[], App], path: str) -> None:
    async with connected(app(), path) as provider:
        output = await call(provider, "get_weather", city="Oslo")
        assert output == '{"city": "Oslo", "degrees": 7}'
        with pytest.raises(ToolError, match="no seats left"):
            await call(provider, "refuse")


@KINDS
async def test_calls_run_side_by_side_and_can_be_cancelled(
    app: Callable[[], App], path: str
) -> None:
    async with connected(app(), path) as provider, asyncio.timeout(10):
        forgotten = asyncio.create_task(call(provider, "hold", gate="forgotten"))
        slow = asyncio.create_task(call(provider, "hold", gate="slow"))
        quick = [call(provider, "echo", text=str(n)) for n in range(10)]
        assert await asyncio.gather(*quick) == [str(n) for n in range(10)]
        assert not slow.done()
        forgotten.cancel()
        with pytest.raises(asyncio.CancelledError):
            await forgotten
        await call(provider, "release", gate="slow")
        assert await slow == "released"


@pytest.mark.parametrize("app", [modern, legacy], ids=["2026", "before 2026"])
async def test_tools_come_and_go(app: Callable[[], App]) -> None:
    async with connected(app()) as provider:
        await call(provider, "learn", tool="juggle")
        await until(lambda: "juggle" in names_of(provider))
        assert await call(provider, "juggle") == "juggle was learned"


@pytest.mark.parametrize("transport", ["auto", "streamable_http", "sse"])
async def test_the_transport_can_be_chosen(
    transport: Literal["auto", "streamable_http", "sse"],
) -> None:
    app, path = (sse(), "/sse") if transport == "sse" else (modern(), "/mcp")
    async with connected(app, path, transport=transport) as provider:
        assert await call(provider, "echo", text="x") == "x"


async def test_the_wrong_transport_is_refused() -> None:
    async with serving(sse()) as address:
        url = f"http://{address}/sse"
        provider = MCPToolProvider.from_url(url, transport="streamable_http")
        with pytest.raises(ProviderError) as failed:
            await provider.initialize()
        assert failed.value.code == "rejected"


@pytest.mark.parametrize(("app", "path"), [(modern, "/mcp"), (sse, "/sse")], ids=["http", "sse"])
async def test_headers_are_sent_with_every_request(app: Callable[[], App], path: str) -> None:
    headers = {"Authorization": SecretStr("Bearer s3cret")}
    async with connected(guarded(app()), path, headers=headers) as provider:
        assert await call(provider, "echo", text="let in") == "let in"
        assert "s3cret" not in repr(provider)


@pytest.mark.parametrize("transport", ["auto", "sse"])
async def test_credentials_that_are_not_accepted(transport: Literal["auto", "sse"]) -> None:
    async with serving(guarded(modern())) as address:
        url = f"http://u:p4ss@{address}/mcp?token=t0ken"
        provider = MCPToolProvider.from_url(url, transport=transport)
        with pytest.raises(ProviderError, match="does not accept the credentials") as failed:
            await provider.initialize()
    assert failed.value.code == "unauthorized"
    assert not failed.value.retryable
    for secret in ("p4ss", "t0ken"):
        assert secret not in str(failed.value)
        assert secret not in repr(provider)


@pytest.mark.parametrize("transport", ["auto", "sse"])
async def test_a_server_that_is_not_there(transport: Literal["auto", "sse"]) -> None:
    with loopback_socket() as listener:
        url = f"http://127.0.0.1:{port_of(listener)}/mcp"
    provider = MCPToolProvider.from_url(url, transport=transport)
    with pytest.raises(ProviderError, match="cannot be reached") as failed:
        await provider.initialize()
    assert failed.value.code == "unreachable"
    assert failed.value.retryable


async def test_something_else_at_the_address() -> None:
    async def website(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await respond(send, ["hello"])

    async with serving(website) as address:
        with pytest.raises(ProviderError) as failed:
            await MCPToolProvider.from_url(f"http://{address}/mcp").initialize()
    assert failed.value.code == "rejected"


class Restartable:
    """A server that keeps its address when it is started again."""

    def __init__(self, app: Callable[[], App]) -> None:
        self._app = app
        with loopback_socket() as listener:
            self.port = port_of(listener)

    @asynccontextmanager
    async def up(self) -> AsyncIterator[None]:
        listener: socket.socket = loopback_socket(self.port)
        # A stream for ever is ended properly by its server, which takes a moment.
        patience = 1 if self._app is sse else 0
        async with serving(self._app(), listener=listener, graceful_seconds=patience):
            yield


@pytest.mark.parametrize(
    ("app", "path"),
    [(modern, "/mcp"), (legacy, "/mcp"), (sse, "/sse")],
    ids=["2026", "before 2026", "sse"],
)
async def test_a_server_that_was_started_again_is_found_again(
    app: Callable[[], App], path: str
) -> None:
    server = Restartable(app)
    provider = MCPToolProvider.from_url(f"http://127.0.0.1:{server.port}{path}")
    async with server.up():
        await provider.initialize()
        assert await call(provider, "echo", text="first") == "first"
    async with server.up():
        assert await call(provider, "echo", text="second") == "second"
        await provider.close()


@pytest.mark.parametrize("app", [modern, legacy], ids=["2026", "before 2026"])
async def test_a_server_that_is_down_is_tried_a_few_times(app: Callable[[], App]) -> None:
    server = Restartable(app)
    clock = QuickClock()
    provider = MCPToolProvider.from_url(
        f"http://127.0.0.1:{server.port}/mcp", clock=clock, timeout=None
    )
    async with server.up():
        await provider.initialize()
    with pytest.raises(ToolError, match="cannot be reached at the moment"):
        await call(provider, "echo", text="x")
    assert clock.pauses[-3:] == [0.5, 1, 2]
    async with server.up():
        assert await call(provider, "echo", text="back") == "back"
        await provider.close()


async def test_closing_while_connecting_again_ends_that(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "roomkit.mcp")
    server = Restartable(modern)
    clock = VirtualClock()
    provider = MCPToolProvider.from_url(f"http://127.0.0.1:{server.port}/mcp", clock=clock)
    async with server.up():
        await provider.initialize()
    waiting = asyncio.create_task(call(provider, "echo", text="x"))
    await until(lambda: "connecting again" in caplog.text)
    assert not waiting.done()
    await provider.close()
    with pytest.raises(ToolError, match="cannot be reached at the moment"):
        await waiting


async def test_closing_waits_for_no_pause() -> None:
    """Such as the one between two listings, on a clock that stands still."""
    async with serving(modern(), graceful_seconds=0) as address:
        url = f"http://{address}/mcp"
        clock = VirtualClock()
        provider = MCPToolProvider.from_url(url, clock=clock)
        await provider.initialize()
        await until(lambda: clock.pending > 0)
        async with asyncio.timeout(5):
            await provider.close()


def hanging_up(app: App, name: str, calls: list[str]) -> App:
    """The server, which hangs up in the middle of the first call of a tool."""

    async def wrapper(scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope.get("headers", ()))
        if headers.get(b"mcp-name") == name.encode():
            calls.append(name)
            if len(calls) == 1:
                stream = [(b"content-type", b"text/event-stream")]
                await send({"type": "http.response.start", "status": 200, "headers": stream})
                return  # without an answer: uvicorn closes the connection
        await app(scope, receive, send)

    return wrapper


async def test_a_call_that_is_hung_up_on_is_not_repeated_and_harms_no_other() -> None:
    calls: list[str] = []
    async with connected(hanging_up(modern(), "echo", calls)) as provider:
        other = asyncio.create_task(call(provider, "hold", gate="other"))
        with pytest.raises(ToolError, match="it is not known whether the tool has run"):
            await call(provider, "echo", text="x")
        assert calls == ["echo"]
        assert not other.done()
        await call(provider, "release", gate="other")
        assert await other == "released"
        assert await call(provider, "echo", text="again") == "again"


async def test_a_call_that_only_reads_is_repeated_when_it_is_hung_up_on() -> None:
    calls: list[str] = []
    async with connected(hanging_up(modern(), "numbers", calls)) as provider:
        assert await call(provider, "numbers") == '{"result": [1, 2]}'
        assert calls == ["numbers", "numbers"]


async def test_several_servers_as_one() -> None:
    async with serving(modern()) as one, serving(modern()) as two:
        group = MCPToolProvider.combine(
            {
                "files": MCPToolProvider.from_url(f"http://{one}/mcp"),
                "web": MCPToolProvider.from_url(f"http://{two}/mcp"),
            }
        )
        async with group:
            assert {"files_echo", "web_echo"} <= names_of(group)
            assert tool_of(group, "files_echo").description == ""
            assert await call(group, "web_echo", text="x") == "x"
            handler = group.as_tool_handler()
            assert await handler("files_echo", {"text": "y"}) == "y"
            assert await handler("echo", {"text": "y"}) is None
        with pytest.raises(RuntimeError, match="is not connected"):
            group.tools()


async def test_names_that_are_there_twice_ask_for_a_prefix() -> None:
    async with serving(modern()) as one:
        url = f"http://{one}/mcp"
        inner = MCPToolProvider.combine({"": MCPToolProvider.from_url(url)})
        group = MCPToolProvider.combine({"": MCPToolProvider.from_url(url), "b": inner})
        async with group:
            assert {"echo", "b_echo"} <= names_of(group)
        twice = MCPToolProvider.combine(
            {"": MCPToolProvider.combine({"a": MCPToolProvider.from_url(url)}), "a": inner}
        )
        with pytest.raises(ValueError, match="several MCP servers have a tool 'a_.*; give each"):
            await twice.initialize()
        with pytest.raises(RuntimeError, match="is not connected"):
            twice.tools()


async def test_one_server_that_is_missing_leaves_none_connected() -> None:
    async with serving(modern()) as address:
        here = MCPToolProvider.from_url(f"http://{address}/mcp")
        group = MCPToolProvider.combine(
            {"a": here, "b": MCPToolProvider(server_command=["/no/such/program"])}
        )
        with pytest.raises(ProviderError, match="cannot be started"):
            await group.initialize()
        with pytest.raises(RuntimeError, match="is not connected"):
            here.tools()


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({}, "give either server_command or url"),
        ({"server_command": ["a"], "url": "http://a"}, "give either server_command or url"),
        ({"server_command": "uvx mcp-server"}, "give the server's command as a list"),
        ({"server_command": []}, "give the server's command as a list"),
        ({"server_command": ["a"], "headers": {}}, "headers are for a url"),
        ({"url": "http://a", "env": {}}, "env and cwd are for a server_command"),
        ({"url": "ftp://a"}, "must be an absolute http or https URL"),
        ({"url": "http://a", "transport": "carrier pigeon"}, "unknown transport"),
    ],
)
def test_what_makes_no_sense_is_refused(options: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        MCPToolProvider(**options)


def test_a_prefix_is_of_letters() -> None:
    with pytest.raises(ValueError, match="prefix 'my files' must be of letters"):
        MCPToolProvider.combine({"my files": MCPToolProvider(url="http://a")})
