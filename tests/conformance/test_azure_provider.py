"""OpenAI's models at Azure are language models like any other."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import openai
import pytest
import pytest_asyncio

from roomkit.providers.ai.base import AIProvider
from roomkit.providers.azure import AzureAIConfig, AzureAIProvider
from roomkit.testing.ai_providers import AIProviderContract, Asked, ModelSettings, ModelVendor
from roomkit.testing.wire import ReceivedRequest, ScriptedServer
from tests.conformance.openai_wire import OpenAIWire

pytestmark = pytest.mark.asyncio(loop_scope="module")

KEY = "azure-s3cret"
VERSION = "2024-10-21"


class AzureWire(OpenAIWire):
    """The same words at another address, with another header for the key.

    https://learn.microsoft.com/azure/ai-services/openai/reference#chat-completions
    """

    def asked(self, request: ReceivedRequest) -> Asked:
        assert request.path == "/openai/deployments/my-gpt/chat/completions"
        assert request.query == {"api-version": [VERSION]}
        assert request.headers["api-key"] == KEY
        assert "authorization" not in request.headers
        return super().asked(request)


def config_for(settings: ModelSettings) -> AzureAIConfig:
    return AzureAIConfig(
        api_key=KEY,
        endpoint=settings.url,
        deployment="my-gpt",
        api_version=VERSION,
        max_tokens=settings.max_tokens,
        temperature=settings.temperature,
        timeout=settings.timeout,
        max_retries=settings.max_retries,
        vision=settings.vision,
    )


def make(settings: ModelSettings) -> AIProvider:
    return AzureAIProvider(config_for(settings))


@asynccontextmanager
async def share(settings: ModelSettings) -> AsyncIterator[tuple[AIProvider, AIProvider]]:
    config = config_for(settings)
    client = openai.AsyncAzureOpenAI(
        api_key=KEY, azure_endpoint=config.endpoint, api_version=VERSION
    )
    async with client:
        yield AzureAIProvider(config, client=client), AzureAIProvider(config, client=client)


class TestAzure(AIProviderContract):
    @pytest_asyncio.fixture(loop_scope="module")
    async def vendor(self) -> AsyncIterator[ModelVendor]:
        async with (
            ScriptedServer() as server,
            ModelVendor(
                make=make, server=server, wire=AzureWire(), secrets=[KEY], share=share
            ) as vendor,
        ):
            yield vendor
