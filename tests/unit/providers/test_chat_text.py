"""What chat apps show of formatted text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roomkit.models.content import (
    CompositeContent,
    EditContent,
    EventContent,
    MediaContent,
    RichContent,
    TextContent,
)
from roomkit.providers._chat_text import (
    captioned,
    controls_of,
    cut,
    leaves,
    split_tail,
    words_of,
)

TEXT, LONG = TextContent(body="Look"), TextContent(body="x" * 11)
PNG = MediaContent(url="https://x.example/a.png", mime_type="image/png")


@given(text=st.text(st.sampled_from("ab \n")), most=st.integers(1, 20))
def test_nothing_is_lost_at_a_seam_but_white_space(text: str, most: int) -> None:
    head, tail = split_tail(text, most)
    assert len(tail) <= most
    assert "".join((head + tail).split()) == "".join(text.split())
    assert head or tail.split() == text.split()


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("short", ("", "short")),
        ("one two three", ("one", "two three")),
        ("one\ntwo three", ("one", "two three")),
        ("onetwothreefour", ("onetw", "othreefour")),
    ],
)
def test_where_a_text_is_split(text: str, parts: tuple[str, str]) -> None:
    assert split_tail(text, 10) == parts


@given(words=st.text(), most=st.integers(2, 30))
def test_labels_fit(words: str, most: int) -> None:
    assert len(cut(words, most)) <= most


@pytest.mark.parametrize(
    ("parts", "kinds"),
    [
        ([TEXT, PNG], ["media"]),
        ([PNG, TEXT], ["media"]),
        ([LONG, PNG], ["text", "media"]),
        ([TEXT, PNG, PNG], ["text", "media", "media"]),
        ([TEXT, PNG.evolve(caption="mine")], ["text", "media"]),
        ([TEXT, PNG.evolve(mime_type="audio/ogg")], ["text", "media"]),
    ],
)
def test_captions(parts: list[EventContent], kinds: list[str]) -> None:
    assert [part.type for part in captioned(parts, 10)] == kinds


def test_leaves() -> None:
    inner = CompositeContent(parts=[TEXT, PNG])
    edit = EditContent(target_event_id="e", new_content=CompositeContent(parts=[inner, TEXT]))
    assert leaves(edit) == [TEXT, PNG, TEXT]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (RichContent(body="<b>Hi</b>", format="html"), "Hi"),
        (RichContent(body="<b>Hi</b>", format="html", plain_text="Hello"), "Hello"),
        (RichContent(body="**Hi**"), "**Hi**"),
        (TEXT, "Look"),
    ],
)
def test_words(content: EventContent, words: str) -> None:
    assert words_of(content) == words


def test_controls() -> None:
    given_controls = [
        {"text": "Yes", "payload": "y"},
        {"url": "https://example.com"},
        {"title": "Call", "phone_number": "+1555"},
        {"nothing": 1},
        "x",
    ]
    yes, page, call = controls_of(given_controls)
    assert (yes.is_reply, page.is_reply, call.is_reply) == (True, False, False)
    assert [it.line for it in (yes, page, call)] == [
        "- Yes",
        "- https://example.com",
        "- Call: +1555",
    ]
