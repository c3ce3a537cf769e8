"""`MistralAIProvider` asks Mistral's models."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from roomkit._clock import SYSTEM_CLOCK, Clock
from roomkit._lazy import require
from roomkit.providers._ai_codec import ToolNames
from roomkit.providers._ai_transport import asked_again, mapped, open_connections
from roomkit.providers._openai_answer import NonsenseError
from roomkit.providers.ai.base import (
    AIContext,
    AIProvider,
    AIResponse,
    AIStreamEvent,
    StreamDone,
    StreamTextDelta,
    StreamThinkingDelta,
    StreamToolCall,
)
from roomkit.providers.ai.failures import model_failure
from roomkit.providers.mistral._answer import MistralAnswer
from roomkit.providers.mistral._failures import mistral_failure
from roomkit.providers.mistral._request import build_request
from roomkit.providers.mistral.config import MistralConfig

if TYPE_CHECKING:
    import httpx2
    from mistralai.client import Mistral
    from mistralai.client.models import ChatCompletionResponse, CompletionEvent
    from mistralai.client.utils.eventstreaming import EventStreamAsync

_FEATURE = "MistralAIProvider"


class MistralAIProvider(AIProvider):
    """Mistral's models, through its API and its SDK, mistralai.

    Args:
        config: the key, the model and the settings.
        client: a client of the SDK to use instead of an own one, with its own key, address and
            time limits; it is not closed here. Give it no ``retry_config``: failures that may pass
            are asked again here.
        clock: where the pauses between attempts come from.
    """

    def __init__(
        self,
        config: MistralConfig,
        client: Mistral | None = None,
        *,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self._sdk = require("mistralai.client", extra="mistral", feature=_FEATURE)
        self._config = config
        self._clock = clock
        self._client = client
        self._http: httpx2.AsyncClient | None = None
        self._closed = False

    @property
    def model_name(self) -> str:
        return self._config.model

    @property
    def supports_vision(self) -> bool:
        return self._config.vision

    @property
    def supports_streaming(self) -> bool:
        return True

    @property
    def supports_structured_streaming(self) -> bool:
        return True

    async def generate(self, context: AIContext) -> AIResponse:
        names = _names(context)
        request = build_request(context, self._config, names)

        async def ask() -> ChatCompletionResponse:
            return await mapped(self._open().chat.complete_async(**request), mistral_failure)

        whole = await self._retried(ask)
        answer = MistralAnswer(names)
        _read(answer, whole)
        return answer.response()

    async def generate_stream(self, context: AIContext) -> AsyncIterator[AIStreamEvent]:
        names = _names(context)
        request = build_request(context, self._config, names)
        first, events = await self._retried(lambda: self._begun(request))
        answer = MistralAnswer(names)
        event: CompletionEvent | None = first
        async with events:
            while event is not None:
                for delta in _read(answer, event.data):
                    yield delta
                event = await mapped(anext(events, None), mistral_failure)
        response = answer.response()
        for call in response.tool_calls:
            yield StreamToolCall(call=call)
        yield StreamDone(response=response)

    async def close(self) -> None:
        self._closed = True
        http, self._http = self._http, None
        if http is not None:
            await http.aclose()

    async def _begun(
        self, request: dict[str, Any]
    ) -> tuple[CompletionEvent, EventStreamAsync[CompletionEvent]]:
        """The first event of a stream, and the rest of it."""
        events = await mapped(self._open().chat.stream_async(**request), mistral_failure)
        return await mapped(anext(events), mistral_failure), events

    async def _retried[T](self, ask: Callable[[], Awaitable[T]]) -> T:
        # The SDK's own retries go on for a time, not for a number of attempts, and wait for as
        # long as the server says.
        return await asked_again(ask, self._config.max_retries, self._clock)

    def _open(self) -> Mistral:
        if self._closed:
            raise model_failure("mistral", code="closed")
        if self._client is None:
            # The SDK closes its own connections only when it is collected.
            self._http = open_connections(self._config.timeout, extra="mistral", feature=_FEATURE)
            self._client = self._sdk.Mistral(
                api_key=self._config.api_key.get_secret_value(),
                server_url=self._config.base_url,
                async_client=self._http,
            )
        return self._client


def _read(answer: MistralAnswer, chunk: BaseModel) -> list[StreamTextDelta | StreamThinkingDelta]:
    try:
        return list(answer.read(chunk.model_dump()))
    except NonsenseError:
        failure = model_failure("mistral", code="bad_answer")
    raise failure


def _names(context: AIContext) -> ToolNames:
    return ToolNames([tool.name for tool in context.tools])
