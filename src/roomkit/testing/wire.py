"""A web server on this machine that answers from a script and remembers what it was asked.

```python
async with ScriptedServer() as server:
    server.reply(status=201, json={"sid": "SM1"})
    await client.post(f"{server.url}/messages", data={"To": "+15551234567"})
    assert server.requests[0].form["To"] == ["+15551234567"]
```

For tests of providers against real connections: it speaks just enough HTTP/1.1 for a client
library. An answer may come in pieces, wait in the middle, and break off:

```python
server.reply(Reply.of_events([{"delta": "He"}, {"delta": "llo"}, "[DONE]"]).cut_after(1))
```
"""

from __future__ import annotations

import asyncio
import json as jsonlib
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
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
        pieces: the body one piece at a time instead, each with a chunk of its own; before what
            follows an event, the server waits until it is set.
        after: wait for this before answering; an event that nobody sets makes the client wait for
            ever.
        drop: close the connection without an answer, or after the last of `pieces` without the
            mark that the body is at its end.
    """

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    pieces: Sequence[bytes | asyncio.Event] | None = None
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

    @classmethod
    def of_events(cls, events: Iterable[Any]) -> Reply:
        """An answer of server-sent events, one piece each.

        https://html.spec.whatwg.org/multipage/server-sent-events.html

        Args:
            events: what the events carry: text as it is, anything else as JSON. A pair is a name
                and what the event of that name carries.
        """
        return cls(
            headers={"content-type": "text/event-stream"},
            pieces=[_server_sent(event) for event in events],
        )

    def paused_after(self, count: int, until: asyncio.Event) -> Reply:
        """The same answer, but what follows the first `count` pieces waits for an event."""
        pieces = list(self.pieces or ())
        return replace(self, pieces=[*pieces[:count], until, *pieces[count:]])

    def cut_after(self, count: int) -> Reply:
        """The same answer, but the connection breaks after the first `count` pieces."""
        return replace(self, pieces=list(self.pieces or ())[:count], drop=True)

    def ended_after(self, count: int) -> Reply:
        """The same answer with a proper end after the first `count` pieces."""
        return replace(self, pieces=list(self.pieces or ())[:count])


def _server_sent(event: Any) -> bytes:
    name, value = event if isinstance(event, tuple) else (None, event)
    data = value if isinstance(value, str) else jsonlib.dumps(value)
    return (f"event: {name}\n" if name else "").encode() + f"data: {data}\n\n".encode()


class ScriptedServer:
    """Answers with the replies of its script in order, then with `default`.

    Attributes:
        url: ``http://127.0.0.1:<port>`` while it runs.
        requests: all that was asked, the oldest first.
        default: the answer when the script is at its end.
        connections: how many connections were made.
        most_at_once: the largest number of requests that were waiting for an answer at the same
            time.
        hang_ups: how many clients went away while an answer was being waited for or sent.
    """

    def __init__(self, *, default: Reply | None = None) -> None:
        self.url = ""
        self.requests: list[ReceivedRequest] = []
        self.default = default or Reply()
        self.connections = 0
        self.most_at_once = 0
        self.hang_ups = 0
        self._script: deque[Reply] = deque()
        self._waiting = 0
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.Task[None]] = set()
        self._changed = asyncio.Condition()

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
        await self._wait_for(lambda: len(self.requests) >= count)

    async def wait_for_hang_ups(self, count: int) -> None:
        """Wait until so many clients have gone away without their whole answer."""
        await self._wait_for(lambda: self.hang_ups >= count)

    async def wait_until_alone(self) -> None:
        """Wait until no connection is open."""
        await self._wait_for(lambda: not self._open)

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

    async def _wait_for(self, condition: Callable[[], bool]) -> None:
        async with self._changed:
            await self._changed.wait_for(condition)

    async def _tell(self) -> None:
        async with self._changed:
            self._changed.notify_all()

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
            await self._tell()

    async def _answer_one(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        """Read a request and answer it; False once the connection is at its end."""
        request = await _read_request(reader)
        reply = self._script.popleft() if self._script else self.default
        self._waiting += 1
        self.most_at_once = max(self.most_at_once, self._waiting)
        try:
            self.requests.append(request)
            await self._tell()
            if reply.after is not None:
                await _set_or_gone(reply.after, reader)
        except ConnectionError:
            self.hang_ups += 1
            raise
        finally:
            self._waiting -= 1
        try:
            await _send(reply, reader, writer)
        except ConnectionError:
            self.hang_ups += 1
            raise
        return not reply.drop


async def _send(reply: Reply, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    if reply.pieces is None:
        if not reply.drop:
            _send_head(reply, writer, f"content-length: {len(reply.body)}")
            writer.write(reply.body)
            await writer.drain()
        return
    _send_head(reply, writer, "transfer-encoding: chunked")
    for piece in reply.pieces:
        if isinstance(piece, asyncio.Event):
            await _set_or_gone(piece, reader)
        elif piece:
            writer.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
            await writer.drain()
    if not reply.drop:
        writer.write(b"0\r\n\r\n")
        await writer.drain()


def _send_head(reply: Reply, writer: asyncio.StreamWriter, framing: str) -> None:
    lines = [f"HTTP/1.1 {reply.status} Scripted", framing]
    lines += [f"{name}: {value}" for name, value in reply.headers.items()]
    writer.write("\r\n".join([*lines, "", ""]).encode())


async def _set_or_gone(event: asyncio.Event, reader: asyncio.StreamReader) -> None:
    """Wait for an event.

    Raises:
        ConnectionResetError: the client went away first. It has nothing to say before its answer,
            so that reading ends only then.
    """
    is_set = asyncio.ensure_future(event.wait())
    is_gone = asyncio.ensure_future(reader.read(1))
    waits = (is_set, is_gone)
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
        await asyncio.gather(*waits, return_exceptions=True)
    if not event.is_set():
        raise ConnectionResetError("the client went away")


async def _read_request(reader: asyncio.StreamReader) -> ReceivedRequest:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *rest = head.rstrip("\r\n").split("\r\n")
    method, target, _version = first.split(" ")
    pairs = (line.partition(":") for line in rest)
    headers = {name.lower(): value.strip() for name, _, value in pairs}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return ReceivedRequest(method=method, target=target, headers=headers, body=body)
