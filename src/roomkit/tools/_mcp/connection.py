"""One connection to an MCP server, from the handshake to the end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from contextvars import Context
from types import TracebackType
from typing import TYPE_CHECKING, Any

from roomkit._clock import Clock
from roomkit._tasks import DeadlineExceededError, TaskScope, bounded, is_failure
from roomkit._version import __version__
from roomkit.tools._mcp.failures import CallLostError, Failures
from roomkit.tools._mcp.sdk import SDK
from roomkit.tools._mcp.targets import Streams, Transport

if TYPE_CHECKING:
    from mcp import Client, Tool
    from mcp.types import CallToolResult

logger = logging.getLogger("roomkit.mcp")

MAX_PAGES = 100
"""A server whose list of tools never ends must not hold the connection up for ever."""

_REFRESH_PAUSE = 0.2
_LISTEN_AGAIN = 1.0
_LISTEN_AGAIN_MAX = 60.0
_CLOSE_SECONDS = 10.0

type Listing = Sequence[Tool]


class Connection:
    """A connection, and the one task that owns it.

    The SDK's task groups must be left by the task that entered them, so a task of its own opens
    the connection, keeps the list of tools up to date, and closes it. Calls are made by whoever
    makes them, any number at once.

    Args:
        name: what the server is called in logs.
        timeout: how long connecting, or listing the tools, may take, in seconds.
        on_listing: told the tools once they are known and whenever they have changed.
    """

    def __init__(
        self,
        sdk: SDK,
        failures: Failures,
        scope: TaskScope,
        clock: Clock,
        *,
        name: str,
        timeout: float,
        on_listing: Callable[[Listing], None],
    ) -> None:
        self._sdk = sdk
        self._failures = failures
        self._scope = scope
        self._clock = clock
        self._name = name
        self._timeout = timeout
        self._on_listing = on_listing
        self._client: Client | None = None
        self._owner: asyncio.Task[None] | None = None
        self._wake = asyncio.Event()
        self._ending = asyncio.Event()
        self._changed = False
        self._stopping = False
        self._retired = False
        self._over = False
        self._calls = 0

    @property
    def usable(self) -> bool:
        """Whether the other side is still there, as far as is known."""
        return self._client is not None and not (self._over or self._stopping or self._retired)

    @property
    def over(self) -> bool:
        """Whether nothing is left of it."""
        return self._owner is None or self._owner.done()

    async def open(self, transport: Transport, context: Context) -> None:
        """Connect, shake hands, and ask for the tools.

        Args:
            context: what the owner's task runs in. A call that finds the connection lost opens
                the next one, and must not leave its own context behind in it.

        Raises:
            ProviderError: it did not work, or took longer than the timeout.
        """
        ready = asyncio.get_running_loop().create_future()
        self._owner = context.copy().run(self._spawn, transport, ready)
        try:
            await bounded(self._clock, self._timeout, _result_of(ready))
        except BaseException as error:
            await self.close()
            if not isinstance(error, Exception):
                raise
            raise self._failures.of_opening(error) from error

    async def call(self, name: str, arguments: dict[str, Any]) -> CallToolResult:
        """Call a tool by the name that the server has for it.

        Raises:
            CallLostError: there is no connection any more.
            ToolError: the server refused, or its answer makes no sense.
        """
        client = self._client
        if client is None or not self.usable:
            raise CallLostError(sent=False)
        self._calls += 1
        try:
            return await client.call_tool(name, arguments)
        except Exception as error:
            raise self._failures.of_call(error) from error
        finally:
            self._calls -= 1
            if self._retired and not self._calls:
                self._stop()

    def retire(self) -> None:
        """Take no more calls, and end once those that are under way have their answers."""
        self._retired = True
        if not self._calls:
            self._stop()

    async def close(self) -> None:
        """End it, and wait until the child process and the sockets are gone.

        The SDK gives a child process two seconds to end by itself before it is killed.
        """
        self._stop()
        owner = self._owner
        if owner is None:
            return
        if self._client is None:
            owner.cancel()
        _, pending = await asyncio.wait([owner], timeout=_CLOSE_SECONDS)
        if pending:
            owner.cancel()
            await asyncio.wait([owner], timeout=1)

    def _spawn(self, transport: Transport, ready: asyncio.Future[None]) -> asyncio.Task[None]:
        return self._scope.spawn(
            self._own(transport, ready), name="mcp connection", awaited=True, eager=False
        )

    async def _own(self, transport: Transport, ready: asyncio.Future[None]) -> None:
        try:
            async with self._new_client(transport) as client:
                self._on_listing(await self._list(client))
                self._client = client
                if not ready.done():
                    ready.set_result(None)
                await self._serve(client)
        except BaseException as error:
            if ready.done():
                self._report(error)
            else:
                ready.set_exception(error if isinstance(error, Exception) else ConnectionError())
            if not is_failure(error):
                raise
        finally:
            self._over = True

    def _new_client(self, transport: Transport) -> Client:
        mcp = self._sdk.mcp
        client: Client = mcp.Client(
            _Watched(transport, self._end),
            client_info=mcp.Implementation(name="roomkit", version=__version__),
            message_handler=self._on_message,
            cache=None,
        )
        return client

    async def _serve(self, client: Client) -> None:
        """Follow the server's changes until one of the two sides ends the connection."""
        listener = self._scope.spawn(self._listen(client), name="mcp changes", eager=False)
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                if self._stopping or self._over:
                    return
                if self._changed and self.usable:
                    self._changed = False
                    await self._refresh(client)
        finally:
            listener.cancel()
            await asyncio.wait([listener])

    async def _refresh(self, client: Client) -> None:
        try:
            self._on_listing(await bounded(self._clock, self._timeout, self._list(client)))
        except Exception as error:
            if self.usable:
                logger.warning(
                    "tools of MCP server %s could not be listed: %s",
                    self._name,
                    type(error).__name__,
                )
        # A server that announces a change in answer to every listing would keep both busy.
        with suppress(DeadlineExceededError):
            await bounded(self._clock, _REFRESH_PAUSE, self._ended())

    async def _list(self, client: Client) -> Listing:
        tools: list[Tool] = []
        cursor: str | None = None
        for _ in range(MAX_PAGES):
            page = await client.list_tools(cursor=cursor)
            tools += page.tools
            cursor = page.next_cursor
            if cursor is None:
                break
        return tools

    async def _listen(self, client: Client) -> None:
        """Ask for announcements of changes; from before 2026 servers send them unasked."""
        capability = client.server_capabilities.tools
        if client.protocol_version < "2026" or capability is None or not capability.list_changed:
            return
        pause = _LISTEN_AGAIN
        while self.usable:
            try:
                async with client.listen(tools_list_changed=True) as changes:
                    pause = _LISTEN_AGAIN
                    self._note_change()  # what has changed before there were announcements
                    async for _ in changes:
                        self._note_change()
                return
            except Exception as error:
                logger.debug(
                    "announcements of MCP server %s ended: %s", self._name, type(error).__name__
                )
            await self._clock.sleep(pause)
            pause = min(pause * 2, _LISTEN_AGAIN_MAX)

    async def _on_message(self, message: object) -> None:
        if getattr(message, "method", None) == "notifications/tools/list_changed":
            self._note_change()

    def _note_change(self) -> None:
        self._changed = True
        self._wake.set()

    def _stop(self) -> None:
        self._stopping = True
        self._ending.set()
        self._wake.set()

    async def _ended(self) -> None:
        await self._ending.wait()

    def _end(self) -> None:
        """The other side has gone."""
        self._over = True
        self._ending.set()
        self._wake.set()

    def _report(self, error: BaseException) -> None:
        if not self._stopping and isinstance(error, Exception):
            logger.warning(
                "the connection to MCP server %s broke: %s", self._name, type(error).__name__
            )


async def _result_of(future: asyncio.Future[None]) -> None:
    await future


class _Watched:
    """A transport that tells when the stream from the server ends.

    The SDK's client notices the end only where a call is waiting; a child process that has died
    is to be buried at once, and the next call must not be sent into its grave.
    """

    def __init__(self, transport: Transport, on_end: Callable[[], None]) -> None:
        self._transport = transport
        self._on_end = on_end

    async def __aenter__(self) -> Streams:
        incoming, outgoing = await self._transport.__aenter__()
        return _WatchedStream(incoming, self._on_end), outgoing

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool | None:
        return await self._transport.__aexit__(exc_type, exc, traceback)


class _WatchedStream:
    def __init__(self, stream: Any, on_end: Callable[[], None]) -> None:
        self._stream = stream
        self._on_end = on_end

    @property
    def last_context(self) -> Context | None:
        """The context in which the transport received the last message, if it keeps it."""
        return getattr(self._stream, "last_context", None)

    async def receive(self) -> Any:
        try:
            return await self._stream.receive()
        except BaseException:
            self._on_end()
            raise

    def __aiter__(self) -> _WatchedStream:
        return self

    async def __anext__(self) -> Any:
        try:
            return await self._stream.__anext__()
        except BaseException:
            self._on_end()
            raise

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def __aenter__(self) -> _WatchedStream:
        await self._stream.__aenter__()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool | None:
        self._on_end()
        result: bool | None = await self._stream.__aexit__(exc_type, exc, traceback)
        return result
