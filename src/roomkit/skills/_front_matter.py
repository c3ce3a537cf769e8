"""The part of YAML that the front matter of a skill is written in.

A map whose values are text, lists of text, or maps of text to text. Whatever is accepted means the
same to a full YAML parser that takes every scalar for text; what lies beyond is refused with the
line and a remedy, never guessed at. https://yaml.org/spec/1.2.2/ has the rules for scalars.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NoReturn

from roomkit.skills._scalars import ScalarError, block_text, inline_value, plain_text

__all__ = ["FrontMatterError", "Value", "split_front_matter"]

Value = str | list[str] | dict[str, str]
"""What a key can have."""

_MAX_LINES = 500

_LINE_BREAK = re.compile(r"\r\n|\r|\n")
_KEY = re.compile(r"(?P<key>[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}) *:(?: +(?P<rest>.*))?")
_UNPRINTABLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]"
)


class FrontMatterError(ValueError):
    """The front matter cannot be read.

    Attributes:
        line: where, counted from 1.
        problem: what is wrong with it, and how to write it instead.
    """

    def __init__(self, line: int, problem: str) -> None:
        super().__init__(f"line {line}: {problem}")
        self.line = line
        self.problem = problem


def split_front_matter(text: str) -> tuple[dict[str, Value], str]:
    """The front matter of a Markdown file, and what follows it.

    Raises:
        FrontMatterError: there is none, or it cannot be read.
    """
    lines = _LINE_BREAK.split(text.removeprefix("\ufeff"))
    if lines[0].rstrip() != "---":
        raise FrontMatterError(1, "the file has to begin with a line of three dashes")
    for number, line in enumerate(lines[1 : _MAX_LINES + 1], start=1):
        if line.rstrip() == "---":
            return _Reader(lines[1:number]).read(), "\n".join(lines[number + 1 :])
    end = min(len(lines), _MAX_LINES)
    raise FrontMatterError(end, "the front matter has to end with a line of three dashes")


class _Reader:
    """Goes through the lines, from the first to the last.

    `_next` is the line to read, `_begun` the one on which the value that is being read began.
    """

    def __init__(self, lines: Sequence[str]) -> None:
        self._lines = lines
        self._next = 0
        self._begun = 0

    def read(self) -> dict[str, Value]:
        for number, line in enumerate(self._lines):
            self._begun = number
            if _UNPRINTABLE.search(line):
                self._fail("there is a control character in the line; remove it")
            if "\t" in line:
                self._fail("there is a tab in the line; use spaces")
        values: dict[str, Value] = {}
        while self._skip_blank():
            key, rest = self._key(0)
            if key in values:
                self._fail(f"{key!r} is there twice; remove one of them")
            values[key] = self._scalar_or_list(rest, 0) if rest else self._nested()
        return values

    def _nested(self) -> Value:
        """What stands below a key that has nothing on its own line."""
        if not self._skip_blank():
            return ""
        indent, text = self._indent(), self._line().strip(" ")
        if _is_item(text):
            return self._items(indent)
        if indent == 0:
            return ""
        if _KEY.fullmatch(text):
            return self._pairs(indent)
        self._begun = self._next
        self._next += 1
        return self._scalar_or_list(text, 0)

    def _pairs(self, indent: int) -> dict[str, str]:
        pairs: dict[str, str] = {}
        while self._skip_blank() and self._indent() > 0:
            key, rest = self._key(indent)
            if key in pairs:
                self._fail(f"{key!r} is there twice; remove one of them")
            pairs[key] = self._text(rest, indent)
        return pairs

    def _items(self, indent: int) -> list[str]:
        items: list[str] = []
        while self._skip_blank() and self._indent() >= indent:
            text = self._line().strip(" ")
            # A list may be indented no further than its key; the next key ends it then.
            if indent == 0 and self._indent() == 0 and not _is_item(text):
                break
            self._begun = self._next
            if self._indent() > indent or not _is_item(text):
                self._fail("an item of a list has to begin with '- ', right below the others")
            self._next += 1
            items.append(self._text(text[1:].strip(" "), indent))
        return items

    def _text(self, text: str, parent: int) -> str:
        """A value that can only be text."""
        if text.startswith("#"):
            text = ""
        if not text:
            if self._skip_blank() and self._indent() > parent:
                self._fail("the value has to stand on the same line, or below '|'")
            return ""
        value = self._scalar_or_list(text, parent)
        if isinstance(value, list):
            self._fail("the value has to be text; put it in quotes")
        return value

    def _scalar_or_list(self, text: str, parent: int) -> str | list[str]:
        """The value that begins with `text`, with the lines below it that belong to it: those
        indented more than `parent`."""
        try:
            if text[0] in "|>":
                return block_text(text, self._lines_of_block(parent), parent)
            if text[0] not in "\"'[":
                return plain_text([text, *self._lines_of_plain(parent)])
            value = inline_value(text)
        except ScalarError as error:
            self._fail(str(error))
        if self._skip_blank() and self._indent() > parent:
            self._fail("the value has to end on its line; use '|' for a longer one")
        return value

    def _lines_of_block(self, parent: int) -> list[str]:
        taken: list[str] = []
        while self._next < len(self._lines):
            line = self._line()
            if line.strip(" ") and self._indent() <= parent:
                break
            taken.append(line)
            self._next += 1
        return taken

    def _lines_of_plain(self, parent: int) -> list[str]:
        taken: list[str] = []
        while self._next < len(self._lines):
            line = self._line().strip(" ")
            if line and (self._indent() <= parent or line.startswith("#")):
                break
            taken.append(line)
            self._next += 1
        if self._skip_blank() and self._indent() > parent:
            self._fail("a comment ends a value that is not in quotes; move it elsewhere")
        return taken

    def _key(self, indent: int) -> tuple[str, str]:
        """The key that the line begins with, and what follows it on the line."""
        self._begun = self._next
        if self._indent() != indent:
            self._fail("the line is not indented like those before it")
        found = _KEY.fullmatch(self._line().strip(" "))
        if found is None:
            self._fail("expected 'key: value'")
        self._next += 1
        rest = (found["rest"] or "").strip(" ")
        return found["key"], "" if rest.startswith("#") else rest

    def _skip_blank(self) -> bool:
        """Go to the next line that says something; False at the end."""
        while self._next < len(self._lines):
            line = self._line().strip(" ")
            if line and not line.startswith("#"):
                return True
            self._next += 1
        return False

    def _line(self) -> str:
        return self._lines[self._next]

    def _indent(self) -> int:
        line = self._line()
        return len(line) - len(line.lstrip(" "))

    def _fail(self, problem: str) -> NoReturn:
        # One for counting from 1, one for the dashes.
        raise FrontMatterError(self._begun + 2, problem)


def _is_item(text: str) -> bool:
    return text == "-" or text.startswith("- ")
