"""Language models: the interface, its data, and a scripted stand-in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from roomkit._lazy import lazy_exports

if TYPE_CHECKING:
    from roomkit.providers.ai.base import (
        AIContext,
        AIImagePart,
        AIMessage,
        AIPart,
        AIProvider,
        AIResponse,
        AIStreamEvent,
        AITextPart,
        AIThinkingPart,
        AITool,
        AIToolCall,
        AIToolResult,
        AIUsage,
        StopReason,
        StreamDone,
        StreamTextDelta,
        StreamThinkingDelta,
        StreamToolCall,
    )
    from roomkit.providers.ai.fallback import FallbackAIProvider
    from roomkit.providers.ai.mock import MockAIProvider
else:
    __getattr__, __dir__ = lazy_exports(
        __name__,
        {
            "AIContext": "roomkit.providers.ai.base",
            "AIImagePart": "roomkit.providers.ai.base",
            "AIMessage": "roomkit.providers.ai.base",
            "AIPart": "roomkit.providers.ai.base",
            "AIProvider": "roomkit.providers.ai.base",
            "AIResponse": "roomkit.providers.ai.base",
            "AIStreamEvent": "roomkit.providers.ai.base",
            "AITextPart": "roomkit.providers.ai.base",
            "AIThinkingPart": "roomkit.providers.ai.base",
            "AITool": "roomkit.providers.ai.base",
            "AIToolCall": "roomkit.providers.ai.base",
            "AIToolResult": "roomkit.providers.ai.base",
            "AIUsage": "roomkit.providers.ai.base",
            "FallbackAIProvider": "roomkit.providers.ai.fallback",
            "MockAIProvider": "roomkit.providers.ai.mock",
            "StopReason": "roomkit.providers.ai.base",
            "StreamDone": "roomkit.providers.ai.base",
            "StreamTextDelta": "roomkit.providers.ai.base",
            "StreamThinkingDelta": "roomkit.providers.ai.base",
            "StreamToolCall": "roomkit.providers.ai.base",
        },
    )

__all__ = [
    "AIContext",
    "AIImagePart",
    "AIMessage",
    "AIPart",
    "AIProvider",
    "AIResponse",
    "AIStreamEvent",
    "AITextPart",
    "AIThinkingPart",
    "AITool",
    "AIToolCall",
    "AIToolResult",
    "AIUsage",
    "FallbackAIProvider",
    "MockAIProvider",
    "StopReason",
    "StreamDone",
    "StreamTextDelta",
    "StreamThinkingDelta",
    "StreamToolCall",
]
