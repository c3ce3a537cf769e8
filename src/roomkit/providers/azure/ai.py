"""OpenAI's language models at Azure."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from roomkit.providers._openai_provider import ChatCompletionsProvider, facts_of
from roomkit.providers.azure.config import AzureAIConfig

if TYPE_CHECKING:
    from openai import AsyncAzureOpenAI

__all__ = ["AzureAIConfig", "AzureAIProvider"]


class AzureAIProvider(ChatCompletionsProvider[AzureAIConfig]):
    """Answers with a deployment at Azure, which speaks OpenAI's Chat Completions.

    Azure's filter refuses some requests as a whole: that is a `ProviderError` with the code
    ``rejected`` and the vendor code ``content_filter``.

    Args:
        config: the resource and the deployment.
        client: a client of the SDK, for Entra ID (``azure_ad_token_provider``), proxies or tests.
            Its credentials, address and retries are used instead of the configuration's, and it is
            not closed here.
    """

    extra: ClassVar[str] = "azure"

    def __init__(self, config: AzureAIConfig, *, client: AsyncAzureOpenAI | None = None) -> None:
        super().__init__(config, facts_of(config, vendor="azure", model=config.deployment), client)

    def _new_client(self) -> AsyncAzureOpenAI:
        client: AsyncAzureOpenAI = self._sdk.AsyncAzureOpenAI(
            api_key=self._config.api_key.get_secret_value(),
            azure_endpoint=self._config.endpoint,
            api_version=self._config.api_version,
            **self._patience,
        )
        return client
