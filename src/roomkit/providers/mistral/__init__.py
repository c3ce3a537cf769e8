"""Mistral: language models."""

from __future__ import annotations

from typing import TYPE_CHECKING

from roomkit._lazy import lazy_exports

if TYPE_CHECKING:
    from roomkit.providers.mistral.ai import MistralAIProvider
    from roomkit.providers.mistral.config import MistralConfig
else:
    __getattr__, __dir__ = lazy_exports(
        __name__,
        {
            "MistralAIProvider": "roomkit.providers.mistral.ai",
            "MistralConfig": "roomkit.providers.mistral.config",
        },
    )

__all__ = [
    "MistralAIProvider",
    "MistralConfig",
]
