"""Google Gemini: language models."""

from __future__ import annotations

from typing import TYPE_CHECKING

from roomkit._lazy import lazy_exports

if TYPE_CHECKING:
    from roomkit.providers.gemini.ai import GeminiAIProvider
    from roomkit.providers.gemini.config import GeminiConfig
else:
    __getattr__, __dir__ = lazy_exports(
        __name__,
        {
            "GeminiAIProvider": "roomkit.providers.gemini.ai",
            "GeminiConfig": "roomkit.providers.gemini.config",
        },
    )

__all__ = [
    "GeminiAIProvider",
    "GeminiConfig",
]
