"""The newest messages, word by word."""

from __future__ import annotations

import pytest

from roomkit.memory import MemoryProvider, MemoryResult, RequestFrame, SlidingWindowMemory
from roomkit.models.context import RoomContext
from roomkit.models.event import RoomEvent
from roomkit.providers.ai.base import AIMessage
from tests.unit.memory.rooms import ask, bodies, said, seen, talk


@pytest.mark.parametrize("size", [0, 1, 3, 50])
async def test_shows_the_newest(size: int) -> None:
    memory = SlidingWindowMemory(max_events=size)
    events = talk(60)
    result = await memory.retrieve("room", said(60), seen(events))
    assert result.events == events[60 - size :]
    assert result.messages == []


async def test_fifty_unless_told_otherwise() -> None:
    assert len(bodies(await ask(SlidingWindowMemory(), talk(60)))) == 50


async def test_the_question_takes_no_place() -> None:
    events = talk(4)
    result = await SlidingWindowMemory(3).retrieve("room", events[-1], seen(events))
    assert result.events == events[:3]


def test_a_window_cannot_be_negative() -> None:
    with pytest.raises(ValueError, match="max_events"):
        SlidingWindowMemory(-1)


class Notes(MemoryProvider):
    """A memory as an application writes it: one method."""

    async def retrieve(
        self,
        room_id: str,
        current_event: RoomEvent,
        context: RoomContext,
        *,
        channel_id: str | None = None,
    ) -> MemoryResult:
        return MemoryResult(
            messages=[AIMessage(role="system", content="Ada is a regular.")],
            events=context.recent_events[-5:],
        )


async def test_a_memory_of_ones_own_is_left_alone_until_it_is_too_much() -> None:
    memory, question = Notes(), said(9)
    result = await memory.retrieve("room", question, seen(talk(9)))
    assert await memory.fit(result, RequestFrame(max_tokens=1), question) == result

    half = await memory.fit(result, RequestFrame(), question, shrink=True)
    assert bodies(half) == ["line 7", "line 8"]
    assert half.messages == result.messages
    last = await memory.fit(
        MemoryResult(messages=result.messages), RequestFrame(), question, shrink=True
    )
    assert last == MemoryResult()
