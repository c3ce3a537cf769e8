"""Where an MCP server is, and how the SDK gets there."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from os import PathLike
from pathlib import PurePath
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import SecretStr

from roomkit.tools._mcp.http import mcp_http_client
from roomkit.tools._mcp.sdk import SDK

type Streams = tuple[Any, Any]
type Transport = AbstractAsyncContextManager[Streams]
"""What the SDK's client runs on: entered, a stream to read from and one to write to."""

type Secrets = Mapping[str, str | SecretStr]
type HTTPTransport = Literal["auto", "streamable_http", "sse"]


class Target(ABC):
    """One server.

    Attributes:
        name: what it is called in logs and errors; holds no secrets.
    """

    name: str

    @abstractmethod
    def ways(self) -> Sequence[Callable[[], Transport]]:
        """The ways to connect, the likeliest first."""


class CommandTarget(Target):
    """A server that is started as a child process and spoken to through its pipes."""

    def __init__(
        self,
        sdk: SDK,
        command: Sequence[str],
        env: Secrets | None,
        cwd: str | PathLike[str] | None,
        name: str | None,
    ) -> None:
        if isinstance(command, str) or not command:
            raise ValueError("give the server's command as a list: the program and its arguments")
        self.name = name or PurePath(command[0]).name
        self._sdk = sdk
        self._command = list(command)
        self._env = _revealed(env)
        self._cwd = cwd

    def ways(self) -> Sequence[Callable[[], Transport]]:
        return [self._open]

    def _open(self) -> Transport:
        program, *args = self._command
        stdio: Any = self._sdk.stdio
        transport: Transport = stdio.stdio_client(
            stdio.StdioServerParameters(
                command=program,
                args=args,
                env=self._env,
                cwd=None if self._cwd is None else str(self._cwd),
            )
        )
        return transport


class URLTarget(Target):
    """A server on the network."""

    def __init__(
        self,
        sdk: SDK,
        url: str,
        headers: Secrets | None,
        transport: HTTPTransport,
        timeout: float | None,
        name: str | None,
    ) -> None:
        address = _without_secrets(url)
        self.name = name or address
        ways: dict[str, list[Callable[[], Transport]]] = {
            # Servers from before March 2025 answer the newer transport with an error.
            "auto": [self._streamable, self._sse],
            "streamable_http": [self._streamable],
            "sse": [self._sse],
        }
        if transport not in ways:
            raise ValueError(f"unknown transport {transport!r}; use one of: {', '.join(ways)}")
        self._ways = ways[transport]
        self._sdk = sdk
        self._url = url
        self._headers = _revealed(headers) or {}
        self._timeout = timeout

    def ways(self) -> Sequence[Callable[[], Transport]]:
        return self._ways

    @asynccontextmanager
    async def _streamable(self) -> AsyncIterator[Streams]:
        connect = self._sdk.http.streamable_http_client
        async with (
            mcp_http_client(self._sdk, self._headers, self._timeout) as client,
            connect(self._url, http_client=client) as streams,
        ):
            yield streams

    def _sse(self) -> Transport:
        transport: Transport = self._sdk.sse.sse_client(self._url, headers=self._headers)
        return transport


def _revealed(secrets: Secrets | None) -> dict[str, str] | None:
    if secrets is None:
        return None
    return {
        name: value.get_secret_value() if isinstance(value, SecretStr) else value
        for name, value in secrets.items()
    }


def _without_secrets(url: str) -> str:
    """Scheme, host and path: user names, queries and fragments often hold tokens."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("the server's URL must be an absolute http or https URL")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{host}{port}{parts.path}"
