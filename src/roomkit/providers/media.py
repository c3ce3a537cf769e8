"""Files behind URLs that a message carries: whoever wrote the message chose where they lead.

```python
fetcher = MediaFetcher(mime_types=["image/*"])
file = await fetcher.fetch(content.url)     # .content, .mime_type
```

A server that fetches such a URL does so from inside of the operator's network. So a URL is
refused unless its host leads to public addresses only, and the connection goes to the very address
that was looked at.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import SplitResult, urljoin, urlsplit

from roomkit._clock import SYSTEM_CLOCK, Clock
from roomkit._tls import tls_context
from roomkit.providers._ai_codec import read_data_url
from roomkit.providers._download import Download, DownloadRequest, FileVendor
from roomkit.providers._guard import (
    BlockedAddressError,
    Resolver,
    normal_host,
    split_url,
)
from roomkit.providers._http import VendorRequest, VendorResponse
from roomkit.providers._inline import inline_file, is_inline

if TYPE_CHECKING:
    import httpx

__all__ = ["Download", "MediaFetcher"]

_DEFAULT_PORTS = {"http": 80, "https": 443}
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MOST_REDIRECTS = 3
_UNKNOWN_TYPE = "application/octet-stream"


@dataclass(frozen=True, kw_only=True, slots=True)
class _MediaRequest(DownloadRequest):
    """A request for a file of one of these types; of any, if there are none."""

    mime_types: frozenset[str]


class MediaFetcher(FileVendor):
    """Fetches files from public addresses, never from the operator's own network.

    A host's name is looked up once, every address that it has must be public, and the connection
    goes to that address, with the name in ``Host`` and in TLS. Up to three redirects are followed,
    each after the same check; one from https to http is not. No cookies, credentials or proxies
    are used, and no connection serves two requests.

    The type of a file is what its server says, without a look at its bytes.

    Failures are `ProviderError`, with the code ``address_blocked``, ``wrong_type``, ``too_large``,
    ``bad_redirect``, ``bad_answer`` (the body is compressed, or a ``data:`` URL is broken),
    ``not_found``, ``timeout``, ``unreachable`` …; none of them quotes the URL.

    Args:
        max_bytes: how large a file may be. Reading stops there.
        mime_types: what a file may be, as ``"image/png"`` or ``"image/*"``; anything, if empty.
            Nothing is read of a file of another type.
        timeout: seconds for one file as a whole, redirects included. The wait for one of the
            `max_concurrency` places does not count.
        max_concurrency: how many files may be fetched at once; the others wait their turn.
        allow_hosts: hosts that are fetched from wherever they are, as ``"files.internal"`` or
            ``"127.0.0.1:8000"``: for files of your own that are not public, and for tests.
        http_client: a client to use instead of an own one. It must not use proxies: a proxy would
            be asked for the checked address and decide by itself whether to go there.
        resolve: how a name's addresses are found; None asks the system.

    Raises:
        MissingDependencyError: httpx is not installed.
        ValueError: an entry of `allow_hosts` cannot be read.
    """

    vendor: ClassVar[str] = "media"

    def __init__(
        self,
        *,
        max_bytes: int = 10_000_000,
        mime_types: Collection[str] = (),
        timeout: float = 20.0,
        max_concurrency: int = 8,
        allow_hosts: Collection[str] = (),
        http_client: httpx.AsyncClient | None = None,
        clock: Clock = SYSTEM_CLOCK,
        resolve: Resolver | None = None,
    ) -> None:
        super().__init__(
            timeout=timeout,
            max_concurrency=max_concurrency,
            http_client=http_client,
            clock=clock,
            trust_env=False,
        )
        self._max_bytes = max_bytes
        self._mime_types = _normal_types(mime_types)
        self._allowed = [_read_host(host) for host in allow_hosts]
        self._resolve = resolve

    async def fetch(
        self,
        url: str,
        *,
        max_bytes: int | None = None,
        mime_types: Collection[str] | None = None,
    ) -> Download:
        """Get a file.

        Args:
            url: ``http:``, ``https:``, or ``data:`` with the file in it.
            max_bytes: instead of the fetcher's own bound.
            mime_types: instead of the fetcher's own.

        Raises:
            ProviderError: there is none, or none that may be had.
        """
        request = _MediaRequest(
            method="GET",
            url=url,
            headers={"accept": "*/*", "accept-encoding": "identity"},
            max_bytes=self._max_bytes if max_bytes is None else max_bytes,
            mime_types=self._mime_types if mime_types is None else _normal_types(mime_types),
        )
        return self._read_inline(request) if is_inline(url) else await self._download(request)

    def _read_inline(self, request: _MediaRequest) -> Download:
        content, inline = inline_file(request.url), read_data_url(request.url)
        if content is None or inline is None:
            raise self._error("a data: URL cannot be read", "bad_answer")
        self._check_type(request, inline.mime_type)
        if len(content) > request.max_bytes:
            raise self._too_large(request)
        return Download(content=content, mime_type=_plain_type(inline.mime_type))

    async def _perform(self, client: httpx.AsyncClient, request: VendorRequest) -> VendorResponse:
        url = request.url
        for _ in range(1 + _MOST_REDIRECTS):
            answer = await super()._perform(client, await self._directed(request, url))
            location = answer.headers.get("location")
            if answer.status not in _REDIRECTS or not location:
                return answer
            url = self._next(url, location)
        raise self._error("too many redirects", "bad_redirect")

    async def _directed(self, request: VendorRequest, url: str) -> VendorRequest:
        """The request for a URL, at the address that was found good."""
        try:
            allowed = self._is_allowed(split_url(url))
        except BlockedAddressError:  # what is wrong with it is said below
            allowed = False
        directed = replace(request, url=url)
        return directed if allowed else await self._pinned(directed, self._resolve)

    def _is_allowed(self, parts: SplitResult) -> bool:
        host, port = normal_host(parts), parts.port or _DEFAULT_PORTS[parts.scheme]
        return any(host == name and number in (None, port) for name, number in self._allowed)

    def _next(self, url: str, location: str) -> str:
        """Where a redirect leads."""
        try:
            found = urljoin(url, location)
            downgrade = urlsplit(url).scheme == "https" and urlsplit(found).scheme == "http"
        except ValueError:
            found, downgrade = "", False
        if not found or downgrade:
            raise self._error("the redirect must not be followed", "bad_redirect")
        return found

    def _wants_body(self, request: DownloadRequest, head: VendorResponse) -> bool:
        if not head.is_success:
            return False
        # Unpacking takes memory before it can be measured.
        if head.headers.get("content-encoding", "identity").strip().lower() != "identity":
            raise self._error("the file is compressed on its way", "bad_answer")
        if isinstance(request, _MediaRequest):
            self._check_type(request, head.headers.get("content-type", ""))
        return super()._wants_body(request, head)

    def _check_type(self, request: _MediaRequest, mime_type: str) -> None:
        given = _plain_type(mime_type)
        family = given.partition("/")[0] + "/*"
        if request.mime_types and not request.mime_types & {given, family, "*/*"}:
            raise self._error("the file is of another type", "wrong_type")

    def _new_client(self) -> httpx.AsyncClient:
        # Connections are found again by address, and behind one address are many hosts.
        client: httpx.AsyncClient = self._httpx.AsyncClient(
            limits=self._httpx.Limits(
                max_connections=self._max_concurrency, max_keepalive_connections=0
            ),
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
            verify=tls_context(trust_env=False),
            trust_env=False,
        )
        return client


def _plain_type(mime_type: str) -> str:
    return mime_type.partition(";")[0].strip().lower() or _UNKNOWN_TYPE


def _normal_types(mime_types: Iterable[str]) -> frozenset[str]:
    return frozenset(mime_type.strip().lower() for mime_type in mime_types)


def _read_host(text: str) -> tuple[str, int | None]:
    """A host and, if it is named, its port."""
    try:
        parts = split_url(f"http://{text}/")
        if parts.username is None and parts.path == "/":
            return normal_host(parts), parts.port
    except BlockedAddressError:
        pass
    raise ValueError('allow_hosts takes hosts as "files.internal" or "127.0.0.1:8000"')
