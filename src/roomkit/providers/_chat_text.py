"""What chat apps show of formatted text: words, and controls with short labels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from roomkit.channels.base import text_of
from roomkit.models.content import (
    CompositeContent,
    EditContent,
    EventContent,
    LocationContent,
    MediaContent,
    RichContent,
    TextContent,
)
from roomkit.providers.email.html_text import html_to_text


@dataclass(frozen=True, kw_only=True, slots=True)
class Control:
    """A button or a quick reply.

    Attributes:
        label: what stands on it.
        payload: what comes back when it is tapped.
        url: the page that it opens; "" if it opens none.
        phone_number: the number that it calls; "" if it calls none.
        description: a second line, where there is room for one.
        image_url: a picture on it, where there is room for one.
    """

    label: str
    payload: str
    url: str = ""
    phone_number: str = ""
    description: str = ""
    image_url: str = ""

    @property
    def is_reply(self) -> bool:
        """Whether tapping it says something, as opposed to opening or calling something."""
        return not (self.url or self.phone_number)

    @property
    def line(self) -> str:
        """The control as a line of text, where it cannot be shown."""
        where = self.url or self.phone_number
        return f"- {self.label}: {where}" if where and where != self.label else f"- {self.label}"


def controls_of(given: Iterable[Any]) -> list[Control]:
    """The controls in a list of mappings; those without a label are left out."""
    found = [_control(one) for one in given if isinstance(one, Mapping)]
    return [control for control in found if control.label]


def _control(given: Mapping[str, Any]) -> Control:
    url, number = word(given, "url"), word(given, "phone_number")
    label = word(given, "text", "title", "label") or url or number
    return Control(
        label=label,
        payload=word(given, "payload", "postback_data", "id") or label,
        url=url,
        phone_number=number,
        description=word(given, "description", "subtitle"),
        image_url=word(given, "image_url"),
    )


def plain_text(content: EventContent) -> str:
    """The words of a content, with a line for each control and a link for each place."""
    match content:
        case RichContent():
            lines = [text_of(content), *(_card_text(card) for card in content.cards)]
            lines += [f"- {label_of(it)}" for it in [*content.buttons, *content.quick_replies]]
        case LocationContent():
            point = f"{content.latitude},{content.longitude}"
            lines = [text_of(content), f"https://maps.google.com/?q={point}"]
        case CompositeContent():
            lines = [plain_text(part) for part in content.parts]
        case EditContent():
            return plain_text(content.new_content)
        case _:
            return text_of(content)
    return "\n".join(filter(None, lines))


def label_of(control: Mapping[str, Any]) -> str:
    """What a control says, with the address that it leads to."""
    return ": ".join(filter(None, [word(control, "text", "title", "label"), word(control, "url")]))


def word(control: Mapping[str, Any], *names: str) -> str:
    """The first of these entries that is a text."""
    found = (control.get(name) for name in names)
    return next((value for value in found if isinstance(value, str) and value), "")


def controls_in(card: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The buttons of a card."""
    buttons = card.get("buttons")
    return [it for it in buttons if isinstance(it, Mapping)] if isinstance(buttons, list) else []


def _card_text(card: Mapping[str, Any]) -> str:
    lines = [word(card, "title", "text", "label"), word(card, "description", "subtitle")]
    lines += [f"- {label_of(button)}" for button in controls_in(card)]
    return "\n".join(filter(None, [*lines, word(card, "url")]))


def words_of(content: EventContent) -> str:
    """The words of a content without markup that a chat app would show as it is."""
    if isinstance(content, RichContent) and content.format == "html" and not content.plain_text:
        return html_to_text(content.body)
    return text_of(content)


def with_lines(text: str, lines: Iterable[str]) -> str:
    """A text with lines below it."""
    return "\n".join(filter(None, [text, *lines]))


def leaves(content: EventContent) -> list[EventContent]:
    """The contents that a message is made of: the parts of composites, and what an edit shows."""
    if isinstance(content, CompositeContent):
        return [leaf for part in content.parts for leaf in leaves(part)]
    if isinstance(content, EditContent):
        return leaves(content.new_content)
    return [content]


def captioned(parts: Sequence[EventContent], most: int) -> Sequence[EventContent]:
    """A text and a file as a file with a caption, which is one message instead of two."""
    match parts:
        case [TextContent(body=text), MediaContent(caption=None) as file] | [
            MediaContent(caption=None) as file,
            TextContent(body=text),
        ] if len(text) <= most and not file.mime_type.startswith("audio/"):
            return [file.evolve(caption=text)]
    return parts


def split_tail(text: str, most: int) -> tuple[str, str]:
    """A text in two: what does not fit into `most` characters, and the end of it, which does.

    The seam is at a line or a word where there is one.
    """
    start = len(text) - most
    if start <= 0:
        return "", text
    for mark in ("\n", " "):
        at = text.find(mark, start - 1)
        if 0 < at < len(text) - 1:
            return text[:at].rstrip(), text[at + 1 :]
    return text[:start], text[start:]


def cut(words: str, most: int) -> str:
    """A label in at most `most` characters."""
    words = words.strip()
    return words if len(words) <= most else words[: most - 1].rstrip() + "…"
