"""A web server on this machine that answers from a script and remembers what it was asked.

    async with ScriptedServer() as server:
        server.reply(status=201, json={"sid": "SM1"})
        ...                                     # something that calls server.url
        assert server.requests[0].form["To"] == ["+15551234567"]

For tests of providers against real connections: it speaks just enough HTTP/1.1 for a client
library.
"""

from __future__ import annotations

import asyncio
import json as jsonlib
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

_READ_LIMIT = 10_000_000


@dataclass(frozen=True, kw_only=True, slots=True)
class ReceivedRequest:
    """A request as the server got it; header names are in lower case."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, list[str]]:
        return parse_qs(urlsplit(self.target).query, keep_blank_values=True)

    @property
    def form(self) -> dict[str, list[str]]:
        """The fields of a form, each with all of its values."""
        return parse_qs(self.body.decode(), keep_blank_values=True)

    def json(self) -> Any:
        """The body as JSON."""
        return jsonlib.loads(self.body)


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """An answer.

    Attributes:
        after: wait for this before answering; an event that nobody sets makes the client wait for
            ever.
        drop: close the connection without an answer.
    """

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    after: asyncio.Event | None = None
    drop: bool = False

    @classmethod
    def of_json(
        cls, value: Any, *, status: int = 200, headers: Mapping[str, str] | None = None
    ) -> Reply:
        """An answer with a JSON body."""
        return cls(
            status=status,
            headers={"content-type": "application/json", **(headers or {})},
            body=jsonlib.dumps(value).encode(),
        )


class ScriptedServer:
    """Answers with the replies of its script in order, then with `default`.

    Attributes:
        url: ``http://127.0.0.1:<port>`` while it runs.
        requests: all that was asked, the oldest first.
        default: the answer when the script is at its end.
        connections: how many connections were made.
        most_at_once: the largest number of requests that were waiting for an answer at the same
            time.
    """

    def __init__(self, *, default: Reply | None = None) -> None:
        self.url = ""
        self.requests: list[ReceivedRequest] = []
        self.default = default or Reply()
        self.connections = 0
        self.most_at_once = 0
        self._script: deque[Reply] = deque()
        self._waiting = 0
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.Task[None]] = set()
        self._arrived = asyncio.Condition()

    def reply(
        self,
        reply: Reply | None = None,
        *,
        status: int = 200,
        json: Any = None,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Add an answer to the script."""
        if reply is None and json is not None:
            reply = Reply.of_json(json, status=status, headers=headers)
        self._script.append(reply or Reply(status=status, body=body, headers=headers or {}))

    def hang(self) -> None:
        """Add an answer that never comes."""
        self.reply(Reply(after=asyncio.Event()))

    def drop(self) -> None:
        """Add a connection that breaks off."""
        self.reply(Reply(drop=True))

    async def wait_for_requests(self, count: int) -> None:
        """Wait until so many requests have come in."""
        async with self._arrived:
            await self._arrived.wait_for(lambda: len(self.requests) >= count)

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=_READ_LIMIT)
        self.url = "http://127.0.0.1:{1}".format(*self._server.sockets[0].getsockname())
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._open:
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        self.connections += 1
        try:
            while await self._answer_one(reader, writer):
                pass
        except (asyncio.CancelledError, asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self._open.discard(task)
            writer.close()

    async def _answer_one(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        """Read a request and answer it; False once the connection is at its end."""
        request = await _read_request(reader)
        reply = self._script.popleft() if self._script else self.default
        self._waiting += 1
        self.most_at_once = max(self.most_at_once, self._waiting)
        try:
            async with self._arrived:
                self.requests.append(request)
                self._arrived.notify_all()
            if reply.after is not None:
                await reply.after.wait()
        finally:
            self._waiting -= 1
        if reply.drop:
            return False
        lines = [f"HTTP/1.1 {reply.status} Scripted", f"content-length: {len(reply.body)}"]
        lines += [f"{name}: {value}" for name, value in reply.headers.items()]
        writer.write("\r\n".join([*lines, "", ""]).encode() + reply.body)
        await writer.drain()
        return True


async def _read_request(reader: asyncio.StreamReader) -> ReceivedRequest:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *rest = head.rstrip("\r\n").split("\r\n")
    method, target, _version = first.split(" ")
    pairs = (line.partition(":") for line in rest)
    headers = {name.lower(): value.strip() for name, _, value in pairs}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return ReceivedRequest(method=method, target=target, headers=headers, body=body)
