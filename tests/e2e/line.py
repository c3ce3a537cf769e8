"""The network between a browser and the desk, with its faults."""

from __future__ import annotations

import asyncio
import contextlib
from types import TracebackType
from typing import Self


class Line:
    """A way to a server on this machine that can break, or fall silent without breaking.

    Use it as an asynchronous context manager; `port` is where it can be reached then.
    """

    def __init__(self, to: int) -> None:
        self.port = 0
        self._to = to
        self._server: asyncio.Server | None = None
        self._carries = asyncio.Event()
        self._carries.set()
        self._is_cut = False
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    def cut(self) -> None:
        """Break all connections, and every new one."""
        self._is_cut = True
        for writer in self._writers:
            writer.transport.abort()

    def silence(self) -> None:
        """Carry nothing any more. Neither side can tell."""
        self._carries.clear()

    def mend(self) -> None:
        """Carry everything again, also what has been held up."""
        self._is_cut = False
        self._carries.set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connect, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self.cut()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._is_cut:
            writer.transport.abort()
            return
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._to)
        self._writers |= {writer, far_writer}
        for pump in (self._pump(reader, far_writer), self._pump(far_reader, writer)):
            task = asyncio.create_task(pump)
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while piece := await reader.read(65536):
                await self._carries.wait()
                writer.write(piece)
                await writer.drain()
        self._writers.discard(writer)
        writer.close()
