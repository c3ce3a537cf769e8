"""Formatted text as Telegram takes it."""

from __future__ import annotations

import re
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roomkit.providers.telegram.formatting import telegram_html

TAG = re.compile(r"<(/?)([a-z-]+)(?: href=\"[^\"<>]*\")?>")


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("**Pick** one", "<b>Pick</b> one"),
        ("*soft* and _soft_", "<i>soft</i> and <i>soft</i>"),
        ("**a *b* c**", "<b>a <i>b</i> c</b>"),
        ("~~gone~~", "<s>gone</s>"),
        ("run `a_b_c < 1`", "run <code>a_b_c &lt; 1</code>"),
        ("```python\nif a:\n    b\n```", "<pre>if a:\n    b\n</pre>"),
        ("[shop](https://x.example/_a_?q=1&r=2)", None),
        ("see https://x.example/_a_/*b*", "see https://x.example/_a_/*b*"),
        ("# Hello\nyou", "<b>Hello</b>\nyou"),
        ("2 * 3 * 4 = a_b", "2 * 3 * 4 = a_b"),
        ("1 < 2 & <b>no</b>", "1 &lt; 2 &amp; &lt;b&gt;no&lt;/b&gt;"),
        ("- one\n- two", "- one\n- two"),
    ],
)
def test_markdown(given: str, shown: str | None) -> None:
    expected = shown or '<a href="https://x.example/_a_?q=1&amp;r=2">shop</a>'
    assert telegram_html(given, "markdown") == expected


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("<p>One</p><p>Two</p>", "One\nTwo"),
        ("<strong>b</strong><em>i</em><del>d</del>", "<b>b</b><i>i</i><s>d</s>"),
        ("<ul><li>a</li><li>b</li></ul>", "• a\n• b"),
        ("a<br>b", "a\nb"),
        ("<b>a<i>b</b>c</i>", "<b>a<i>b</i></b>c"),
        ("<b>never closed", "<b>never closed</b>"),
        ('<a href="javascript:x">x</a>', "x"),
        ('<a href="https://x.example/?a=1&amp;b=2">x</a>', None),
        ("<script>alert(1)</script>safe", "safe"),
        ("<h2>Title</h2>text", "<b>Title</b>\ntext"),
        ("<pre>a  <b>b</b>\n c</pre>", "<pre>a  b\n c</pre>"),
        ("  lots \n of   space ", "lots of space"),
        ("<table><tr><td>1</td></tr></table>", "1"),
        ("", ""),
    ],
)
def test_html(given: str, shown: str | None) -> None:
    expected = '<a href="https://x.example/?a=1&amp;b=2">x</a>' if shown is None else shown
    assert telegram_html(given, "html") == expected


PIECES = st.sampled_from(
    ["**", "*", "_", "__", "~~", "`", "```", "[", "](", ")", "https://x/", "<b>", "</b>", "<i>"]
    + ["</i>", "<a href='https://x'>", "</a>", "<pre>", "</pre>", "<li>", "<", ">", "&", '"', "\n"]
    + ["word", " ", "# ", "<script>", "</script>", "<code>", "</code>", "<p>", "</blockquote>"]
)


@given(
    text=st.lists(PIECES | st.text(max_size=3), max_size=30).map("".join),
    form=st.sampled_from(["html", "markdown"]),
)
def test_every_tag_is_closed_in_its_turn(text: str, form: Literal["html", "markdown"]) -> None:
    written = telegram_html(text, form)
    depth: list[str] = []
    for tag in TAG.finditer(written):
        if not tag[1]:
            depth.append(tag[2])
        else:
            assert depth.pop() == tag[2]
    assert not depth
    assert "<" not in TAG.sub("", written)


def test_a_text_without_end_is_not_formatted() -> None:
    assert telegram_html("**<" * 20_000, "markdown") == "**&lt;" * 20_000
