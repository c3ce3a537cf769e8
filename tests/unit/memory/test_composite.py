"""Several memories as one."""

from __future__ import annotations

import asyncio

import pytest

from roomkit.errors import ProviderError
from roomkit.memory import (
    CompositeMemory,
    MemoryProvider,
    MemoryResult,
    RequestFrame,
    SlidingWindowMemory,
)
from roomkit.models.context import RoomContext
from roomkit.models.event import RoomEvent
from roomkit.providers.ai.base import AIMessage
from tests.unit.memory.rooms import ask, bodies, said, talk


class Note(MemoryProvider):
    def __init__(self, text: str, barrier: asyncio.Barrier | None = None) -> None:
        self.text = text
        self.barrier = barrier
        self.forgotten: list[str] = []
        self.revisions: list[str] = []
        self.closed = False

    async def retrieve(
        self,
        room_id: str,
        current_event: RoomEvent,
        context: RoomContext,
        *,
        channel_id: str | None = None,
    ) -> MemoryResult:
        if self.barrier is not None:
            await self.barrier.wait()
        if self.text == "fail":
            raise ProviderError("down", code="unavailable")
        return MemoryResult(messages=[AIMessage(role="user", content=self.text)])

    async def on_revision(
        self, revision: RoomEvent, context: RoomContext, *, channel_id: str | None = None
    ) -> None:
        self.revisions.append(revision.id)

    async def forget(self, room_id: str) -> None:
        self.forgotten.append(room_id)

    async def close(self) -> None:
        self.closed = True
        if self.text == "fail":
            raise ProviderError("down")


async def test_notes_in_the_order_of_the_memories_and_each_event_once() -> None:
    memory = CompositeMemory(
        [Note("first"), SlidingWindowMemory(3), Note("second"), SlidingWindowMemory(5)]
    )
    result = await ask(memory, talk(9))
    assert [message.text for message in result.messages] == ["first", "second"]
    assert bodies(result) == [f"line {number}" for number in range(4, 9)]


async def test_they_are_asked_at_once() -> None:
    barrier = asyncio.Barrier(2)
    memory = CompositeMemory([Note("first", barrier), Note("second", barrier)])
    async with asyncio.timeout(5):
        assert len((await ask(memory, talk(1))).messages) == 2


async def test_what_one_raises_is_raised_as_it_is() -> None:
    with pytest.raises(ProviderError, match="down"):
        await ask(CompositeMemory([Note("fine"), Note("fail")]), talk(1))


async def test_it_asks_for_as_many_events_as_the_one_that_wants_most() -> None:
    assert CompositeMemory([SlidingWindowMemory(3), SlidingWindowMemory(70)]).max_events == 70


async def test_all_are_told() -> None:
    notes = [Note("a"), Note("b")]
    memory = CompositeMemory(notes)
    await memory.forget("room")
    await memory.on_revision(said(1), RoomContext.constant())
    await memory.close()
    assert all(note.forgotten == ["room"] for note in notes)
    assert all(note.revisions == ["room-1"] for note in notes)
    assert all(note.closed for note in notes)


async def test_one_that_cannot_be_closed_does_not_keep_the_others_open() -> None:
    notes = [Note("fail"), Note("fine")]
    with pytest.raises(ExceptionGroup):
        await CompositeMemory(notes).close()
    assert notes[1].closed


async def test_shrinking_halves_once() -> None:
    memory = CompositeMemory([SlidingWindowMemory(), SlidingWindowMemory(), Note("a")])
    result = MemoryResult(events=talk(16))
    shrunk = await memory.fit(result, RequestFrame(), said(16), shrink=True)
    assert len(shrunk.events) == 8


def test_nothing_to_ask() -> None:
    with pytest.raises(ValueError, match="at least one"):
        CompositeMemory([])
