"""HTML as text: what a person would read.

`html.parser` takes time that grows with the square of the length of some inputs, and mail is
written by anybody; this reads every character once.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field

MAX_HTML_CHARS = 400_000
_MAX_TAG = 2_000
_MAX_QUOTES = 20

_TAG_NAME = re.compile(r"/?[a-zA-Z][a-zA-Z0-9:-]*")
_ATTRIBUTE = re.compile(
    r"""([a-zA-Z-]+)\s{0,9}=\s{0,9}(?:"([^"]{0,2000})"|'([^']{0,2000})'|([^\s"'>]{1,2000}))"""
)
_SPACE = re.compile(r"[ \t\r\n\f]+")
_INVISIBLE = re.compile(r"display\s{0,9}:\s{0,9}none|visibility\s{0,9}:\s{0,9}hidden", re.I)
_SKIPPED = frozenset({"script", "style", "head", "title", "template", "noscript", "svg", "object"})
_VOID = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"}
)
_BLOCKS = frozenset(
    {
        *("address", "article", "aside", "blockquote", "body", "center", "dd", "div", "dl", "dt"),
        *("fieldset", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header"),
        *("li", "main", "nav", "ol", "p", "pre", "section", "table", "tr", "ul"),
    }
)
_PARAGRAPHS = frozenset({"p", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "table"})


def html_to_text(source: str) -> str:
    """The words in a page with their paragraphs, lists, links and quotations.

    Scripts, styles and what is not displayed are left out. A ``blockquote`` becomes lines that
    begin with ``>``, as in a mail that is text. Never raises.
    """
    page = _Page()
    position = 0
    source = source[:MAX_HTML_CHARS]
    while position < len(source):
        opening = source.find("<", position)
        if opening < 0:
            page.add_text(source[position:])
            break
        page.add_text(source[position:opening])
        position = _after_tag(page, source, opening)
    return page.text()


def _after_tag(page: _Page, source: str, opening: int) -> int:
    """Handle what begins with ``<``; returns where to go on."""
    if source.startswith("<!--", opening):
        end = source.find("-->", opening + 4)
        return len(source) if end < 0 else end + 3
    if source.startswith(("<!", "<?"), opening):
        end = source.find(">", opening)
        return len(source) if end < 0 else end + 1
    name = _TAG_NAME.match(source, opening + 1)
    if name is None:
        page.add_text("<")
        return opening + 1
    end = source.find(">", name.end())
    if end < 0:
        return len(source)
    if source.count('"', name.end(), end) % 2:  # it stands inside of an attribute's value
        quote = source.find('"', end, end + _MAX_TAG)
        later = source.find(">", quote, quote + _MAX_TAG) if quote > 0 else -1
        end = later if later > 0 else end
    page.tag(name[0].lower(), source[name.end() : min(end, name.end() + _MAX_TAG)])
    return end + 1


@dataclass(slots=True)
class _Page:
    """The text so far, and where in the page we are."""

    lines: list[str] = field(default_factory=list)
    line: list[str] = field(default_factory=list)
    quotes: int = 0
    blank: bool = False
    preformatted: int = 0
    hidden: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    link_start: int = 0

    def add_text(self, source: str) -> None:
        if not source or self.hidden:
            return
        if self.preformatted:
            first, *others = html.unescape(source).replace("\r\n", "\n").split("\n")
            self.line.append(first)
            for other in others:
                self.end_line(always=True)
                self.line.append(other)
            return
        text = html.unescape(_SPACE.sub(" ", source)).replace("\xa0", " ")
        if text.startswith(" ") and (not self.line or self.line[-1].endswith(" ")):
            text = text[1:]
        if text:
            self.line.append(text)

    def tag(self, name: str, rest: str) -> None:
        closes = name.startswith("/")
        name = name.removeprefix("/")
        if self.hidden:
            self._tag_while_hidden(name, rest, closes)
        elif closes:
            self._close(name)
        elif name in _SKIPPED or self._is_invisible(name, rest):
            if not rest.endswith("/"):
                self.hidden.append(name)
        else:
            self._open(name, rest)

    def _tag_while_hidden(self, name: str, rest: str, closes: bool) -> None:
        """Only the element that is hidden matters, and those of its name inside of it."""
        if name != self.hidden[-1]:
            return
        if closes:
            self.hidden.pop()
        elif name not in _SKIPPED and not rest.endswith("/"):
            self.hidden.append(name)

    @staticmethod
    def _is_invisible(name: str, rest: str) -> bool:
        return name not in _VOID and bool(_INVISIBLE.search(_attribute(rest, "style")))

    def _open(self, name: str, rest: str) -> None:
        if name == "br":
            self.end_line(always=True)
        elif name == "hr":
            self.end_line()
            self.line.append("---")
            self.end_line()
        elif name == "img":
            self.add_text(_attribute(rest, "alt"))
        elif name == "a":
            self.links.append(html.unescape(_attribute(rest, "href")).strip())
            self.link_start = len(self.line)
        elif name in ("td", "th") and self.line:
            self.line.append(" ")
        elif name in _BLOCKS:
            self._begin_block(name)

    def _begin_block(self, name: str) -> None:
        self.end_line()
        self.blank = self.blank or name in _PARAGRAPHS
        if name == "blockquote":
            self._leave_blank()
            self.quotes += 1
        elif name == "li":
            self.line.append("- ")
        elif name == "pre":
            self.preformatted += 1

    def _close(self, name: str) -> None:
        if name == "a" and self.links:
            self._end_link(self.links.pop())
        elif name in _BLOCKS:
            self.end_line()
            if name == "blockquote":
                self.quotes = max(self.quotes - 1, 0)
            elif name == "pre":
                self.preformatted = max(self.preformatted - 1, 0)
            self.blank = self.blank or name in _PARAGRAPHS

    def _end_link(self, target: str) -> None:
        shown = "".join(self.line[self.link_start :]).strip()
        plain = target.removeprefix("mailto:")
        if target.lower().startswith(("http://", "https://", "mailto:")) and plain != shown:
            self.line.append(f" ({plain})" if shown else plain)

    def end_line(self, *, always: bool = False) -> None:
        """Put the line that was begun below the others; an empty one only if it was asked for."""
        text = "".join(self.line).rstrip() if self.preformatted else "".join(self.line).strip()
        self.line = []
        self.link_start = 0
        if text:
            self._leave_blank()
            self.lines.append(self._quoted(text))
        elif always:
            self.blank = False
            self.lines.append(self._quoted(""))

    def _leave_blank(self) -> None:
        """An empty line between paragraphs, but only one."""
        if self.blank and self.lines and self.lines[-1].strip("> "):
            self.lines.append(self._quoted(""))
        self.blank = False

    def _quoted(self, text: str) -> str:
        marks = ">" * min(self.quotes, _MAX_QUOTES)
        return f"{marks} {text}".rstrip() if marks else text

    def text(self) -> str:
        """All of it; no more than two empty lines in a row."""
        self.preformatted = 0
        self.end_line()
        return re.sub(r"\n{4,}", "\n\n\n", "\n".join(self.lines)).strip()


def _attribute(rest: str, wanted: str) -> str:
    for found in _ATTRIBUTE.finditer(rest):
        if found[1].lower() == wanted:
            return found[2] or found[3] or found[4] or ""
    return ""
