"""Taking a mail apart into its parts.

The standard library's parser is not used for the structure: some headers make it take time that
grows with the square of their length, and nested parts exhaust the stack. Here both are bounded,
and the bytes are not copied into text first. Header values, base64 and quoted-printable are the
standard library's.
"""

from __future__ import annotations

import binascii
import quopri
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message

from roomkit.providers.email.headers import (
    MAX_HEADER_BYTES,
    Headers,
    decode_bytes,
    decode_words,
    read_headers,
)

MAX_PARTS = 500
MAX_DEPTH = 20
_MAX_BOUNDARY_LINE = 200
_MAX_BOUNDARIES = 10_000

_BLANK_LINE = re.compile(rb"\r?\n\r?\n")
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]+")


@dataclass(frozen=True, slots=True)
class Part:
    """A part without parts of its own: a text, a file, a mail in the mail.

    Attributes:
        described: the fields about its content, see `Headers.content`.
        content_type: in lower case, without parameters.
        alternative: the number of the group of which one is to be chosen, None outside of such.
    """

    headers: Headers
    described: Message
    content_type: str
    body: bytes
    alternative: int | None = None

    @property
    def is_attachment(self) -> bool:
        return self.described.get_content_disposition() == "attachment"

    @property
    def filename(self) -> str | None:
        """The file's name without a path, if the part is one."""
        try:
            name = self.described.get_filename()
        except (ValueError, LookupError):
            return None
        plain = re.split(r"[/\\]", decode_words(name or ""))[-1].strip()
        return plain[:255] or None

    def content(self) -> bytes:
        """The bytes that the part stands for."""
        encoding = self.headers.first("content-transfer-encoding").strip().lower()
        if encoding == "base64":
            return decode_base64(self.body)
        return quopri.decodestring(self.body) if encoding == "quoted-printable" else self.body

    def text(self) -> str:
        """The same as text."""
        text = decode_bytes(self.content(), self.described.get_content_charset())
        return text.replace("\r\n", "\n").replace("\r", "\n")

    def parameter(self, name: str) -> str:
        """A parameter of the content type in lower case, "" if it is not there."""
        value = self.described.get_param(name)
        return value.strip().lower() if isinstance(value, str) else ""


def split_head(raw: bytes) -> tuple[Headers, bytes]:
    """The header of a mail or a part, and what follows it."""
    if raw[:1] == b"\n" or raw[:2] == b"\r\n":
        return Headers(), raw.lstrip(b"\r\n")
    end = _BLANK_LINE.search(raw, 0, MAX_HEADER_BYTES)
    if end is None:
        return read_headers(raw), b""
    return read_headers(raw[: end.start()]), raw[end.end() :]


def walk_parts(headers: Headers, body: bytes) -> Iterator[Part]:
    """The parts of a mail in their order, at most `MAX_PARTS` of them."""
    pending: list[tuple[Headers, bytes, int, int | None]] = [(headers, body, 0, None)]
    seen = 0
    while pending and seen < MAX_PARTS:
        seen += 1
        head, content, depth, alternative = pending.pop()
        described = head.content
        kind = described.get_content_type()
        is_container = kind.startswith("multipart/")
        boundary = _boundary(described) if is_container else b""
        if not boundary or depth >= MAX_DEPTH:
            # A container that cannot be opened is shown as it is.
            kind = "text/plain" if is_container else kind
            yield Part(head, described, kind, content, alternative)
            continue
        if kind == "multipart/alternative":
            alternative = seen
        inside = [split_head(piece) for piece in _pieces(content, boundary)]
        pending += [(*piece, depth + 1, alternative) for piece in reversed(inside)]


def _boundary(described: Message) -> bytes:
    try:
        return (described.get_boundary() or "").encode("utf-8", "replace")
    except (ValueError, LookupError):
        return b""


def _pieces(body: bytes, boundary: bytes) -> list[bytes]:
    """What stands between the lines with the boundary."""
    mark = b"--" + boundary
    pieces: list[bytes] = []
    start = -1
    found = body.find(mark)
    for _ in range(_MAX_BOUNDARIES):
        if found < 0 or len(pieces) >= MAX_PARTS:
            break
        after = found + len(mark)
        tail = body[after : after + _MAX_BOUNDARY_LINE].partition(b"\n")[0]
        is_last = tail.startswith(b"--")
        begins_line = found == 0 or body[found - 1 : found] == b"\n"
        if begins_line and not tail.strip(b" \t\r-" if is_last else b" \t\r"):
            if start >= 0:
                pieces.append(body[start : _line_end(body, found)])
            start = -1 if is_last else after + len(tail) + 1
            if is_last:
                break
        found = body.find(mark, after)
    if start >= 0 and len(pieces) < MAX_PARTS:
        pieces.append(body[start:])  # the end is missing: cut off on its way
    return pieces


def _line_end(body: bytes, position: int) -> int:
    """Where the line in front of a boundary ends: its line end belongs to the boundary."""
    end = max(position - 1, 0)
    return end - 1 if body[end - 1 : end] == b"\r" else end


def decode_base64(data: bytes) -> bytes:
    """What base64 stands for, as far as it can be read."""
    try:
        return binascii.a2b_base64(data)
    except binascii.Error:
        clean = _NOT_BASE64.sub(b"", data)
    # Cut off on its way: four characters at a time are whole bytes, a single one is nothing.
    return binascii.a2b_base64(clean[: len(clean) - (len(clean) % 4 == 1)] + b"==")
