"""Language models behind a server of one's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from roomkit.providers._openai_provider import ChatCompletionsProvider, facts_of
from roomkit.providers.ai.base import AIProvider
from roomkit.providers.vllm.config import VLLMConfig

if TYPE_CHECKING:
    from openai import AsyncOpenAI

__all__ = ["VLLMConfig", "create_vllm_provider"]

_NO_KEY = "EMPTY"
"""Without one, the SDK would send the key for OpenAI that the environment holds."""


def create_vllm_provider(config: VLLMConfig, *, client: AsyncOpenAI | None = None) -> AIProvider:
    """A provider for vLLM, Ollama, or any other server that speaks OpenAI's Chat Completions.

    Args:
        config: the server and the model.
        client: a client of the SDK, for proxies or tests. Its key, address and retries are used
            instead of the configuration's, and it is not closed here.
    """
    return VLLMAIProvider(config, client=client)


class VLLMAIProvider(ChatCompletionsProvider[VLLMConfig]):
    extra: ClassVar[str] = "vllm"

    def __init__(self, config: VLLMConfig, *, client: AsyncOpenAI | None) -> None:
        facts = facts_of(
            config,
            vendor=config.vendor,
            model=config.model,
            openai=False,
            switch=config.thinking_switch,
            think_tags=config.think_tags,
            extra=config.extra_body,
        )
        super().__init__(config, facts, client)

    def _new_client(self) -> AsyncOpenAI:
        key = self._config.api_key
        client: AsyncOpenAI = self._sdk.AsyncOpenAI(
            api_key=_NO_KEY if key is None else key.get_secret_value(),
            base_url=self._config.base_url,
            **self._patience,
        )
        return client
