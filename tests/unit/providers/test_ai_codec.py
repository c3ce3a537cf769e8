"""What the codecs of all language models share."""

from __future__ import annotations

import base64
import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roomkit.providers._ai_codec import (
    InlineData,
    ToolNames,
    count_usage,
    image_mark,
    merged,
    read_arguments,
    read_call,
    read_data_url,
    words_of,
)
from roomkit.providers.ai.base import (
    AIImagePart,
    AIMessage,
    AIPart,
    AITextPart,
    AIThinkingPart,
    AIToolCall,
)

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("url", "inline"),
    [
        ("data:image/png;base64,iVBORw0=", InlineData("image/png", "iVBORw0=")),
        ("DATA:image/png;BASE64,iVBORw0=", InlineData("image/png", "iVBORw0=")),
        ("data:image/png;name=a.png;base64,iVBORw0%3D", InlineData("image/png", "iVBORw0=")),
        ("data:image/svg+xml,%3Csvg/%3E", InlineData("image/svg+xml", "PHN2Zy8+")),
        ("data:,a%20b", InlineData("text/plain", "YSBi")),
        ("data:image/png;base64", None),
        ("https://example.com/a.png?data:,", None),
        ("", None),
    ],
)
def test_data_urls(url: str, inline: InlineData | None) -> None:
    assert read_data_url(url) == inline


@given(data=st.binary(max_size=40))
def test_data_urls_hold_any_bytes(data: bytes) -> None:
    inline = read_data_url(f"data:image/png;base64,{base64.b64encode(data).decode()}")
    assert inline is not None
    assert base64.b64decode(inline.base64) == data


def test_the_mark_of_a_picture_never_holds_the_picture() -> None:
    assert image_mark(AIImagePart(url="https://e.com/1.png")) == "[Image: https://e.com/1.png]"
    assert image_mark(AIImagePart(url="data:image/png;base64,AAAA")) == "[Image: image/png]"
    assert image_mark(AIImagePart(url="data:image/png;base64")) == "[Image: unreadable]"


def test_words_and_marks() -> None:
    parts: list[AIPart] = [
        AITextPart(text="Look: "),
        AIImagePart(url="https://e.com/1.png"),
        AIThinkingPart(text="hm"),
        AITextPart(text=""),
    ]
    assert words_of(parts) == "Look: [Image: https://e.com/1.png]"
    assert words_of(parts, between="|") == "Look: |[Image: https://e.com/1.png]"
    assert words_of("as it is") == "as it is"


def test_neighbours_of_one_role_become_one_message() -> None:
    image = AIImagePart(url="https://e.com/1.png")
    messages = [
        AIMessage(role="user", content="a"),
        AIMessage(role="user", content=[AITextPart(text=" "), image]),
        AIMessage(role="assistant", content=""),
        AIMessage(role="user", content="b"),
        AIMessage(role="assistant", content="c"),
    ]
    assert merged(messages) == [
        AIMessage(role="user", content=[AITextPart(text="a"), image, AITextPart(text="b")]),
        AIMessage(role="assistant", content=[AITextPart(text="c")]),
    ]


@given(arguments=st.dictionaries(st.text(max_size=4), VALUES, max_size=4))
def test_arguments_once_and_twice_encoded(arguments: dict[str, Any]) -> None:
    once = json.dumps(arguments)
    for written in (arguments, once, json.dumps(once), f" {once}\n"):
        assert read_arguments(written) == (arguments, None)


@given(value=VALUES.filter(lambda value: not isinstance(value, dict)))
def test_arguments_that_are_no_object(value: object) -> None:
    written = json.dumps(value)
    assert read_arguments(written) == ({}, written)


@pytest.mark.parametrize(
    "written", ['{"a": 1', "{'a': 1}", "a=1", '"{"', '"\\"{}\\""', "[" * 99999]
)
def test_arguments_that_are_no_json(written: str) -> None:
    assert read_arguments(written) == ({}, written)


@pytest.mark.parametrize("written", [None, "", "  "])
def test_no_arguments(written: str | None) -> None:
    assert read_arguments(written) == ({}, None)
    assert read_arguments(written, cut_off=True) == ({}, "")


def test_a_call() -> None:
    assert read_call("c1", "book", '{"n": 1}', provider_data={"seal": "x"}) == AIToolCall(
        id="c1", name="book", arguments={"n": 1}, provider_data={"seal": "x"}
    )
    assert read_call("c1", "book", "n=1").malformed == "n=1"


def test_arguments_deeper_than_anybody_means_them() -> None:
    """Models keep no more than 64 levels of free-form data."""
    written = '{"a":' * 70 + "1" + "}" * 70
    for given_as in (written, json.loads(written)):
        call = read_call("c1", "book", given_as)
        assert call.arguments == {}
        assert json.loads(call.malformed or "") == json.loads(written)


def test_usage_tells_what_is_known() -> None:
    assert count_usage(input_tokens=None, output_tokens=0) == {"output_tokens": 0}
    assert count_usage(
        input_tokens=9,
        output_tokens=5,
        cached_input_tokens=4,
        cache_write_tokens=0,
        reasoning_tokens=3,
    ) == {"input_tokens": 9, "output_tokens": 5, "cached_input_tokens": 4, "reasoning_tokens": 3}


@given(names=st.lists(st.text(min_size=0, max_size=90), unique=True, max_size=8))
def test_names_fit_and_can_be_told_apart(names: list[str]) -> None:
    translated = ToolNames(names)
    sent = [translated.sent(name) for name in names]
    assert all(re.fullmatch("[a-zA-Z0-9_-]{1,64}", name) for name in sent)
    assert len(set(sent)) == len(names)
    assert [translated.original(name) for name in sent] == names
    assert [ToolNames([]).sent(name) for name in names] == sent


def test_good_names_stay_as_they_are() -> None:
    names = ToolNames(["get_weather-2"])
    assert names.sent("get_weather-2") == "get_weather-2"
    assert names.original("invented") == "invented"
    assert len(ToolNames([], longest=20).sent("x" * 21)) == 20
