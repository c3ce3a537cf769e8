"""Keeping text within a channel's `max_length`: cut at a word, or sent in several parts."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

from roomkit.models._frozen import FrozenList
from roomkit.models.channel import ChannelCapabilities
from roomkit.models.content import (
    CompositeContent,
    EditContent,
    EventContent,
    MediaContent,
    RichContent,
    SystemContent,
    TextContent,
)

__all__ = ["Fitted", "fit", "split_text", "truncate_text"]

_ELLIPSIS = "…"
_SENTENCE_END = re.compile(r"[.!?…](?=\s)|[。！？]")
_JOINER = "\u200d"


class Fitted(NamedTuple):
    """Contents to send one after the other in place of one that was too long.

    Attributes:
        contents: at least one; the same object where nothing had to change.
        truncated: whether words were left out.
    """

    contents: tuple[EventContent, ...]
    truncated: bool = False


def fit(content: EventContent, capabilities: ChannelCapabilities) -> Fitted:
    """Make every text in `content` at most ``capabilities.max_length`` characters long.

    ``overflow="truncate"`` cuts at a word and ends with "…". ``"split"`` makes several contents
    and loses nothing but whitespace at the seams. Lengths are those of text and captions;
    formatted text that is too long continues as plain text, its controls on the last part. An edit
    is always one content, so its text is cut.
    """
    limit = capabilities.max_length
    if limit is None or _is_short(content, limit):
        return Fitted((content,))
    if capabilities.overflow == "split" and not isinstance(content, EditContent):
        return Fitted(tuple(_split(content, limit)))
    return _truncate(content, limit)


def truncate_text(text: str, limit: int) -> str:
    """`text` in at most `limit` characters; the last is "…" if something was left out."""
    if len(text) <= limit:
        return text
    end = _word_end(text, 0, limit - 1, limit // 2) or _cluster_end(text, 0, limit - 1)
    return text[:end].rstrip() + _ELLIPSIS


def split_text(text: str, limit: int) -> list[str]:
    """`text` in parts of at most `limit` characters.

    Seams are put between paragraphs, lines, sentences or words, whichever comes first in this
    order without leaving a part half empty; in a word only where it is longer than a part, and
    then not inside what a reader sees as one character. Whitespace at a seam is dropped, the
    indentation of a following line is not.
    """
    parts = []
    start = 0
    while len(text) - start > limit:
        end = _seam(text, start, start + limit)
        part = text[start:end].rstrip()
        if part:
            parts.append(part)
        start = _skip_seam(text, end)
    if text[start:].strip():
        parts.append(text[start:])
    return parts


def _is_short(content: EventContent, limit: int) -> bool:
    return _length(content) <= limit


def _length(content: EventContent) -> int:
    """How long the text in a content is; the texts of a composite count as lines of one."""
    match content:
        case TextContent() | SystemContent():
            return len(content.body)
        case RichContent():
            return max(len(content.body), len(content.plain_text or ""))
        case MediaContent():
            return len(content.caption or "")
        case EditContent():
            return _length(content.new_content)
        case CompositeContent():
            lengths = [length for part in content.parts if (length := _length(part))]
            return sum(lengths) + max(0, len(lengths) - 1)
    return 0


def _leaves(content: EventContent) -> Iterator[EventContent]:
    if isinstance(content, CompositeContent):
        for part in content.parts:
            yield from _leaves(part)
    else:
        yield content


def _truncate(content: EventContent, limit: int) -> Fitted:
    if not isinstance(content, CompositeContent):
        return _cut(content, limit)
    parts: list[EventContent] = []
    truncated = False
    room = limit
    for part in _leaves(content):
        if not _length(part):
            parts.append(part)
        elif room > 0:
            cut = _cut(part, room)
            parts.extend(cut.contents)
            truncated = truncated or cut.truncated
            room -= _length(parts[-1]) + 1
        else:
            truncated = True
            if isinstance(part, MediaContent):
                parts.append(part.evolve(caption=None))
    return Fitted((content.evolve(parts=FrozenList(parts)),), truncated)


def _cut(content: EventContent, limit: int) -> Fitted:
    if _is_short(content, limit):
        return Fitted((content,))
    match content:
        case TextContent() | SystemContent():
            return Fitted((content.evolve(body=truncate_text(content.body, limit)),), True)
        case RichContent():
            text = content.plain_text or content.body
            return Fitted((_plain(content, truncate_text(text, limit)),), len(text) > limit)
        case MediaContent():
            caption = truncate_text(content.caption or "", limit)
            return Fitted((content.evolve(caption=caption),), True)
        case EditContent():
            cut = _truncate(content.new_content, limit)
            return Fitted((content.evolve(new_content=cut.contents[0]),), cut.truncated)
    return Fitted((content,))


def _split(content: EventContent, limit: int) -> Iterator[EventContent]:
    if _is_short(content, limit):
        yield content
        return
    match content:
        case TextContent() | SystemContent():
            for part in split_text(content.body, limit) or [truncate_text(content.body, limit)]:
                yield content.evolve(body=part)
        case RichContent():
            *first, last = split_text(content.plain_text or content.body, limit) or [""]
            for part in first:
                yield TextContent(body=part)
            yield _plain(content, last)
        case MediaContent():
            first_part, *rest = split_text(content.caption or "", limit) or [""]
            yield content.evolve(caption=first_part or None)
            for part in rest:
                yield TextContent(body=part)
        case CompositeContent():
            for leaf in _leaves(content):
                yield from _split(leaf, limit)
        case _:
            yield from _cut(content, limit).contents


def _plain(content: RichContent, text: str) -> EventContent:
    """`text` in place of the formatted one, which cannot be cut without breaking its markup."""
    if not (content.buttons or content.cards or content.quick_replies):
        return TextContent(body=text)
    return content.evolve(body=text, plain_text=text, format="markdown")


def _seam(text: str, start: int, limit: int) -> int:
    """Where to end a part that begins at `start`; after it and at most `limit`."""
    half = start + (limit - start) // 2
    for separator in ("\n\n", "\n"):
        end = text.rfind(separator, half, limit + len(separator))
        if end > start:
            return end
    for match in reversed(list(_SENTENCE_END.finditer(text, half, limit + 1))):
        if match.end() <= limit:
            return match.end()
    return _word_end(text, start, limit, start) or _cluster_end(text, start, limit)


def _skip_seam(text: str, start: int) -> int:
    """Past the whitespace of a seam, but not past the indentation of the line that follows."""
    end = start
    while end < len(text) and text[end].isspace():
        end += 1
    line = text.rfind("\n", start, end)
    return end if line < 0 else line + 1


def _word_end(text: str, start: int, limit: int, floor: int) -> int | None:
    """The last end of a word above `floor`, or where the first word begins after whitespace."""
    first_word = None
    for end in range(limit, max(start, floor), -1):
        if text[end - 1].isspace():
            first_word = first_word or end
        elif text[end].isspace():
            return end
    return first_word


def _cluster_end(text: str, start: int, limit: int) -> int:
    """The last position at which no visible character is cut; `limit` if there is none."""
    for end in range(limit, start, -1):
        if not _continues(text, start, end):
            return end
    return limit


def _continues(text: str, start: int, at: int) -> bool:
    """Whether the character at `at` belongs to what the one before it began."""
    before, char = text[at - 1], text[at]
    if char < "\u0300":
        return before == "\r" and char == "\n"
    if _JOINER in (before, char) or unicodedata.category(char) in ("Mn", "Mc", "Me"):
        return True
    if "\u1160" <= char <= "\u11ff":  # vowels and final consonants of decomposed Hangul
        return True
    if "\U0001f3fb" <= char <= "\U0001f3ff" or "\U000e0020" <= char <= "\U000e007f":
        return True  # skin tones and the tags of regional flags
    if not _is_flag_letter(char):
        return False
    first = at
    while first > start and _is_flag_letter(text[first - 1]):
        first -= 1
    return (at - first) % 2 == 1


def _is_flag_letter(char: str) -> bool:
    return "\U0001f1e6" <= char <= "\U0001f1ff"
