"""Tools of MCP servers, for `AIChannel`.

Needs the extra ``mcp``. https://modelcontextprotocol.io
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from typing import Self

from roomkit._clock import SYSTEM_CLOCK, Clock
from roomkit.tools._mcp.sdk import SDK
from roomkit.tools._mcp.server import MCPTool, Server
from roomkit.tools._mcp.source import ToolSource, ToolSourceGroup
from roomkit.tools._mcp.targets import CommandTarget, HTTPTransport, Secrets, Target, URLTarget

__all__ = ["MCPTool", "MCPToolProvider", "ToolSource", "ToolSourceGroup"]


class MCPToolProvider(ToolSource):
    """The tools of an MCP server.

    ```python
    async with MCPToolProvider(server_command=["uvx", "mcp-server-sqlite"]) as mcp:
        ai = AIChannel("ai", provider=provider, tools=mcp.tools())

    async with MCPToolProvider.from_url("http://localhost:8000/mcp") as mcp:
        handler = compose_tool_handlers(local_handler, mcp.as_tool_handler())
        ai = AIChannel("ai", provider=provider, tool_handler=handler)
    ```

    Calls run side by side, from any task. A connection that is lost is opened again by the next
    call, with growing pauses for about four seconds. A call whose connection was lost on the way
    is repeated once if it has certainly not reached the server, or if the server says that the
    tool only reads or may be called twice; otherwise the model is told that the outcome is not
    known.

    Names are made usable for every vendor's model: what is not a letter, a digit, ``_`` or ``-``
    becomes ``_``. A tool whose schema makes no sense is left out, with a warning. What the server
    writes in descriptions and results is shown to the model: connect to servers that you trust.

    A child process inherits a few variables such as ``PATH`` and ``HOME``, not the whole
    environment; it writes its log to this process's standard error.

    Give either a command or a URL.

    Args:
        server_command: the program that is the server, and its arguments. No shell is involved.
        url: where the server is.
        env: more environment variables for the program.
        cwd: the program's working directory.
        headers: sent with every request to the URL, such as ``Authorization``.
        transport: how to speak to the URL: ``"streamable_http"``, the older ``"sse"``, or
            ``"auto"`` for the first of them that the server accepts.
        name: what the server is called in errors and logs; by default the program, or the URL
            without user name and query.
        timeout: how long a call may take, reconnecting included, in seconds; None leaves it to the
            channel.
        connect_timeout: how long one attempt to connect may take, in seconds.
        clock: where time comes from.

    Raises:
        MissingDependencyError: the extra is not installed.
        ValueError: there is not just one of command and URL, or one that cannot be used.
    """

    def __init__(
        self,
        server_command: Sequence[str] | None = None,
        *,
        url: str | None = None,
        env: Secrets | None = None,
        cwd: str | PathLike[str] | None = None,
        headers: Secrets | None = None,
        transport: HTTPTransport = "auto",
        name: str | None = None,
        timeout: float | None = 60.0,
        connect_timeout: float = 30.0,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        if (server_command is None) == (url is None):
            raise ValueError("give either server_command or url")
        sdk = SDK()
        target: Target
        if url is not None:
            if env is not None or cwd is not None:
                raise ValueError("env and cwd are for a server_command")
            target = URLTarget(sdk, url, headers, transport, timeout, name)
        else:
            if headers is not None:
                raise ValueError("headers are for a url")
            target = CommandTarget(sdk, server_command or (), env, cwd, name)
        self._server = Server(
            sdk, target, timeout=timeout, connect_timeout=connect_timeout, clock=clock
        )

    @classmethod
    def from_url(
        cls,
        url: str,
        *,
        headers: Secrets | None = None,
        transport: HTTPTransport = "auto",
        name: str | None = None,
        timeout: float | None = 60.0,
        connect_timeout: float = 30.0,
        clock: Clock = SYSTEM_CLOCK,
    ) -> Self:
        """The tools of a server on the network."""
        return cls(
            url=url,
            headers=headers,
            transport=transport,
            name=name,
            timeout=timeout,
            connect_timeout=connect_timeout,
            clock=clock,
        )

    @classmethod
    def from_command(
        cls,
        command: Sequence[str],
        *,
        env: Secrets | None = None,
        cwd: str | PathLike[str] | None = None,
        name: str | None = None,
        timeout: float | None = 60.0,
        connect_timeout: float = 30.0,
        clock: Clock = SYSTEM_CLOCK,
    ) -> Self:
        """The tools of a server that is started as a child process."""
        return cls(
            command,
            env=env,
            cwd=cwd,
            name=name,
            timeout=timeout,
            connect_timeout=connect_timeout,
            clock=clock,
        )

    @staticmethod
    def combine(providers: Mapping[str, ToolSource]) -> ToolSourceGroup:
        """The tools of several servers, each under a prefix of its own.

        ```python
        files = MCPToolProvider.from_command(["uvx", "mcp-files"])
        web = MCPToolProvider.from_url("http://localhost:8000/mcp")
        async with MCPToolProvider.combine({"files": files, "web": web}) as mcp:
            ai = AIChannel("ai", provider=provider, tools=mcp.tools())
        ```

        offers ``files_read``, ``web_search`` and so on. An empty prefix leaves a server's names as
        they are; names that are there twice are a `ValueError` when the group is initialized.
        """
        return ToolSourceGroup(providers)

    async def initialize(self) -> None:
        await self._server.start()

    async def close(self) -> None:
        await self._server.stop()

    def tools(self) -> list[MCPTool]:
        return self._server.tools

    def __repr__(self) -> str:
        return f"<MCPToolProvider {self._server.name}>"
