"""Text as YAML writes it: plain, in quotes, as a block, or several in brackets."""

from __future__ import annotations

import re
from collections.abc import Sequence

__all__ = ["ScalarError", "block_text", "inline_value", "plain_text"]

_COMMENT = re.compile(r"(^| +)#.*$")
_INDICATORS = frozenset(",[]{}#&*!|>'\"%@`")
_BEFORE_A_BLANK = frozenset("-?:")
_MAPS = re.compile(r":( |$)")
_SINGLE = re.compile(r"'((?:[^']|'')*)'")
_DOUBLE = re.compile(r'"((?:[^"\\]|\\.)*)"')
_ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.)")
_FLOW_PLAIN = re.compile(r"[^,\[\]{}]*")
_HEADER = re.compile(r"[|>](?P<signs>[+-]?[1-9]?|[1-9][+-])( +#.*)?")
_IN_QUOTES = "put the value in quotes"

_ESCAPES = {
    "0": "\0",
    "a": "\a",
    "b": "\b",
    "t": "\t",
    "n": "\n",
    "v": "\v",
    "f": "\f",
    "r": "\r",
    "e": "\x1b",
    " ": " ",
    '"': '"',
    "/": "/",
    "\\": "\\",
    "N": "\x85",
    "_": "\xa0",
    "L": "\u2028",
    "P": "\u2029",
}


class ScalarError(ValueError):
    """A value cannot be read; the message says how to write it."""


def plain_text(lines: Sequence[str]) -> str:
    """Text without quotes, on one line or on several: a line break counts as a blank, and each
    empty line as a line break."""
    lines = [line.strip(" ") for line in lines]
    while lines and not lines[-1]:
        lines = lines[:-1]
    text = ""
    empty = 0
    for number, line in enumerate(lines):
        if not line:
            empty += 1
            continue
        bare = _COMMENT.sub("", line)
        if bare != line and number + 1 < len(lines):
            raise ScalarError("a comment ends a value that is not in quotes; move it elsewhere")
        _check_plain(bare, first=number == 0)
        text += ("\n" * empty or " " if number else "") + bare
        empty = 0
    return text


def inline_value(text: str) -> str | list[str]:
    """A value in quotes, or a list in brackets, on one line."""
    value: str | list[str]
    value, rest = _flow_list(text) if text[0] == "[" else _quoted(text)
    if rest and not re.fullmatch(r" +(#.*)?", rest):
        raise ScalarError("there is something after the value; remove it")
    return value


def block_text(header: str, lines: Sequence[str], parent: int) -> str:
    """Text below ``|``, which keeps line breaks, or ``>``, which makes blanks of them.

    Args:
        header: the sign and what follows it.
        lines: those below it, as they are.
        parent: how far the key above is indented.
    """
    found = _HEADER.fullmatch(header)
    if found is None:
        raise ScalarError("after '|' or '>' only '+', '-' or a digit can stand")
    signs = found["signs"]
    digits = signs.strip("+-")
    indent = parent + int(digits) if digits else _indent_of_first(lines)
    body, ending = _unindented(lines, indent)
    if not body:
        return "\n" * ending if "+" in signs else ""
    text = _folded(body) if header[0] == ">" else "\n".join(body)
    if "-" in signs:
        return text
    return text + "\n" * (1 + ending if "+" in signs else 1)


def _check_plain(text: str, *, first: bool) -> None:
    begun = text[0]
    if first and (begun in _INDICATORS or (begun in _BEFORE_A_BLANK and text[1:2] in ("", " "))):
        raise ScalarError(f"a value cannot begin with {begun!r}; {_IN_QUOTES}")
    if _MAPS.search(text):
        raise ScalarError(f"there is a colon in the value; {_IN_QUOTES}")


def _quoted(text: str) -> tuple[str, str]:
    """The value in quotes at the beginning of `text`, and what follows it."""
    pattern = _SINGLE if text[0] == "'" else _DOUBLE
    found = pattern.match(text)
    if found is None:
        raise ScalarError("the closing quote is missing; it has to be on the same line")
    value, rest = found[1], text[found.end() :]
    if pattern is _SINGLE:
        return value.replace("''", "'"), rest
    return _ESCAPE.sub(_unescaped, value), rest


def _unescaped(found: re.Match[str]) -> str:
    code = found[1]
    if len(code) > 1:
        number = int(code[1:], 16)
        if number > 0x10FFFF or 0xD800 <= number <= 0xDFFF:
            raise ScalarError("there is no such character; write the character itself")
        return chr(number)
    if code not in _ESCAPES:
        raise ScalarError(r"unknown escape; write '\\' for a backslash, or use single quotes")
    return _ESCAPES[code]


def _flow_list(text: str) -> tuple[list[str], str]:
    items: list[str] = []
    rest = text[1:].lstrip(" ")
    while rest and rest[0] != "]":
        if rest[0] in "\"'":
            item, rest = _quoted(rest)
        else:
            item, rest = _flow_plain(rest)
        items.append(item)
        rest = rest.lstrip(" ")
        if rest[:1] == ",":
            rest = rest[1:].lstrip(" ")
        elif rest[:1] != "]":
            break
    if rest[:1] != "]":
        raise ScalarError("a list in brackets has to be on one line, as in [one, two]")
    return items, rest[1:]


def _flow_plain(text: str) -> tuple[str, str]:
    found = _FLOW_PLAIN.match(text)
    end = found.end() if found else 0
    item = text[:end].rstrip(" ")
    # Parsers of YAML 1.1 and 1.2 disagree about '?' and a leading ':' in brackets.
    if not item or " #" in item or "?" in item or item[0] == ":":
        raise ScalarError("an item of the list is missing or has to be in quotes")
    _check_plain(item, first=True)
    return item, text[end:]


def _indent_of_first(lines: Sequence[str]) -> int:
    """Where the text begins: the first line with any decides."""
    widest = 0
    for line in lines:
        if line.strip(" "):
            indent = len(line) - len(line.lstrip(" "))
            if widest > indent:
                raise ScalarError("an empty line before the text is indented more than it")
            return indent
        widest = max(widest, len(line))
    return widest


def _unindented(lines: Sequence[str], indent: int) -> tuple[list[str], int]:
    """The text without its indentation, and how many empty lines come after it."""
    body = [line[indent:] for line in lines]
    if any(line[:indent].strip(" ") for line in lines):
        raise ScalarError("a line of the text is indented less than the first")
    ending = 0
    while body and not body[-1]:
        body.pop()
        ending += 1
    return body, ending


def _folded(lines: Sequence[str]) -> str:
    """Line breaks between two lines of text become blanks, and fewer by one where there are empty
    lines between them. Those around lines that are indented further stay."""
    text = ""
    previous: str | None = None
    empty = 0
    for line in lines:
        if not line:
            empty += 1
            continue
        if previous is not None:
            flush = previous[0] != " " and line[0] != " "
            text += ("" if empty else " ") if flush else "\n"
        text += "\n" * empty + line
        previous, empty = line, 0
    return text
