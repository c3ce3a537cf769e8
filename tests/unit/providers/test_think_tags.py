"""Reasoning between tags is told from text, wherever the chunks of an answer are split."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roomkit.providers._think_tags import ThinkTags

# What matters, in all the orders in which a model may write it.
PIECES = st.lists(
    st.sampled_from(
        ["<think>", "</think>", "<", "</", "think", ">", " ", "\n", "a", "b c", "<th"]
    ),
    max_size=12,
).map("".join)


def told_apart(chunks: Iterable[str]) -> tuple[str, str]:
    """Reasoning and text of an answer."""
    tags = ThinkTags()
    pieces = [piece for chunk in chunks for piece in tags.feed(chunk)] + tags.finish()
    assert all(piece.text for piece in pieces)
    kinds = [piece.kind for piece in pieces]
    assert kinds == sorted(kinds, key=["thinking", "text"].index), "reasoning comes first"
    thinking = "".join(piece.text for piece in pieces if piece.kind == "thinking")
    return thinking, "".join(piece.text for piece in pieces if piece.kind == "text")


@pytest.mark.parametrize(
    ("answer", "thinking", "text"),
    [
        ("<think>a</think>b", "a", "b"),
        ("<think>\nFirst,\n\nthen.\n</think>\n\nHello.\n", "First,\n\nthen.", "Hello.\n"),
        ("\n <think>a</think>b", "a", "b"),
        ("Hello.", "", "Hello."),
        (" \n Hello.", "", " \n Hello."),
        ("<think></think>b", "", "b"),
        ("<think> \n </think>b", "", "b"),
        ("<think>a</think>", "a", ""),
        ("<think>a</think> \n", "a", ""),
        ("<think>cut off", "cut off", ""),
        ("<think>cut off</thi", "cut off</thi", ""),
        ("<think>cut off \n", "cut off", ""),
        ("<thi", "", "<thi"),
        ("<think", "", "<think"),
        ("<thinking>a", "", "<thinking>a"),
        ("<think>1 < 2 </p> </thin </think>b", "1 < 2 </p> </thin", "b"),
        ("<think>a</think><think>b</think>c", "ab", "c"),
        ("<think>a <think> b</think>c", "a <think> b", "c"),
        ("a</think>b", "", "a</think>b"),
        ("The tag <think>x</think> is", "", "The tag <think>x</think> is"),
        ("<think>a</think>b <think>c</think>", "a", "b <think>c</think>"),
        ("", "", ""),
        (" ", "", " "),
    ],
)
def test_an_answer(answer: str, thinking: str, text: str) -> None:
    assert told_apart([answer]) == (thinking, text)
    assert told_apart(answer) == (thinking, text)


def test_tags_that_are_split() -> None:
    assert told_apart(["<th", "ink>a</thi", "nk>b"]) == ("a", "b")


def test_nothing_is_held_back_longer_than_it_must() -> None:
    tags = ThinkTags()
    assert tags.feed("<think>so") == [("thinking", "so")]
    assert tags.feed(" far <") == [("thinking", " far")]
    assert tags.feed("3") == [("thinking", " <3")]
    assert tags.feed("</think>") == []
    assert tags.feed("Yes") == [("text", "Yes")]
    assert tags.feed(" <") == [("text", " <")]
    assert tags.finish() == []


@given(answer=PIECES, data=st.data())
def test_any_split_gives_the_same(answer: str, data: st.DataObject) -> None:
    cuts = data.draw(st.lists(st.integers(0, len(answer)), max_size=8).map(sorted))
    bounds = [0, *cuts, len(answer)]
    chunks = [answer[start:end] for start, end in zip(bounds, bounds[1:], strict=False)]
    assert told_apart(chunks) == told_apart([answer])


@given(answer=PIECES)
def test_nothing_but_tags_and_white_space_gets_lost(answer: str) -> None:
    def bare(text: str) -> str:
        return "".join(text.replace("<think>", "").replace("</think>", "").split())

    thinking, text = told_apart([answer])
    # Taking out tags may make new ones of what was around them: compare what is left at the end.
    left, before = bare(answer), ""
    while left != before:
        left, before = bare(left), left
    kept, before = bare(thinking + text), ""
    while kept != before:
        kept, before = bare(kept), kept
    assert kept == left
