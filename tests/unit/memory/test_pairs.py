"""A conversation that is cut stays one that a vendor accepts."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roomkit.memory._pairs import fit_messages, newest_messages, units_of
from roomkit.providers.ai.base import AIMessage, AIToolCall, AIToolResult


def user(text: str = "?") -> AIMessage:
    return AIMessage(role="user", content=text)


def assistant(text: str = "!") -> AIMessage:
    return AIMessage(role="assistant", content=text)


def calls(*ids: str) -> AIMessage:
    return AIMessage(role="assistant", content=[AIToolCall(id=one, name="look") for one in ids])


def results(*ids: str) -> AIMessage:
    return AIMessage(
        role="tool",
        content=[AIToolResult(tool_call_id=one, name="look", content="seen") for one in ids],
    )


def size(message: AIMessage) -> int:
    """One token for each letter or part."""
    return len(message.content)


def total(messages: Sequence[AIMessage]) -> int:
    return sum(map(size, messages))


def ids_of(messages: Sequence[AIMessage], kind: type[AIToolCall] | type[AIToolResult]) -> set[str]:
    found = set()
    for message in messages:
        for part in message.content if not isinstance(message.content, str) else ():
            if isinstance(part, kind):
                found.add(part.id if isinstance(part, AIToolCall) else part.tool_call_id)
    return found


@st.composite
def conversations(draw: st.DrawFn) -> list[AIMessage]:
    """Questions, answers, notes, and rounds of tool calls with their results."""
    messages: list[AIMessage] = []
    kinds = st.sampled_from(["user", "assistant", "system", "calls"])
    for number, kind in enumerate(draw(st.lists(kinds, max_size=12))):
        if kind == "calls":
            ids = [f"{number}-{call}" for call in range(draw(st.integers(1, 3)))]
            messages.append(calls(*ids))
            together = draw(st.booleans())
            messages += [results(*ids)] if together else [results(one) for one in ids]
        else:
            text = draw(st.text("x", max_size=5))
            messages.append(AIMessage.model_validate({"role": kind, "content": text}))
    return messages


@given(conversations(), st.integers(-5, 60))
def test_calls_and_results_stay_together(messages: list[AIMessage], budget: int) -> None:
    for kept in (
        fit_messages(messages, budget, size),
        newest_messages(messages, budget, size),
    ):
        assert ids_of(kept, AIToolCall) == ids_of(kept, AIToolResult)


@given(conversations(), st.integers(-5, 60))
def test_what_is_kept_is_in_its_order(messages: list[AIMessage], budget: int) -> None:
    places = {id(message): place for place, message in enumerate(messages)}
    kept = [places[id(message)] for message in fit_messages(messages, budget, size)]
    assert kept == sorted(kept)


@given(conversations(), st.integers(-5, 60))
def test_it_fits_or_only_the_indispensable_is_left(messages: list[AIMessage], budget: int) -> None:
    kept = fit_messages(messages, budget, size)
    if total(kept) > budget:
        questions = [message for message in kept if message.role == "user"]
        assert len(units_of(kept)) <= 2
        assert len(units_of(kept)) < 2 or questions
    assert bool(kept) == bool(messages)


@given(conversations(), st.integers(-5, 60))
def test_the_newest_are_an_end_of_the_conversation(messages: list[AIMessage], budget: int) -> None:
    kept = newest_messages(messages, budget, size)
    assert kept == messages[len(messages) - len(kept) :]
    assert total(kept) <= max(budget, 0)


def test_what_fits_stays_as_it_is() -> None:
    messages = [user(), assistant(), user()]
    assert fit_messages(messages, 3, size) == messages


def test_the_oldest_leave_first() -> None:
    messages = [user("aa"), assistant("bb"), user("cc")]
    assert fit_messages(messages, 4, size) == messages[1:]


def test_the_question_outlives_the_rounds_of_tools_that_follow_it() -> None:
    messages = [user("old"), user("now"), calls("1"), results("1"), calls("2"), results("2")]
    assert fit_messages(messages, 5, size) == [user("now"), calls("2"), results("2")]


def test_a_request_is_never_empty() -> None:
    assert fit_messages([user("a"), user("long")], 0, size) == [user("long")]
    assert fit_messages([user("q"), calls("1", "2"), results("1"), results("2")], 0, size) == [
        user("q"),
        calls("1", "2"),
        results("1"),
        results("2"),
    ]
    assert fit_messages([], 0, size) == []


def test_instructions_leave_last() -> None:
    note = AIMessage(role="system", content="note")
    messages = [note, user("a"), assistant("b"), user("c")]
    assert fit_messages(messages, 5, size) == [note, user("c")]
    assert fit_messages(messages, 4, size) == [user("c")]


@pytest.mark.parametrize("first", [user(), assistant(), results("x")])
def test_a_result_without_its_call_belongs_to_nobody(first: AIMessage) -> None:
    assert units_of([first, results("y")]) == [[first], [results("y")]]
