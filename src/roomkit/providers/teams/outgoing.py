"""From an event's content to the activity that shows it.

https://learn.microsoft.com/en-us/microsoftteams/platform/bots/how-to/format-your-bot-messages and
https://learn.microsoft.com/en-us/microsoftteams/platform/task-modules-and-cards/cards/cards-reference
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from roomkit.channels.base import text_of
from roomkit.errors import ProviderError
from roomkit.models.content import (
    AudioContent,
    CompositeContent,
    EventContent,
    LocationContent,
    MediaContent,
    RichContent,
    TemplateContent,
    VideoContent,
)
from roomkit.providers._chat_text import Control, controls_in, controls_of, word
from roomkit.providers._content import File
from roomkit.providers._inline import is_inline

VENDOR = "teams"
_HERO = "application/vnd.microsoft.card.hero"
_ADAPTIVE = "application/vnd.microsoft.card.adaptive"
# The only files that a bot can send by their address: …/conversation-messages#message-content
_PICTURES = frozenset({"image/png", "image/jpeg", "image/gif"})

type Json = dict[str, Any]


def refusal(reason: str, code: str) -> ProviderError:
    """What cannot be sent, whatever Teams would say."""
    return ProviderError(f"{VENDOR}: {reason}", provider=VENDOR, code=code)


def activity_for(content: EventContent) -> Json:
    """The activity that shows a content.

    Raises:
        ProviderError: nothing in it can be sent.
    """
    lines: list[str] = []
    attachments: list[Json] = []
    activity: Json = {"type": "message", "textFormat": "plain"}
    for leaf in _leaves(content):
        match leaf:
            case RichContent():
                activity |= _rich(leaf, lines, attachments)
            case MediaContent() | AudioContent() | VideoContent():
                _add_file(leaf, lines, attachments)
            case LocationContent():
                lines.append(_place(leaf))
            case TemplateContent():
                lines.append(leaf.body or "")
            case _:
                lines.append(text_of(leaf))
    between = "<br>" if activity["textFormat"] == "xml" else "\n"
    words = between.join(filter(None, lines))
    if not words.strip() and not attachments:
        raise refusal(f"nothing in {content.type} content can be sent", "empty_message")
    if words:
        activity["text"] = words
    if attachments:
        activity["attachments"] = attachments
    return activity


def _leaves(content: EventContent) -> list[EventContent]:
    if isinstance(content, CompositeContent):
        return [leaf for part in content.parts for leaf in _leaves(part)]
    return [content]


def _rich(content: RichContent, lines: list[str], attachments: list[Json]) -> Json:
    """Formatted text, and cards below it. With buttons, the text is on the card that has them:
    Teams would make two messages of a text with a card and tell the id of neither."""
    buttons = [_button(control) for control in controls_of(content.buttons)]
    if buttons:
        card = {"text": content.body, "buttons": buttons}
        attachments.append({"contentType": _HERO, "content": card})
    else:
        lines.append(content.body)
    attachments += [_card(card) for card in content.cards]
    more: Json = {"textFormat": "xml" if content.format == "html" else "markdown"}
    suggestions = [
        {"type": "imBack", "title": control.label, "value": control.label}
        for control in controls_of(content.quick_replies)
    ]
    if suggestions:
        more["suggestedActions"] = {"actions": suggestions}
    return more


def _button(control: Control) -> Json:
    """https://learn.microsoft.com/en-us/microsoftteams/platform/task-modules-and-cards/cards/cards-actions"""
    if control.url:
        return {"type": "openUrl", "title": control.label, "value": control.url}
    if control.phone_number:
        number = f"tel:{control.phone_number}"
        return {"type": "openUrl", "title": control.label, "value": number}
    return {
        "type": "messageBack",
        "title": control.label,
        "text": control.label,
        "displayText": control.label,
        "value": {"payload": control.payload},
    }


def _card(card: Mapping[str, Any]) -> Json:
    """A hero card; one that is an Adaptive Card already stays as it is."""
    if card.get("type") == "AdaptiveCard":
        return {"contentType": _ADAPTIVE, "content": dict(card)}
    image = word(card, "image_url", "media_url", "image")
    url = word(card, "url")
    buttons = [_button(control) for control in controls_of(controls_in(card))]
    parts: Json = {
        "title": word(card, "title", "text", "label"),
        "subtitle": word(card, "subtitle"),
        "text": word(card, "description"),
        "images": [{"url": image}] if image else [],
        "buttons": buttons,
        "tap": {"type": "openUrl", "value": url} if url else None,
    }
    return {
        "contentType": _HERO,
        "content": {name: part for name, part in parts.items() if part},
    }


def _add_file(file: File, lines: list[str], attachments: list[Json]) -> None:
    kind = file.mime_type.partition(";")[0].strip().lower()
    caption = file.caption if isinstance(file, MediaContent) else None
    if caption:
        lines.append(caption)
    if kind not in _PICTURES:
        if is_inline(file.url):
            raise refusal("only pictures can be sent without a public address", "invalid_media")
        lines.append(file.url)
        return
    attachment: Json = {"contentType": kind, "contentUrl": file.url}
    if isinstance(file, MediaContent) and file.filename:
        attachment["name"] = file.filename
    attachments.append(attachment)


def _place(place: LocationContent) -> str:
    link = f"https://maps.google.com/?q={place.latitude},{place.longitude}"
    return "\n".join(filter(None, [place.label, place.address, link]))
