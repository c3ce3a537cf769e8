"""`AnthropicAIProvider`: the Claude models, over the vendor's own SDK."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from types import ModuleType
from typing import TYPE_CHECKING, Any

from roomkit._lazy import require
from roomkit.providers.ai.base import (
    AIContext,
    AIProvider,
    AIResponse,
    AIStreamEvent,
    StreamDone,
    StreamToolCall,
)
from roomkit.providers.ai.failures import LONGEST_PAUSE, model_failure, pause_of
from roomkit.providers.anthropic._answer import Answer
from roomkit.providers.anthropic._failures import VENDOR, failure_of
from roomkit.providers.anthropic._models import facts_of
from roomkit.providers.anthropic._request import Request, write_request
from roomkit.providers.anthropic.config import AnthropicConfig

if TYPE_CHECKING:
    import httpx2
    from anthropic import AsyncAnthropic, AsyncStream

_PATH = "/v1/messages"
_MOST_PAUSES = 8
"""How often a turn that the vendor pauses is taken up again."""

_CONNECT_TIMEOUT = 5.0

_NOT_AS_DOCUMENTED = (AttributeError, LookupError, TypeError, ValueError)


class AnthropicAIProvider(AIProvider):
    """A Claude model.

    ``AIContext.thinking_budget`` has the model reason before it answers. Models before Claude 4.6
    keep to the number, of which the least is 1024: a smaller one is raised to it. Newer ones
    decide themselves how much they reason, so that any number turns it on, and
    ``AnthropicConfig.effort`` says how much. The vendor counts reasoning as part of the answer:
    the budget is added to ``max_tokens``. A temperature is left out. Without a budget, models that
    would reason all the same are told not to; some cannot be told.

    Signatures and hidden reasoning come in ``AIResponse.parts`` and go back as they were. A turn
    that began without reasoning goes on without it.

    Args:
        client: a client of the SDK to use instead of an own one. It is never closed here, and its
            key, address, timeout and retries count, not the configuration's.

    Raises:
        MissingDependencyError: the extra ``anthropic`` is not installed.
    """

    def __init__(self, config: AnthropicConfig, client: AsyncAnthropic | None = None) -> None:
        self._sdk = sdk = require("anthropic", extra="anthropic", feature="AnthropicAIProvider")
        http = require("httpx2", extra="anthropic", feature="AnthropicAIProvider")
        self._foreign = (
            sdk.AnthropicError,
            http.HTTPError,
            http.InvalidURL,
            http.StreamError,
            OSError,
            RecursionError,
            ValueError,
        )
        self._config = config
        self._facts = facts_of(config.treat_as or config.model)
        self._is_own = client is None
        self._client = client or _new_client(sdk, http, config)

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
        request = write_request(context, self._config, self._facts)
        answer = Answer(request.names)
        await self._ask(request, answer)
        for _ in range(_MOST_PAUSES):
            if not answer.paused:
                break
            await self._ask(_read(request.continued, answer.blocks), answer)
        return _read(Answer.response, answer)

    async def generate_stream(self, context: AIContext) -> AsyncIterator[AIStreamEvent]:
        request = asked = write_request(context, self._config, self._facts)
        answer = Answer(request.names)
        for _ in range(1 + _MOST_PAUSES):
            async with aclosing(self._listen(asked, answer)) as events:
                async for event in events:
                    yield event
            if not answer.paused:
                break
            asked = _read(request.continued, answer.blocks)
        response = _read(Answer.response, answer)
        # Only now is it known whether the last call is a whole one.
        for call in response.tool_calls:
            yield StreamToolCall(call=call)
        yield StreamDone(response=response)

    async def close(self) -> None:
        """Close the connections that were opened here. Later requests fail."""
        if self._is_own:
            await self._client.close()

    async def _ask(self, request: Request, answer: Answer) -> None:
        """Get an answer, or the rest of one, in one piece."""
        client = self._open_client()
        answer.begin()
        try:
            message = await client.post(_PATH, cast_to=object, body=request.body)
        except self._foreign as error:
            failure = failure_of(error)
        else:
            _read(answer.take_whole, message)
            return
        # Outside of the handler, or what the SDK quotes would hang on to it as its context.
        raise failure

    async def _listen(self, request: Request, answer: Answer) -> AsyncGenerator[AIStreamEvent]:
        """Get an answer, or the rest of one, piece by piece."""
        client = self._open_client()
        answer.begin()
        # How it looks if nothing goes wrong, but the end does not come.
        failure = model_failure(VENDOR, code="connection_lost")
        try:
            # Not `messages.create`: it warns of old models, refuses to wait for long answers, and
            # building its models costs more than all that is done with an answer here.
            stream: AsyncStream[object] = await client.post(
                _PATH,
                cast_to=object,
                body={**request.body, "stream": True},
                stream=True,
                stream_cls=self._sdk.AsyncStream[object],
            )
            async with stream:
                async for event in stream:
                    new = _read(answer.take, event)
                    if new is not None:
                        yield new
        except self._foreign as error:
            failure = failure_of(error)
        if not answer.ended:
            raise failure

    def _open_client(self) -> AsyncAnthropic:
        # The SDK would take a closed one for a lost connection, and try again.
        if self._client.is_closed():
            raise model_failure(VENDOR, code="closed")
        return self._client


def _new_client(sdk: ModuleType, http: ModuleType, config: AnthropicConfig) -> AsyncAnthropic:
    timeout = http.Timeout(config.timeout, connect=min(config.timeout, _CONNECT_TIMEOUT))
    client: AsyncAnthropic = sdk.AsyncAnthropic(
        api_key=config.api_key.get_secret_value(),
        base_url=config.base_url,
        timeout=timeout,
        max_retries=config.max_retries,
        # A conversation goes to the address that was configured and to no other.
        http_client=sdk.DefaultAsyncHttpxClient(
            timeout=timeout,
            follow_redirects=False,
            event_hooks={"response": [_not_after_a_long_pause]},
        ),
    )
    return client


async def _not_after_a_long_pause(response: httpx2.Response) -> None:
    # The SDK would wait for as long as it is told, be it for days, but heeds this header of the
    # vendor's own.
    if (pause_of(response.headers) or 0.0) > LONGEST_PAUSE:
        response.headers["x-should-retry"] = "false"


def _read[New](read: Callable[[Any], New], told: object) -> New:
    """What the vendor told, which may be anything."""
    try:
        return read(told)
    except _NOT_AS_DOCUMENTED:
        pass
    raise model_failure(VENDOR, code="bad_answer")
