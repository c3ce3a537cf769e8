"""What the failures of mistralai mean."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from roomkit._lazy import require
from roomkit.errors import ProviderError
from roomkit.providers._ai_transport import transport_failure
from roomkit.providers.ai.failures import model_failure

_PROVIDER = "mistral"
_WORD = re.compile(r"[a-z][a-z0-9_]{1,60}")
# Mistral's words, where they say more than the status or come without one.
_BY_WORD: Mapping[str, str] = {
    "internal_server_error": "unavailable",
    "rate_limited": "rate_limited",
    "service_tier_capacity_exceeded": "overloaded",
    "service_unavailable": "unavailable",
    "unreachable_backend": "unavailable",
}


def mistral_failure(error: Exception) -> ProviderError:
    """The error for whatever the SDK raised.

    What is neither a refusal nor a lost connection came up while it read the answer.
    """
    errors = require("mistralai.client.errors", extra="mistral", feature="MistralAIProvider")
    if isinstance(error, errors.NoResponseError):
        return model_failure(_PROVIDER, code="connection_lost")
    if isinstance(error, errors.MistralError):
        return _refusal(error)
    return transport_failure(_PROVIDER, error) or model_failure(_PROVIDER, code="bad_answer")


def _refusal(error: Any) -> ProviderError:
    body = _object(error.body)
    # Within a stream the status is that of its beginning, and the error has one of its own.
    inner = body.get("raw_status_code")
    status = inner if isinstance(inner, int) and error.status_code < 400 else error.status_code
    word = body.get("type")
    word = word if isinstance(word, str) and _WORD.fullmatch(word) else None
    return model_failure(
        _PROVIDER,
        status=status,
        word=word,
        text=str(body.get("message") or ""),
        headers=error.headers,
        code=_BY_WORD.get(word) if word else None,
    )


def _object(body: Any) -> Mapping[str, Any]:
    """The error in a body, or in an event of a stream, which the SDK wraps once more."""
    try:
        found = json.loads(body)
    except (TypeError, ValueError, RecursionError):
        return {}
    for wrapping in ("data", "error"):
        if isinstance(found, dict) and isinstance(found.get(wrapping), dict):
            found = found[wrapping]
    return found if isinstance(found, dict) else {}
