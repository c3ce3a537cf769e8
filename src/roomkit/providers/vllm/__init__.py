"""vLLM, Ollama, and any other server that speaks OpenAI's Chat Completions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from roomkit._lazy import lazy_exports

if TYPE_CHECKING:
    from roomkit.providers.vllm.ai import create_vllm_provider
    from roomkit.providers.vllm.config import VLLMConfig
else:
    __getattr__, __dir__ = lazy_exports(
        __name__,
        {
            "VLLMConfig": "roomkit.providers.vllm.config",
            "create_vllm_provider": "roomkit.providers.vllm.ai",
        },
    )

__all__ = ["VLLMConfig", "create_vllm_provider"]
