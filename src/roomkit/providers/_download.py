"""Files that a vendor keeps for us: larger than an answer of its API, but not without a bound."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from roomkit.errors import ProviderError
from roomkit.providers._http import HTTPVendor, VendorRequest, VendorResponse

if TYPE_CHECKING:
    import httpx


@dataclass(frozen=True, kw_only=True, slots=True)
class DownloadRequest(VendorRequest):
    """A request whose answer is a file of at most `max_bytes`."""

    max_bytes: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Download:
    """A file, whole."""

    content: bytes
    mime_type: str


class FileVendor(HTTPVendor):
    """An `HTTPVendor` that also hands out files."""

    async def _download(self, request: DownloadRequest) -> Download:
        """Get a file.

        Raises:
            ProviderError: as for any request; ``too_large`` if there is more of it than allowed.
        """
        response = await self._request(request)
        kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        return Download(content=response.body, mime_type=kind or "application/octet-stream")

    async def _perform(self, client: httpx.AsyncClient, request: VendorRequest) -> VendorResponse:
        if not isinstance(request, DownloadRequest):
            return await super()._perform(client, request)
        built = client.build_request(
            request.method,
            request.url,
            headers=request.headers,
            timeout=self._timeout,
            extensions=dict(request.extensions),
        )
        answer = await client.send(built, stream=True, follow_redirects=False)
        head = VendorResponse(
            status=answer.status_code,
            headers={key.lower(): value for key, value in answer.headers.items()},
            body=b"",
        )
        body = bytearray()
        try:
            if not self._wants_body(request, head):
                return head
            async for chunk in answer.aiter_bytes():
                body += chunk
                if len(body) > request.max_bytes:
                    raise self._too_large(request)
        finally:
            await answer.aclose()
        return replace(head, body=bytes(body))

    def _wants_body(self, request: DownloadRequest, head: VendorResponse) -> bool:
        """Whether the rest of an answer is worth reading, by what its head says.

        Raises:
            ProviderError: it is not, and neither is it an answer.
        """
        length = head.headers.get("content-length", "")
        if length.isascii() and length.isdigit() and int(length[:19]) > request.max_bytes:
            raise self._too_large(request)
        return True

    def _too_large(self, request: DownloadRequest) -> ProviderError:
        return self._error(f"more than {request.max_bytes} bytes", "too_large")
