"""What a model is sent: every message in the words of its vendor, nothing lost on the way."""

from __future__ import annotations

import re
import unittest
from itertools import pairwise
from typing import Any

from roomkit.errors import ProviderError
from roomkit.providers.ai.base import (
    AIContext,
    AIImagePart,
    AIMessage,
    AIPart,
    AIProvider,
    AITextPart,
    AIThinkingPart,
    AITool,
    AIToolCall,
    AIToolResult,
)
from roomkit.testing._ai._base import (
    Asked,
    ModelVendor,
    Script,
    question,
    text_of_result,
    tool,
)

_LINK = "https://example.com/menu.png?v=2"
# A picture that every vendor takes, in Base64 that is the same in both of its alphabets.
_PIXEL = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR42mNgBAAAAw"
    "AC5n2nZwAAAABJRU5ErkJggg=="
)
_MARK = "[Image"


def _user(text: str) -> AIMessage:
    return AIMessage(role="user", content=text)


def _assistant(text: str) -> AIMessage:
    return AIMessage(role="assistant", content=text)


def _call(number: int, name: str = "book_table") -> AIToolCall:
    return AIToolCall(id=f"toolu_01-{number}", name=name, arguments={"n": number})


def _result(number: int, name: str = "book_table", text: str = "") -> AIToolResult:
    return AIToolResult(
        tool_call_id=f"toolu_01-{number}", name=name, content=text or f"booked {number}"
    )


MESSAGES: dict[str, list[AIMessage]] = {
    "a question": [_user("one")],
    "a conversation": [_user("one"), _assistant("two"), _user("three")],
    "the assistant begins": [_assistant("one"), _user("two")],
    "the assistant is last": [_user("one"), _assistant("two")],
    "one role twice": [_user("one"), _user("two"), _assistant("three"), _assistant("four")],
    "only the assistant": [_assistant("one")],
    "empty messages": [_user("one"), _assistant(""), _user(" \n"), _user("two"), _user("")],
    "an answer between empty ones": [_user(""), _assistant("one"), _user(""), _user("two")],
    "empty parts": [
        AIMessage(role="user", content=[AITextPart(text=""), AITextPart(text="one")]),
        AIMessage(role="assistant", content=[AITextPart(text="")]),
        _user("two"),
    ],
    "the system in between": [
        _user("one"),
        AIMessage(role="system", content="two"),
        _assistant("three"),
        _user("four"),
        AIMessage(role="system", content="five"),
    ],
    "only the system": [AIMessage(role="system", content="one")],
    "calls and their results": [
        _user("one"),
        AIMessage(role="assistant", content=[AITextPart(text="two"), _call(1), _call(2)]),
        AIMessage(role="tool", content=[_result(1, text="three"), _result(2, text="four")]),
    ],
    "a message for each result": [
        _user("one"),
        AIMessage(role="assistant", content=[_call(1), _call(2)]),
        AIMessage(role="tool", content=[_result(1, text="two")]),
        AIMessage(role="tool", content=[_result(2, text="three")]),
        _assistant("four"),
        _user("five"),
    ],
    "a question on top of a result": [
        _user("one"),
        AIMessage(role="assistant", content=[_call(1)]),
        AIMessage(role="tool", content=[_result(1, text="two")]),
        _user("three"),
    ],
    "a tool that says nothing": [
        _user("one"),
        AIMessage(role="assistant", content=[_call(1)]),
        AIMessage(
            role="tool",
            content=[AIToolResult(tool_call_id="toolu_01-1", name="book_table", content="")],
        ),
    ],
    "somebody else's reasoning": [
        _user("one"),
        AIMessage(
            role="assistant",
            content=[AIThinkingPart(text="hm", provider_data={"kept": True}), _call(1)],
        ),
        AIMessage(role="tool", content=[_result(1, text="two")]),
    ],
}
"""Conversations of all kinds. The words of each are numbers, to be found again in order."""

_NUMBERS = re.compile(r"\b(?:one|two|three|four|five)\b")


class MessageRules:
    """Inherited by `AIProviderContract`."""

    async def test_every_conversation_is_taken(
        self, vendor: ModelVendor, conversation: str, streamed: bool
    ) -> None:
        vendor.reply(Script(text=["Fine"]), streamed=streamed)
        context = AIContext(
            messages=MESSAGES[conversation], system_prompt="Be brief.", tools=[tool()]
        )
        response = await vendor.ask(context, streamed=streamed)
        if vendor.server is None:
            return
        assert response.content == "Fine"
        asked = vendor.last_asked()
        assert "Be brief." in asked.words
        said = [m.text for m in MESSAGES[conversation]]
        said += [text_of_result(r) for r in _results(MESSAGES[conversation])]
        assert sorted(_NUMBERS.findall(asked.words)) == sorted(_NUMBERS.findall(" ".join(said)))
        _assert_in_order(vendor, asked, conversation)
        _assert_fits(vendor, asked)

    async def test_no_message_at_all(self, vendor: ModelVendor) -> None:
        """The vendor may refuse it; nothing else may happen."""
        vendor.reply(Script(text=["Fine"]))
        try:
            await vendor.ask(AIContext(messages=[], system_prompt="Be brief."))
        except ProviderError as error:
            assert not error.retryable

    async def test_results_belong_to_their_calls(self, vendor: ModelVendor) -> None:
        failed = AIToolResult(
            tool_call_id="toolu_01-2", name="find", content="no such place", is_error=True
        )
        turns = [
            _user("one"),
            AIMessage(role="assistant", content=[_call(1), _call(2, "find"), _call(3)]),
            AIMessage(role="tool", content=[_result(1), failed, _result(3)]),
        ]
        vendor.need_server()
        vendor.reply(Script(text=["Fine"]))
        await vendor.ask(AIContext(messages=turns, tools=[tool(), tool("find")]))
        asked = vendor.last_asked()
        calls, results = asked.parts(AIToolCall), asked.parts(AIToolResult)
        assert [call.name for call in calls] == ["book_table", "find", "book_table"]
        assert [call.arguments for call in calls] == [{"n": 1}, {"n": 2}, {"n": 3}]
        assert len({call.id for call in calls}) == 3
        assert [result.tool_call_id for result in results] == [call.id for call in calls]
        texts = [text_of_result(result) for result in results]
        assert "booked 1" in texts[0]
        assert "no such place" in texts[1]
        assert "booked 3" in texts[2]
        # Where the protocol has no mark for failures, words say it.
        marks = [
            result.is_error or "error" in text.lower()
            for result, text in zip(results, texts, strict=True)
        ]
        assert marks == [False, True, False]

    async def test_odd_names_in_the_past(self, vendor: ModelVendor) -> None:
        """Also those of tools that are no longer there."""
        turns = [
            _user("one"),
            AIMessage(role="assistant", content=[_call(1, "files/read.all"), _call(2, "weg ☂")]),
            AIMessage(role="tool", content=[_result(1, "files/read.all"), _result(2, "weg ☂")]),
        ]
        vendor.need_server()
        vendor.reply(Script(text=["Fine"]))
        await vendor.ask(AIContext(messages=turns, tools=[tool("files/read.all")]))
        asked = vendor.last_asked()
        assert asked.tools is not None
        assert asked.parts(AIToolCall)[0].name == asked.tools[0].name
        _assert_fits(vendor, asked)


class ImageRules:
    """Inherited by `AIProviderContract`."""

    async def test_pictures(self, vendor: ModelVendor) -> None:
        if not vendor.provider.supports_vision:
            raise unittest.SkipTest("the model sees no pictures")
        asked = await _ask_with_pictures(vendor)
        links = vendor.need_wire().image_links
        shown = [image.url for image in asked.parts(AIImagePart)]
        assert shown == ([_LINK, _PIXEL] if links else [_PIXEL])
        assert (_MARK in asked.words) is not links

    async def test_pictures_for_the_blind(self, vendor: ModelVendor) -> None:
        asked = await _ask_with_pictures(_blind(vendor))
        assert asked.parts(AIImagePart) == []
        assert asked.words.count(_MARK) == 2
        assert "iVBORw0K" not in asked.words

    async def test_a_picture_from_a_tool(self, vendor: ModelVendor) -> None:
        if not vendor.provider.supports_vision:
            raise unittest.SkipTest("the model sees no pictures")
        asked = await _ask_with_a_tools_picture(vendor)
        assert [image.url for image in _all_images(asked)] == [_PIXEL]
        assert [text_of_result(result)[:12] for result in asked.parts(AIToolResult)] == [
            "Here it is. ",
            "booked 2",
        ]

    async def test_a_tools_picture_for_the_blind(self, vendor: ModelVendor) -> None:
        asked = await _ask_with_a_tools_picture(_blind(vendor))
        assert _all_images(asked) == []
        first, second = asked.parts(AIToolResult)
        assert _MARK in text_of_result(first)
        assert "iVBORw0K" not in asked.words
        assert text_of_result(second) == "booked 2"


class SettingRules:
    """Inherited by `AIProviderContract`."""

    async def test_the_model_has_a_name(self, vendor: ModelVendor) -> None:
        assert vendor.provider.model_name

    async def test_length_and_temperature(self, vendor: ModelVendor, streamed: bool) -> None:
        """What the request leaves open comes from the configuration."""
        vendor.need_server()
        warm = vendor.another(temperature=0.25)
        cases: list[tuple[AIProvider, dict[str, Any], int, float | None]] = [
            (vendor.provider, {}, vendor.settings.max_tokens, None),
            (vendor.provider, {"max_tokens": 77, "temperature": 0.5}, 77, 0.5),
            (warm, {}, vendor.settings.max_tokens, 0.25),
            (warm, {"temperature": 0.0}, vendor.settings.max_tokens, 0.0),
        ]
        for provider, given, max_tokens, temperature in cases:
            vendor.reply(Script(text=["Fine"]), streamed=streamed)
            await vendor.ask(question(**given), streamed=streamed, provider=provider)
            asked = vendor.last_asked()
            assert (asked.max_tokens, asked.temperature) == (max_tokens, temperature)

    async def test_tools(self, vendor: ModelVendor, streamed: bool) -> None:
        vendor.need_server()
        schema = {
            "type": "object",
            "properties": {
                "people": {"type": ["integer", "null"], "description": "How many."},
                "tags": {"type": "array", "items": {"type": "string", "enum": ["a", "b"]}},
            },
            "required": ["people"],
        }
        for tools in ([], [tool(parameters=schema), tool("plain"), AITool(name="bare")]):
            vendor.reply(Script(text=["Fine"]), streamed=streamed)
            await vendor.ask(question(tools=tools), streamed=streamed)
            asked = vendor.last_asked()
            if not tools:
                assert asked.tools is None
                continue
            assert asked.tools is not None
            assert [one.name for one in asked.tools] == ["book_table", "plain", "bare"]
            assert asked.tools[0].description == "Does book_table."
            assert set(asked.tools[0].parameters["properties"]) == {"people", "tags"}

    async def test_nobody_said_anything_as_the_system(self, vendor: ModelVendor) -> None:
        vendor.need_server()
        for prompt in (None, "", "  "):
            vendor.reply(Script(text=["Fine"]))
            await vendor.ask(question(system_prompt=prompt))
            asked = vendor.last_asked()
            assert asked.system == ""
            assert [message.role for message in asked.messages] == ["user"]


def _results(messages: list[AIMessage]) -> list[AIToolResult]:
    return Asked(messages=messages).parts(AIToolResult)


def _assert_in_order(vendor: ModelVendor, asked: Asked, conversation: str) -> None:
    """Apart from the system's, words are where they were."""
    given = [m for m in MESSAGES[conversation] if m.role != "system"]
    had = _NUMBERS.findall(Asked(messages=given).words)
    kept = [m for m in asked.messages if m.role != "system"]
    words = _NUMBERS.findall(Asked(messages=kept).words)
    assert [word for word in words if word in had] == had


def _assert_fits(vendor: ModelVendor, asked: Asked) -> None:
    """The rules of the vendor, and those of all of them."""
    wire = vendor.need_wire()
    for message in asked.messages:
        empty = isinstance(message.content, str) and not message.content.strip()
        assert not empty, f"an empty message of the {message.role}"
        assert message.content, f"a message of the {message.role} with nothing in it"
        if not isinstance(message.content, str):
            texts = [part.text for part in message.content if isinstance(part, AITextPart)]
            assert all(text.strip() for text in texts), "an empty piece of text"
    names = [call.name for call in asked.parts(AIToolCall)]
    names += [one.name for one in asked.tools or ()]
    assert all(re.fullmatch(wire.tool_name, name) for name in names), names
    roles = [message.role for message in asked.messages if message.role != "system"]
    if not wire.same_role_twice:
        assert all(a != b or a == "tool" for a, b in pairwise(roles)), roles
    if not wire.trailing_assistant:
        assert roles[-1] != "assistant"


def _blind(vendor: ModelVendor) -> ModelVendor:
    vendor.need_server()
    provider = vendor.another(vision=False)
    if provider.supports_vision:
        raise unittest.SkipTest("every model of this vendor sees pictures")
    vendor.provider = provider
    return vendor


async def _ask_with_pictures(vendor: ModelVendor) -> Asked:
    vendor.need_server()
    vendor.reply(Script(text=["Fine"]))
    look: list[AIPart] = [
        AITextPart(text="Look:"),
        AIImagePart(url=_LINK),
        AIImagePart(url=_PIXEL, mime_type="image/png"),
    ]
    await vendor.ask(AIContext(messages=[AIMessage(role="user", content=look)]))
    asked = vendor.last_asked()
    assert "Look:" in asked.words
    return asked


async def _ask_with_a_tools_picture(vendor: ModelVendor) -> Asked:
    vendor.need_server()
    vendor.reply(Script(text=["Fine"]))
    shown = AIToolResult(
        tool_call_id="toolu_01-1",
        name="book_table",
        content=[AITextPart(text="Here it is. "), AIImagePart(url=_PIXEL)],
    )
    turns = [
        _user("one"),
        AIMessage(role="assistant", content=[_call(1), _call(2)]),
        AIMessage(role="tool", content=[shown, _result(2)]),
    ]
    await vendor.ask(AIContext(messages=turns, tools=[tool()]))
    return vendor.last_asked()


def _all_images(asked: Asked) -> list[AIImagePart]:
    """Pictures in messages, and in what tools answered: vendors differ in where they go."""
    inside = [
        part
        for result in asked.parts(AIToolResult)
        if not isinstance(result.content, str)
        for part in result.content
        if isinstance(part, AIImagePart)
    ]
    return [*asked.parts(AIImagePart), *inside]
