"""What messages look like to the WhatsApp Cloud API.

https://developers.facebook.com/documentation/business-messaging/whatsapp/messages/send-messages

A text, a file or a place is a message of its own, so that a content may become several. What
WhatsApp has no control for, such as a second link, becomes a line of text.
"""

from __future__ import annotations

import re
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
    captioned,
    controls_of,
    cut,
    leaves,
    plain_text,
    split_tail,
    with_lines,
    words_of,
)
from roomkit.providers._content import File
from roomkit.providers.whatsapp.config import WhatsAppConfig
from roomkit.providers.whatsapp.media import media_id_of
from roomkit.providers.whatsapp.template import template_message

type Json = dict[str, Any]

_MOST_INTERACTIVE = 1024
_MOST_CAPTION = 1024
_MOST_BUTTONS = 3
_MOST_ROWS = 10
_PICTURES = frozenset({"image/jpeg", "image/png"})
_FILMS = frozenset({"video/mp4", "video/3gpp"})
_USER_ID = re.compile(r"[A-Z]{2}\.(?:ENT\.)?[A-Za-z0-9]{1,128}")
_NUMBER = re.compile(r"\+?[0-9]{5,20}")


def recipient_fields(to: str) -> Json:
    """Whom a message is for: a phone number, a business-scoped user id, or a group.

    https://developers.facebook.com/documentation/business-messaging/whatsapp/business-scoped-user-ids/
    """
    if _USER_ID.fullmatch(to):
        return {"recipient_type": "individual", "recipient": to}
    kind = "individual" if _NUMBER.fullmatch(to) else "group"
    return {"recipient_type": kind, "to": to}


class MessageWriter:
    """Writes contents as messages.

    Args:
        uploads: ids of the files that were uploaded, by their URLs in the content.
    """

    def __init__(self, config: WhatsAppConfig, uploads: Mapping[str, str]) -> None:
        self._config = config
        self._uploads = uploads

    def write(self, content: EventContent) -> list[Json]:
        """The messages for a content, without their recipient; empty if there is nothing to
        show."""
        parts = captioned(leaves(content), _MOST_CAPTION)
        return [message for part in parts for message in self._one(part)]

    def _one(self, content: EventContent) -> list[Json]:
        match content:
            case TemplateContent():
                return [{"type": "template", "template": template_message(content)}]
            case RichContent():
                return self._rich(content)
            case LocationContent():
                return [{"type": "location", "location": _place(content)}]
            case MediaContent() | AudioContent() | VideoContent():
                return self._file(content)
        return self._text(words_of(content))

    def _text(self, text: str) -> list[Json]:
        if not text.strip():
            return []
        body: Json = {"body": text}
        if self._config.preview_urls:
            body["preview_url"] = True
        return [{"type": "text", "text": body}]

    def _file(self, file: File) -> list[Json]:
        kind = _kind_of(file.mime_type)
        caption = (getattr(file, "caption", None) or "").strip()
        shape = self._source(file.url)
        if kind == "document" and isinstance(file, MediaContent) and file.filename:
            shape["filename"] = file.filename
        if kind == "audio" and "opus" in file.mime_type.lower():
            shape["voice"] = True
        below: list[Json] = []
        if caption and (kind in ("audio", "sticker") or len(caption) > _MOST_CAPTION):
            below = self._text(caption)
        elif caption:
            shape["caption"] = caption
        return [{"type": kind, kind: shape}, *below]

    def _source(self, url: str) -> Json:
        media_id = self._uploads.get(url) or media_id_of(url)
        return {"link": url} if media_id is None else {"id": media_id}

    def _rich(self, rich: RichContent) -> list[Json]:
        controls = controls_of([*rich.buttons, *rich.quick_replies])
        replies = _distinct([control for control in controls if control.is_reply])
        shown, left = replies[:_MOST_ROWS], replies[_MOST_ROWS:]
        links = [control for control in controls if not control.is_reply]
        link = links.pop(0) if links and links[0].url and not shown else None
        cards = [plain_text(RichContent(body="", cards=[card])) for card in rich.cards]
        lines = [*cards, *(control.line for control in [*links, *left])]
        body = with_lines(words_of(rich), lines)
        if shown:
            return self._interactive(body, _choices(shown, self._config.list_label))
        if link is not None:
            parameters = {"display_text": cut(link.label, 20), "url": link.url}
            action = {"name": "cta_url", "parameters": parameters}
            return self._interactive(body, {"type": "cta_url", "action": action})
        return self._text(body)

    def _interactive(self, body: str, shape: Json) -> list[Json]:
        head, tail = split_tail(body, _MOST_INTERACTIVE)
        # WhatsApp wants words above the buttons.
        words = {"text": tail.strip() or "…"}
        return [
            *self._text(head),
            {"type": "interactive", "interactive": {**shape, "body": words}},
        ]


def _kind_of(mime_type: str) -> str:
    """What WhatsApp calls such a file; what it has no player for goes out as a document."""
    kind = mime_type.partition(";")[0].strip().lower()
    if kind in _PICTURES:
        return "image"
    if kind == "image/webp":
        return "sticker"
    if kind in _FILMS:
        return "video"
    return "audio" if kind.startswith("audio/") else "document"


def _place(place: LocationContent) -> Json:
    shape: Json = {"latitude": place.latitude, "longitude": place.longitude}
    if place.label:
        shape["name"] = place.label
    if place.address:
        shape["address"] = place.address
    return shape


def _distinct(controls: Sequence[Control]) -> list[Control]:
    """Of several controls with the same payload the first: WhatsApp refuses the message else."""
    first: dict[str, Control] = {}
    for control in controls:
        first.setdefault(control.payload, control)
    return list(first.values())


def _choices(replies: Sequence[Control], list_label: str) -> Json:
    """Up to three replies as buttons; more, or such with the same label, as a list."""
    titles = {cut(reply.label, 20) for reply in replies}
    if len(replies) <= _MOST_BUTTONS and len(titles) == len(replies):
        buttons = [
            {"type": "reply", "reply": {"id": reply.payload[:256], "title": cut(reply.label, 20)}}
            for reply in replies
        ]
        return {"type": "button", "action": {"buttons": buttons}}
    rows = [_row(reply) for reply in replies]
    return {"type": "list", "action": {"button": list_label, "sections": [{"rows": rows}]}}


def _row(reply: Control) -> Json:
    row: Json = {"id": reply.payload[:200], "title": cut(reply.label, 24)}
    if reply.description:
        row["description"] = cut(reply.description, 72)
    return row
