"""Paragraphs that old mail programs broke into lines."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roomkit.providers.email._flowed import unflow


@pytest.mark.parametrize(
    ("flowed", "expected"),
    [
        ("one \ntwo \nthree\nfour", "one two three\nfour"),
        ("> said \n> before\nanswer", "> said before\nanswer"),
        ("> said \n>> deeper", "> said\n>> deeper"),
        (" From the beginning\n >not a quotation", "From the beginning\n>not a quotation"),
        ("words \n-- \nAda", "words\n-- \nAda"),
        ("", ""),
    ],
)
def test_lines_become_paragraphs(flowed: str, expected: str) -> None:
    assert unflow(flowed) == expected


def test_languages_without_spaces() -> None:
    assert unflow("自転車は \nできました", delete_space=True) == "自転車はできました"


@given(st.text())
def test_anything_may_come(text: str) -> None:
    assert len(unflow(text)) <= len(text) + text.count("\n") + text.count(">") + 1
