"""Messages from a server that sends events over HTTP (server-sent events).

https://html.spec.whatwg.org/multipage/server-sent-events.html

```python
source = SSESource("https://feed.example.com/messages", headers={"Authorization": token})
await kit.attach_source("partner", source)
```
"""

from __future__ import annotations

import functools
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import SecretStr

from roomkit._clock import SYSTEM_CLOCK, Clock
from roomkit._lazy import require
from roomkit._tls import tls_context
from roomkit.errors import ProviderError
from roomkit.models.delivery import InboundMessage
from roomkit.providers._http_failures import parse_retry_after
from roomkit.providers._quiet import quiet_httpx
from roomkit.sources._failures import SSE_FAILURES, Failures, source_failure, status_failure
from roomkit.sources._feed import FeedSource, Parsed
from roomkit.sources.base import Emit
from roomkit.sources.websocket import parse_json_message

if TYPE_CHECKING:
    import httpx
    from httpx_sse import ServerSentEvent

_NO_CONTENT = 204
_BOM = b"\xef\xbb\xbf"
_LONGEST_RETRY_MS = 24 * 3600 * 1000
# A server that vanished without a word is noticed by the operating system.
_PROBES = ("TCP_KEEPIDLE", 60), ("TCP_KEEPINTVL", 15), ("TCP_KEEPCNT", 4)


def parse_json_event(event: ServerSentEvent) -> InboundMessage | None:
    """The message in an event's data, JSON in the form that `parse_http_webhook` describes.

    None for events of a type of their own, such as ``ping``.

    Raises:
        ValueError: it is not JSON.
        WebhookError: it is not a message.
    """
    return parse_json_message(event.data) if event.event == "message" else None


class SSESource(FeedSource):
    """Reads a stream of events, and takes it up again where it broke off.

    When the stream ends or breaks, the kit connects again (see `RoomKit.attach_source`), after the
    time that the server has asked for in ``retry`` or ``Retry-After``, and names the last event up
    to which everything was taken in ``Last-Event-ID``. An event's id is also its message's, so
    that one that comes twice is stored once. A server that answers 204 has no more to give; one
    that answers with a status such as 401 or 404 ends the source, too.

    Redirects are not followed. Failures are `ProviderError`, with the code ``connection_lost``,
    ``unreachable``, ``timeout``, ``unauthorized``, ``too_large`` … and no word of the server's.

    Messages of one sender are handed in one after the other, those of different senders at the
    same time. Nothing more is read while `max_concurrency` messages are on their way into their
    rooms: the server is held up, and nothing is dropped.

    Args:
        url: ``https://…`` or ``http://…``. Query and user are not shown anywhere.
        parse: makes messages of an event; None for events that are none. Their ``channel_id`` does
            not matter. What it raises is logged and counted.
        headers: sent when connecting. The values count as secrets.
        last_event_id: where to begin, as `last_event_id` told it to an earlier process.
        open_timeout: seconds until the server answers.
        idle_timeout: how many seconds the server may say nothing, not even a comment; None waits
            for ever.
        max_event_bytes: longer events end the connection.
        max_concurrency: how many messages may be on their way at once; with 1, all are handed in
            in order.
        http_client: a client to use instead of an own one, for proxies or certificates. It is not
            closed here.

    Raises:
        ValueError: the URL is not one of the web.
        MissingDependencyError: httpx or httpx-sse is not installed.
    """

    kind: ClassVar[str] = "sse"
    schemes: ClassVar[tuple[str, ...]] = ("http", "https")
    failures: ClassVar[Failures] = SSE_FAILURES

    def __init__(
        self,
        url: str | SecretStr,
        *,
        parse: Callable[[ServerSentEvent], Parsed] = parse_json_event,
        headers: Mapping[str, str | SecretStr] | None = None,
        last_event_id: str | None = None,
        open_timeout: float = 10.0,
        idle_timeout: float | None = None,
        max_event_bytes: int = 1_000_000,
        max_concurrency: int = 16,
        http_client: httpx.AsyncClient | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        super().__init__(url, headers=headers, max_concurrency=max_concurrency, clock=clock)
        self._httpx = require("httpx", extra="sse", feature="SSESource")
        self._sse = require("httpx_sse", extra="sse", feature="SSESource")
        self._parse = parse
        self._progress = _Progress(last_event_id)
        self._open_timeout = open_timeout
        self._idle_timeout = idle_timeout
        self._max_bytes = max_event_bytes
        self._given_client = http_client
        self._retry: float | None = None
        self._latest_id = ""

    @property
    def last_event_id(self) -> str | None:
        """The id of the last event up to which everything was taken, to be kept for a later
        process; None if there was none."""
        return self._progress.event_id

    async def _listen(self, emit: Emit) -> None:
        async with AsyncExitStack() as stack:
            client = self._given_client
            if client is None:
                client = await stack.enter_async_context(self._new_client())
            async with self._clock.timeout(self._open_timeout):
                with quiet_httpx():
                    source = await stack.enter_async_context(self._connect(client))
            response: httpx.Response = source.response
            if response.status_code == _NO_CONTENT:
                return
            if response.status_code != 200:
                raise self._refused(response)
            if response.headers.get("content-encoding", "identity") != "identity":
                raise self._not_understood("a compressed stream, which was not asked for")
            self._connected = True
            self._latest_id = ""
            response.encoding = "utf-8"  # whatever the server says: the standard knows no other
            stream = _watched_stream(self._httpx)(
                response.stream, self._clock, self._idle_timeout, self._max_bytes
            )
            response.stream = stream
            async with aclosing(source.aiter_sse()) as events:
                async for event in events:
                    stream.unclaimed = 0
                    await self._take(emit, event)
        raise self._failure(EOFError())

    def _connect(self, client: httpx.AsyncClient) -> Any:
        headers: dict[str, str | bytes] = {**self._plain_headers(), "Accept-Encoding": "identity"}
        # Spaces at the ends are not part of a header's value, and httpx refuses to send them.
        if last_event_id := (self.last_event_id or "").strip(" \t"):
            headers["Last-Event-ID"] = last_event_id.encode()
        return self._sse.aconnect_sse(
            client,
            "GET",
            self._url.get_secret_value(),
            headers=headers,
            follow_redirects=False,
            timeout=None,
        )

    def _new_client(self) -> httpx.AsyncClient:
        options = [(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)]
        for name, value in _PROBES:
            if (option := getattr(socket, name, None)) is not None:
                options.append((socket.IPPROTO_TCP, option, value))
        transport = self._httpx.AsyncHTTPTransport(verify=tls_context(), socket_options=options)
        client: httpx.AsyncClient = self._httpx.AsyncClient(transport=transport)
        return client

    def _refused(self, response: httpx.Response) -> ProviderError:
        wish = parse_retry_after(response.headers.get("retry-after"), self._clock.now())
        return status_failure(self.kind, response.status_code, retry_after=wish)

    def _not_understood(self, what: str) -> ProviderError:
        return ProviderError(
            f"{self.kind}: {what}", provider=self.kind, code="bad_answer", retryable=True
        )

    def _failure(self, error: Exception) -> ProviderError:
        return source_failure(self.kind, error, self.failures, retry_after=self._retry)

    async def _take(self, emit: Emit, event: ServerSentEvent) -> None:
        if event.retry is not None and event.retry >= 0:
            self._retry = min(event.retry, _LONGEST_RETRY_MS) / 1000
        # An event without an id has the id of the one before it, which is not to be its own.
        own_id = event.id if event.id != self._latest_id else ""
        self._latest_id = event.id
        messages = self._parsed(self._parse, event) if event.data else []
        step = self._progress.begin(own_id, len(messages))
        for number, message in enumerate(messages):
            keyed = _with_id(message, own_id, number)
            await self._hand_over(emit, keyed, functools.partial(self._progress.done, step))
        self._progress.done(step)


def _with_id(message: InboundMessage, event_id: str, number: int) -> InboundMessage:
    """The message with the event's id, unless it has one of its own."""
    named = message.provider_message_id is not None or message.idempotency_key is not None
    if named or not event_id:
        return message
    return message.evolve(provider_message_id=f"{event_id}:{number}" if number else event_id)


@dataclass(eq=False, slots=True)
class _Step:
    """An event, and how much of it is still to be done."""

    event_id: str | None
    left: int


class _Progress:
    """How far a stream was taken, in whatever order the messages in it are done with.

    `event_id` is the last event of which, and of all before it, nothing is left to do.
    """

    def __init__(self, event_id: str | None) -> None:
        self.event_id = event_id
        self._steps: list[_Step] = []

    def begin(self, event_id: str, messages: int) -> _Step:
        """Another event has come; it is done with after `done` for each message and itself."""
        step = _Step(event_id or None, messages + 1)
        self._steps.append(step)
        return step

    def done(self, step: _Step) -> None:
        step.left -= 1
        if step.left:
            return
        open_steps: list[_Step] = []
        for one in self._steps:
            if not one.left and not open_steps:
                self.event_id = one.event_id or self.event_id
            elif not one.left and not open_steps[-1].left:
                # What is done with behind an event that is not needs no more than one entry.
                open_steps[-1].event_id = one.event_id or open_steps[-1].event_id
            else:
                open_steps.append(one)
        self._steps = open_steps


class _Head:
    """The beginning of a stream, where a mark may stand that is not part of the text."""

    def __init__(self) -> None:
        self._held: bytes | None = b""

    def without_mark(self, chunk: bytes) -> bytes:
        """The next bytes of the stream, as far as it is clear that they are not of the mark."""
        if self._held is None:
            return chunk
        chunk = self._held + chunk
        self._held = chunk if chunk != _BOM and _BOM.startswith(chunk) else None
        return chunk.removeprefix(_BOM) if self._held is None else b""


@functools.cache
def _watched_stream(httpx: Any) -> Any:
    """A body that must not fall silent, nor go on for too long without an event.

    Its attribute ``unclaimed`` counts the bytes since the last event.
    """

    class WatchedStream(httpx.AsyncByteStream):  # type: ignore[misc]
        def __init__(
            self, stream: Any, clock: Clock, seconds: float | None, max_bytes: int
        ) -> None:
            self.unclaimed = 0
            self._stream = stream
            self._clock = clock
            self._seconds = seconds
            self._max_bytes = max_bytes

        async def __aiter__(self) -> AsyncIterator[bytes]:
            chunks = aiter(self._stream)
            head = _Head()
            while True:
                async with self._clock.timeout(self._seconds):
                    chunk = await anext(chunks, None)
                if chunk is None:
                    return
                self.unclaimed += len(chunk)
                if self.unclaimed > self._max_bytes:
                    raise ProviderError(
                        f"sse: more than {self._max_bytes} bytes without an event",
                        provider="sse",
                        code="too_large",
                        retryable=True,
                    )
                yield head.without_mark(chunk)

        async def aclose(self) -> None:
            await self._stream.aclose()

    return WatchedStream
