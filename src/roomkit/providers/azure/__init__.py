"""Azure OpenAI: language models."""

from __future__ import annotations

from typing import TYPE_CHECKING

from roomkit._lazy import lazy_exports

if TYPE_CHECKING:
    from roomkit.providers.azure.ai import AzureAIProvider
    from roomkit.providers.azure.config import AzureAIConfig
else:
    __getattr__, __dir__ = lazy_exports(
        __name__,
        {
            "AzureAIConfig": "roomkit.providers.azure.config",
            "AzureAIProvider": "roomkit.providers.azure.ai",
        },
    )

__all__ = ["AzureAIConfig", "AzureAIProvider"]
