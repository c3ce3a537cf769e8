"""Connections for SDKs that take ready-made ones, what it means when no answer comes, and asking
again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from roomkit._clock import Clock
from roomkit._lazy import require
from roomkit.core.retry import retry_with_backoff
from roomkit.errors import ProviderError
from roomkit.models.channel import RetryPolicy
from roomkit.providers._http_failures import HTTPX_FAILURES
from roomkit.providers.ai.failures import LONGEST_PAUSE, model_failure

if TYPE_CHECKING:
    import httpx2

CONNECT_TIMEOUT = 5.0


def open_connections(
    timeout: float,
    *,
    extra: str,
    feature: str,
    on_response: Callable[[httpx2.Response], Awaitable[None]] | None = None,
) -> httpx2.AsyncClient:
    """A client for an SDK that does not set its own limits as they are meant here.

    Args:
        timeout: seconds to wait for the next piece of an answer; connecting may take five of them
            at most.
        extra: the extra that installs httpx2, and the feature that needs it.
        on_response: called with each response before its body is read.
    """
    http = require("httpx2", extra=extra, feature=feature)
    limits = http.Timeout(timeout, connect=min(timeout, CONNECT_TIMEOUT)).as_dict()

    async def limit(request: httpx2.Request) -> None:
        # Replaces what the SDK has set.
        request.extensions = {**request.extensions, "timeout": limits}

    hooks = {"request": [limit], "response": [on_response] if on_response else []}
    client: httpx2.AsyncClient = http.AsyncClient(event_hooks=hooks)
    return client


def transport_failure(provider: str, error: BaseException) -> ProviderError | None:
    """The error for an exception of httpx or httpx2, of the operating system, or of a stream.

    Goes by the classes' names: the two libraries have the same ones. None for anything else.
    """
    for base in type(error).__mro__:
        if base.__name__ in HTTPX_FAILURES:
            code, _ = HTTPX_FAILURES[base.__name__]
            # A request that cannot even be sent is refused before the vendor sees it.
            return model_failure(provider, code="rejected" if code == "bad_request" else code)
    if isinstance(error, UnicodeEncodeError):
        # A key or an address that fits into no header.
        return model_failure(provider, code="rejected")
    if isinstance(error, StopAsyncIteration):
        # A stream that ended before it began.
        return model_failure(provider, code="connection_lost")
    if isinstance(error, TimeoutError):
        return model_failure(provider, code="timeout")
    if isinstance(error, OSError):
        return model_failure(provider, code="unreachable")
    return None


async def mapped[T](answer: Awaitable[T], failure_of: Callable[[Exception], ProviderError]) -> T:
    """What an SDK gives, or what its exception means.

    Raised outside of the handler: an SDK's error quotes requests, and must not hang on to ours.
    """
    try:
        return await answer
    except Exception as error:
        failure = failure_of(error)
    raise failure


async def asked_again[T](ask: Callable[[], Awaitable[T]], max_retries: int, clock: Clock) -> T:
    """What `ask` gives, tried again after failures that may pass: for SDKs whose own retries do
    not keep to the pauses that a vendor asks for.

    Raises:
        ProviderError: the last failure, or the first that asks for more than `LONGEST_PAUSE`.
    """
    policy = RetryPolicy(
        max_retries=max_retries, base_delay_seconds=0.5, max_delay_seconds=LONGEST_PAUSE
    )

    async def once() -> T | ProviderError:
        try:
            return await ask()
        except ProviderError as error:
            if (error.retry_after or 0.0) > LONGEST_PAUSE:
                return error
            raise

    answer = await retry_with_backoff(once, policy, jitter=True, clock=clock)
    if isinstance(answer, ProviderError):
        raise answer
    return answer
