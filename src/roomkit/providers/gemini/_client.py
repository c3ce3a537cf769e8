"""The SDK's client, the connections under it, and streams that can be left."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, cast

from roomkit._lazy import require
from roomkit.providers._ai_transport import mapped, open_connections
from roomkit.providers.gemini._failures import gemini_failure
from roomkit.providers.gemini._request import GeminiRequest
from roomkit.providers.gemini.config import GeminiConfig

if TYPE_CHECKING:
    import httpx2
    from google import genai
    from google.genai import types

FEATURE = "GeminiAIProvider"

_opening: ContextVar[list[httpx2.Response] | None] = ContextVar("gemini_opening", default=None)


class OwnClient:
    """A client of the SDK on connections of our own, which the SDK does not close."""

    def __init__(self, config: GeminiConfig) -> None:
        sdk = require("google.genai", extra="gemini", feature=FEATURE)
        # Without connections of ours the SDK takes aiohttp wherever that is installed, and tells
        # Google to give up on an answer as a whole after the time that is meant for a piece.
        self._http = open_connections(
            config.timeout, extra="gemini", feature=FEATURE, on_response=_remember
        )
        self.sdk: genai.Client = sdk.Client(
            api_key=config.api_key.get_secret_value(),
            # Or an environment variable would send the key to another service.
            vertexai=False,
            http_options={"base_url": config.base_url, "httpx_async_client": self._http},
        )

    async def close(self) -> None:
        """Hang up."""
        self.sdk.close()
        await self.sdk.aio.aclose()
        await self._http.aclose()


class OpenStream:
    """An answer that comes in chunks, of which the first is there.

    The SDK's iterator holds on to the connection when it is closed early, until the garbage
    collector finds it. The response under it, if it is on a connection of ours, is closed here.
    """

    def __init__(
        self,
        first: types.GenerateContentResponse,
        chunks: AsyncGenerator[types.GenerateContentResponse, None],
        responses: list[httpx2.Response],
    ) -> None:
        self.first = first
        self._chunks = chunks
        self._responses = responses

    async def next(self) -> types.GenerateContentResponse | None:
        """The next chunk; None at the end.

        Raises:
            ProviderError: there is no next chunk, and this is not the end.
        """
        return await mapped(anext(self._chunks, None), gemini_failure)

    async def close(self) -> None:
        """Hang up if the vendor is still talking."""
        await _close(self._chunks, self._responses)


async def open_stream(client: genai.Client, model: str, request: GeminiRequest) -> OpenStream:
    """Ask for an answer in chunks and wait for the first of them.

    Raises:
        ProviderError: it did not come.
    """
    responses: list[httpx2.Response] = []
    # The SDK asks when it is asked for the first chunk, not before.
    chunks = cast(
        AsyncGenerator[Any, None],
        await mapped(
            client.aio.models.generate_content_stream(
                model=model, contents=request.contents, config=request.config
            ),
            gemini_failure,
        ),
    )
    token = _opening.set(responses)
    try:
        first = await mapped(anext(chunks), gemini_failure)
    except BaseException:
        await _close(chunks, responses)
        raise
    finally:
        _opening.reset(token)
    return OpenStream(first, chunks, responses)


async def _remember(response: httpx2.Response) -> None:
    opening = _opening.get()
    if opening is not None:
        opening.append(response)


async def _close(chunks: AsyncGenerator[Any, None], responses: list[httpx2.Response]) -> None:
    try:
        await chunks.aclose()
    finally:
        for response in responses:
            await response.aclose()
