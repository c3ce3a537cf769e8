"""Webhooks and WebSockets of a kit in a FastAPI application.

```python
app = FastAPI()
mount_roomkit(app, kit, public_url="https://chat.example.com", authenticate=who_is_it)
```

adds ``/webhooks/{channel_id}``, where vendors post messages and delivery reports, and
``/ws/{channel_id}``, where browsers and apps connect. `webhook_router`, `websocket_router` and
`kit_lifespan` are the same in parts.
"""

from __future__ import annotations

import hashlib
import logging
import re
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from roomkit._lazy import require
from roomkit._tasks import bounded
from roomkit.core.framework import RoomKit
from roomkit.errors import locate_error
from roomkit.integrations._address import PublicAddress, RequestLine
from roomkit.integrations._webhooks import Answer, RefusedError, Wait, WebhookEndpoint
from roomkit.integrations._websocket.endpoint import WebSocketEndpoint
from roomkit.integrations._websocket.settings import Client, WebSocketLimits
from roomkit.providers.base import WebhookRequest

if TYPE_CHECKING:
    from fastapi import APIRouter, FastAPI, Request, Response, WebSocket
    from starlette.requests import ClientDisconnect, HTTPConnection
else:
    _fastapi = require("fastapi", extra="fastapi", feature="roomkit.integrations.fastapi")
    APIRouter, FastAPI = _fastapi.APIRouter, _fastapi.FastAPI
    Request, Response, WebSocket = _fastapi.Request, _fastapi.Response, _fastapi.WebSocket
    ClientDisconnect = require(
        "starlette.requests", extra="fastapi", feature="roomkit.integrations.fastapi"
    ).ClientDisconnect

__all__ = [
    "Authenticate",
    "Client",
    "WebSocketLimits",
    "kit_lifespan",
    "mount_roomkit",
    "webhook_router",
    "websocket_router",
]

logger = logging.getLogger("roomkit.integrations")

type Authenticate = Callable[[WebSocket], Awaitable[Client | None]]
"""Finds out who connects; None turns them away with close code 4401."""

_BODY_SECONDS = 10.0
_AUTHENTICATION_SECONDS = 10.0
_GUEST_COOKIE = "roomkit_guest"
_GUEST_TOKEN = re.compile(r"[0-9a-f]{64}")
_GUEST_SECONDS = 30 * 24 * 3600
_DEFAULT_LIMITS = WebSocketLimits()


def mount_roomkit(
    app: FastAPI,
    kit: RoomKit,
    *,
    prefix: str = "",
    public_url: str | None = None,
    trust_forwarded: bool = False,
    webhooks: bool = True,
    verify: bool = True,
    unverified_channels: Collection[str] = (),
    wait: Wait = "done",
    max_body_bytes: int = 1_000_000,
    websocket: bool = True,
    authenticate: Authenticate | None = None,
    allow_anonymous: bool = False,
    allowed_origins: Collection[str] = (),
    limits: WebSocketLimits = _DEFAULT_LIMITS,
    close_kit: bool = True,
) -> None:
    """Add everything to an application; see `webhook_router` and `websocket_router`.

    Args:
        prefix: goes in front of both paths.
        webhooks: whether to add the webhooks.
        websocket: whether to add the WebSocket.
        close_kit: whether the kit is closed when the application shuts down.
    """
    if close_kit:
        app.include_router(APIRouter(lifespan=kit_lifespan(kit)))
    if webhooks:
        router = webhook_router(
            kit,
            public_url=public_url,
            trust_forwarded=trust_forwarded,
            verify=verify,
            unverified_channels=unverified_channels,
            wait=wait,
            max_body_bytes=max_body_bytes,
        )
        app.include_router(router, prefix=prefix)
    if websocket:
        router = websocket_router(
            kit,
            authenticate=authenticate,
            allow_anonymous=allow_anonymous,
            allowed_origins=allowed_origins,
            public_url=public_url,
            trust_forwarded=trust_forwarded,
            limits=limits,
        )
        app.include_router(router, prefix=prefix)


def kit_lifespan(kit: RoomKit) -> Callable[[Any], AbstractAsyncContextManager[None]]:
    """A lifespan for `FastAPI` or `APIRouter` that closes the kit in the end."""

    @asynccontextmanager
    async def lifespan(_app: Any) -> AsyncIterator[None]:
        async with kit:
            yield

    return lifespan


def webhook_router(
    kit: RoomKit,
    *,
    public_url: str | None = None,
    trust_forwarded: bool = False,
    verify: bool = True,
    unverified_channels: Collection[str] = (),
    wait: Wait = "done",
    answer_within: float = 1.5,
    max_body_bytes: int = 1_000_000,
    max_pending: int = 1000,
) -> APIRouter:
    """``/webhooks/{channel_id}`` and ``/webhooks/{channel_id}/status``.

    Both take messages and delivery reports alike, by POST or, from vendors that do it so, by GET,
    and answer the GET with which a vendor makes sure of the address. The answer is what the vendor
    likes to hear, or 400 for what makes no sense (200, if the vendor would send it again all the
    same), 403 for a signature that does not fit, 404 for an unknown channel, 408 or 413 for a body
    that is too slow or too long, and 503 for what should come again.

    A message that comes again while it is still being processed waits for the first one's result.
    A channel whose provider cannot check signatures has its webhooks refused; the log says so when
    the application starts.

    Args:
        public_url: scheme and host under which vendors know the application, and the path that the
            proxy strips, if it does. Signatures cover the URL, so behind a proxy this is needed.
        trust_forwarded: take scheme and host from ``X-Forwarded-Proto`` and ``X-Forwarded-Host``
            instead; only where nobody but the proxy can connect.
        verify: whether signatures are checked. Without, anybody can speak as anybody.
        unverified_channels: ids of channels whose webhooks need no signature all the same.
        wait: ``"done"`` answers when everything that a message causes is done, or after
            `answer_within` seconds; ``"accept"`` as soon as it was read. A message whose
            processing was cut off by the end of the process then is lost if it was not stored
            yet; where the vendor sends it again, that does no harm, since it is stored once.
        answer_within: seconds; the most impatient vendor waits for two. Storing a message takes
            much less, and the work goes on after the answer.
        max_body_bytes: how long a body may be.
        max_pending: how many webhooks may be under way; more get a 503.
    """
    address = PublicAddress(public_url, trust_forwarded=trust_forwarded)
    endpoint = WebhookEndpoint(
        kit,
        verify=verify,
        unverified_channels=unverified_channels,
        wait=wait,
        answer_within=answer_within,
        max_pending=max_pending,
    )
    router = APIRouter(lifespan=_closing(endpoint, begin=endpoint.announce))
    take_webhook = _webhook_handler(kit, endpoint, address, max_body_bytes)
    for path in ("/webhooks/{channel_id}", "/webhooks/{channel_id}/status"):
        router.add_api_route(
            path,
            take_webhook,
            methods=["GET", "POST"],
            response_model=None,
            include_in_schema=False,
        )
    return router


def _webhook_handler(
    kit: RoomKit, endpoint: WebhookEndpoint, address: PublicAddress, max_body_bytes: int
) -> Callable[[str, Request], Awaitable[Response]]:
    async def take_webhook(channel_id: str, request: Request) -> Response:
        try:
            endpoint.check(channel_id)
            body = await bounded(kit.clock, _BODY_SECONDS, _read_body(request, max_body_bytes))
        except RefusedError as refusal:
            return _response(refusal.answer)
        except TimeoutError:
            return _response(RefusedError(408, "the body took too long").answer)
        line = _line(request)
        webhook = WebhookRequest(
            url=address.url(line), headers=line.headers, body=body, method=request.method
        )
        return _response(await endpoint.handle(channel_id, webhook))

    return take_webhook


def websocket_router(
    kit: RoomKit,
    *,
    authenticate: Authenticate | None = None,
    allow_anonymous: bool = False,
    allowed_origins: Collection[str] = (),
    public_url: str | None = None,
    trust_forwarded: bool = False,
    limits: WebSocketLimits = _DEFAULT_LIMITS,
) -> APIRouter:
    """``/ws/{channel_id}``, with the protocol of docs/websocket-protocol.md.

    Args:
        authenticate: finds out who connects, from cookies, headers or the query.
        allow_anonymous: let everybody in, as a guest with a room of their own. A cookie makes a
            guest the same person again the next time.
        allowed_origins: pages of other sites that may connect, such as
            ``"https://www.example.com"``; ``"*"`` allows all. Browsers send cookies along whatever
            page asks, so others are refused.
        public_url: see `webhook_router`; pages from there may connect.
        trust_forwarded: see `webhook_router`.
        limits: bounds for each connection.

    Raises:
        ValueError: nobody could connect: pass `authenticate` or ``allow_anonymous=True``.
    """
    if authenticate is None and not allow_anonymous:
        raise ValueError("pass authenticate=..., or allow_anonymous=True to let everybody in")
    address = PublicAddress(public_url, trust_forwarded=trust_forwarded)
    endpoint = WebSocketEndpoint(kit, limits)
    router = APIRouter(lifespan=_closing(endpoint))

    async def connect(websocket: WebSocket, channel_id: str) -> None:
        if not address.admits(_line(websocket), allowed_origins):
            await websocket.close(4403)
            return
        headers: list[tuple[bytes, bytes]] = []
        client: Client | None = None
        if authenticate is not None:
            client = await _ask(kit, authenticate, websocket)
        if client is None and allow_anonymous:
            client = _guest(websocket, headers)
        await websocket.accept(headers=headers)
        socket = _FastAPISocket(websocket)
        if client is None:
            await socket.close(4401, "who are you?")
            return
        query = websocket.query_params
        await endpoint.serve(
            channel_id, client, socket, after=_index(query.get("after")), room_id=query.get("room")
        )

    router.add_api_websocket_route("/ws/{channel_id}", connect)
    return router


class _FastAPISocket:
    """A `Socket` over FastAPI's."""

    def __init__(self, websocket: WebSocket) -> None:
        self._websocket = websocket

    async def receive(self) -> str | bytes | None:
        message = await self._websocket.receive()
        if message["type"] == "websocket.disconnect":
            return None
        text: str | None = message.get("text")
        return text if text is not None else bytes(message.get("bytes") or b"")

    async def send(self, frame: str) -> None:
        await self._websocket.send_text(frame)

    async def close(self, code: int, reason: str) -> None:
        await self._websocket.close(code, reason)


async def _ask(kit: RoomKit, authenticate: Authenticate, websocket: WebSocket) -> Client | None:
    async def ask() -> Client | None:
        return await authenticate(websocket)

    try:
        client = await bounded(kit.clock, _AUTHENTICATION_SECONDS, ask())
        if client is not None and not isinstance(client, Client):
            raise TypeError(f"it returned {type(client).__name__}, which is not a Client")
        return client
    except Exception as error:  # the application's own code; nobody comes in by its failing
        logger.error("authenticate failed: %s", locate_error(error))
        return None


def _guest(websocket: WebSocket, headers: list[tuple[bytes, bytes]]) -> Client:
    """The guest that the cookie names, or a new one, with the cookie for it.

    The id that others see is made from the token by a hash, so that it does not give it away.
    """
    token = websocket.cookies.get(_GUEST_COOKIE, "")
    if not _GUEST_TOKEN.fullmatch(token):
        token = secrets.token_hex(32)
        secure = "; Secure" if websocket.url.scheme == "wss" else ""
        cookie = f"{_GUEST_COOKIE}={token}; Path=/; Max-Age={_GUEST_SECONDS}; HttpOnly; "
        headers.append((b"set-cookie", f"{cookie}SameSite=Lax{secure}".encode()))
    return Client(f"guest-{hashlib.sha256(token.encode()).hexdigest()[:24]}")


def _index(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 19 else None


def _line(connection: HTTPConnection) -> RequestLine:
    scope = connection.scope
    raw = scope.get("raw_path")
    path = raw.decode("latin-1") if raw else quote(scope["path"])
    return RequestLine(
        scheme=scope["scheme"],
        path=path,
        query=scope["query_string"].decode("latin-1"),
        root_path=scope.get("root_path", ""),
        headers=dict(connection.headers),
    )


async def _read_body(request: Request, limit: int) -> bytes:
    refusal = RefusedError(413, f"the body has more than {limit} bytes")
    length = request.headers.get("content-length", "")
    if length.isascii() and length.isdigit() and int(length[:19]) > limit:
        raise refusal
    chunks: list[bytes] = []
    size = 0
    try:
        async for chunk in request.stream():
            size += len(chunk)
            if size > limit:
                raise refusal
            chunks.append(chunk)
    except ClientDisconnect:
        raise RefusedError(400, "the body is not complete") from None
    return b"".join(chunks)


def _response(answer: Answer) -> Response:
    return Response(
        content=answer.body,
        status_code=answer.status,
        headers=dict(answer.headers),
        media_type=answer.content_type,
    )


def _closing(
    endpoint: WebhookEndpoint | WebSocketEndpoint, begin: Callable[[], None] | None = None
) -> Callable[[Any], AbstractAsyncContextManager[None]]:
    """A lifespan that closes an endpoint, before that of the application goes on."""

    @asynccontextmanager
    async def lifespan(_app: Any) -> AsyncIterator[None]:
        if begin is not None:
            begin()
        try:
            yield
        finally:
            await endpoint.close()

    return lifespan
