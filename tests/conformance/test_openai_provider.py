"""OpenAI's models are language models like any other."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import openai
import pytest
import pytest_asyncio

from roomkit.providers.ai.base import AIProvider
from roomkit.providers.openai import OpenAIAIProvider, OpenAIConfig
from roomkit.testing.ai_providers import AIProviderContract, ModelSettings, ModelVendor
from roomkit.testing.wire import ScriptedServer
from tests.conformance.openai_wire import OpenAIWire

pytestmark = pytest.mark.asyncio(loop_scope="module")

KEY = "sk-s3cret"


def config_for(settings: ModelSettings) -> OpenAIConfig:
    return OpenAIConfig(
        api_key=KEY,
        base_url=f"{settings.url}/v1",
        max_tokens=settings.max_tokens,
        temperature=settings.temperature,
        timeout=settings.timeout,
        max_retries=settings.max_retries,
        vision=settings.vision,
    )


def make(settings: ModelSettings) -> AIProvider:
    return OpenAIAIProvider(config_for(settings))


@asynccontextmanager
async def share(settings: ModelSettings) -> AsyncIterator[tuple[AIProvider, AIProvider]]:
    config = config_for(settings)
    async with openai.AsyncOpenAI(api_key=KEY, base_url=config.base_url) as client:
        yield OpenAIAIProvider(config, client=client), OpenAIAIProvider(config, client=client)


class TestOpenAI(AIProviderContract):
    @pytest_asyncio.fixture(loop_scope="module")
    async def vendor(self) -> AsyncIterator[ModelVendor]:
        async with (
            ScriptedServer() as server,
            ModelVendor(
                make=make, server=server, wire=OpenAIWire(), secrets=[KEY], share=share
            ) as vendor,
        ):
            yield vendor
