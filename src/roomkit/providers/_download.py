"""Files that a vendor keeps for us: larger than an answer of its API, but not without a bound."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

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
        body = bytearray()
        try:
            async for chunk in answer.aiter_bytes():
                body += chunk
                if len(body) > request.max_bytes:
                    raise self._error(f"more than {request.max_bytes} bytes", "too_large")
        finally:
            await answer.aclose()
        return VendorResponse(
            status=answer.status_code,
            headers={key.lower(): value for key, value in answer.headers.items()},
            body=bytes(body),
        )
