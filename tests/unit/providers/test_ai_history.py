"""Any conversation, put in the order that strict vendors insist on."""

from __future__ import annotations

from hypothesis import given

from roomkit.models.channel import ChannelCapabilities
from roomkit.providers._ai_history import GO_ON, NO_RESULT, in_order, parts_in, system_text
from roomkit.providers.ai.base import (
    AIContext,
    AIImagePart,
    AIMessage,
    AIPart,
    AITextPart,
    AIThinkingPart,
    AIToolCall,
    AIToolResult,
)
from tests.unit.providers.conversations import histories

IN_ROLE = {
    "user": (AITextPart, AIImagePart),
    "assistant": (AITextPart, AIThinkingPart, AIToolCall),
    "tool": (AIToolResult,),
}


def user(*said: str | AIPart) -> AIMessage:
    return AIMessage(role="user", content=[_part(one) for one in said])


def assistant(*said: str | AIPart) -> AIMessage:
    return AIMessage(role="assistant", content=[_part(one) for one in said])


def tools(*results: AIToolResult) -> AIMessage:
    return AIMessage(role="tool", content=[*results])


def call(call_id: str, name: str = "find") -> AIToolCall:
    return AIToolCall(id=call_id, name=name)


def result(call_id: str, text: str, name: str = "find") -> AIToolResult:
    return AIToolResult(tool_call_id=call_id, name=name, content=text)


def _part(said: str | AIPart) -> AIPart:
    return AITextPart(text=said) if isinstance(said, str) else said


def test_what_is_in_order_stays_as_it_is() -> None:
    conversation = [
        user("one"),
        user("two"),
        assistant("three", call("a"), call("b")),
        tools(result("a", "four"), result("b", "five")),
        assistant("six"),
        user("seven"),
    ]
    assert in_order(conversation) == conversation


def test_messages_that_say_nothing_are_left_out() -> None:
    said = [user(""), AIMessage(role="user", content=" "), assistant(), user("", "one")]
    assert in_order(said) == [user("one")]


def test_somebody_has_to_ask() -> None:
    assert in_order([]) == [user(GO_ON)]
    assert in_order([assistant("one")]) == [user(GO_ON), assistant("one"), user(GO_ON)]


def test_a_call_without_a_result_gets_one_that_says_so() -> None:
    (_, asked, answered, _) = in_order([user("one"), assistant(call("a", "book")), user("two")])
    assert asked == assistant(call("a", "book"))
    (missing,) = parts_in(answered)
    assert missing == AIToolResult(tool_call_id="a", name="book", content=NO_RESULT, is_error=True)


def test_results_are_brought_to_their_calls() -> None:
    conversation = [
        user("one"),
        assistant(call("a"), call("b")),
        tools(result("b", "three")),
        user("four"),
        tools(result("a", "two")),
    ]
    assert in_order(conversation) == [
        user("one"),
        assistant(call("a"), call("b")),
        tools(result("a", "two"), result("b", "three")),
        user("four"),
    ]


def test_a_result_whose_call_is_gone_is_still_told() -> None:
    assert in_order([tools(result("a", "4 degrees", "weather")), user("one")]) == [
        user("[Result of weather: 4 degrees]"),
        user("one"),
    ]


def test_ids_that_repeat_become_distinct() -> None:
    turn = [assistant(call("a"), call("a")), tools(result("a", "one"), result("a", "two"))]
    again = [assistant(call("a")), tools(result("a", "three"))]
    assert in_order([user("go"), *turn, *again]) == [
        user("go"),
        assistant(call("a"), call("a-2")),
        tools(result("a", "one"), result("a-2", "two")),
        assistant(call("a-3")),
        tools(result("a-3", "three")),
    ]


def test_an_assistants_picture_becomes_a_mark() -> None:
    picture = AIImagePart(url="https://example.com/a.png")
    (_, said, _) = in_order([user("one"), assistant("two", picture), user("three")])
    assert said == assistant("two", "[Image: https://example.com/a.png]")


def test_what_the_system_says_is_put_together() -> None:
    said = [AIMessage(role="system", content="two"), user("hi"), user("")]
    assert system_text(AIContext(system_prompt="one", messages=said)) == "one\n\ntwo"
    assert system_text(AIContext(system_prompt=" ", messages=[user("hi")])) == ""


@given(histories)
def test_any_history_comes_out_in_order(history: list[AIMessage]) -> None:
    turns = in_order(history)
    assert turns[0].role == "user"
    assert turns[-1].role != "assistant"
    ids: list[str] = []
    for number, turn in enumerate(turns):
        assert parts_in(turn)
        assert all(isinstance(part, IN_ROLE[turn.role]) for part in parts_in(turn)), turn.role
        called = [part for part in parts_in(turn) if isinstance(part, AIToolCall)]
        ids += [part.id for part in called]
        if called:
            after = turns[number + 1]
            answered = [part for part in parts_in(after) if isinstance(part, AIToolResult)]
            assert [part.tool_call_id for part in answered] == [part.id for part in called]
            assert [part.name for part in answered] == [part.name for part in called]
        if turn.role == "tool":
            before = parts_in(turns[number - 1])
            assert any(isinstance(part, AIToolCall) for part in before)
    assert len(set(ids)) == len(ids)
    assert in_order(turns) == turns


def test_the_model_is_told_what_the_channel_takes() -> None:
    sms = ChannelCapabilities(max_length=1600)
    context = AIContext(messages=[], system_prompt="Be brief.", target_capabilities=sms)
    assert system_text(context) == (
        "Be brief.\n\nYour answer is delivered through a channel that takes 1600 characters of "
        "plain text, without any markup."
    )


def test_a_channel_without_narrow_limits_needs_no_word() -> None:
    page = ChannelCapabilities(max_length=28_000)
    context = AIContext(messages=[], system_prompt="Be brief.", target_capabilities=page)
    assert system_text(context) == "Be brief."
