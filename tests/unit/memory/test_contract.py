"""The contract for memories notices a memory that is wrong."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from roomkit.memory import (
    InMemoryVectorIndex,
    MemoryProvider,
    MemoryResult,
    MemoryWrapper,
    RequestFrame,
    RetrievalMemory,
    SlidingWindowMemory,
    SummaryMemory,
    TokenBudgetMemory,
)
from roomkit.models.context import RoomContext
from roomkit.models.event import RoomEvent
from roomkit.providers.ai.base import AIMessage
from roomkit.testing.memory import MemoryProviderContract, Remembering
from tests.unit.memory.models import EchoModel, WordEmbedder


class Wrong(SlidingWindowMemory):
    """What the wrong ones have in common: a window that is seen through `change`."""

    def __init__(self) -> None:
        super().__init__()
        self.notes: list[str] = []

    async def retrieve(
        self,
        room_id: str,
        current_event: RoomEvent,
        context: RoomContext,
        *,
        channel_id: str | None = None,
    ) -> MemoryResult:
        result = await super().retrieve(room_id, current_event, context, channel_id=channel_id)
        return self.change(result, current_event)

    def change(self, result: MemoryResult, current_event: RoomEvent) -> MemoryResult:
        return result


class Backwards(Wrong):
    def change(self, result: MemoryResult, current_event: RoomEvent) -> MemoryResult:
        return result.evolve(events=list(reversed(result.events)))


class Repeats(Wrong):
    def change(self, result: MemoryResult, current_event: RoomEvent) -> MemoryResult:
        return result.evolve(events=[*result.events, current_event])


class Gossips(Wrong):
    """One notebook for all rooms, which nothing ever leaves."""

    def change(self, result: MemoryResult, current_event: RoomEvent) -> MemoryResult:
        self.notes += [event.model_dump_json() for event in result.events[-1:]]
        note = AIMessage(role="user", content="\n".join(self.notes))
        return result.evolve(messages=[note])


class TakesAllChannelsForOne(MemoryWrapper):
    """Keeps what it knows by room."""

    async def retrieve(
        self,
        room_id: str,
        current_event: RoomEvent,
        context: RoomContext,
        *,
        channel_id: str | None = None,
    ) -> MemoryResult:
        return await self.inner.retrieve(room_id, current_event, context)


class KeepsEveryWord(Wrong):
    """What has scrolled out of the window is still shown, by its id, in its room."""

    def __init__(self) -> None:
        super().__init__()
        self._seen: dict[str, dict[str, RoomEvent]] = {}

    def change(self, result: MemoryResult, current_event: RoomEvent) -> MemoryResult:
        seen = self._seen.setdefault(current_event.room_id, {})
        earlier = [event for event in seen.values() if event.index < current_event.index]
        seen.update({event.id: event for event in [*result.events, current_event]})
        return result.evolve(events=earlier)


def summary() -> SummaryMemory:
    return SummaryMemory(EchoModel(), keep=4, chunk=6, max_tokens=100_000)


def retrieval() -> RetrievalMemory:
    return RetrievalMemory(InMemoryVectorIndex(), WordEmbedder(), keep=4)


class CutsAnywhere(Wrong):
    async def fit(
        self,
        result: MemoryResult,
        frame: RequestFrame,
        current_event: RoomEvent,
        *,
        shrink: bool = False,
    ) -> MemoryResult:
        return result.evolve(messages=result.messages[2:], events=result.events[10:])


class KeepsTheOldest(Wrong):
    async def fit(
        self,
        result: MemoryResult,
        frame: RequestFrame,
        current_event: RoomEvent,
        *,
        shrink: bool = False,
    ) -> MemoryResult:
        return result.evolve(events=result.events[:3])


class NeverShrinks(Wrong):
    async def fit(
        self,
        result: MemoryResult,
        frame: RequestFrame,
        current_event: RoomEvent,
        *,
        shrink: bool = False,
    ) -> MemoryResult:
        return result


class Invents(Wrong):
    def change(self, result: MemoryResult, current_event: RoomEvent) -> MemoryResult:
        return result.evolve(events=[*result.events, current_event.evolve(id="invented")])


Test = Callable[[Any, Remembering], Awaitable[None]]
Contract = MemoryProviderContract

WRONG: list[tuple[Callable[[], MemoryProvider], Test, int | None]] = [
    (Backwards, Contract.test_the_past_is_in_order, None),
    (Repeats, Contract.test_the_question_is_not_part_of_the_past, None),
    (Gossips, Contract.test_rooms_do_not_mix, None),
    (Gossips, Contract.test_channels_do_not_mix, None),
    (KeepsEveryWord, Contract.test_channels_do_not_mix, None),
    (lambda: TakesAllChannelsForOne(summary()), Contract.test_channels_do_not_mix, None),
    (lambda: TakesAllChannelsForOne(retrieval()), Contract.test_channels_do_not_mix, None),
    (Gossips, Contract.test_a_withdrawn_message_is_forgotten, None),
    (Gossips, Contract.test_a_forgotten_room_is_forgotten, None),
    (CutsAnywhere, Contract.test_calls_and_results_stay_together, None),
    (KeepsTheOldest, Contract.test_what_is_cut_stays_in_order, None),
    (NeverShrinks, Contract.test_shrinking_leaves_less, None),
    (Invents, Contract.test_nothing_was_said_before, None),
    (lambda: TokenBudgetMemory(4000), Contract.test_the_whole_request_fits, 2000),
]


@pytest.mark.parametrize(("memory", "test", "budget"), WRONG)
async def test_a_wrong_memory_is_noticed(
    memory: Callable[[], MemoryProvider], test: Test, budget: int | None
) -> None:
    with pytest.raises(AssertionError):
        await test(MemoryProviderContract(), Remembering(memory=memory(), budget=budget))
