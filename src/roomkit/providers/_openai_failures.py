"""What the exceptions of OpenAI's SDK mean."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import ModuleType
from typing import Any

from roomkit.errors import ProviderError
from roomkit.providers._ai_transport import transport_failure
from roomkit.providers.ai.failures import model_failure

_WORD = re.compile(r"[A-Za-z][\w.-]{0,63}")
# Words that come in place of a status once a stream has begun.
_IN_STREAMS: Mapping[str, str] = {
    "server_error": "unavailable",
    "internal_error": "unavailable",
    "internalservererror": "unavailable",
    "engine_overloaded": "overloaded",
    "overloaded": "overloaded",
}


def openai_failure(sdk: ModuleType, vendor: str, error: Exception) -> ProviderError:
    """The error for an exception that a request raised.

    Args:
        sdk: the module ``openai``.
        error: one of the SDK's, or the `ValueError` of an answer that cannot be decoded.
    """
    if isinstance(error, sdk.APIConnectionError):
        return _no_answer(sdk, vendor, error)
    if isinstance(error, sdk.APIStatusError):
        return model_failure(
            vendor,
            status=error.status_code,
            word=_word(error),
            text=error.message,
            headers=error.response.headers,
        )
    if isinstance(error, sdk.APIError) and not isinstance(error, sdk.APIResponseValidationError):
        return _broken_off(vendor, error)
    if isinstance(error, UnicodeEncodeError):
        # The request holds what cannot be sent.
        return model_failure(vendor, code="rejected")
    return model_failure(vendor, code="bad_answer")


def _no_answer(sdk: ModuleType, vendor: str, error: Exception) -> ProviderError:
    if isinstance(error, sdk.APITimeoutError):
        return model_failure(vendor, code="timeout")
    cause = error.__cause__
    failure = transport_failure(vendor, cause) if cause is not None else None
    return failure or model_failure(vendor, code="connection_lost")


def _broken_off(vendor: str, error: Any) -> ProviderError:
    """An error within a stream, which had begun with status 200."""
    word = _word(error)
    status = int(error.code) if str(error.code).isdecimal() else None
    return model_failure(
        vendor,
        status=status,
        word=word,
        text=error.message,
        code=_IN_STREAMS.get(word.lower()) if word else None,
    )


def _word(error: Any) -> str | None:
    """The server's own word: its code or, if that is a number or prose, its kind of error."""
    for word in (error.code, error.type):
        if isinstance(word, str) and _WORD.fullmatch(word):
            return word
    return None
