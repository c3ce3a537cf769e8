"""Anthropic's models are language models like any other."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anthropic
import pytest
import pytest_asyncio

from roomkit.providers.ai.base import AIProvider
from roomkit.providers.anthropic import AnthropicAIProvider, AnthropicConfig
from roomkit.testing.ai_providers import AIProviderContract, ModelSettings, ModelVendor
from roomkit.testing.wire import ScriptedServer
from tests.conformance.anthropic_wire import AnthropicWire

pytestmark = pytest.mark.asyncio(loop_scope="module")

KEY = "sk-ant-s3cret"


def config_for(settings: ModelSettings, model: str = "claude-haiku-4-5") -> AnthropicConfig:
    return AnthropicConfig(
        api_key=KEY,
        model=model,
        base_url=settings.url,
        max_tokens=settings.max_tokens,
        temperature=settings.temperature,
        timeout=settings.timeout,
        max_retries=settings.max_retries,
        vision=settings.vision,
    )


def make(settings: ModelSettings) -> AIProvider:
    return AnthropicAIProvider(config_for(settings))


@asynccontextmanager
async def share(settings: ModelSettings) -> AsyncIterator[tuple[AIProvider, AIProvider]]:
    config = config_for(settings)
    async with anthropic.AsyncAnthropic(api_key=KEY, base_url=settings.url) as client:
        yield AnthropicAIProvider(config, client), AnthropicAIProvider(config, client)


class TestAnthropic(AIProviderContract):
    @pytest_asyncio.fixture(loop_scope="module")
    async def vendor(self) -> AsyncIterator[ModelVendor]:
        async with (
            ScriptedServer() as server,
            ModelVendor(
                make=make, server=server, wire=AnthropicWire(), secrets=[KEY], share=share
            ) as vendor,
        ):
            yield vendor
