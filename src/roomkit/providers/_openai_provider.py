"""The providers of the Chat Completions dialect, over OpenAI's SDK."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, ClassVar

from roomkit._lazy import require
from roomkit.errors import ProviderError
from roomkit.providers._ai_codec import ToolNames
from roomkit.providers._openai_answer import ChatAnswer
from roomkit.providers._openai_chat import ChatFacts, chat_request, streamed
from roomkit.providers._openai_failures import openai_failure
from roomkit.providers.ai.base import (
    AIContext,
    AIProvider,
    AIResponse,
    AIStreamEvent,
    StreamDone,
    StreamToolCall,
)
from roomkit.providers.ai.failures import model_failure
from roomkit.providers.openai.config import ChatConfig

if TYPE_CHECKING:
    from openai import AsyncOpenAI, AsyncStream

_CONNECT_TIMEOUT = 5.0


def facts_of(config: ChatConfig, *, vendor: str, model: str, **differences: Any) -> ChatFacts:
    """The settings as the codec wants them.

    Args:
        differences: what else is not as at OpenAI, by the names of `ChatFacts`.
    """
    return ChatFacts(
        vendor=vendor,
        model=model,
        max_tokens=config.max_tokens,
        temperature=config.temperature,
        effort=config.reasoning_effort,
        vision=config.vision,
        reasons=config.reasoning,
        **differences,
    )


class ChatCompletionsProvider[Config: ChatConfig](AIProvider):
    """Base of the providers whose server speaks the dialect.

    Args:
        config: the settings.
        facts: what of them concerns the dialect.
        client: a client of the SDK to use instead of an own one; it is not closed here.
    """

    extra: ClassVar[str]

    def __init__(self, config: Config, facts: ChatFacts, client: AsyncOpenAI | None) -> None:
        self._sdk = require("openai", extra=self.extra, feature=type(self).__name__)
        self._config = config
        self._facts = facts
        self._is_own = client is None
        self._client = client or self._new_client()

    @abstractmethod
    def _new_client(self) -> AsyncOpenAI:
        """A client of the SDK."""

    @property
    def _patience(self) -> dict[str, Any]:
        """How long a client waits, and how often it asks."""
        timeout = self._config.timeout
        return {
            "timeout": self._sdk.Timeout(timeout, connect=min(timeout, _CONNECT_TIMEOUT)),
            "max_retries": self._config.max_retries,
        }

    @property
    def model_name(self) -> str:
        return self._facts.model

    @property
    def supports_vision(self) -> bool:
        return self._facts.vision

    @property
    def supports_streaming(self) -> bool:
        return True

    @property
    def supports_structured_streaming(self) -> bool:
        return True

    async def generate(self, context: AIContext) -> AIResponse:
        names = _names(context)
        body = chat_request(context, self._facts, names)
        answer = ChatAnswer(names, think_tags=self._facts.think_tags)
        self._check_open()
        failure: ProviderError | None = None
        try:
            for _ in answer.read(await self._post(body)):
                pass
            for _ in answer.finish():
                pass
            if answer.is_complete:
                return answer.response()
            failure = model_failure(self._facts.vendor, code="bad_answer")
        except (self._sdk.OpenAIError, ValueError) as error:
            failure = openai_failure(self._sdk, self._facts.vendor, error)
        # Outside of the handler, so that no foreign exception hangs on to ours as its context.
        raise failure

    async def generate_stream(self, context: AIContext) -> AsyncIterator[AIStreamEvent]:
        names = _names(context)
        body = streamed(chat_request(context, self._facts, names))
        answer = ChatAnswer(names, think_tags=self._facts.think_tags)
        async with aclosing(self._deltas(body, answer)) as deltas:
            async for delta in deltas:
                yield delta
        for delta in answer.finish():
            yield delta
        response = answer.response()
        for call in response.tool_calls:
            yield StreamToolCall(call=call)
        yield StreamDone(response=response)

    async def close(self) -> None:
        if self._is_own:
            await self._client.close()

    def _check_open(self) -> None:
        if self._client.is_closed():
            raise model_failure(self._facts.vendor, code="closed")

    async def _deltas(
        self, body: Mapping[str, Any], answer: ChatAnswer
    ) -> AsyncGenerator[AIStreamEvent]:
        """The deltas of an answer that came to its end."""
        self._check_open()
        failure: ProviderError | None = None
        try:
            stream = await self._open(body)
            try:
                async for chunk in stream:
                    for delta in answer.read(chunk):
                        yield delta
            finally:
                await stream.close()
            if answer.is_complete:
                return
            failure = model_failure(self._facts.vendor, code="connection_lost")
        except (self._sdk.OpenAIError, ValueError) as error:
            failure = openai_failure(self._sdk, self._facts.vendor, error)
        raise failure

    async def _post(self, body: Mapping[str, Any]) -> object:
        # Not `chat.completions.create`: building its models costs more than all that is done with
        # an answer here, and they have no place for what is not OpenAI's own.
        return await self._client.post("/chat/completions", cast_to=object, body=body)

    async def _open(self, body: Mapping[str, Any]) -> AsyncStream[object]:
        stream: AsyncStream[object] = await self._client.post(
            "/chat/completions",
            cast_to=object,
            body=body,
            stream=True,
            stream_cls=self._sdk.AsyncStream[object],
        )
        return stream


def _names(context: AIContext) -> ToolNames:
    return ToolNames([tool.name for tool in context.tools])
