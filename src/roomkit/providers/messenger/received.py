"""What a message from Messenger says: its text and what is attached to it."""

from __future__ import annotations

import mimetypes
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from roomkit.models.content import EventContent, TextContent
from roomkit.providers._meta_webhooks import unsupported
from roomkit.providers._webhook_items import (
    content_of,
    file_from,
    location_from,
    mapping,
    mappings,
    text,
)

# Messenger says what kind of file it is, and the URL may end in something that says more.
_TYPES: Mapping[str, str] = {
    "image": "image/jpeg",
    "sticker": "image/png",
    "video": "video/mp4",
    "audio": "audio/mp4",
    "file": "application/octet-stream",
}
_LINKS = frozenset({"fallback", "share", "reel", "ig_reel", "post", "ig_post"})


def message_content(message: Mapping[str, Any]) -> tuple[EventContent, str]:
    """A message's content, and the id of the sticker that it is, if it is one."""
    words = text(message.get("text"))
    attachments = mappings(message.get("attachments"))
    stickers = [it for it in attachments if text(it.get("type")) == "sticker"]
    sticker_id = next(filter(None, map(_sticker_id, [*stickers, *attachments])), "")
    # A sticker comes twice for a while, the second time as a picture.
    if stickers:
        attachments = [it for it in attachments if it in stickers or not _sticker_id(it)]
    items = [item for it in attachments if (item := _item(it, words)) is not None]
    if not words.strip() and not items:
        kinds = ", ".join(filter(None, (text(it.get("type")) for it in attachments)))
        return unsupported(kinds), sticker_id
    return content_of(words, items), sticker_id


def _item(attachment: Mapping[str, Any], words: str) -> EventContent | None:
    kind = text(attachment.get("type"))
    payload = mapping(attachment.get("payload"))
    url = text(payload.get("url")) or text(attachment.get("url"))
    if kind in _TYPES:
        return file_from(url, _mime_type(kind, url)) or unsupported(kind)
    if kind == "location":
        point = mapping(payload.get("coordinates"))
        place = location_from(point.get("lat"), point.get("long"))
        return unsupported(kind) if place is None else place
    if kind in _LINKS:
        # Somebody who types a link sends it as text and as this.
        if not url or url in words:
            return None if words.strip() else unsupported(kind)
        title = text(payload.get("title")) or text(attachment.get("title"))
        return TextContent(body=f"{title}: {url}" if title else url)
    return unsupported(kind)


def _sticker_id(attachment: Mapping[str, Any]) -> str:
    return text(mapping(attachment.get("payload")).get("sticker_id"))


def _mime_type(kind: str, url: str) -> str:
    try:
        guessed = mimetypes.guess_type(urlsplit(url).path)[0] or ""
    except ValueError:
        guessed = ""
    fits = kind == "file" or guessed.startswith(f"{_TYPES[kind].partition('/')[0]}/")
    return guessed if guessed and fits else _TYPES[kind]
