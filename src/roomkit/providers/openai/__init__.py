"""OpenAI: language models."""

from __future__ import annotations

from typing import TYPE_CHECKING

from roomkit._lazy import lazy_exports

if TYPE_CHECKING:
    from roomkit.providers.openai.ai import OpenAIAIProvider
    from roomkit.providers.openai.config import OpenAIConfig
else:
    __getattr__, __dir__ = lazy_exports(
        __name__,
        {
            "OpenAIAIProvider": "roomkit.providers.openai.ai",
            "OpenAIConfig": "roomkit.providers.openai.config",
        },
    )

__all__ = ["OpenAIAIProvider", "OpenAIConfig"]
