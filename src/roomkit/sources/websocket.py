"""Messages from a WebSocket server, to which the application connects as a client.

```python
source = WebSocketSource("wss://feed.example.com/chat", headers={"Authorization": token})
await kit.attach_source("partner", source)
```
"""

from __future__ import annotations

import asyncio
import functools
import json
import logging
import ssl
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import SecretBytes, SecretStr

from roomkit._clock import SYSTEM_CLOCK, Clock
from roomkit._lazy import require
from roomkit.errors import ProviderError
from roomkit.models.delivery import InboundMessage
from roomkit.providers._http_failures import parse_retry_after
from roomkit.providers.http.webhook import parse_http_webhook
from roomkit.sources._failures import WEBSOCKETS_FAILURES, Failures, status_failure
from roomkit.sources._feed import FeedSource, Parsed
from roomkit.sources.base import Emit

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection

_CLOSE_SECONDS = 1.0
_TOO_BIG = 1009
"""What we say when we end a connection for that: https://www.rfc-editor.org/rfc/rfc6455#section-7.4.1"""

# At DEBUG websockets writes down what was said, with all headers.
_SILENT = logging.Logger("roomkit.sources.websocket")
_SILENT.disabled = True


def parse_json_message(frame: str | bytes) -> InboundMessage:
    """The message in a frame of JSON, in the form that `parse_http_webhook` describes.

    Raises:
        ValueError: it is not JSON.
        WebhookError: it is not a message.
    """
    return parse_http_webhook(json.loads(frame), "")


class WebSocketSource(FeedSource):
    """Reads messages from a WebSocket server, for as long as there is a connection.

    A connection that is lost, refused for now, or does not answer fails the source, and the kit
    connects again: see `RoomKit.attach_source`. What the server says meanwhile is lost, unless the
    server keeps it. A server that answers with a status such as 401 or 404 ends it.

    Redirects are not followed. Failures are `ProviderError`, with the code ``connection_lost``,
    ``unreachable``, ``timeout``, ``unauthorized``, ``too_large`` … and no word of the server's.

    Messages of one sender are handed in one after the other, those of different senders at the
    same time. Nothing more is read while `max_concurrency` messages are on their way into their
    rooms: the server is held up, and nothing is dropped.

    Args:
        url: ``wss://…`` or ``ws://…``. Query and user are not shown anywhere.
        parse: makes messages of a frame; None for frames that are none. Their ``channel_id`` does
            not matter. What it raises is logged and counted.
        headers: sent when connecting. The values count as secrets.
        first_frames: sent right after connecting, to sign in or to subscribe. They count as
            secrets.
        subprotocols: which the server may choose from.
        open_timeout: seconds for connecting, `first_frames` included.
        ping_interval: after so many seconds without a message the server is asked whether it is
            there; None never asks.
        ping_timeout: seconds for the answer.
        max_message_bytes: longer messages end the connection.
        max_concurrency: how many messages may be on their way at once; with 1, all are handed in
            in order.
        ssl_context: for certificates of your own.

    Raises:
        ValueError: the URL is not one of a WebSocket.
        MissingDependencyError: websockets is not installed.
    """

    kind: ClassVar[str] = "websocket"
    schemes: ClassVar[tuple[str, ...]] = ("ws", "wss")
    failures: ClassVar[Failures] = WEBSOCKETS_FAILURES

    def __init__(
        self,
        url: str | SecretStr,
        *,
        parse: Callable[[str | bytes], Parsed] = parse_json_message,
        headers: Mapping[str, str | SecretStr] | None = None,
        first_frames: Sequence[str | bytes | SecretStr] = (),
        subprotocols: Sequence[str] = (),
        open_timeout: float = 10.0,
        ping_interval: float | None = 20.0,
        ping_timeout: float = 20.0,
        max_message_bytes: int = 1_000_000,
        max_concurrency: int = 16,
        ssl_context: ssl.SSLContext | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        super().__init__(url, headers=headers, max_concurrency=max_concurrency, clock=clock)
        self._client = require(
            "websockets.asyncio.client", extra="websocket", feature="WebSocketSource"
        )
        self._parse = parse
        self._first_frames = [_hidden(frame) for frame in first_frames]
        self._subprotocols = list(subprotocols)
        self._open_timeout = open_timeout
        self._ping_interval = ping_interval
        self._ping_timeout = ping_timeout
        self._max_bytes = max_message_bytes
        self._ssl_context = ssl_context

    async def _listen(self, emit: Emit) -> None:
        async with self._clock.timeout(self._open_timeout):
            connection = await self._connect()
        try:
            async with self._clock.timeout(self._open_timeout):
                await self._greet(connection)
            self._connected = True
            while True:
                frame = await self._next_frame(connection)
                for message in self._parsed(self._parse, frame):
                    await self._hand_over(emit, message)
        finally:
            await connection.close()

    async def _connect(self) -> ClientConnection:
        settings: dict[str, Any] = {}
        if self._ssl_context is not None:
            settings["ssl"] = self._ssl_context
        connection: ClientConnection = await _direct(self._client.connect)(
            self._url.get_secret_value(),
            additional_headers=self._plain_headers(),
            subprotocols=self._subprotocols or None,
            open_timeout=None,
            close_timeout=_CLOSE_SECONDS,
            # Its own pings count on being answered while nobody reads, and would take a server
            # that is being held up for one that is gone.
            ping_interval=None,
            max_size=self._max_bytes,
            logger=_SILENT,
            **settings,
        )
        return connection

    async def _greet(self, connection: ClientConnection) -> None:
        for frame in self._first_frames:
            await connection.send(frame.get_secret_value())

    async def _next_frame(self, connection: ClientConnection) -> str | bytes:
        while True:
            frame = await self._frame_within(self._ping_interval, connection)
            if frame is not None:
                return frame
            async with self._clock.timeout(self._ping_timeout):
                pong = asyncio.ensure_future(await connection.ping())
            # A message is as good an answer. Nor would the answer be read as long as messages that
            # came before it are not.
            frame = await self._frame_within(self._ping_timeout, connection)
            if frame is not None:
                return frame
            if not pong.done():
                raise TimeoutError

    async def _frame_within(
        self, seconds: float | None, connection: ClientConnection
    ) -> str | bytes | None:
        waiting = self._clock.timeout(seconds)
        try:
            async with waiting:
                return await connection.recv()
        except TimeoutError:
            if not waiting.expired():
                raise
            return None

    def _failure(self, error: Exception) -> ProviderError:
        said = getattr(error, "sent", None)
        if getattr(said, "code", None) == _TOO_BIG:
            return ProviderError(
                f"websocket: a message of more than {self._max_bytes} bytes",
                provider=self.kind,
                code="too_large",
                retryable=True,
            )
        # An answer with a status that is not 101.
        answer = getattr(error, "response", None)
        status = getattr(answer, "status_code", None)
        if answer is None or not isinstance(status, int):
            return super()._failure(error)
        wish = parse_retry_after(answer.headers.get("retry-after"), self._clock.now())
        return status_failure(self.kind, status, retry_after=wish)


def _hidden(frame: str | bytes | SecretStr) -> SecretStr | SecretBytes:
    if isinstance(frame, SecretStr):
        return frame
    return SecretStr(frame) if isinstance(frame, str) else SecretBytes(frame)


@functools.cache
def _direct(client: Any) -> Any:
    """The same client, but one that does not follow redirects, with the secrets in its headers."""

    class Direct(client):  # type: ignore[misc]
        def process_redirect(self, exc: Exception) -> Exception | str:
            return exc

    return Direct
