"""Anthropic: the Claude models."""

from __future__ import annotations

from typing import TYPE_CHECKING

from roomkit._lazy import lazy_exports

if TYPE_CHECKING:
    from roomkit.providers.anthropic.ai import AnthropicAIProvider
    from roomkit.providers.anthropic.config import AnthropicConfig
else:
    __getattr__, __dir__ = lazy_exports(
        __name__,
        {
            "AnthropicAIProvider": "roomkit.providers.anthropic.ai",
            "AnthropicConfig": "roomkit.providers.anthropic.config",
        },
    )

__all__ = [
    "AnthropicAIProvider",
    "AnthropicConfig",
]
