"""A real server on this machine, in the loop of the test."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn


class _Server(uvicorn.Server):
    async def main_loop(self) -> None:
        """As the original, which looks ten times a second whether it is to end."""
        while not await self.on_tick(0):  # noqa: ASYNC110 - a flag is all that uvicorn has
            await asyncio.sleep(0.01)


def loopback_socket(port: int = 0) -> socket.socket:
    """A listening socket on 127.0.0.1, on a free port unless one is asked for."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    return listener


def port_of(listener: socket.socket) -> int:
    port: int = listener.getsockname()[1]
    return port


@asynccontextmanager
async def serving(
    app: Any, *, listener: socket.socket | None = None, graceful_seconds: int = 10
) -> AsyncIterator[str]:
    """Serve an application; yields ``host:port``. Ends as SIGTERM would end it, with
    `graceful_seconds` for the answers that are under way."""
    listener = listener or loopback_socket()
    config = uvicorn.Config(
        app,
        log_level="warning",
        timeout_graceful_shutdown=graceful_seconds,
        ws_max_size=1_000_000,
    )
    server = _Server(config)
    running = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        while not server.started:
            if running.done():
                await running
            await asyncio.sleep(0.005)
        yield f"127.0.0.1:{port_of(listener)}"
    finally:
        server.should_exit = True
        try:
            await running
        finally:
            listener.close()
