"""What the failures of google-genai mean.

Source: https://ai.google.dev/gemini-api/docs/troubleshooting and
https://cloud.google.com/apis/design/errors.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from roomkit._lazy import require
from roomkit.errors import ProviderError
from roomkit.providers._ai_transport import transport_failure
from roomkit.providers.ai.failures import model_failure

_PROVIDER = "gemini"
_WORD = re.compile(r"[A-Z][A-Z_]{1,60}")
_SECONDS = re.compile(r"(\d+(?:\.\d+)?)s")


def gemini_failure(error: Exception) -> ProviderError:
    """The error for whatever the SDK raised.

    What is neither a refusal nor a lost connection came up while it read the answer: its own
    `UnknownApiResponseError`, pydantic's or the interpreter's complaint about a value.
    """
    errors = require("google.genai.errors", extra="gemini", feature="GeminiAIProvider")
    if isinstance(error, errors.APIError):
        return _refusal(error)
    return transport_failure(_PROVIDER, error) or model_failure(_PROVIDER, code="bad_answer")


def _refusal(error: Any) -> ProviderError:
    details = list(_details(error.details))
    reasons = {detail.get("reason") for detail in details}
    status = error.code if isinstance(error.code, int) else None
    word = (
        error.status if isinstance(error.status, str) and _WORD.fullmatch(error.status) else None
    )
    headers = dict(getattr(error.response, "headers", None) or {})
    for detail in details:
        # google.rpc.RetryInfo; there is no such header.
        delay = _SECONDS.fullmatch(str(detail.get("retryDelay", "")))
        if delay is not None:
            headers.setdefault("retry-after", delay[1])
    return model_failure(
        _PROVIDER,
        status=status,
        word=word,
        text=str(error.message or ""),
        headers=headers,
        # A wrong key is an invalid argument, with status 400.
        code="unauthorized" if "API_KEY_INVALID" in reasons else None,
    )


def _details(body: Any) -> Iterator[Mapping[str, Any]]:
    """The machine-readable parts of an error, wherever a proxy or the SDK has put it."""
    inner = body.get("error", body) if isinstance(body, Mapping) else None
    details = inner.get("details") if isinstance(inner, Mapping) else None
    for detail in details if isinstance(details, list) else ():
        if isinstance(detail, Mapping):
            yield detail
