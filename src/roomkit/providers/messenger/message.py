"""What messages look like to Messenger's Send API.

https://developers.facebook.com/documentation/business-messaging/messenger-platform/send-messages

A text, a file or a template is a message of its own, so that a content may become several. What
Messenger has no control for, such as a fourth button, becomes a line of text.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from roomkit.models.content import (
    AudioContent,
    EventContent,
    LocationContent,
    MediaContent,
    RichContent,
    TemplateContent,
    VideoContent,
)
from roomkit.providers._chat_text import (
    Control,
    controls_of,
    cut,
    leaves,
    plain_text,
    split_tail,
    with_lines,
    word,
    words_of,
)
from roomkit.providers._content import File

type Json = dict[str, Any]

_MOST_TEMPLATE_TEXT = 640
_MOST_BUTTONS = 3
_MOST_REPLIES = 13
_MOST_CARDS = 10
_MOST_LABEL = 20
_MOST_TITLE = 80
_MOST_PAYLOAD = 1000
# https://developers.facebook.com/documentation/business-messaging/messenger-platform/send-messages/templates
_TEMPLATES = frozenset(
    {"button", "coupon", "customer_feedback", "generic", "image_grid", "media", "product"}
    | {"receipt"}
)


def messages_for(content: EventContent, uploads: Mapping[str, str]) -> list[Json]:
    """The messages for a content; empty if there is nothing to show.

    Args:
        uploads: ids of the files that were uploaded, by their URLs in the content.
    """
    return [message for part in leaves(content) for message in _one(part, uploads)]


def _one(content: EventContent, uploads: Mapping[str, str]) -> list[Json]:
    match content:
        case RichContent():
            return _rich(content)
        case MediaContent() | AudioContent() | VideoContent():
            return _file(content, uploads)
        case TemplateContent(template_id=template_id) if template_id in _TEMPLATES:
            shape = json.loads(json.dumps(content.parameters, default=str))
            return [_template({**shape, "template_type": template_id})]
        case LocationContent():
            return _text(plain_text(content))
    return _text(words_of(content))


def _text(text: str) -> list[Json]:
    return [{"text": text}] if text.strip() else []


def _template(payload: Json) -> Json:
    return {"attachment": {"type": "template", "payload": payload}}


def _file(file: File, uploads: Mapping[str, str]) -> list[Json]:
    uploaded = uploads.get(file.url)
    payload: Json = {"url": file.url} if uploaded is None else {"attachment_id": uploaded}
    attachment = {"type": attachment_type(file.mime_type), "payload": payload}
    return [*_text(getattr(file, "caption", None) or ""), {"attachment": attachment}]


def attachment_type(mime_type: str) -> str:
    """What Messenger calls a file of this kind."""
    family = mime_type.partition("/")[0].strip().lower()
    return family if family in ("image", "video", "audio") else "file"


def _rich(rich: RichContent) -> list[Json]:
    buttons, replies = controls_of(rich.buttons), controls_of(rich.quick_replies)
    # A quick reply can only say something; a page or a number needs a line.
    tapped = [reply for reply in replies if reply.is_reply]
    lines = [it.line for it in [*buttons[_MOST_BUTTONS:], *tapped[_MOST_REPLIES:]]]
    lines += [reply.line for reply in replies if not reply.is_reply]
    lines += [plain_text(RichContent(body="", cards=[it])) for it in rich.cards[_MOST_CARDS:]]
    body = with_lines(words_of(rich), lines)
    messages = _with_buttons(body, buttons[:_MOST_BUTTONS])
    elements = [_element(card) for card in rich.cards[:_MOST_CARDS]]
    if elements:
        messages.append(_template({"template_type": "generic", "elements": elements}))
    if tapped:
        messages = messages or [{"text": "…"}]
        messages[-1]["quick_replies"] = [_quick_reply(it) for it in tapped[:_MOST_REPLIES]]
    return messages


def _with_buttons(body: str, buttons: Sequence[Control]) -> list[Json]:
    if not buttons:
        return _text(body)
    head, tail = split_tail(body, _MOST_TEMPLATE_TEXT)
    payload = {
        "template_type": "button",
        # Messenger wants words above the buttons.
        "text": tail.strip() or "…",
        "buttons": [_button(button) for button in buttons],
    }
    return [*_text(head), _template(payload)]


def _button(button: Control) -> Json:
    """https://developers.facebook.com/documentation/business-messaging/messenger-platform/send-messages/buttons"""
    title = cut(button.label, _MOST_LABEL)
    if button.url:
        return {"type": "web_url", "title": title, "url": button.url}
    if button.phone_number:
        return {"type": "phone_number", "title": title, "payload": button.phone_number}
    return {"type": "postback", "title": title, "payload": button.payload[:_MOST_PAYLOAD]}


def _quick_reply(reply: Control) -> Json:
    shape = {
        "content_type": "text",
        "title": cut(reply.label, _MOST_LABEL),
        "payload": reply.payload[:_MOST_PAYLOAD],
    }
    return {**shape, "image_url": reply.image_url} if reply.image_url else shape


def _element(card: Mapping[str, Any]) -> Json:
    """A card of a carousel:
    https://developers.facebook.com/documentation/business-messaging/messenger-platform/send-messages/template/generic
    """
    given = card.get("buttons")
    buttons = controls_of(given if isinstance(given, list) else [])
    description = word(card, "description", "subtitle")
    url = word(card, "url")
    element: Json = {
        "title": cut(word(card, "title", "text", "label") or description or "…", _MOST_TITLE),
        "subtitle": cut(description, _MOST_TITLE),
        "image_url": word(card, "image_url", "media_url", "image"),
        "default_action": {"type": "web_url", "url": url} if url else None,
        "buttons": [_button(button) for button in buttons[:_MOST_BUTTONS]],
    }
    return {name: value for name, value in element.items() if value}
