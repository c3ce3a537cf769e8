"""Formatted text as Telegram takes it.

https://core.telegram.org/bots/api#html-style: a handful of tags, properly nested; anything else
and the whole message is refused. So markup is not passed on but written anew.
"""

from __future__ import annotations

import re
from html import escape
from html.parser import HTMLParser
from typing import Literal

# Longer texts than this are sent without formatting; Telegram takes 4096 characters.
_LONGEST = 20_000

_TAGS = {
    "b": "b", "strong": "b", "i": "i", "em": "i", "u": "u", "ins": "u", "s": "s", "strike": "s",
    "del": "s", "code": "code", "pre": "pre", "blockquote": "blockquote", "a": "a",
    "tg-spoiler": "tg-spoiler", "h1": "b", "h2": "b", "h3": "b", "h4": "b", "h5": "b", "h6": "b",
}  # fmt: skip
_BLOCKS = frozenset(
    {"p", "div", "tr", "ul", "ol", "li", "table", "section", "article", "pre", "blockquote"}
    | {"h1", "h2", "h3", "h4", "h5", "h6"}
)
_HIDDEN = frozenset({"script", "style", "head", "title", "template"})
_LINKS = ("https://", "http://", "tg://", "mailto:", "tel:")
_SPACE = re.compile(r"[ \t\r\n\f]+")

# What is not searched for marks. Each stops at the next sign of its kind, so that no text makes
# them slow.
_LITERAL = re.compile(
    r"```[^\S\n]*\w*\n?(?P<block>.*?)```|`(?P<code>[^`\n]+)`"
    r"|\[(?P<label>[^\[\]\n]+)\]\((?P<target>[^()\s]+)\)|(?P<address>https?://[^\s<>]+)",
    re.DOTALL,
)
_MARKS = (
    (re.compile(r"^#{1,6} +([^\n]+)$", re.MULTILINE), r"<b>\1</b>"),
    (re.compile(r"(?<![\w*])\*([^*\s][^*\n]*)\*(?![\w*])"), r"<i>\1</i>"),
    (re.compile(r"(?<![\w_])_([^_\s][^_\n]*)_(?![\w_])"), r"<i>\1</i>"),
    (re.compile(r"\*\*([^*\n]+)\*\*"), r"<b>\1</b>"),
    (re.compile(r"(?<!\w)__([^_\n]+)__(?!\w)"), r"<b>\1</b>"),
    (re.compile(r"~~([^~\n]+)~~"), r"<s>\1</s>"),
)


def telegram_html(body: str, form: Literal["html", "markdown"]) -> str:
    """A formatted text in Telegram's HTML. What Telegram does not know becomes plain."""
    if len(body) > _LONGEST:
        return escape(body, quote=False)
    writer = _Writer()
    writer.feed(body if form == "html" else _html_of(body))
    writer.close()
    return writer.finish()


def _html_of(markdown: str) -> str:
    """The marks that people and models use in chats, as HTML; not all of Markdown."""
    pieces: list[str] = []
    end = 0
    for literal in _LITERAL.finditer(markdown):
        pieces += [_marked(markdown[end : literal.start()]), _literal(literal)]
        end = literal.end()
    pieces.append(_marked(markdown[end:]))
    return "".join(pieces)


def _literal(found: re.Match[str]) -> str:
    match found.lastgroup:
        case "block":
            return f"<pre>{escape(found['block'])}</pre>"
        case "code":
            return f"<code>{escape(found['code'])}</code>"
        case "target":
            return f'<a href="{escape(found["target"])}">{_marked(found["label"])}</a>'
    return escape(found[0], quote=False)


def _marked(text: str) -> str:
    text = escape(text, quote=False)
    for mark, tag in _MARKS:
        text = mark.sub(tag, text)
    return text.replace("\n", "<br>")


class _Writer(HTMLParser):
    """Writes what it reads in Telegram's tags, each of them closed in its turn."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._written: list[str] = []
        self._open: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _HIDDEN:
            self._hidden += 1
        elif tag == "br":
            self._written.append("\n")
        if tag in _BLOCKS:
            self._break()
        if tag == "li":
            self._written.append("• ")
        name = _TAGS.get(tag)
        # Nothing may stand inside of code, and no tag inside of itself.
        if name is None or name in self._open or "code" in self._open or "pre" in self._open:
            return
        if name != "a":
            self._written.append(f"<{name}>")
        else:
            target = dict(attrs).get("href") or ""
            if not target.lower().startswith(_LINKS):
                return
            self._written.append(f'<a href="{escape(target)}">')
        self._open.append(name)

    def handle_endtag(self, tag: str) -> None:
        if tag in _HIDDEN:
            self._hidden = max(0, self._hidden - 1)
        name = _TAGS.get(tag)
        if name in self._open:
            while self._open:
                closed = self._open.pop()
                self._written.append(f"</{closed}>")
                if closed == name:
                    break
        if tag in _BLOCKS:
            self._break()

    def handle_data(self, data: str) -> None:
        if self._hidden:
            return
        if "pre" not in self._open:
            data = _SPACE.sub(" ", data)
            if self._is_at_line_start():
                data = data.lstrip(" ")
        self._written.append(escape(data, quote=False))

    def finish(self) -> str:
        self._written += [f"</{name}>" for name in reversed(self._open)]
        return "".join(self._written).strip()

    def _break(self) -> None:
        if not self._is_at_line_start():
            self._written.append("\n")

    def _is_at_line_start(self) -> bool:
        for piece in reversed(self._written):
            if piece and not piece.startswith("<"):
                return piece.endswith("\n")
        return True
