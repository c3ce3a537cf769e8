"""A WebSocket client that speaks the protocol, for tests."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlencode

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

type Frame = dict[str, Any]

PATIENCE = 10.0


class Wire:
    """One connection. Frames that a test does not ask for are kept for later."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.kept: list[Frame] = []
        self.ready: Frame = {}

    async def say(self, text: str | None = None, **fields: Any) -> None:
        """Send a frame, a message by default."""
        frame: Frame = {"type": "message", **fields}
        if text is not None:
            frame["text"] = text
        await self.raw(json.dumps(frame, ensure_ascii=False))

    async def raw(self, data: str | bytes) -> None:
        await self.connection.send(data)

    async def next(self, kind: str | None = None, **fields: Any) -> Frame:
        """The next frame of a type, whatever comes before it."""
        for index, frame in enumerate(self.kept):
            if _fits(frame, kind, fields):
                return self.kept.pop(index)
        async with asyncio.timeout(PATIENCE):
            while True:
                arrived: Frame = json.loads(await self.connection.recv())
                if _fits(arrived, kind, fields):
                    return arrived
                self.kept.append(arrived)

    async def nothing(self, kind: str, seconds: float = 0.1) -> None:
        """No frame of a type, and none arriving for a moment."""
        try:
            async with asyncio.timeout(seconds):
                frame = await self.next(kind)
        except TimeoutError:
            return
        raise AssertionError(f"unexpected: {frame}")

    async def closed(self) -> tuple[int, str]:
        """The code and the reason with which the other side closes."""
        try:
            async with asyncio.timeout(PATIENCE):
                while True:
                    self.kept.append(json.loads(await self.connection.recv()))
        except ConnectionClosed as closing:
            assert closing.rcvd is not None
            return closing.rcvd.code, closing.rcvd.reason


def _fits(frame: Mapping[str, Any], kind: str | None, fields: Mapping[str, Any]) -> bool:
    return (kind is None or frame["type"] == kind) and all(
        frame.get(name) == value for name, value in fields.items()
    )


@asynccontextmanager
async def connected(
    host: str,
    path: str = "/ws/web",
    *,
    ready: bool = True,
    headers: Mapping[str, str] | None = None,
    in_: str | None = None,
    **query: Any,
) -> AsyncIterator[Wire]:
    """Connect and, unless told otherwise, wait until the server is ready."""
    if in_ is not None:
        query["in"] = in_
    url = f"ws://{host}{path}" + (f"?{urlencode(query)}" if query else "")
    # Uncompressed, so that a frame is as large on the way as it is in the test.
    async with connect(
        url, additional_headers=headers, proxy=None, compression=None
    ) as connection:
        wire = Wire(connection)
        if ready:
            wire.ready = await wire.next("ready")
        yield wire
