"""`GeminiAIProvider` asks Google's Gemini models."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING

from roomkit._clock import SYSTEM_CLOCK, Clock
from roomkit._lazy import require
from roomkit.providers._ai_transport import asked_again, mapped
from roomkit.providers.ai.base import (
    AIContext,
    AIProvider,
    AIResponse,
    AIStreamEvent,
    StreamDone,
)
from roomkit.providers.ai.failures import model_failure
from roomkit.providers.gemini._answer import GeminiAnswer
from roomkit.providers.gemini._client import FEATURE, OwnClient, open_stream
from roomkit.providers.gemini._failures import gemini_failure
from roomkit.providers.gemini._request import build_request
from roomkit.providers.gemini.config import GeminiConfig

if TYPE_CHECKING:
    from google import genai
    from google.genai import types


class GeminiAIProvider(AIProvider):
    """Google's models, through the Gemini API and its SDK, google-genai.

    All of them see pictures: ``data:`` URLs with PNG, JPEG, WebP, HEIC or HEIF, and ``https:``
    URLs where the model fetches them (`GeminiConfig.fetches_urls`). For other pictures the model
    reads a mark.

    An answer that Google withheld has its reason in ``finish_reason``: ``SAFETY``, ``RECITATION``
    and so on, or the reason for which the request was blocked. ``MALFORMED_FUNCTION_CALL`` is a
    call that nobody could read: there is no call in the response then.

    Args:
        config: the key, the model and the settings.
        client: a client of the SDK to use instead of an own one, with its own key, address and
            time limits. Give it an ``httpx_async_client``, and no ``retry_options``: failures that
            may pass are asked again here. It is not closed here, and the connection of a stream
            that is left early stays open until the garbage collector finds it.
        clock: where the pauses between attempts come from.
    """

    def __init__(
        self,
        config: GeminiConfig,
        client: genai.Client | None = None,
        *,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        require("google.genai", extra="gemini", feature=FEATURE)
        self._config = config
        self._clock = clock
        self._given = client
        self._own: OwnClient | None = None
        self._closed = False

    @property
    def model_name(self) -> str:
        return self._config.model

    @property
    def supports_vision(self) -> bool:
        return True

    @property
    def supports_streaming(self) -> bool:
        return True

    @property
    def supports_structured_streaming(self) -> bool:
        return True

    async def generate(self, context: AIContext) -> AIResponse:
        request = build_request(context, self._config)

        async def ask() -> types.GenerateContentResponse:
            models = self._client().aio.models
            return await mapped(
                models.generate_content(
                    model=self.model_name, contents=request.contents, config=request.config
                ),
                gemini_failure,
            )

        answer = GeminiAnswer(request.names)
        for _ in answer.read(await self._retried(ask)):
            pass
        return answer.response()

    async def generate_stream(self, context: AIContext) -> AsyncIterator[AIStreamEvent]:
        request = build_request(context, self._config)
        stream = await self._retried(lambda: open_stream(self._client(), self.model_name, request))
        answer = GeminiAnswer(request.names)
        chunk: types.GenerateContentResponse | None = stream.first
        try:
            while chunk is not None:
                for event in answer.read(chunk):
                    yield event
                chunk = await stream.next()
        finally:
            await stream.close()
        yield StreamDone(response=answer.response())

    async def close(self) -> None:
        self._closed = True
        own, self._own = self._own, None
        if own is not None:
            await own.close()

    async def _retried[T](self, ask: Callable[[], Awaitable[T]]) -> T:
        # The SDK's own retries know nothing of Retry-After, and not every lost connection.
        return await asked_again(ask, self._config.max_retries, self._clock)

    def _client(self) -> genai.Client:
        if self._closed:
            raise model_failure("gemini", code="closed")
        if self._given is not None:
            return self._given
        if self._own is None:
            self._own = OwnClient(self._config)
        return self._own.sdk
