"""What each way to fail means for a connection that messages come in through."""

from __future__ import annotations

from collections.abc import Mapping

from roomkit.errors import ProviderError
from roomkit.providers._http_failures import HTTPX_FAILURES, code_of_status

type Failures = Mapping[str, tuple[str, bool]]
"""The code for each exception, and whether connecting again may help. By name, since none of the
libraries is imported here. Subclasses that are not listed count as their nearest listed base."""

WEBSOCKETS_FAILURES: Failures = {
    "ConnectionClosed": ("connection_lost", True),
    "ConnectionClosedError": ("connection_lost", True),
    "ConnectionClosedOK": ("connection_lost", True),
    "PayloadTooBig": ("too_large", True),
    "ProtocolError": ("connection_lost", True),
    "WebSocketProtocolError": ("connection_lost", True),
    "InvalidMessage": ("connection_lost", True),
    "ProxyError": ("unreachable", True),
    "InvalidProxyMessage": ("unreachable", True),
    "InvalidProxyStatus": ("unreachable", True),
    "InvalidProxy": ("bad_request", False),
    "InvalidURI": ("bad_request", False),
    "InvalidStatus": ("bad_answer", False),
    "InvalidStatusCode": ("bad_answer", False),
    "InvalidHeader": ("bad_answer", False),
    "InvalidHeaderFormat": ("bad_answer", False),
    "InvalidHeaderValue": ("bad_answer", False),
    "InvalidOrigin": ("bad_answer", False),
    "InvalidUpgrade": ("bad_answer", False),
    "NegotiationError": ("bad_answer", False),
    "DuplicateParameter": ("bad_answer", False),
    "InvalidParameterName": ("bad_answer", False),
    "InvalidParameterValue": ("bad_answer", False),
    "AbortHandshake": ("bad_answer", False),
    "RedirectHandshake": ("bad_answer", False),
    "SecurityError": ("bad_answer", False),
    "InvalidHandshake": ("bad_answer", False),
    "ConcurrencyError": ("failed", False),
    "InvalidState": ("failed", False),
    "WebSocketException": ("connection_lost", True),
}

SSE_FAILURES: Failures = {**HTTPX_FAILURES, "SSEError": ("bad_answer", True)}

# What Python itself raises, below all libraries.
_BUILTIN_FAILURES: Failures = {
    "TimeoutError": ("timeout", True),
    "ConnectionError": ("connection_lost", True),
    "ConnectionRefusedError": ("unreachable", True),
    "EOFError": ("connection_lost", True),
    "OSError": ("unreachable", True),
}


def source_failure(
    source: str, error: Exception, failures: Failures, *, retry_after: float | None = None
) -> ProviderError:
    """What a source raises in place of a foreign exception, whose text may hold secrets.

    Args:
        failures: what those of the source's library mean.
        retry_after: the seconds after which the other side wants to be asked again.
    """
    for base in type(error).__mro__:
        known = failures.get(base.__name__) or _BUILTIN_FAILURES.get(base.__name__)
        if known is not None:
            break
    code, retryable = known or ("failed", False)
    return ProviderError(
        f"{source}: {code} ({type(error).__name__})",
        provider=source,
        code=code,
        retryable=retryable,
        retry_after=retry_after,
    )


def status_failure(source: str, status: int, *, retry_after: float | None = None) -> ProviderError:
    """What a source raises if the other side answers with a status that is none of success."""
    return ProviderError(
        f"{source}: refused with {code_of_status(status)} (status {status})",
        provider=source,
        status_code=status,
        code=code_of_status(status),
        retryable=status in (408, 429) or status >= 500,
        retry_after=retry_after,
    )
