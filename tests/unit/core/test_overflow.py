"""Text that is too long is cut at a word or sent in parts; nothing goes missing unsaid."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roomkit.channels.base import text_of
from roomkit.core.overflow import Fitted, fit, split_text, truncate_text
from roomkit.models.channel import ChannelCapabilities
from roomkit.models.content import (
    CompositeContent,
    EditContent,
    EventContent,
    LocationContent,
    MediaContent,
    RichContent,
    SystemContent,
    TextContent,
)
from tests.unit.core.contents import CONTENTS, MESSAGES

FAMILY = "👩‍👩‍👧‍👦"
BUTTONS = [{"text": "Yes", "payload": "y"}]


def cut(content: EventContent, limit: int) -> Fitted:
    return fit(content, ChannelCapabilities(max_length=limit))


def split(content: EventContent, limit: int) -> list[EventContent]:
    fitted = fit(content, ChannelCapabilities(max_length=limit, overflow="split"))
    assert not fitted.truncated
    return list(fitted.contents)


@pytest.mark.parametrize("limit", [None, 5, 500])
def test_what_fits_stays_the_same_object(limit: int | None) -> None:
    content = TextContent(body="Hello")
    fitted = fit(content, ChannelCapabilities(max_length=limit))
    assert fitted.contents[0] is content
    assert fitted == Fitted((content,), truncated=False)


def test_text_is_cut_at_a_word_and_says_so() -> None:
    fitted = cut(TextContent(body="The quick brown fox jumps", language="en"), 18)
    assert fitted.contents == (TextContent(body="The quick brown…", language="en"),)
    assert fitted.truncated


@pytest.mark.parametrize(
    ("text", "limit", "expected"),
    [
        ("The quick brown fox", 16, "The quick brown…"),
        ("The quick brown fox", 15, "The quick…"),
        ("A " + "x" * 20, 10, "A xxxxxxx…"),
        ("x" * 20, 10, "xxxxxxxxx…"),
        ("ab", 1, "…"),
        ("ab", 2, "ab"),
        (f"Hi {FAMILY}{FAMILY}", 12, f"Hi {FAMILY}…"),
        ("🇫🇷🇩🇪🇮🇹", 4, "🇫🇷…"),
        ("cafe\u0301s", 5, "caf…"),
    ],
)
def test_cutting(text: str, limit: int, expected: str) -> None:
    assert truncate_text(text, limit) == expected


@pytest.mark.parametrize(
    ("text", "limit", "parts"),
    [
        ("One two three four", 9, ["One two", "three", "four"]),
        ("It works. It does. Yes!", 19, ["It works. It does.", "Yes!"]),
        ("First line\nsecond line", 16, ["First line", "second line"]),
        ("Para one.\n\nPara two.", 15, ["Para one.", "Para two."]),
        ("if x:\n    return", 12, ["if x:", "    return"]),
        ("x" * 25, 10, ["x" * 10, "x" * 10, "x" * 5]),
        ("好的谢谢。我明白了。再见", 7, ["好的谢谢。", "我明白了。再见"]),
        (f"{FAMILY}{FAMILY}{FAMILY}", 10, [FAMILY, FAMILY, FAMILY]),
        ("👍🏽👍🏽👍🏽", 3, ["👍🏽", "👍🏽", "👍🏽"]),
        ("🇫🇷🇩🇪🇮🇹", 3, ["🇫🇷", "🇩🇪", "🇮🇹"]),
        ("\u1100\u1161\u11a8" * 2, 4, ["\u1100\u1161\u11a8"] * 2),
        ("a" + "\u0301" * 9, 4, ["a" + "\u0301" * 3, "\u0301" * 4, "\u0301" * 2]),
        ("word" + " " * 50 + "word", 10, ["word", "word"]),
        (" " * 50, 10, []),
    ],
)
def test_splitting(text: str, limit: int, parts: list[str]) -> None:
    assert split_text(text, limit) == parts


def test_five_thousand_characters_all_arrive() -> None:
    body = " ".join(f"word{number}" for number in range(640))
    parts = split(TextContent(body=body), 1600)
    assert len(parts) == 4
    assert " ".join(text_of(part) for part in parts) == body


def test_a_notice_of_the_system_stays_one() -> None:
    parts = split(SystemContent(body="Ada and Bob joined", code="joined"), 10)
    assert [type(part) for part in parts] == [SystemContent, SystemContent]


def test_blank_text_still_is_one_message() -> None:
    assert [text_of(part) for part in split(TextContent(body=" " * 9), 3)] == ["…"]


def test_formatted_text_that_is_too_long_continues_as_plain_text() -> None:
    rich = RichContent(body="**Bold** and more words", plain_text="Bold and more words")
    assert cut(rich, 12) == Fitted((TextContent(body="Bold and…"),), truncated=True)
    assert split(rich, 12) == [TextContent(body="Bold and"), TextContent(body="more words")]


def test_formatting_is_dropped_where_that_is_enough() -> None:
    rich = RichContent(body="**Bold** words", plain_text="Bold words")
    assert cut(rich, 12) == Fitted((TextContent(body="Bold words"),), truncated=False)


def test_controls_stay_usable_on_the_last_part() -> None:
    rich = RichContent(body="Do you agree with the terms?", buttons=BUTTONS)
    first, last = split(rich, 20)
    assert first == TextContent(body="Do you agree with")
    assert isinstance(last, RichContent)
    assert (last.body, last.buttons) == ("the terms?", BUTTONS)
    (only,) = cut(rich, 20).contents
    assert isinstance(only, RichContent)
    assert (only.body, only.buttons) == ("Do you agree with…", BUTTONS)


def test_a_caption_is_cut_or_continued() -> None:
    photo = MediaContent(url="u", mime_type="image/png", caption="A sunset over the sea")
    assert cut(photo, 12) == Fitted((photo.evolve(caption="A sunset…"),), truncated=True)
    assert split(photo, 12) == [
        photo.evolve(caption="A sunset"),
        TextContent(body="over the sea"),
    ]


def test_the_texts_of_a_composite_share_the_limit() -> None:
    look = TextContent(body="Look at this")
    place = LocationContent(latitude=1, longitude=2)
    photo = MediaContent(url="u", mime_type="image/png", caption="Sunset")
    bare_photo = photo.evolve(caption=None)
    composite = CompositeContent(parts=[look, place, TextContent(body="and that too"), photo])
    shorter = CompositeContent(parts=[look, place, TextContent(body="and that…"), bare_photo])
    assert cut(composite, 22) == Fitted((shorter,), truncated=True)


def test_a_composite_is_taken_apart_rather_than_cut() -> None:
    photo = MediaContent(url="u", mime_type="image/png")
    composite = CompositeContent(
        parts=[CompositeContent(parts=[TextContent(body="One two three")]), photo]
    )
    assert split(composite, 8) == [TextContent(body="One two"), TextContent(body="three"), photo]


def test_a_composite_that_fits_stays_whole() -> None:
    photo = MediaContent(url="u", mime_type="image/png", caption="Sunset")
    composite = CompositeContent(parts=[TextContent(body="Look"), photo])
    assert cut(composite, 11).contents[0] is composite
    assert len(split(composite, 10)) == 2


@pytest.mark.parametrize("overflow", ["truncate", "split"])
def test_an_edit_stays_one_edit(overflow: str) -> None:
    edit = EditContent(target_event_id="e", new_content=TextContent(body="Much too long"))
    fitted = fit(edit, ChannelCapabilities(max_length=9).evolve(overflow=overflow))
    assert fitted.truncated
    assert fitted.contents == (edit.evolve(new_content=TextContent(body="Much too…")),)


def visible(text: str) -> str:
    return re.sub(r"\s", "", text)


@given(st.text(max_size=300), st.integers(1, 40))
def test_splitting_loses_nothing_that_can_be_seen(text: str, limit: int) -> None:
    parts = split_text(text, limit)
    assert all(0 < len(part) <= limit for part in parts)
    assert visible("".join(parts)) == visible(text)


@given(MESSAGES, st.integers(1, 40))
def test_the_parts_of_a_message_say_all_that_it_said(content: EventContent, limit: int) -> None:
    said = "".join(text_of(part) for part in split(content, limit))
    # Blank text that is too long is one "…".
    assert visible(said).replace("…", "") == visible(text_of(content)).replace("…", "")


@given(st.text(alphabet="ab \n", max_size=200), st.integers(2, 30))
def test_words_that_fit_are_never_broken(text: str, limit: int) -> None:
    words = text.split()
    if all(len(word) <= limit for word in words):
        assert " ".join(split_text(text, limit)).split() == words


@given(st.text(max_size=300), st.integers(1, 40))
def test_cutting_keeps_a_beginning(text: str, limit: int) -> None:
    result = truncate_text(text, limit)
    assert len(result) <= limit
    assert result == text or text.startswith(result.removesuffix("…"))


def lengths(content: EventContent) -> list[int]:
    if isinstance(content, RichContent):
        return [len(content.body), len(content.plain_text or "")]
    if isinstance(content, EditContent):
        return lengths(content.new_content)
    if isinstance(content, CompositeContent):
        inner = [max(lengths(part)) for part in content.parts]
        return [sum(inner) + max(0, sum(map(bool, inner)) - 1)]
    if isinstance(content, MediaContent):
        return [len(content.caption or "")]
    if isinstance(content, TextContent | SystemContent):
        return [len(content.body)]
    return [0]


@given(CONTENTS, st.integers(1, 40), st.sampled_from(["truncate", "split"]))
def test_everything_fits_afterwards(content: EventContent, limit: int, overflow: str) -> None:
    capabilities = ChannelCapabilities(max_length=limit).evolve(overflow=overflow)
    fitted = fit(content, capabilities)
    for part in fitted.contents:
        assert max(lengths(part)) <= limit
    if overflow == "truncate":
        assert len(fitted.contents) == 1


@pytest.mark.parametrize(
    "text", ["🇫🇷" * 50_000, " " * 100_000, "\u0301" * 100_000, "x" * 100_000, ".\n" * 50_000]
)
def test_awkward_text_takes_no_awkward_time(text: str) -> None:
    started = time.perf_counter()
    split_text(text, 1600)
    truncate_text(text, 1600)
    assert time.perf_counter() - started < 2
