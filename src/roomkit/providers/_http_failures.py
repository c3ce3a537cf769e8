"""What each way to fail means, for every vendor that speaks HTTP."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from roomkit.errors import ProviderError
from roomkit.models.delivery import ProviderResult

# How httpx fails: (code, whether trying again may help). By name, since httpx is not imported
# here. Subclasses that are not listed count as their nearest listed base.
HTTPX_FAILURES: Mapping[str, tuple[str, bool]] = {
    "ConnectTimeout": ("timeout", True),
    "PoolTimeout": ("timeout", True),
    "ReadTimeout": ("timeout", True),
    "WriteTimeout": ("timeout", True),
    "TimeoutException": ("timeout", True),
    "ConnectError": ("unreachable", True),
    "ProxyError": ("unreachable", True),
    "ReadError": ("connection_lost", True),
    "WriteError": ("connection_lost", True),
    "CloseError": ("connection_lost", True),
    "NetworkError": ("connection_lost", True),
    "RemoteProtocolError": ("connection_lost", True),
    "TransportError": ("connection_lost", True),
    "LocalProtocolError": ("bad_request", False),
    "ProtocolError": ("bad_request", False),
    "UnsupportedProtocol": ("bad_request", False),
    "InvalidURL": ("bad_request", False),
    "CookieConflict": ("bad_request", False),
    "DecodingError": ("bad_answer", False),
    "TooManyRedirects": ("bad_answer", False),
    "StreamConsumed": ("bad_answer", False),
    "StreamClosed": ("bad_answer", False),
    "ResponseNotRead": ("bad_answer", False),
    "RequestNotRead": ("bad_answer", False),
    "StreamError": ("bad_answer", False),
    "HTTPStatusError": ("bad_answer", False),
    "RequestError": ("connection_lost", True),
    "HTTPError": ("connection_lost", True),
}

_STATUS_CODES: Mapping[int, str] = {
    400: "rejected",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    408: "timeout",
    413: "too_large",
    422: "rejected",
    429: "rate_limited",
}


def failed(error: ProviderError) -> ProviderResult:
    """The result that says what a `ProviderError` says."""
    facts = {"status_code": error.status_code, "vendor_code": error.vendor_code}
    return ProviderResult(
        success=False,
        error=str(error),
        error_code=error.code,
        retryable=error.retryable,
        retry_after=error.retry_after,
        metadata={key: value for key, value in facts.items() if value is not None},
    )


def parse_retry_after(value: str | None, now: datetime) -> float | None:
    """The seconds that a ``Retry-After`` header asks for, given as a number or as an HTTP date.

    None if there is none or it is neither; a moment in the past is 0.
    """
    text = (value or "").strip()
    try:
        seconds = float(text)
    except ValueError:
        try:
            moment = parsedate_to_datetime(text)
            if moment.tzinfo is None:
                moment = moment.replace(tzinfo=UTC)
            seconds = (moment - now).total_seconds()
        except (ValueError, TypeError, IndexError, OverflowError):
            return None
    return max(seconds, 0.0) if math.isfinite(seconds) else None


def code_of_status(status: int) -> str:
    """The stable word for an HTTP status that is not 2xx."""
    if status >= 500:
        return "unavailable"
    return _STATUS_CODES.get(status, f"http_{status}")
