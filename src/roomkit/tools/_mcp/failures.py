"""What goes wrong between here and an MCP server, in RoomKit's words.

The SDK reports most of it as an ``MCPError`` with a JSON-RPC code, whether the server or the SDK
itself made it up; what happens while connecting comes out of its task groups as an exception
group. Nothing of a foreign exception's text is passed on but what the server wrote about the
arguments, for the model to read.
"""

from __future__ import annotations

from enum import IntEnum

from pydantic import ValidationError

from roomkit.errors import ProviderError
from roomkit.tools._mcp.sdk import SDK
from roomkit.tools.base import ToolError

_LONGEST_REFUSAL = 1000


class Code(IntEnum):
    """JSON-RPC error codes that `roomkit.tools._mcp.http` makes up for what HTTP reports."""

    NOT_SENT = 7001
    LOST = 7002
    SESSION_GONE = 7003
    UNAUTHORIZED = 7004


class CallLostError(Exception):
    """The connection was lost before there was an answer.

    Attributes:
        sent: whether the server may have got the call.
    """

    def __init__(self, *, sent: bool) -> None:
        super().__init__(sent)
        self.sent = sent


class Failures:
    """Words the failures of one server.

    Args:
        sdk: where the foreign exceptions come from.
        server: what the server is called; holds no secrets.
    """

    def __init__(self, sdk: SDK, server: str) -> None:
        self._sdk = sdk
        self._server = server

    def of_call(self, error: Exception) -> ToolError | CallLostError:
        """What a failed call comes to: words for the model, or a lost connection."""
        if isinstance(error, self._sdk.mcp.MCPError):
            return self._of_answer(error.code, error.message)
        if isinstance(error, ValidationError):
            return ToolError(f"the MCP server {self._server} sent something that is no result")
        if isinstance(error, RuntimeError) and not isinstance(error, self._sdk.httpx2.StreamError):
            # The SDK's own checks of the result, or a result that asks for a person's input.
            return ToolError(
                f"the MCP server {self._server} sent a result that does not fit what the tool "
                "declares, or that asks for more input"
            )
        # Streams that were closed under the call, and whatever else a transport raises.
        return CallLostError(sent=True)

    def _of_answer(self, code: int, message: str) -> ToolError | CallLostError:
        types = self._sdk.types
        if code in (Code.NOT_SENT, Code.SESSION_GONE):
            return CallLostError(sent=False)
        if code in (Code.LOST, types.CONNECTION_CLOSED):
            return CallLostError(sent=True)
        if code == Code.UNAUTHORIZED:
            return ToolError(f"the MCP server {self._server} does not accept the credentials")
        if code in (types.INVALID_PARAMS, types.INVALID_REQUEST, types.METHOD_NOT_FOUND):
            return ToolError(
                f"the MCP server {self._server} refused the call: {message[:_LONGEST_REFUSAL]}"
            )
        return ToolError(f"the MCP server {self._server} failed (error {code})")

    def unknown_outcome(self) -> ToolError:
        """The connection was lost during a call that must not be repeated blindly."""
        return ToolError(
            f"the connection to the MCP server {self._server} was lost during the call; "
            "it is not known whether the tool has run"
        )

    def gone(self) -> ToolError:
        """The server is no longer there, and could not be reached again."""
        return ToolError(f"the MCP server {self._server} cannot be reached at the moment")

    def of_opening(self, error: BaseException) -> ProviderError:
        """What a failed attempt to connect comes to."""
        cause = _first(error)
        httpx2 = self._sdk.httpx2
        if isinstance(cause, self._sdk.mcp.MCPError):
            return self._of_handshake(cause.code)
        if isinstance(cause, httpx2.HTTPStatusError):
            return self._of_status(cause.response.status_code)
        if isinstance(cause, httpx2.UnsupportedProtocol | httpx2.InvalidURL):
            return self._error("has a URL that cannot be used", "rejected")
        if isinstance(cause, httpx2.TransportError) and not isinstance(cause, httpx2.SSEError):
            return self._error("cannot be reached", "unreachable", retryable=True)
        if isinstance(cause, TimeoutError):
            return self._error("did not answer in time", "timeout", retryable=True)
        if isinstance(cause, OSError | ValueError) and not isinstance(cause, ValidationError):
            return self._error(f"cannot be started: {type(cause).__name__}", "unreachable")
        return self._error(f"did not answer as one: {type(cause).__name__}", "bad_answer")

    def _of_handshake(self, code: int) -> ProviderError:
        if code in (Code.NOT_SENT, Code.LOST):
            return self._error("cannot be reached", "unreachable", retryable=True)
        if code == Code.UNAUTHORIZED:
            return self._error("does not accept the credentials", "unauthorized")
        if code == self._sdk.types.CONNECTION_CLOSED:
            return self._error("ended while connecting", "connection_lost", retryable=True)
        return self._error(f"refused the connection (error {code})", "rejected")

    def _of_status(self, status: int) -> ProviderError:
        if status in (401, 403):
            return self._error("does not accept the credentials", "unauthorized", status=status)
        if status >= 500:
            return self._error("is unavailable", "unavailable", status=status, retryable=True)
        return self._error(f"answered with status {status}", "rejected", status=status)

    def _error(
        self, problem: str, code: str, *, status: int | None = None, retryable: bool = False
    ) -> ProviderError:
        return ProviderError(
            f"the MCP server {self._server} {problem}",
            provider="mcp",
            code=code,
            status_code=status,
            retryable=retryable,
        )


def _first(error: BaseException) -> BaseException:
    """The exception inside of exception groups, which task groups put around it."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
