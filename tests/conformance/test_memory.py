"""Every memory that comes with RoomKit keeps the contract."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import pytest

from roomkit.errors import ProviderError
from roomkit.memory import (
    CompositeMemory,
    InMemoryVectorIndex,
    MemoryWrapper,
    RetrievalMemory,
    SlidingWindowMemory,
    SummaryMemory,
    TokenBudgetMemory,
)
from roomkit.orchestration.handoff import HandoffMemoryProvider
from roomkit.providers.ai.mock import MockAIProvider
from roomkit.testing.memory import MemoryProviderContract, Remembering
from tests.unit.memory.models import EchoModel, WordEmbedder


def summary() -> SummaryMemory:
    return SummaryMemory(EchoModel(), keep=4, chunk=6, max_tokens=100_000)


def without_summaries() -> SummaryMemory:
    return SummaryMemory(MockAIProvider([ProviderError("overloaded")]), keep=4, chunk=6)


def retrieval() -> RetrievalMemory:
    return RetrievalMemory(InMemoryVectorIndex(), WordEmbedder(), keep=4)


def composite() -> CompositeMemory:
    return CompositeMemory([summary(), retrieval(), SlidingWindowMemory(10)])


BUDGET = 2000

MEMORIES: dict[str, Callable[[], Remembering]] = {
    "window": lambda: Remembering(memory=SlidingWindowMemory()),
    "small window": lambda: Remembering(memory=SlidingWindowMemory(3)),
    "budget": lambda: Remembering(memory=TokenBudgetMemory(BUDGET), budget=BUDGET),
    "summary": lambda: Remembering(memory=summary()),
    "failing summary": lambda: Remembering(memory=without_summaries()),
    "retrieval": lambda: Remembering(memory=retrieval()),
    "wrapper": lambda: Remembering(memory=MemoryWrapper(summary())),
    "handoff": lambda: Remembering(memory=HandoffMemoryProvider(SlidingWindowMemory())),
    "composite": lambda: Remembering(memory=composite()),
    "budget over all": lambda: Remembering(
        memory=TokenBudgetMemory(BUDGET, composite()), budget=BUDGET
    ),
    "budget among others": lambda: Remembering(
        memory=CompositeMemory([TokenBudgetMemory(BUDGET), retrieval()]), budget=BUDGET
    ),
}


@pytest.mark.parametrize("name", list(MEMORIES))
class TestMemories(MemoryProviderContract):
    @pytest.fixture
    async def remembering(self, name: str) -> AsyncIterator[Remembering]:
        remembering = MEMORIES[name]()
        yield remembering
        await remembering.memory.close()
