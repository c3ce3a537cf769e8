"""An HTTP client for the SDK that fails one request at a time.

What `httpx2` raises inside of the SDK's transport would end the connection and with it every other
call that is under way, without telling which of them the server has seen. This client turns it
into the answer of the request that it belongs to: a JSON-RPC error whose code says whether the
request went out.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from roomkit.tools._mcp.failures import Code
from roomkit.tools._mcp.sdk import SDK

if TYPE_CHECKING:
    import httpx2

_CONNECT_SECONDS = 30.0
_READ_SECONDS = 300.0
_SESSION_ID = "mcp-session-id"


def mcp_http_client(
    sdk: SDK, headers: Mapping[str, str], timeout: float | None
) -> httpx2.AsyncClient:
    """A client for one server.

    Args:
        headers: sent with every request.
        timeout: how long a call may take, in seconds; an answer may be silent for that long.
    """
    library: Any = sdk.httpx2
    never_left = (
        library.ConnectError,
        library.ConnectTimeout,
        library.PoolTimeout,
        library.ProxyError,
        library.UnsupportedProtocol,
        library.LocalProtocolError,
    )

    # A transport around the default one would be the obvious place, but httpx2 does without the
    # proxies of the environment as soon as it is given a transport.
    class Client(library.AsyncClient):  # type: ignore[misc]
        async def send(self, request: httpx2.Request, **options: Any) -> httpx2.Response:
            if request.method != "POST":
                return await super().send(request, **options)  # type: ignore[no-any-return]
            try:
                response = await super().send(request, **options)
            except never_left:
                return failed(request, Code.NOT_SENT)
            except library.TransportError:
                return failed(request, Code.LOST)
            code = _refusal(response.status_code, _SESSION_ID in request.headers)
            if code is None:
                return response  # type: ignore[no-any-return]
            await response.aclose()
            return failed(request, code, response.status_code)

    def failed(request: httpx2.Request, code: Code, status: int = 503) -> httpx2.Response:
        error = {"code": int(code), "message": code.name}
        answer = {"jsonrpc": "2.0", "id": None, "error": error}
        response: httpx2.Response = library.Response(
            status,
            content=json.dumps(answer).encode(),
            headers={"content-type": "application/json"},
            request=request,
        )
        return response

    read = None if timeout is None else max(_READ_SECONDS, timeout)
    client: httpx2.AsyncClient = Client(
        headers=dict(headers), timeout=library.Timeout(_CONNECT_SECONDS, read=read)
    )
    return client


def _refusal(status: int, in_session: bool) -> Code | None:
    """What a status says that has no JSON-RPC code of its own."""
    if status in (401, 403):
        return Code.UNAUTHORIZED
    # "When a client receives HTTP 404 in response to a request containing an Mcp-Session-Id, it
    # must start a new session": the server was restarted and has not looked at the request.
    # https://modelcontextprotocol.io/specification/2025-11-25/basic/transports#session-management
    return Code.SESSION_GONE if status == 404 and in_session else None
