"""Every exception that mistralai may raise has a meaning."""

from __future__ import annotations

import inspect
import json
from typing import Any

import httpx2
import pytest
from mistralai.client import errors

from roomkit.providers._http_failures import HTTPX_FAILURES
from roomkit.providers.mistral._failures import mistral_failure

RATE_LIMITED = {"object": "error", "message": "Rate limit exceeded", "type": "rate_limited"}


def response(status: int = 400, body: Any = None, **headers: str) -> httpx2.Response:
    return httpx2.Response(status, content=json.dumps(body or {}), headers=headers)


def sdk_errors() -> list[type[Exception]]:
    members = [getattr(errors, name) for name in errors.__all__]
    return [m for m in members if inspect.isclass(m) and issubclass(m, Exception)]


def raised(failure: type[Exception], answer: httpx2.Response) -> Exception:
    """One of the SDK's exceptions; their constructors differ."""
    given = {"message": "s3cret", "raw_response": answer, "data": None, "cause": ValueError("x")}
    if issubclass(failure, errors.ObservabilityError):
        # Its data holds the message.
        failure = errors.MistralError
    wanted = inspect.signature(failure).parameters
    return failure(**{name: value for name, value in given.items() if name in wanted})


@pytest.mark.parametrize("failure", sdk_errors())
def test_every_exception_of_the_sdk_is_mapped(failure: type[Exception]) -> None:
    error = mistral_failure(raised(failure, response(400)))
    expected = "connection_lost" if failure is errors.NoResponseError else "rejected"
    assert error.code == expected
    assert "s3cret" not in str(vars(error)) + str(error)


def test_they_are_all_of_two_kinds() -> None:
    for failure in sdk_errors():
        assert issubclass(failure, errors.MistralError | errors.NoResponseError), failure


@pytest.mark.parametrize(
    "failure",
    [m for _, m in inspect.getmembers(httpx2, inspect.isclass) if issubclass(m, Exception)],
)
def test_every_exception_of_the_connection_is_mapped(failure: type[Exception]) -> None:
    error = mistral_failure(failure.__new__(failure))
    # The SDK reads server-sent events by itself.
    code, retryable = HTTPX_FAILURES.get(failure.__name__, ("connection_lost", True))
    assert error.code == ("rejected" if code == "bad_request" else code)
    assert error.retryable is retryable


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (401, {"detail": "Unauthorized"}, "unauthorized"),
        (429, RATE_LIMITED, "rate_limited"),
        (429, {"type": "service_tier_capacity_exceeded"}, "overloaded"),
        (503, {"type": "unreachable_backend"}, "unavailable"),
        (422, {"detail": [{"loc": ["body"], "msg": "no", "type": "missing"}]}, "rejected"),
        (200, {"data": {**RATE_LIMITED, "raw_status_code": 429}}, "rate_limited"),
        (200, {"data": {"error": {"type": "internal_server_error"}}}, "unavailable"),
        (200, {"data": {"id": "1"}}, "bad_answer"),
        (200, ["s3cret"], "bad_answer"),
    ],
)
def test_what_mistral_says(status: int, body: Any, code: str) -> None:
    error = mistral_failure(errors.SDKError("s3cret", response(status, body)))
    assert error.code == code


def test_the_pause_that_mistral_asks_for() -> None:
    answer = response(429, RATE_LIMITED, **{"retry-after": "17"})
    error = mistral_failure(errors.SDKError("s3cret", answer))
    assert (error.retry_after, error.vendor_code) == (17, "rate_limited")


def test_words_that_are_none_are_not_passed_on() -> None:
    error = mistral_failure(errors.SDKError("", response(400, {"type": "s3cret words"})))
    assert error.vendor_code is None
