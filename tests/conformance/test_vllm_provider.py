"""Servers that speak OpenAI's dialect are language models like any other, however they show
reasoning."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import openai
import pytest
import pytest_asyncio

from roomkit.providers.ai.base import AIProvider
from roomkit.providers.vllm import VLLMConfig, create_vllm_provider
from roomkit.testing.ai_providers import (
    AIProviderContract,
    ModelSettings,
    ModelVendor,
    ModelWire,
    Script,
)
from roomkit.testing.wire import Reply, ScriptedServer
from tests.conformance.openai_wire import OpenAIWire

pytestmark = pytest.mark.asyncio(loop_scope="module")

KEY = "token-s3cret"


class VLLMWire(OpenAIWire):
    """What vLLM does with a parser for the model's reasoning, and Ollama always.

    https://docs.vllm.ai/en/stable/features/reasoning_outputs/
    """

    thinks = True
    trailing_assistant = False
    same_role_twice = False

    def reasoning(self, text: str) -> dict[str, Any]:
        return {"reasoning": text} if text else {}

    def is_told_to_reason(self, body: dict[str, Any]) -> bool:
        switched: bool = body["chat_template_kwargs"]["enable_thinking"]
        return switched


class TagsWire(VLLMWire):
    """What vLLM does without a parser: reasoning is a part of the text."""

    def answer(self, script: Script) -> Reply:
        thought = "".join(script.thinking)
        tagged = [f"<think>\n{thought}\n</think>\n\n"] if thought else []
        return super().answer(replace(script, text=[*tagged, *script.text], thinking=[]))

    def deltas(self, script: Script) -> Iterator[dict[str, Any]]:
        # As a tokenizer may split them, and so that each piece of the script has one of its own.
        tags = (["<th", "ink>\n"], ["\n</", "think", ">\n\n"])
        before, after = tags if script.thinking else ([], [])
        text = [*before, *script.thinking, *after, *script.text]
        return super().deltas(replace(script, text=text, thinking=[]))


def config_for(settings: ModelSettings) -> VLLMConfig:
    return VLLMConfig(
        api_key=KEY,
        model="Qwen/Qwen3-8B",
        base_url=f"{settings.url}/v1",
        max_tokens=settings.max_tokens,
        temperature=settings.temperature,
        timeout=settings.timeout,
        max_retries=settings.max_retries,
        vision=settings.vision,
        thinking_switch="enable_thinking",
    )


def make(settings: ModelSettings) -> AIProvider:
    return create_vllm_provider(config_for(settings))


@asynccontextmanager
async def share(settings: ModelSettings) -> AsyncIterator[tuple[AIProvider, AIProvider]]:
    config = config_for(settings)
    async with openai.AsyncOpenAI(api_key=KEY, base_url=config.base_url) as client:
        yield (
            create_vllm_provider(config, client=client),
            create_vllm_provider(config, client=client),
        )


class TestVLLM(AIProviderContract):
    @pytest_asyncio.fixture(
        params=[VLLMWire(), TagsWire()], ids=["field", "tags"], loop_scope="module"
    )
    async def vendor(self, request: pytest.FixtureRequest) -> AsyncIterator[ModelVendor]:
        wire: ModelWire = request.param
        async with (
            ScriptedServer() as server,
            ModelVendor(make=make, server=server, wire=wire, secrets=[KEY], share=share) as vendor,
        ):
            yield vendor
