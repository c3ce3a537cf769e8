"""The front matter of a skill is read as a full YAML parser would, or refused."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from roomkit.skills._front_matter import FrontMatterError, Value, split_front_matter


def read(front_matter: str) -> dict[str, Value]:
    values, body = split_front_matter(f"---\n{front_matter}\n---\nThe body.")
    assert body == "The body."
    return values


GOOD: list[tuple[str, dict[str, Value]]] = [
    ("name: pdf", {"name": "pdf"}),
    ("name:   pdf   ", {"name": "pdf"}),
    ("name: pdf # the name", {"name": "pdf"}),
    ("name: a#b", {"name": "a#b"}),
    ("name: https://a/b:c", {"name": "https://a/b:c"}),
    ("name:\nother: x", {"name": "", "other": "x"}),
    ("# a comment\n\nname: pdf", {"name": "pdf"}),
    ("a: 1.0\nb: true\nc: null\nd: 2024-01-01", dict(a="1.0", b="true", c="null", d="2024-01-01")),
    ("name: 'it''s: quoted' # yes", {"name": "it's: quoted"}),
    ('name: "a\\tb \\u00e9 \\"x\\" #"', {"name": 'a\tb é "x" #'}),
    ('name: ""', {"name": ""}),
    ("text: one\n  two\n\n  three", {"text": "one two\nthree"}),
    ("text:\n  one\n  two", {"text": "one two"}),
    ("text: |\n  one\n    two\n\n  three\n\n", {"text": "one\n  two\n\nthree\n"}),
    ("text: |-\n  one\n\nb: x", {"text": "one", "b": "x"}),
    ("text: |+\n  one\n\nb: x", {"text": "one\n\n", "b": "x"}),
    ("text: |2\n   one\n  two", {"text": " one\ntwo\n"}),
    ("text: >\n  a\n  b\n\n  c\n   d\n  e", {"text": "a b\nc\n d\ne\n"}),
    ("text: >-  # folded\n  one\n  two", {"text": "one two"}),
    ("text: |\nb: x", {"text": "", "b": "x"}),
    ("tools:\n  - a\n  - 'b c'\n  # between\n  - d e\n    f", {"tools": ["a", "b c", "d e f"]}),
    ("tools:\n- a\n- b\nname: x", {"tools": ["a", "b"], "name": "x"}),
    ("tools: [Bash(git:*), 'a, b', \"c\"]", {"tools": ["Bash(git:*)", "a, b", "c"]}),
    ("tools: [ ]", {"tools": []}),
    ("tools: [a,] # one", {"tools": ["a"]}),
    ("metadata:\n  author: ada\n  version: \"1.0\"\n\nname: x",
     {"metadata": {"author": "ada", "version": "1.0"}, "name": "x"}),
    ("m:\n    note: |\n      one\n      two\n    b:", {"m": {"note": "one\ntwo\n", "b": ""}}),
]  # fmt: skip


@pytest.mark.parametrize(("text", "values"), GOOD)
def test_what_is_written_is_read(text: str, values: dict[str, Value]) -> None:
    assert read(text) == values


BAD = [
    ("name: Use it when: asked", 2, "colon in the value; put the value in quotes"),
    ("name: x\nname: y", 3, "'name' is there twice"),
    ("metadata:\n  a: x\n  a: y", 4, "'a' is there twice"),
    ("name: x\n  : y", 2, "colon"),
    ("name: x\n y: z", 2, "colon"),
    ("\tname: x", 2, "tab"),
    ("name: x\x07", 2, "control character"),
    ("just words", 2, "expected 'key: value'"),
    ("name: {a: b}", 2, "cannot begin with '{'"),
    ("name: *anchor", 2, "in quotes"),
    ("name: &anchor x", 2, "in quotes"),
    ("name: !tag x", 2, "in quotes"),
    ("name: @x", 2, "in quotes"),
    ("name: %x", 2, "in quotes"),
    ("name: - x", 2, "in quotes"),
    ('name: "x', 2, "closing quote"),
    ("name: 'x'y", 2, "after the value"),
    ("name: 'x'\n  y", 2, "end on its line"),
    ('name: "\\q"', 2, "escape"),
    ('name: "\\ud800"', 2, "no such character"),
    ("name: [a, b", 2, "on one line"),
    ("name: [a, [b]]", 2, "item of the list"),
    ("name: [a: b]", 2, "colon"),
    ("name: [a, , b]", 2, "missing"),
    ("name: [:a]", 2, "in quotes"),
    ("name: [a?]", 2, "in quotes"),
    ("name: |x\n  y", 2, "after '|'"),
    ("name: |\n    a\n  b", 2, "indented less"),
    ("name: |\n     \n  b", 2, "empty line"),
    ("name: a # b\n  c", 2, "comment ends"),
    ("name: a\n  # b\n  c", 2, "comment ends"),
    ("a: x\nlist:\n  - a\n    - b\n - c", 6, "not indented like"),
    ("list:\n  - a\n  b", 4, "begin with '- '"),
    ("list:\n  - - a", 3, "in quotes"),
    ("list:\n  - a: b", 3, "in quotes"),
    ("list:\n  - [a]", 3, "has to be text"),
    ("map:\n  a:\n    b: c", 3, "on the same line"),
    ("map:\n  a: [b]", 3, "has to be text"),
    ("map:\n  a: b\n c: d", 4, "not indented like"),
]


@pytest.mark.parametrize(("text", "line", "problem"), BAD)
def test_what_cannot_be_read_is_named_with_its_line(text: str, line: int, problem: str) -> None:
    with pytest.raises(FrontMatterError) as caught:
        read(text)
    assert problem in caught.value.problem
    assert caught.value.line == line
    assert str(caught.value) == f"line {line}: {caught.value.problem}"


@pytest.mark.parametrize("text", ["", "no dashes", "----\na: b\n---", "---\na: b", " ---\n---"])
def test_front_matter_stands_between_dashes(text: str) -> None:
    with pytest.raises(FrontMatterError, match="three dashes"):
        split_front_matter(text)


def test_front_matter_has_an_end() -> None:
    with pytest.raises(FrontMatterError, match="line 500"):
        split_front_matter("---\n" + "a: b\n" * 10_000)


@pytest.mark.parametrize("line_break", ["\n", "\r\n", "\r"])
def test_line_breaks_of_all_systems(line_break: str) -> None:
    text = line_break.join(["\ufeff---  ", "name: x", "text: |", "  a", "  b", "---", "c", "d"])
    assert split_front_matter(text) == ({"name": "x", "text": "a\nb\n"}, "c\nd")


def test_the_body_may_have_dashes_of_its_own() -> None:
    assert split_front_matter("---\na: b\n---\nx\n---\ny")[1] == "x\n---\ny"


# What makes trouble.
pieces = st.sampled_from(
    [*"ab1:#-?|>[]{},&*!%@`'\" \n.~=<\\+2é", ": ", " #", "- ", "\n  ", "\n   ", "\n "]
    + ["k: ", "\nk: ", "name: ", "\nlist:\n", "'x'", '"x"', "|\n", ">\n", "\n\n", "x y"]
)  # fmt: skip
wild = st.lists(pieces, max_size=16).map("".join)


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """Good front matter, with a few pieces put in and letters taken out."""
    text = draw(st.sampled_from([text for text, _ in GOOD]))
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(text)))
        text = text[:at] + draw(pieces | st.just("")) + text[at + draw(st.integers(0, 2)) :]
    return text


documents = wild | mutated()


def is_like_ours(value: object) -> bool:
    """Whether a value is text, a list of text or a map of text."""
    if isinstance(value, list):
        return all(isinstance(item, str) for item in value)
    if isinstance(value, dict):
        return all(isinstance(item, str) for item in value.values())
    return isinstance(value, str)


@given(documents)
@example("k: >\n  a\n\n   b\n\n  c")
@example("k: |+\n\n\n  a\n \n")
@example("k: a\n\n\n  b\n \n  c\nk2:\n- |\n a\n-\n- b")
def test_it_agrees_with_a_full_parser(document: str) -> None:
    yaml = pytest.importorskip("yaml")
    try:
        values = split_front_matter(f"---\n{document}\n---\n")[0]
    except FrontMatterError:
        return
    # The dashes end the document for us wherever they are.
    end = f"---\n{document}\n---\n".index("\n---", 3)
    theirs = yaml.load(f"---\n{document}\n"[: end + 1], Loader=yaml.BaseLoader)
    assert values == (theirs or {})
    assert all(is_like_ours(value) for value in values.values())


texts = st.text(
    st.characters(
        exclude_categories=["Cs", "Cc", "Co", "Cn", "Zl", "Zp"], exclude_characters="\ufeff"
    ),
    max_size=30,
)  # fmt: skip


@given(
    st.dictionaries(st.from_regex(r"[a-z][a-z-]{0,9}", fullmatch=True), texts, max_size=5),
    st.booleans(),
)
def test_quoted_text_comes_back(values: dict[str, str], single: bool) -> None:
    def quoted(text: str) -> str:
        if single:
            return "'" + text.replace("'", "''") + "'"
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'

    assert read("\n".join(f"{key}: {quoted(text)}" for key, text in values.items())) == values


@given(st.text(max_size=300))
def test_no_text_is_too_strange(text: str) -> None:
    for document in (text, f"---\n{text}\n---\n", f"---\nname: {text}\n---\n"):
        try:
            values, body = split_front_matter(document)
        except FrontMatterError as error:
            assert error.line >= 1
        else:
            assert isinstance(body, str)
            assert all(is_like_ours(value) for value in values.values())
