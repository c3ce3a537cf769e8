"""Every exception that google-genai may raise has a meaning."""

from __future__ import annotations

import inspect
from typing import Any

import httpx2
import pytest
from google.genai import errors

from roomkit.errors import ProviderError
from roomkit.providers._http_failures import HTTPX_FAILURES
from roomkit.providers.gemini._failures import gemini_failure

# What each of the SDK's own exceptions comes to. Those of functions that the SDK calls by itself
# and of its Interactions API cannot come up here, and mean that something is wrong.
EXPECTED = {
    "APIError": "unavailable",
    "ClientError": "rejected",
    "ServerError": "unavailable",
    "UnknownApiResponseError": "bad_answer",
    "UnknownFunctionCallArgumentError": "bad_answer",
    "UnsupportedFunctionError": "bad_answer",
    "FunctionInvocationError": "bad_answer",
    "ContinuationInterruptedError": "bad_answer",
}
STATUS = {"APIError": 599, "ClientError": 400, "ServerError": 503}


def sdk_errors() -> list[type[Exception]]:
    members = [member for _, member in inspect.getmembers(errors, inspect.isclass)]
    return [m for m in members if issubclass(m, Exception) and not issubclass(m, Warning)]


def httpx2_errors() -> list[type[Exception]]:
    members = [member for _, member in inspect.getmembers(httpx2, inspect.isclass)]
    return [m for m in members if issubclass(m, Exception)]


def refusal(code: int = 400, /, **error: Any) -> errors.APIError:
    body = {"error": {"code": code, "message": "no", "status": "INVALID_ARGUMENT", **error}}
    return errors.APIError(code, body)


def test_the_map_names_every_exception_of_the_sdk() -> None:
    assert {failure.__name__ for failure in sdk_errors()} == set(EXPECTED)


@pytest.mark.parametrize("failure", sdk_errors())
def test_every_exception_of_the_sdk_is_mapped(failure: type[Exception]) -> None:
    status = STATUS.get(failure.__name__)
    raised = failure("s3cret") if status is None else failure(status, {"error": {}})
    error = gemini_failure(raised)
    assert (error.code, error.status_code) == (EXPECTED[failure.__name__], status)
    assert "s3cret" not in repr(error)


@pytest.mark.parametrize("failure", httpx2_errors())
def test_every_exception_of_the_connection_is_mapped(failure: type[Exception]) -> None:
    raised = failure.__new__(failure)
    error = gemini_failure(raised)
    # The SDK reads server-sent events by itself.
    code, retryable = HTTPX_FAILURES.get(failure.__name__, ("connection_lost", True))
    assert error.code == ("rejected" if code == "bad_request" else code)
    assert error.retryable is retryable


@pytest.mark.parametrize(
    ("raised", "code"),
    [
        (TimeoutError(), "timeout"),
        (ConnectionRefusedError(), "unreachable"),
        (ValueError("s3cret"), "bad_answer"),
        (KeyError("s3cret"), "bad_answer"),
        (RecursionError(), "bad_answer"),
        (StopAsyncIteration(), "connection_lost"),
    ],
)
def test_exceptions_of_the_interpreter(raised: Exception, code: str) -> None:
    assert gemini_failure(raised).code == code


def test_a_wrong_key_is_an_invalid_argument_to_google() -> None:
    info = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}
    error = gemini_failure(refusal(details=[info]))
    assert (error.code, error.retryable, error.status_code) == ("unauthorized", False, 400)


def test_the_pause_that_google_asks_for() -> None:
    info = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "17.5s"}
    error = gemini_failure(refusal(429, status="RESOURCE_EXHAUSTED", details=[info]))
    assert (error.code, error.retry_after) == ("rate_limited", 17.5)
    assert error.vendor_code == "RESOURCE_EXHAUSTED"


@pytest.mark.parametrize(
    "body", [None, [], "s3cret", {"error": "s3cret"}, {"error": {"details": [None, 7]}}]
)
def test_explanations_that_make_no_sense(body: Any) -> None:
    error = gemini_failure(_api_error(body))
    assert isinstance(error, ProviderError)
    assert (error.code, error.status_code) == ("unavailable", 503)
    assert "s3cret" not in str(vars(error))


def _api_error(body: Any) -> errors.APIError:
    """As the SDK makes them; some bodies are too much for its constructor."""
    error = errors.APIError(503, {})
    error.details = body
    error.status = error.message = body
    return error
