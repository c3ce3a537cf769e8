"""Every exception of Anthropic's SDK, and of the HTTP client under it, has a meaning here."""

from __future__ import annotations

from collections.abc import Iterator

import anthropic
import httpx2
import pytest

from roomkit.providers.anthropic._failures import failure_of

SECRET = "sk-ant-s3cret"
REQUEST = httpx2.Request("POST", "https://api.anthropic.com/v1/messages")
BY_STATUS = {
    400: "rejected",
    401: "unauthorized",
    402: "forbidden",
    403: "forbidden",
    404: "not_found",
    408: "timeout",
    409: "unavailable",
    412: "rejected",
    413: "context_too_long",
    422: "rejected",
    429: "rate_limited",
    431: "rejected",
    499: "rejected",
    500: "unavailable",
    501: "unavailable",
    503: "unavailable",
    504: "timeout",
    529: "overloaded",
}
# The others. Toolsets are helpers of the SDK that are not used here.
BY_NAME = {
    "AnthropicError": "rejected",
    "APIConnectionError": "unreachable",
    "APIError": "bad_answer",
    "APIResponseValidationError": "bad_answer",
    "APITimeoutError": "timeout",
    "APIWebhookValidationError": "bad_answer",
    "CredentialsError": "unauthorized",
    "IdentityTokenFileError": "unauthorized",
    "MissingDependencyError": "rejected",
    "MutuallyExclusiveAuthError": "unauthorized",
    "RetryableError": "unavailable",
    "StreamAlreadyConsumed": "rejected",
    "ToolsetClosedError": "rejected",
    "ToolsetConfigError": "rejected",
    "ToolsetContractError": "rejected",
    "ToolsetUsageError": "rejected",
    "ToolsetsFixedError": "rejected",
    "WorkloadIdentityError": "unauthorized",
}
BY_HTTP = {
    "CloseError": "connection_lost",
    "ConnectError": "unreachable",
    "ConnectTimeout": "timeout",
    "CookieConflict": "rejected",
    "DecodingError": "bad_answer",
    "HTTPError": "connection_lost",
    "HTTPStatusError": "bad_answer",
    "InvalidURL": "rejected",
    "LocalProtocolError": "rejected",
    "NetworkError": "connection_lost",
    "PoolTimeout": "timeout",
    "ProtocolError": "rejected",
    "ProxyError": "unreachable",
    "ReadError": "connection_lost",
    "ReadTimeout": "timeout",
    "RemoteProtocolError": "connection_lost",
    "RequestError": "connection_lost",
    "RequestNotRead": "bad_answer",
    "ResponseNotRead": "bad_answer",
    "SSEError": "connection_lost",
    "StreamClosed": "bad_answer",
    "StreamConsumed": "bad_answer",
    "StreamError": "bad_answer",
    "TimeoutException": "timeout",
    "TooManyRedirects": "bad_answer",
    "TransportError": "connection_lost",
    "UnsupportedProtocol": "rejected",
    "WriteError": "connection_lost",
    "WriteTimeout": "timeout",
}


def classes(base: type[BaseException], module: str) -> Iterator[type[BaseException]]:
    """The classes of a library, from one of them down."""
    if base.__module__.split(".")[0] == module and not issubclass(base, Warning):
        yield base
    for subclass in base.__subclasses__():
        yield from classes(subclass, module)


def unnamed(kind: type[BaseException]) -> Exception:
    """An exception with nothing but its text: the constructors are all different."""
    error = kind.__new__(kind)
    error.args = (SECRET,)
    assert isinstance(error, Exception)
    return error


# Loads those that the SDK imports when they are asked for.
SDK = sorted(
    {
        kind
        for name in dir(anthropic)
        if getattr(anthropic, name) is not None
        for kind in classes(anthropic.AnthropicError, "anthropic")
    },
    key=lambda kind: kind.__qualname__,
)
HTTP = sorted(set(classes(Exception, "httpx2")), key=lambda kind: kind.__qualname__)


@pytest.mark.parametrize("kind", SDK, ids=lambda kind: kind.__qualname__)
def test_an_exception_of_the_sdk(kind: type[BaseException]) -> None:
    if not issubclass(kind, anthropic.APIStatusError):
        failure = failure_of(unnamed(kind))
        assert failure.code == BY_NAME[kind.__qualname__]
    else:
        # The general classes are for the statuses that have none of their own.
        status = getattr(kind, "status_code", 500)
        response = httpx2.Response(status, request=REQUEST, headers={"retry-after": "7"})
        failure = failure_of(kind(SECRET, response=response, body={"error": SECRET}))
        assert failure.code == BY_STATUS[status]
        assert (failure.status_code, failure.retry_after) == (status, 7.0)
    transient = ("timeout", "unavailable", "unreachable", "rate_limited", "overloaded")
    assert failure.retryable is (failure.code in transient)
    assert SECRET not in str(failure) + repr(vars(failure))


@pytest.mark.parametrize("kind", HTTP, ids=lambda kind: kind.__qualname__)
def test_an_exception_of_the_http_client(kind: type[BaseException]) -> None:
    """Alone, as it comes out of a stream, and as the cause that the SDK gives."""
    error = unnamed(kind)
    lost = anthropic.APIConnectionError(message=SECRET, request=REQUEST)
    lost.__cause__ = error
    for failure in (failure_of(error), failure_of(lost)):
        assert failure.code == BY_HTTP[kind.__qualname__]
        assert SECRET not in str(failure) + repr(vars(failure))


def test_what_cannot_be_sent_and_what_cannot_be_read() -> None:
    with pytest.raises(UnicodeEncodeError) as unsendable:
        "\ud83d".encode()
    with pytest.raises(UnicodeDecodeError) as unreadable:
        b"\xff".decode()
    assert failure_of(unsendable.value).code == "rejected"
    assert failure_of(unreadable.value).code == "bad_answer"


def test_a_type_that_is_no_word() -> None:
    """It might hold anything."""
    response = httpx2.Response(400, request=REQUEST)
    body = {"error": {"type": f"you said {SECRET}", "message": SECRET}}
    failure = failure_of(anthropic.BadRequestError(SECRET, response=response, body=body))
    assert (failure.code, failure.vendor_code) == ("rejected", None)
    assert SECRET not in str(failure)
