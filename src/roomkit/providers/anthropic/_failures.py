"""What goes wrong between here and Anthropic, as `ProviderError`.

https://platform.claude.com/docs/en/api/errors
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from roomkit.errors import ProviderError
from roomkit.providers._ai_transport import transport_failure
from roomkit.providers.ai.failures import model_failure

VENDOR = "anthropic"

_WORD = re.compile("[a-z_]{1,64}")
"""A type of error. Anything else in its place might quote the request."""

_SAYS_TOO_LONG = "exceed context limit"
"""Said of the conversation and ``max_tokens`` together."""

# The SDK's exceptions that are about no answer of the vendor's, by name, since the SDK is not
# imported here. Those that are not listed count as their nearest listed base.
SDK_FAILURES: Mapping[str, str] = {
    "APITimeoutError": "timeout",
    "APIConnectionError": "unreachable",
    "APIResponseValidationError": "bad_answer",
    "APIWebhookValidationError": "bad_answer",
    "APIError": "bad_answer",
    "RetryableError": "unavailable",
    "CredentialsError": "unauthorized",
    "MutuallyExclusiveAuthError": "unauthorized",
    "WorkloadIdentityError": "unauthorized",
    "AnthropicError": "rejected",
}

# Errors in the middle of a stream have a type but no status of their own. What the types that
# have a code of their own mean is known to `model_failure`.
_IN_STREAM: Mapping[str, str] = {
    "api_error": "unavailable",
    "conflict_error": "unavailable",
    "not_found_error": "not_found",
}


def failure_of(error: Exception) -> ProviderError:
    """What an exception of the SDK, of its HTTP client or of a decoder means."""
    names = [base.__name__ for base in type(error).__mro__]
    if "APIStatusError" in names:
        return _refusal(error)
    if "APIConnectionError" in names and error.__cause__ is not None:
        failure = transport_failure(VENDOR, error.__cause__)
        if failure is not None:
            return failure
    for name in names:
        if name in SDK_FAILURES:
            return model_failure(VENDOR, code=SDK_FAILURES[name])
    if isinstance(error, UnicodeEncodeError):
        # The request holds what cannot be sent.
        return model_failure(VENDOR, code="rejected")
    return transport_failure(VENDOR, error) or model_failure(VENDOR, code="bad_answer")


def _refusal(error: Any) -> ProviderError:
    """What the vendor's own refusal means."""
    word = error.type if isinstance(error.type, str) and _WORD.fullmatch(error.type) else None
    text = error.api_message if isinstance(error.api_message, str) else ""
    if error.status_code < 400:
        return _broken_off(word, text)
    code = None
    if "spend_limit" in (error.error_code or ""):
        # An account without money is not helped by asking again, as the type would have it.
        code = "forbidden"
    elif error.status_code == 400 and _SAYS_TOO_LONG in text:
        code = "context_too_long"
    return model_failure(
        VENDOR,
        status=error.status_code,
        word=word,
        text=text,
        headers=error.response.headers,
        code=code,
    )


def _broken_off(word: str | None, text: str) -> ProviderError:
    """What the vendor's refusal means in the middle of a stream, which had begun well."""
    if word is None:
        return model_failure(VENDOR, code="bad_answer")
    # A request that is too long is refused with this type, and words that say so.
    status = 400 if word == "invalid_request_error" else None
    code = model_failure(VENDOR, status=status, word=word, text=text).code
    if code == "bad_answer":
        code = _IN_STREAM.get(word, "unavailable")
    return model_failure(VENDOR, word=word, code=code)
