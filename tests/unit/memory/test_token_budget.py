"""As much of the past as there is room for."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roomkit.memory import MemoryResult, RequestFrame, SummaryMemory, TokenBudgetMemory, TokenMeter
from roomkit.models.content import MediaContent
from roomkit.models.event import RoomEvent
from roomkit.providers.ai.base import AIMessage, AITool
from tests.unit.memory.models import EchoModel
from tests.unit.memory.rooms import ask, bodies, said, seen, talk

QUESTION = said(1000, "And now?")


def words(text: str) -> int:
    return len(text.split())


async def fitted(
    budget: int,
    events: Sequence[RoomEvent],
    frame: RequestFrame,
    *,
    messages: Sequence[AIMessage] = (),
    shrink: bool = False,
) -> MemoryResult:
    memory = TokenBudgetMemory(budget, count=words)
    result = MemoryResult(events=list(events), messages=list(messages))
    return await memory.fit(result, frame, QUESTION, shrink=shrink)


async def test_the_newest_stay() -> None:
    result = await fitted(100, talk(50), RequestFrame(max_tokens=10))
    kept = bodies(result)
    assert 5 <= len(kept) < 15
    assert kept == [f"line {number}" for number in range(50)][-len(kept) :]


FULL = "word " * 40
FRAMES = {
    "a long prompt": RequestFrame(max_tokens=10, system_prompt=FULL),
    "a large tool": RequestFrame(max_tokens=10, tools=[AITool(name="t", description=FULL)]),
    "a large schema": RequestFrame(
        max_tokens=10, tools=[AITool(name="t", parameters={"description": FULL})]
    ),
    "a long answer": RequestFrame(max_tokens=50),
    "an unfinished turn": RequestFrame(
        max_tokens=10, messages=[AIMessage(role="assistant", content=FULL)]
    ),
}


@pytest.mark.parametrize("name", list(FRAMES))
async def test_what_else_is_in_the_request_takes_room_from_the_past(name: str) -> None:
    roomy = await fitted(100, talk(50), RequestFrame(max_tokens=10))
    tight = await fitted(100, talk(50), FRAMES[name])
    assert len(tight.events) < len(roomy.events)


async def test_so_do_pictures_and_names() -> None:
    picture = MediaContent(url="https://a/b", mime_type="image/png")
    memory = TokenBudgetMemory(400, count=words, image_tokens=200)
    result = MemoryResult(events=[said(0, picture), said(1, picture), said(2, picture)])
    kept = await memory.fit(result, RequestFrame(max_tokens=10), QUESTION)
    assert len(kept.events) == 1

    two = [said(number, "hi", by="ada" if number % 2 else "bob") for number in range(20)]
    long_names = {"ada": "Ada of the many names", "bob": "Bob of even more names"}
    frame = RequestFrame(max_tokens=10)
    named = RequestFrame(max_tokens=10, room=seen([], names=long_names))
    assert len((await fitted(100, two, named)).events) < len(
        (await fitted(100, two, frame)).events
    )


async def test_without_any_room_the_question_stands_alone() -> None:
    result = await fitted(5, talk(50), RequestFrame(max_tokens=10_000))
    assert result == MemoryResult()


async def test_one_message_too_long_hides_what_came_before() -> None:
    """A past with a hole in it would be misread."""
    events = [said(0, "short"), said(1, "long " * 500), said(2, "newest")]
    result = await fitted(200, events, RequestFrame(max_tokens=10))
    assert bodies(result) == ["newest"]


async def test_notes_take_half_at_most_unless_there_is_more_room() -> None:
    note = AIMessage(role="user", content="note " * 50)
    frame = RequestFrame(max_tokens=10)
    crowded = await fitted(100, talk(50), frame, messages=[note])
    assert crowded.messages == []
    assert crowded.events
    roomy = await fitted(100, talk(2), frame, messages=[note])
    assert roomy.messages == [note]
    assert len(roomy.events) == 2


@given(
    st.lists(st.integers(0, 30), max_size=30),
    st.lists(st.integers(0, 30), max_size=5),
    st.integers(1, 400),
    st.integers(0, 100),
)
async def test_the_whole_request_is_within_the_budget(
    lengths: list[int], notes: list[int], budget: int, answer: int
) -> None:
    events = [said(index, "w " * length) for index, length in enumerate(lengths)]
    messages = [AIMessage(role="user", content="w " * length) for length in notes]
    frame = RequestFrame(max_tokens=answer, system_prompt="Be brief.")
    result = await fitted(budget, events, frame, messages=messages)
    meter = TokenMeter(count=words)
    past = sum(map(meter.event, result.events)) + sum(map(meter.message, result.messages))
    whole = meter.frame(frame) + meter.event(QUESTION) + past
    assert whole <= budget or past == 0


async def test_refused_though_it_seemed_to_fit() -> None:
    frame = RequestFrame(max_tokens=10)
    events = talk(40)
    first = await fitted(10_000, events, frame)
    second = await fitted(10_000, first.events, frame, shrink=True)
    assert first.events == events
    assert second.events == events[20:]
    assert await fitted(10_000, events, frame, shrink=True) == second


async def test_around_another_memory() -> None:
    model = EchoModel()
    memory = TokenBudgetMemory(100_000, SummaryMemory(model, keep=2, chunk=3))
    result = await ask(memory, talk(6))
    assert bodies(result) == ["line 4", "line 5"]
    assert await memory.fit(result, RequestFrame(), QUESTION) == result
    await memory.forget("room")
    await ask(memory, talk(6))
    assert len(model.calls) == 2
    await memory.close()
    assert model.closed


def test_a_budget_of_nothing() -> None:
    with pytest.raises(ValueError, match="max_tokens"):
        TokenBudgetMemory(0)
