"""The part that every vendor with an HTTP API has in common.

A vendor's module says what to ask and how to read the answer. Connections, limits, time, and the
meaning of each way to fail are settled here, once. No error, result or log line made here quotes a
URL, a header or the text of a foreign exception, for those carry credentials.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar

from roomkit._clock import SYSTEM_CLOCK, Clock
from roomkit._lazy import require
from roomkit._tls import tls_context
from roomkit.errors import ProviderError
from roomkit.models.delivery import ProviderResult
from roomkit.providers._guard import BlockedAddressError, Resolver, pin
from roomkit.providers._http_failures import (
    HTTPX_FAILURES,
    code_of_status,
    failed,
    parse_retry_after,
)
from roomkit.providers._quiet import quiet_httpx

if TYPE_CHECKING:
    import httpx

logger = logging.getLogger("roomkit.providers")

MAX_ANSWER_BYTES = 1_048_576
"""An answer is read up to here: vendors say in a few kilobytes what became of a message."""


@dataclass(frozen=True, kw_only=True, slots=True)
class VendorRequest:
    """What to ask a vendor. At most one of `form`, `json` and `content` is the body."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    params: Mapping[str, str] | None = None
    form: Mapping[str, str | Sequence[str]] | None = None
    json: Any = None
    content: bytes | None = None
    auth: tuple[str, str] | None = None
    extensions: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class VendorResponse:
    """What a vendor answered. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300

    def json(self) -> Any:
        """The body as JSON, or None if it is not JSON."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None

    def mapping(self) -> dict[str, Any]:
        """The body as a JSON object, empty if it is anything else."""
        value = self.json()
        return value if isinstance(value, dict) else {}


@dataclass(frozen=True, kw_only=True, slots=True)
class VendorFault:
    """A vendor's own reason for a refusal. What is None is read from the HTTP status."""

    code: str | None = None
    vendor_code: str | None = None
    retryable: bool | None = None


@dataclass(frozen=True, slots=True)
class _Session:
    """The connections of one event loop."""

    loop: asyncio.AbstractEventLoop
    client: httpx.AsyncClient
    gate: asyncio.Semaphore


class HTTPVendor:
    """Base of the providers that speak HTTP; comes before the provider's interface in the bases.

    A subclass sets `vendor` and `extra` and calls `_send` (or `_request`, for anything that is not
    a message). It may override `_fault` to read the vendor's own error codes and `_aim` to change
    a request just before it goes out.

    Args:
        timeout: seconds for one request as a whole, from connecting to the last byte of the
            answer. The wait for one of the `max_concurrency` places does not count.
        max_concurrency: how many requests may be under way at once; the others wait their turn.
        http_client: a client to use instead of an own one, for proxies, certificates or tests. It
            is never closed here, and only works in the event loop it was made for.
        trust_env: whether an own client goes through the proxy that the environment names.
    """

    vendor: ClassVar[str]
    extra: ClassVar[str] = "httpx"

    def __init__(
        self,
        *,
        timeout: float,
        max_concurrency: int = 20,
        http_client: httpx.AsyncClient | None = None,
        clock: Clock = SYSTEM_CLOCK,
        trust_env: bool = True,
    ) -> None:
        self._httpx = require("httpx", extra=self.extra, feature=type(self).__name__)
        self._clock = clock
        self._timeout = timeout
        self._max_concurrency = max_concurrency
        self._given_client = http_client
        self._trust_env = trust_env
        self._session: _Session | None = None
        self._closed = False

    @property
    def name(self) -> str:
        return self.vendor

    async def close(self) -> None:
        """Close the connections that were opened here.

        Later requests fail with the code ``closed``.
        """
        self._closed = True
        session, self._session = self._session, None
        if session is None or self._given_client is not None:
            return
        # The connections of a loop that has ended cannot be closed any more.
        if session.loop is asyncio.get_running_loop():
            await session.client.aclose()

    def _fault(self, response: VendorResponse) -> VendorFault | None:
        """The vendor's reason for a refusal, if the answer holds one."""
        return None

    async def _aim(self, request: VendorRequest) -> VendorRequest:
        """The request as it goes out. Counts as part of the request's time."""
        return request

    async def _send(
        self, request: VendorRequest, accepted: Callable[[VendorResponse], ProviderResult]
    ) -> ProviderResult:
        """Send a message. Whatever goes wrong becomes a failed result.

        Args:
            accepted: reads the answer to a message that was taken (status 2xx); may raise
                `ProviderError`.
        """
        try:
            return accepted(await self._request(request))
        except ProviderError as error:
            return failed(error)

    async def _request(self, request: VendorRequest) -> VendorResponse:
        """Ask the vendor something.

        Raises:
            ProviderError: there was no answer, or its status is not 2xx.
        """
        response = await self._exchange(request)
        if response.is_success:
            return response
        raise self._refusal(response)

    async def _exchange(self, request: VendorRequest) -> VendorResponse:
        if self._closed:
            raise self._error("the provider is closed", "closed")
        session = self._current_session()
        httpx = self._httpx
        async with session.gate:
            try:
                async with self._clock.timeout(self._timeout):
                    with quiet_httpx():
                        return await self._perform(session.client, await self._aim(request))
            except TimeoutError:
                failure = self._error("no answer in time", "timeout", retryable=True)
            except (
                httpx.HTTPError,
                httpx.InvalidURL,
                httpx.CookieConflict,
                httpx.StreamError,
            ) as error:
                failure = self._foreign(error)
            except OSError as error:
                failure = self._unreachable(error, "unreachable", True)
            except (ValueError, RuntimeError) as error:
                # A header or body that cannot be encoded, or a client that its owner has closed.
                code = "closed" if session.client.is_closed else "bad_request"
                failure = self._unreachable(error, code, False)
        # Outside of the handlers, so that no foreign exception hangs on to ours as its context.
        raise failure

    async def _pinned(self, request: VendorRequest, resolve: Resolver | None) -> VendorRequest:
        """The request at the address that its URL's host has now, if that is a public one.

        Args:
            resolve: how the host is looked up; None asks the system.

        Raises:
            ProviderError: with the code ``address_blocked``; see `pin`.
            OSError: the host cannot be looked up now.
        """
        try:
            target = await pin(request.url, resolve=resolve)
        except BlockedAddressError as error:
            reason = str(error)
        else:
            return replace(
                request,
                url=target.url,
                headers={**request.headers, "host": target.host},
                extensions={"sni_hostname": target.server_name},
            )
        raise self._error(reason, "address_blocked")

    async def _perform(self, client: httpx.AsyncClient, request: VendorRequest) -> VendorResponse:
        built = client.build_request(
            request.method,
            request.url,
            headers=request.headers,
            params=request.params,
            data=request.form,
            json=request.json,
            content=request.content,
            timeout=self._timeout,
            extensions=dict(request.extensions),
        )
        answer = await client.send(built, auth=request.auth, stream=True, follow_redirects=False)
        try:
            body = bytearray()
            async for chunk in answer.aiter_bytes():
                body += chunk
                if len(body) >= MAX_ANSWER_BYTES:
                    break
        finally:
            await answer.aclose()
        logger.debug("%s answered with status %d", self.vendor, answer.status_code)
        return VendorResponse(
            status=answer.status_code,
            headers={key.lower(): value for key, value in answer.headers.items()},
            body=bytes(body[:MAX_ANSWER_BYTES]),
        )

    def _current_session(self) -> _Session:
        """The connections of the running loop; new ones if the last were another loop's."""
        loop = asyncio.get_running_loop()
        session = self._session
        if session is None or session.loop is not loop:
            session = self._session = _Session(
                loop=loop,
                client=self._given_client or self._new_client(),
                gate=asyncio.Semaphore(self._max_concurrency),
            )
        return session

    def _new_client(self) -> httpx.AsyncClient:
        client: httpx.AsyncClient = self._httpx.AsyncClient(
            limits=self._httpx.Limits(
                max_connections=self._max_concurrency,
                max_keepalive_connections=self._max_concurrency,
            ),
            verify=tls_context(self._trust_env),
            trust_env=self._trust_env,
        )
        return client

    def _not_taken(self, response: VendorResponse) -> ProviderError:
        """What to raise for an answer of status 2xx that names no message.

        It is the vendor's own reason, if the answer holds one after all, and ``bad_answer`` else.
        That is not tried again: the vendor said yes, and would send the message twice.
        """
        if self._fault(response) is not None:
            return self._refusal(response)
        return self._error("the answer names no message", "bad_answer", status=response.status)

    def _refusal(self, response: VendorResponse) -> ProviderError:
        status = response.status
        fault = self._fault(response) or VendorFault()
        plain = "rejected" if response.is_success else code_of_status(status)
        code, vendor_code = fault.code or plain, fault.vendor_code
        retryable = fault.retryable
        if retryable is None:
            retryable = status in (408, 429) or status >= 500
        details = f"status {status}" + (
            f", {self.vendor} code {vendor_code}" if vendor_code else ""
        )
        return self._error(
            f"refused with {code} ({details})",
            code,
            retryable=retryable,
            status=status,
            vendor_code=vendor_code,
            retry_after=parse_retry_after(response.headers.get("retry-after"), self._clock.now()),
        )

    def _foreign(self, error: BaseException) -> ProviderError:
        for base in type(error).__mro__:
            if base.__name__ in HTTPX_FAILURES:
                return self._unreachable(error, *HTTPX_FAILURES[base.__name__])
        return self._unreachable(error, "unreachable", False)

    def _unreachable(self, error: BaseException, code: str, retryable: bool) -> ProviderError:
        return self._error(f"{code} ({type(error).__name__})", code, retryable=retryable)

    def _error(
        self,
        message: str,
        code: str,
        *,
        retryable: bool = False,
        status: int | None = None,
        vendor_code: str | None = None,
        retry_after: float | None = None,
    ) -> ProviderError:
        logger.warning(
            "%s failed: code=%s status=%s vendor_code=%s", self.vendor, code, status, vendor_code
        )
        return ProviderError(
            f"{self.vendor}: {message}",
            provider=self.vendor,
            status_code=status,
            vendor_code=vendor_code,
            code=code,
            retryable=retryable,
            retry_after=retry_after,
        )
