"""What of a room's past a model gets to see."""

from __future__ import annotations

from typing import TYPE_CHECKING

from roomkit._lazy import lazy_exports
from roomkit.memory.base import MemoryProvider, MemoryResult, RequestFrame
from roomkit.memory.sliding_window import SlidingWindowMemory

if TYPE_CHECKING:
    from roomkit.memory.composite import CompositeMemory
    from roomkit.memory.index import (
        Embedder,
        IndexEntry,
        IndexHit,
        IndexScope,
        InMemoryVectorIndex,
        VectorIndex,
    )
    from roomkit.memory.retrieval import RetrievalMemory
    from roomkit.memory.summary import SummaryMemory
    from roomkit.memory.token_budget import TokenBudgetMemory
    from roomkit.memory.tokens import TokenCounter, TokenMeter, estimate_tokens
    from roomkit.memory.wrapper import MemoryWrapper

__all__ = [
    "CompositeMemory",
    "Embedder",
    "InMemoryVectorIndex",
    "IndexEntry",
    "IndexHit",
    "IndexScope",
    "MemoryProvider",
    "MemoryResult",
    "MemoryWrapper",
    "RequestFrame",
    "RetrievalMemory",
    "SlidingWindowMemory",
    "SummaryMemory",
    "TokenBudgetMemory",
    "TokenCounter",
    "TokenMeter",
    "VectorIndex",
    "estimate_tokens",
]

# Type checkers would take `__getattr__` as leave to import any name at all.
if not TYPE_CHECKING:
    __getattr__, __dir__ = lazy_exports(
        __name__,
        {
            "CompositeMemory": "roomkit.memory.composite",
            "Embedder": "roomkit.memory.index",
            "InMemoryVectorIndex": "roomkit.memory.index",
            "IndexEntry": "roomkit.memory.index",
            "IndexHit": "roomkit.memory.index",
            "IndexScope": "roomkit.memory.index",
            "MemoryWrapper": "roomkit.memory.wrapper",
            "RetrievalMemory": "roomkit.memory.retrieval",
            "SummaryMemory": "roomkit.memory.summary",
            "TokenBudgetMemory": "roomkit.memory.token_budget",
            "TokenCounter": "roomkit.memory.tokens",
            "TokenMeter": "roomkit.memory.tokens",
            "VectorIndex": "roomkit.memory.index",
            "estimate_tokens": "roomkit.memory.tokens",
        },
    )
