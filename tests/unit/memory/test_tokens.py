"""What a request is thought to take up."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roomkit.memory import RequestFrame, TokenMeter, estimate_tokens
from roomkit.models.content import (
    AudioContent,
    CompositeContent,
    EventContent,
    LocationContent,
    MediaContent,
    TextContent,
    VideoContent,
)
from roomkit.providers.ai.base import (
    AIImagePart,
    AIMessage,
    AIPart,
    AITextPart,
    AIThinkingPart,
    AITool,
    AIToolCall,
    AIToolResult,
)
from tests.unit.memory.rooms import said, seen

LONG = "word " * 300

# What a vocabulary that knows the script well cannot do without: a token for each English word,
# half a one for each letter of another alphabet, one for each digit or character, two for each
# emoji and joiner.
FLOORS = {
    "The quick brown fox jumps over the lazy dog.": 10,
    "Donaudampfschifffahrtsgesellschaft": 9,
    "Привет, как дела?": 9,
    "你好，世界。今天天气怎么样？": 14,
    "สวัสดีครับ": 10,
    "👩‍👩‍👧‍👦": 14,
    "+1 (555) 010-9999": 16,
    '{"name": "Ada", "age": 36}': 14,
    "0123456789": 10,
}


@pytest.mark.parametrize("text", list(FLOORS))
def test_the_estimate_is_on_the_safe_side_and_of_use(text: str) -> None:
    assert FLOORS[text] <= estimate_tokens(text) <= 3 * FLOORS[text]


@given(st.text(), st.text())
def test_more_text_is_never_less(one: str, other: str) -> None:
    assert estimate_tokens(one + other) >= max(estimate_tokens(one), estimate_tokens(other))
    assert estimate_tokens(one + other) <= estimate_tokens(one) + estimate_tokens(other)


@given(st.text(min_size=1))
def test_every_text_takes_up_something(text: str) -> None:
    assert 1 <= estimate_tokens(text) <= len(text.encode())


def test_half_a_surrogate_is_counted() -> None:
    assert estimate_tokens("\ud800") > 0


PARTS: list[AIPart] = [
    AITextPart(text=LONG),
    AIThinkingPart(text=LONG),
    AIThinkingPart(signature=LONG),
    AIToolCall(id="1", name="look", arguments={"at": LONG}),
    AIToolCall(id="1", name="look", malformed=LONG),
    AIToolResult(tool_call_id="1", name="look", content=LONG),
    AIToolResult(tool_call_id="1", name="look", content=[AITextPart(text=LONG)]),
]


@pytest.mark.parametrize("part", PARTS)
def test_every_part_counts(part: AIPart) -> None:
    message = AIMessage(role="assistant", content=[part])
    assert TokenMeter().message(message) > estimate_tokens(LONG)


def test_pictures_count_by_the_piece() -> None:
    picture = AIImagePart(url="data:image/png;base64," + "A" * 100_000)
    shown = AIMessage(role="user", content=[picture, picture])
    result = AIToolResult(tool_call_id="1", name="look", content=[picture])
    meter = TokenMeter(image_tokens=500)
    assert 1000 < meter.message(shown) < 1100
    assert 500 < meter.message(AIMessage(role="tool", content=[result])) < 600


CONTENTS: list[EventContent] = [
    TextContent(body=LONG),
    MediaContent(url="https://a/b", mime_type="application/pdf", caption=LONG),
    MediaContent(url="https://a/b", mime_type="image/png", caption=LONG),
    AudioContent(url="https://a/b", mime_type="audio/ogg", transcript=LONG),
    VideoContent(url=f"https://a/{LONG}", mime_type="video/mp4"),
    LocationContent(latitude=1, longitude=2, label=LONG),
    CompositeContent(parts=[TextContent(body="and"), TextContent(body=LONG)]),
]


@pytest.mark.parametrize("content", CONTENTS)
def test_every_content_counts(content: EventContent) -> None:
    assert TokenMeter().event(said(0, content)) > estimate_tokens(LONG)


def test_a_model_that_does_not_see_reads_a_mark() -> None:
    event = said(0, MediaContent(url="https://a/b", mime_type="image/png", caption="A cat"))
    assert TokenMeter().event(event) > 3000
    assert TokenMeter(image_tokens=0).event(event) < 30


def test_names_count_once_several_people_speak() -> None:
    meter = TokenMeter()
    room = seen([], names={"ada": "Ada Lovelace", "bob": "Bob"})
    alone = meter.events([said(0), said(1, by="ai"), said(2)], room)
    together = meter.events([said(0), said(1, by="bob"), said(2)], room)
    assert alone == [meter.event(said(0))] * 3
    assert together[0] == meter.event(said(0), "Ada Lovelace") > together[1] > alone[1]


def test_the_frame_is_all_but_the_messages() -> None:
    meter = TokenMeter()
    bare = meter.frame(RequestFrame(max_tokens=0))
    prompted = meter.frame(RequestFrame(max_tokens=0, system_prompt=LONG))
    tool = AITool(name="look", description=LONG, parameters={"properties": {"x": LONG}})
    assert bare == 0
    assert meter.frame(RequestFrame(max_tokens=77)) == 77
    assert meter.frame(RequestFrame()) == 1024
    assert prompted > estimate_tokens(LONG)
    assert meter.frame(RequestFrame(max_tokens=0, tools=[tool])) > 2 * estimate_tokens(LONG)


def test_a_tokenizer_of_ones_own() -> None:
    meter = TokenMeter(count=lambda text: len(text.split()))
    short = meter.message(AIMessage(role="user", content=""))
    assert meter.message(AIMessage(role="user", content="one two three")) == short + 3
