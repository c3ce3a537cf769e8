"""Every exception of OpenAI's SDK has a meaning."""

from __future__ import annotations

import inspect
from typing import Any

import httpx2
import openai
import pytest

from roomkit.providers._openai_failures import openai_failure

REQUEST = httpx2.Request("POST", "https://example.com/?key=s3cret")

# The codes for the SDK's exceptions; the last ones are raised by parts of it that are not used.
MEANINGS: dict[str, str] = {
    "APIConnectionError": "connection_lost",
    "APIError": "bad_answer",
    "APIResponseValidationError": "bad_answer",
    "APIStatusError": "rejected",
    "APITimeoutError": "timeout",
    "AuthenticationError": "unauthorized",
    "BadRequestError": "rejected",
    "ConflictError": "unavailable",
    "InternalServerError": "unavailable",
    "NotFoundError": "not_found",
    "OAuthError": "unauthorized",
    "OpenAIError": "bad_answer",
    "PermissionDeniedError": "forbidden",
    "RateLimitError": "rate_limited",
    "UnprocessableEntityError": "rejected",
    "ContentFilterFinishReasonError": "bad_answer",
    "LengthFinishReasonError": "bad_answer",
    "WebSocketConnectionClosedError": "bad_answer",
    "WebSocketQueueFullError": "bad_answer",
}
STATUS = {
    "APIStatusError": 418,
    "AuthenticationError": 401,
    "BadRequestError": 400,
    "ConflictError": 409,
    "InternalServerError": 500,
    "NotFoundError": 404,
    "OAuthError": 401,
    "PermissionDeniedError": 403,
    "RateLimitError": 429,
    "UnprocessableEntityError": 422,
}


def sdk_exceptions() -> list[type[Exception]]:
    members = [getattr(openai, name) for name in sorted(vars(openai)) if name[0] != "_"]
    return [it for it in members if inspect.isclass(it) and issubclass(it, openai.OpenAIError)]


def raised(failure: type[Exception]) -> Exception:
    """An exception as the SDK makes it."""
    name = failure.__name__
    made: Any = failure
    if issubclass(failure, openai.APIStatusError):
        response = httpx2.Response(STATUS[name], request=REQUEST)
        if failure is openai.OAuthError:
            return openai.OAuthError(response=response, body={"error_description": "s3cret"})
        error: Exception = made("s3cret", response=response, body={"message": "s3cret"})
        return error
    arguments: dict[str, tuple[tuple[Any, ...], dict[str, Any]]] = {
        "APIConnectionError": ((), {"request": REQUEST}),
        "APIError": (("s3cret", REQUEST), {"body": None}),
        "APIResponseValidationError": ((httpx2.Response(200, request=REQUEST), None), {}),
        "APITimeoutError": ((REQUEST,), {}),
        "ContentFilterFinishReasonError": ((), {}),
        "LengthFinishReasonError": ((), {"completion": _NoUsage()}),
        "WebSocketConnectionClosedError": (("s3cret",), {"unsent_messages": []}),
    }
    positional, named = arguments.get(name, (("s3cret",), {}))
    other: Exception = made(*positional, **named)
    return other


class _NoUsage:
    usage = None


@pytest.mark.parametrize("failure", sdk_exceptions(), ids=lambda failure: failure.__name__)
def test_every_exception_of_the_sdk_is_mapped(failure: type[Exception]) -> None:
    error = openai_failure(openai, "openai", raised(failure))
    assert error.code == MEANINGS[failure.__name__]
    assert error.status_code == STATUS.get(failure.__name__)
    assert "s3cret" not in f"{error!r} {error} {error.details}"


def test_the_map_names_no_exception_that_is_gone() -> None:
    known = {failure.__name__ for failure in sdk_exceptions()}
    assert set(MEANINGS) == known


@pytest.mark.parametrize(
    ("cause", "code"),
    [
        (httpx2.ConnectError("s3cret"), "unreachable"),
        (httpx2.ReadError("s3cret"), "connection_lost"),
        (httpx2.RemoteProtocolError("s3cret"), "connection_lost"),
        (httpx2.UnsupportedProtocol("s3cret"), "rejected"),
        (httpx2.DecodingError("s3cret"), "bad_answer"),
        (OSError("s3cret"), "unreachable"),
        (Exception("s3cret"), "connection_lost"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else value,
)
def test_no_answer_at_all(cause: Exception, code: str) -> None:
    error = openai.APIConnectionError(request=REQUEST)
    error.__cause__ = cause
    failure = openai_failure(openai, "openai", error)
    assert failure.code == code
    assert "s3cret" not in str(failure)


def test_what_cannot_be_encoded_is_not_sent() -> None:
    with pytest.raises(UnicodeEncodeError) as caught:
        "\ud800".encode()
    assert openai_failure(openai, "openai", caught.value).code == "rejected"
    assert openai_failure(openai, "openai", ValueError("s3cret")).code == "bad_answer"
