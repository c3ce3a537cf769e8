"""What the failures of language models mean, whichever vendor's they are.

Each vendor's module maps its SDK's exceptions to a status, the vendor's own word for what went
wrong, and perhaps the answer's headers; what follows from them is decided here, once.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from roomkit.errors import ProviderError
from roomkit.providers._http_failures import parse_retry_after

LONGEST_PAUSE = 120.0
"""The longest pause, in seconds, after which a vendor that asked for it is asked again. Somebody
waits for the answer: whether a longer one is worth it is for the caller to decide."""

_BY_STATUS: Mapping[int, str] = {
    400: "rejected",
    401: "unauthorized",
    402: "forbidden",
    403: "forbidden",
    404: "not_found",
    408: "timeout",
    409: "unavailable",
    413: "context_too_long",
    422: "rejected",
    429: "rate_limited",
    504: "timeout",
    529: "overloaded",
}
_BY_WORD: Mapping[str, str] = {
    "authentication_error": "unauthorized",
    "billing_error": "forbidden",
    "context_length_exceeded": "context_too_long",
    "insufficient_quota": "forbidden",
    "invalid_api_key": "unauthorized",
    "model_not_found": "not_found",
    "overloaded_error": "overloaded",
    "permission_error": "forbidden",
    "rate_limit_error": "rate_limited",
    "rate_limit_exceeded": "rate_limited",
    "request_too_large": "context_too_long",
    "timeout_error": "timeout",
}
_TRANSIENT = frozenset(
    {"rate_limited", "overloaded", "unavailable", "timeout", "unreachable", "connection_lost"}
)
_SAYS_TOO_LONG = (
    "context length",
    "context window",
    "context_length",
    "exceeds the maximum number of tokens",
    "maximum context",
    "prompt is too long",
    "too many tokens",
    "too large for model",
)


def model_failure(
    provider: str,
    *,
    status: int | None = None,
    word: str | None = None,
    text: str = "",
    headers: Mapping[str, str] | None = None,
    code: str | None = None,
    now: datetime | None = None,
) -> ProviderError:
    """The error for an answer that is a refusal, or for no answer at all.

    Args:
        provider: the vendor's name.
        status: the HTTP status; None (or 200, inside a stream) if that says nothing.
        word: the vendor's own code, such as ``overloaded_error``.
        text: the vendor's explanation. It is only searched for signs that the request was too
            long, never quoted: vendors quote requests in it.
        headers: the answer's headers, for the pause that it asks for.
        code: what is known better than by status and word: ``timeout``, ``unreachable``,
            ``connection_lost`` or ``bad_answer``.
    """
    if code is None:
        code = _meaning(status, word, text)
    if status is not None and status >= 400:
        said = f"{provider} answered {status}"
    else:
        said = f"{provider} failed: {code.replace('_', ' ')}"
    return ProviderError(
        f"{said} ({word})" if word else said,
        provider=provider,
        status_code=status,
        vendor_code=word,
        code=code,
        retryable=code in _TRANSIENT,
        retry_after=None if headers is None else pause_of(headers, now),
    )


def pause_of(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """The seconds that an answer asks to wait before the next request; None if it does not say.

    Some vendors say it in milliseconds beside: that is the more precise of the two.
    https://learn.microsoft.com/azure/ai-services/openai/how-to/provisioned-get-started
    """
    now = now or datetime.now(UTC)
    milliseconds = parse_retry_after(headers.get("retry-after-ms"), now)
    if milliseconds is not None:
        return milliseconds / 1000
    return parse_retry_after(headers.get("retry-after"), now)


def _meaning(status: int | None, word: str | None, text: str) -> str:
    if word is not None and word.lower() in _BY_WORD:
        return _BY_WORD[word.lower()]
    if status is None or status < 400:
        return "bad_answer"
    if status in (400, 413, 422) and any(sign in text.lower() for sign in _SAYS_TOO_LONG):
        return "context_too_long"
    known = _BY_STATUS.get(status)
    if known is not None:
        return known
    return "unavailable" if status >= 500 else "rejected"
