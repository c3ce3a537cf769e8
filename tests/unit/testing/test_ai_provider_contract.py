"""The contract for language models notices a provider that is wrong."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from unittest import SkipTest

import pytest

from roomkit.errors import ProviderError
from roomkit.providers.ai.base import (
    AIContext,
    AIImagePart,
    AIMessage,
    AIProvider,
    AIResponse,
    AIStreamEvent,
    AIToolResult,
    StreamDone,
    StreamTextDelta,
)
from roomkit.providers.ai.mock import MockAIProvider
from roomkit.providers.openai import OpenAIAIProvider, OpenAIConfig
from roomkit.testing import ScriptedServer
from roomkit.testing.ai_providers import AIProviderContract, ModelSettings, ModelVendor
from tests.conformance.openai_wire import OpenAIWire


class Right(AIProvider):
    """Passes everything on to a provider that is right."""

    def __init__(self, settings: ModelSettings) -> None:
        config = OpenAIConfig(
            api_key="sk-s3cret",
            base_url=f"{settings.url}/v1",
            max_tokens=settings.max_tokens,
            temperature=settings.temperature,
            timeout=settings.timeout,
            max_retries=settings.max_retries,
            vision=settings.vision,
        )
        self.right = OpenAIAIProvider(config)

    @property
    def model_name(self) -> str:
        return self.right.model_name

    @property
    def supports_vision(self) -> bool:
        return self.right.supports_vision

    @property
    def supports_streaming(self) -> bool:
        return True

    async def generate(self, context: AIContext) -> AIResponse:
        return await self.right.generate(context)

    async def generate_stream(self, context: AIContext) -> AsyncIterator[AIStreamEvent]:
        async for event in self.right.generate_stream(context):
            yield event

    async def close(self) -> None:
        await self.right.close()


class Changes(Right):
    """Something is lost on the way to the vendor."""

    def change(self, context: AIContext) -> AIContext:
        return context

    async def generate(self, context: AIContext) -> AIResponse:
        return await super().generate(self.change(context))

    async def generate_stream(self, context: AIContext) -> AsyncIterator[AIStreamEvent]:
        async for event in super().generate_stream(self.change(context)):
            yield event


class HasItsOwnLimit(Changes):
    def change(self, context: AIContext) -> AIContext:
        return context.evolve(max_tokens=context.max_tokens or 1024)


class LosesTheSystem(Changes):
    def change(self, context: AIContext) -> AIContext:
        return context.evolve(messages=[m for m in context.messages if m.role != "system"])


class LosesPictures(Changes):
    def change(self, context: AIContext) -> AIContext:
        return context.evolve(messages=[_without_pictures(m) for m in context.messages])


class MixesUpResults(Changes):
    def change(self, context: AIContext) -> AIContext:
        return context.evolve(messages=[_mixed_up(m) for m in context.messages])


def _without_pictures(message: AIMessage) -> AIMessage:
    if isinstance(message.content, str):
        return message
    kept = [part for part in message.content if not isinstance(part, AIImagePart)]
    return AIMessage(role=message.role, content=[*kept])


def _mixed_up(message: AIMessage) -> AIMessage:
    if isinstance(message.content, str) or message.role != "tool":
        return message
    results = [part for part in message.content if isinstance(part, AIToolResult)]
    ids = [result.tool_call_id for result in reversed(results)]
    mixed = [one.evolve(tool_call_id=id_) for one, id_ in zip(results, ids, strict=True)]
    return AIMessage(role="tool", content=[*mixed])


class BelievesHalfCalls(Right):
    async def generate(self, context: AIContext) -> AIResponse:
        response = await super().generate(context)
        calls = [call.evolve(malformed=None) for call in response.tool_calls]
        return response.evolve(tool_calls=calls)


class CountsTwice(Right):
    async def generate(self, context: AIContext) -> AIResponse:
        response = await super().generate(context)
        usage = dict(response.usage)
        if usage:
            usage["input_tokens"] += usage["cached_input_tokens"]
        return response.evolve(usage=usage)


class AsksAgain(Right):
    async def generate(self, context: AIContext) -> AIResponse:
        try:
            return await super().generate(context)
        except ProviderError:
            return await super().generate(context)


class Quotes(Right):
    async def generate(self, context: AIContext) -> AIResponse:
        try:
            return await super().generate(context)
        except ProviderError as error:
            asked = context.messages[-1].text
            raise ProviderError(f"no answer to {asked!r}", code=error.code) from None


class KeepsWhatQuotes(Right):
    async def generate(self, context: AIContext) -> AIResponse:
        try:
            return await super().generate(context)
        except ProviderError as error:
            try:
                raise OSError(context.messages[-1].text)
            except OSError:
                raise error  # noqa: B904 - this is what is wrong with it


class LetsForeignErrorsThrough(Right):
    async def generate(self, context: AIContext) -> AIResponse:
        try:
            return await super().generate(context)
        except ProviderError:
            raise OSError("no answer") from None


class EndsTwice(Right):
    async def generate_stream(self, context: AIContext) -> AsyncIterator[AIStreamEvent]:
        async for event in super().generate_stream(context):
            yield event
            if isinstance(event, StreamDone):
                yield event


class WaitsForTheEnd(Right):
    async def generate_stream(self, context: AIContext) -> AsyncIterator[AIStreamEvent]:
        for event in [event async for event in super().generate_stream(context)]:
            yield event


class TakesACutForTheEnd(Right):
    async def generate_stream(self, context: AIContext) -> AsyncIterator[AIStreamEvent]:
        said = ""
        try:
            async for event in super().generate_stream(context):
                said += event.text if isinstance(event, StreamTextDelta) else ""
                yield event
        except ProviderError:
            yield StreamDone(response=AIResponse(content=said))


class NeverHangsUp(Right):
    def __init__(self, settings: ModelSettings) -> None:
        super().__init__(settings)
        self.left: list[AsyncIterator[AIStreamEvent]] = []

    async def generate_stream(self, context: AIContext) -> AsyncIterator[AIStreamEvent]:
        events = self.right.generate_stream(context)
        self.left.append(events)
        async for event in events:
            yield event


class StaysOpen(Right):
    async def close(self) -> None:
        pass


WRONG: list[tuple[type[Right], str, dict[str, Any]]] = [
    (HasItsOwnLimit, "test_length_and_temperature", {"streamed": True}),
    (
        LosesTheSystem,
        "test_every_conversation_is_taken",
        {"conversation": "the system in between", "streamed": True},
    ),
    (LosesPictures, "test_pictures", {}),
    (MixesUpResults, "test_results_belong_to_their_calls", {}),
    (
        BelievesHalfCalls,
        "test_arguments_that_are_no_object",
        {"malformed": "half an object", "streamed": False},
    ),
    (BelievesHalfCalls, "test_a_call_that_got_too_long", {"streamed": False}),
    (CountsTwice, "test_usage", {"streamed": False}),
    (AsksAgain, "test_a_refusal", {"refusal": "unauthorized", "streamed": False}),
    (AsksAgain, "test_a_refusal", {"refusal": "unavailable", "streamed": False}),
    (AsksAgain, "test_nobody_waits_for_a_long_pause", {"streamed": False}),
    (LetsForeignErrorsThrough, "test_the_connection_breaks", {"streamed": False}),
    (EndsTwice, "test_a_stream_ends_once", {}),
    (WaitsForTheEnd, "test_text_comes_while_it_is_written", {}),
    (TakesACutForTheEnd, "test_a_stream_that_is_cut", {}),
    (TakesACutForTheEnd, "test_a_stream_that_ends_before_its_end", {}),
    (NeverHangsUp, "test_a_stream_that_is_left", {}),
    (StaysOpen, "test_close_hangs_up", {}),
]


@asynccontextmanager
async def a_vendor(make: Callable[[ModelSettings], AIProvider]) -> AsyncIterator[ModelVendor]:
    async with (
        ScriptedServer() as server,
        ModelVendor(make=make, server=server, wire=OpenAIWire(), secrets=["sk-s3cret"]) as vendor,
    ):
        yield vendor


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What never comes is not waited for as long as on a busy machine."""
    for part in ("answers", "lifetime"):
        monkeypatch.setattr(f"roomkit.testing._ai.{part}.PATIENCE", 0.3)


@pytest.mark.parametrize(
    ("wrong", "rule", "case"), WRONG, ids=[f"{one.__name__}-{rule}" for one, rule, _ in WRONG]
)
@pytest.mark.usefixtures("impatient")
async def test_a_wrong_provider_fails(wrong: type[Right], rule: str, case: dict[str, Any]) -> None:
    check: Any = getattr(AIProviderContract(), rule)
    async with a_vendor(wrong) as vendor:
        with pytest.raises((AssertionError, TimeoutError, OSError)):
            await check(vendor, **case)
        if isinstance(vendor.provider, Right):
            await vendor.provider.right.close()


@pytest.mark.parametrize("wrong", [Quotes, KeepsWhatQuotes])
async def test_a_provider_that_quotes_fails(
    wrong: type[Right], caplog: pytest.LogCaptureFixture
) -> None:
    check = AIProviderContract().test_failures_quote_nothing
    async with a_vendor(Right) as vendor:
        await check(vendor, streamed=False, caplog=caplog)
    async with a_vendor(wrong) as vendor:
        with pytest.raises(AssertionError):
            await check(vendor, streamed=False, caplog=caplog)


@pytest.mark.parametrize(("rule", "case"), [(rule, case) for _, rule, case in WRONG])
async def test_a_provider_that_is_right_passes(rule: str, case: dict[str, Any]) -> None:
    check: Any = getattr(AIProviderContract(), rule)
    async with a_vendor(Right) as vendor:
        await check(vendor, **case)


@pytest.mark.parametrize(
    ("rule", "case"),
    [
        ("test_text", {"streamed": True}),
        ("test_a_stream_ends_once", {}),
        ("test_every_conversation_is_taken", {"conversation": "empty parts", "streamed": False}),
        ("test_many_at_once", {"streamed": True}),
        ("test_close_is_final_and_may_be_repeated", {}),
    ],
)
async def test_a_provider_without_a_server_is_tested_as_far_as_that_goes(
    rule: str, case: dict[str, Any]
) -> None:
    check: Any = getattr(AIProviderContract(), rule)
    async with ModelVendor(make=lambda _: MockAIProvider(["Yes."], streaming=True)) as vendor:
        await check(vendor, **case)


async def test_what_needs_a_server_is_skipped() -> None:
    async with ModelVendor(make=lambda _: MockAIProvider(["Yes"])) as vendor:
        with pytest.raises(SkipTest, match="needs a server"):
            await AIProviderContract().test_usage(vendor, streamed=False)
