"""OpenAI's language models."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from roomkit.providers._openai_provider import ChatCompletionsProvider, facts_of
from roomkit.providers.openai.config import OpenAIConfig

if TYPE_CHECKING:
    from openai import AsyncOpenAI

__all__ = ["OpenAIAIProvider", "OpenAIConfig"]


class OpenAIAIProvider(ChatCompletionsProvider[OpenAIConfig]):
    """Answers with OpenAI's Chat Completions.

    Streams text and tool calls, and shows the model pictures. The reasoning of OpenAI's models is
    counted in the usage but not shown.

    Args:
        config: the account and the model.
        client: a client of the SDK, for proxies, other ways to sign in, or tests. Its key, address
            and retries are used instead of the configuration's, and it is not closed here.
    """

    extra: ClassVar[str] = "openai"

    def __init__(self, config: OpenAIConfig, *, client: AsyncOpenAI | None = None) -> None:
        super().__init__(config, facts_of(config, vendor="openai", model=config.model), client)

    def _new_client(self) -> AsyncOpenAI:
        client: AsyncOpenAI = self._sdk.AsyncOpenAI(
            api_key=self._config.api_key.get_secret_value(),
            base_url=self._config.base_url,
            organization=self._config.organization,
            project=self._config.project,
            **self._patience,
        )
        return client
