"""One MCP server: its tools, and a connection to it whenever one is needed."""

from __future__ import annotations

import asyncio
import logging
from contextvars import Context, copy_context
from typing import TYPE_CHECKING, Any

from roomkit._clock import Clock
from roomkit._tasks import DeadlineExceededError, TaskScope, bounded, is_failure
from roomkit.core.retry import retry_with_backoff
from roomkit.errors import ProviderError
from roomkit.models.channel import RetryPolicy
from roomkit.providers.ai.base import AITool
from roomkit.tools._mcp.connection import Connection, Listing
from roomkit.tools._mcp.content import read_result
from roomkit.tools._mcp.failures import CallLostError, Failures
from roomkit.tools._mcp.names import usable_names
from roomkit.tools._mcp.sdk import SDK
from roomkit.tools._mcp.targets import Target
from roomkit.tools.base import Tool, ToolError, ToolOutput
from roomkit.tools.schema import compile_schema

if TYPE_CHECKING:
    from mcp import Tool as Declared
    from mcp.types import CallToolResult

logger = logging.getLogger("roomkit.mcp")

_RECONNECT = RetryPolicy(max_retries=3, base_delay_seconds=0.5, max_delay_seconds=4)

# With these answers a server of the older transport refuses the newer one.
_ANOTHER_WAY = ("rejected", "bad_answer")


class Server:
    """A server that is connected to when it is started, and again when that connection is lost.

    Args:
        timeout: how long a call may take, reconnecting included, in seconds; None for no limit.
        connect_timeout: how long one attempt to connect may take, in seconds.
    """

    def __init__(
        self,
        sdk: SDK,
        target: Target,
        *,
        timeout: float | None,
        connect_timeout: float,
        clock: Clock,
    ) -> None:
        self.name = target.name
        self.timeout = timeout
        self._sdk = sdk
        self._ways = target.ways()
        self._failures = Failures(sdk, target.name)
        self._connect_timeout = connect_timeout
        self._clock = clock
        self._scope = TaskScope(f"MCP server {target.name}")
        self._starting = asyncio.Lock()
        self._context: Context | None = None
        self._connection: Connection | None = None
        self._retired: list[Connection] = []
        self._reconnecting: asyncio.Task[ProviderError | None] | None = None
        self._tools: dict[str, MCPTool] = {}

    @property
    def started(self) -> bool:
        """Whether `start` was called, and `stop` was not since."""
        return self._context is not None

    @property
    def tools(self) -> list[MCPTool]:
        """The tools that it has, as far as it has told.

        Raises:
            RuntimeError: it was not started.
        """
        self._assert_started()
        return list(self._tools.values())

    async def start(self) -> None:
        """Connect. Nothing happens if that was done before.

        Raises:
            ProviderError: the server cannot be reached or refuses.
        """
        async with self._starting:
            if self.started:
                return
            self._context = copy_context()
            try:
                await self._connect()
            except BaseException:
                await self.stop()
                raise

    async def stop(self) -> None:
        """End all connections, and with them the child process."""
        self._context = None
        reconnecting = self._reconnecting
        if reconnecting is not None and not reconnecting.done():
            reconnecting.cancel()
            await asyncio.wait([reconnecting])
        ending = [*self._retired, *([self._connection] if self._connection else [])]
        self._connection, self._retired = None, []
        await asyncio.gather(*(connection.close() for connection in ending))
        await self._scope.close(drain_seconds=0)

    async def call(self, tool: MCPTool, arguments: dict[str, Any]) -> ToolOutput:
        """Call one of its tools.

        Raises:
            ToolError: it did not work, for a reason that the model may read.
            RuntimeError: the server was not started.
        """
        self._assert_started()
        try:
            result = await bounded(self._clock, self.timeout, self._call(tool, arguments))
        except DeadlineExceededError as error:
            raise ToolError(
                f"no answer within {self.timeout:g} s; it is not known whether the tool has run"
            ) from error
        return read_result(result)

    async def _call(self, tool: MCPTool, arguments: dict[str, Any]) -> CallToolResult:
        connection = await self._connected()
        try:
            return await connection.call(tool.remote_name, arguments)
        except CallLostError as lost:
            self._retire(connection)
            if lost.sent and not tool.repeatable:
                raise self._failures.unknown_outcome() from lost
        connection = await self._connected()
        try:
            return await connection.call(tool.remote_name, arguments)
        except CallLostError as lost:
            self._retire(connection)
            outcome = self._failures.unknown_outcome() if lost.sent else self._failures.gone()
            raise outcome from lost

    async def _connected(self) -> Connection:
        """The connection; a new one if the last was lost. All who wait share one attempt."""
        connection = self._connection
        if connection is not None and connection.usable:
            return connection
        if not self.started:  # stopped under the call
            raise self._failures.gone()
        if self._reconnecting is None or self._reconnecting.done():
            self._reconnecting = self._scope.spawn(
                self._reconnect(), name="mcp reconnect", eager=False
            )
        try:
            error: BaseException | None = await asyncio.shield(self._reconnecting)
        except asyncio.CancelledError as cancelled:
            if not is_failure(cancelled):
                raise
            error = cancelled  # by `stop`
        if error is not None or self._connection is None:
            raise self._failures.gone() from error
        return self._connection

    async def _reconnect(self) -> ProviderError | None:
        if self._connection is not None:
            self._retire(self._connection)
        logger.info("connecting again to MCP server %s", self.name)
        try:
            await retry_with_backoff(self._connect, _RECONNECT, clock=self._clock)
        except ProviderError as error:
            logger.warning("MCP server %s cannot be reached: %s", self.name, error.code)
            return error
        return None

    async def _connect(self) -> None:
        """Connect in the first way that the server accepts; later only in that way."""
        refused: ProviderError | None = None
        for way in self._ways:
            connection = Connection(
                self._sdk,
                self._failures,
                self._scope,
                self._clock,
                name=self.name,
                timeout=self._connect_timeout,
                on_listing=self._take_listing,
            )
            try:
                await connection.open(way(), self._context or copy_context())
            except ProviderError as error:
                # What the likeliest way came to says more than that the other fails too.
                refused = refused or error
                if refused.code not in _ANOTHER_WAY:
                    break
            else:
                self._connection = connection
                self._ways = [way]
                return
        raise refused or ValueError("there is no way to connect")

    def _retire(self, connection: Connection) -> None:
        connection.retire()
        self._retired = [one for one in self._retired if not one.over]
        if connection is self._connection:
            self._connection = None
            self._retired.append(connection)

    def _take_listing(self, listing: Listing) -> None:
        names = usable_names(declared.name for declared in listing)
        tools: dict[str, MCPTool] = {}
        for declared in listing:
            name = names[declared.name]
            try:
                compile_schema(declared.input_schema)
            except ValueError as error:
                logger.warning(
                    "tool %s of MCP server %s is left out: %r", name, self.name, str(error)
                )
            else:
                tools[name] = MCPTool(self, declared, name)
        self._tools = tools

    def _assert_started(self) -> None:
        if not self.started:
            raise RuntimeError(
                f"the MCP server {self.name} is not connected; "
                "use `async with provider:` or call `await provider.initialize()` first"
            )


class MCPTool(Tool):
    """A tool of an MCP server.

    Attributes:
        remote_name: what the server calls it; `name` is made of it.
        read_only: whether the server says that it changes nothing.
        repeatable: whether the server says that calling it twice does no more than calling it
            once. Only such a call is repeated after the connection was lost in the middle of it.
    """

    def __init__(self, server: Server, declared: Declared, name: str) -> None:
        hints = declared.annotations
        self.name = name
        self.description = declared.description or declared.title or ""
        self.parameters = declared.input_schema
        self.timeout = server.timeout
        self.remote_name = declared.name
        self.read_only = bool(hints and hints.read_only_hint)
        self.repeatable = self.read_only or bool(hints and hints.idempotent_hint)
        self._server = server
        self._declaration = super().declaration()

    def declaration(self) -> AITool:
        return self._declaration

    async def execute(self, arguments: dict[str, Any]) -> ToolOutput:
        """Have the server run it.

        Raises:
            ToolError: it failed, or the server cannot be reached.
            RuntimeError: the provider was not initialized, or was closed.
        """
        return await self._server.call(self, arguments)
