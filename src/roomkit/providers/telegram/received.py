"""What somebody has written to a bot: https://core.telegram.org/bots/api#message"""

from __future__ import annotations

import logging
import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from roomkit.models.content import (
    AudioContent,
    EventContent,
    MediaContent,
    TextContent,
    VideoContent,
)
from roomkit.providers._chat_items import amount, size
from roomkit.providers._content import File
from roomkit.providers._webhook_items import (
    content_of,
    location_from,
    mapping,
    mappings,
    text,
    text_content,
)
from roomkit.providers.telegram._api import file_url

logger = logging.getLogger("roomkit.providers")

# What a file is if Telegram does not say.
_TYPES: Mapping[str, str] = {
    "photo": "image/jpeg",
    "animation": "video/mp4",
    "audio": "audio/mpeg",
    "voice": "audio/ogg",
    "video": "video/mp4",
    "video_note": "video/mp4",
    "sticker": "image/webp",
    "document": "application/octet-stream",
}
_MOST_FACTS = 40


@dataclass(frozen=True, kw_only=True, slots=True)
class Received:
    """The content of a message, and what there is to know of its files."""

    content: EventContent
    metadata: Mapping[str, Any]


def read_content(message: Mapping[str, Any]) -> Received | None:
    """The content of a message; None for notices of Telegram and for what is not known here."""
    words = text(message.get("text"))
    if words:  # what has a file has a caption instead
        return Received(content=text_content(words), metadata={})
    words = text(message.get("caption"))
    kind, file = _file_in(message)
    if file is not None:
        shown, facts = file
        return Received(content=content_of(words, [shown]), metadata={"files": [facts]})
    place = _place_in(message)
    if place is not None:
        return Received(content=content_of(words, [place]), metadata={})
    if words:
        return Received(content=TextContent(body=words), metadata={})
    contact = mapping(message.get("contact"))
    if contact:
        return _contact(contact)
    spoken = _as_text(message)
    if spoken:
        return Received(content=TextContent(body=spoken), metadata={})
    if kind:
        logger.warning("a file in a Telegram message has no id: %s", kind)
    return None


def _file_in(message: Mapping[str, Any]) -> tuple[str, tuple[File, dict[str, Any]] | None]:
    """Which kind of file is in a message, and the file itself if it can be used.

    An animation is also there as a document, so the order of the kinds matters.
    """
    for kind in _TYPES:
        if kind in message:
            found = message[kind]
            details = _largest(found) if kind == "photo" else mapping(found)
            return kind, _file(kind, details)
    return "", None


def _largest(sizes: Any) -> Mapping[str, Any]:
    return max(
        mappings(sizes),
        key=lambda one: (amount(one.get("width")) or 0) * (amount(one.get("height")) or 0),
        default={},
    )


def _file(kind: str, details: Mapping[str, Any]) -> tuple[File, dict[str, Any]] | None:
    file_id = text(details.get("file_id"))
    if not file_id:
        return None
    name = text(details.get("file_name"))
    mime_type = _mime_type(kind, details, name)
    seconds, size_bytes = amount(details.get("duration")), size(details.get("file_size"))
    facts = {
        "kind": kind,
        "file_id": file_id,
        "file_unique_id": text(details.get("file_unique_id")),
        "mime_type": mime_type,
        "filename": name,
        "size_bytes": size_bytes,
        "duration_seconds": seconds,
    }
    url = file_url(file_id)
    shown: File
    if mime_type.startswith("audio/"):
        shown = AudioContent(url=url, mime_type=mime_type, duration_seconds=seconds)
    elif mime_type.startswith("video/"):
        shown = VideoContent(url=url, mime_type=mime_type, duration_seconds=seconds)
    else:
        emoji = text(details.get("emoji")) if kind == "sticker" else ""
        shown = MediaContent(
            url=url,
            mime_type=mime_type,
            filename=name or None,
            size_bytes=size_bytes,
            caption=emoji or None,
        )
    return shown, {key: value for key, value in facts.items() if value not in ("", None)}


def _mime_type(kind: str, details: Mapping[str, Any], name: str) -> str:
    told = text(details.get("mime_type")).partition(";")[0].strip().lower()
    if "/" in told:
        return told
    if kind == "sticker":
        if details.get("is_animated") is True:
            return "application/x-tgsticker"
        return "video/webm" if details.get("is_video") is True else "image/webp"
    if kind == "document":
        return mimetypes.guess_type(name)[0] or _TYPES[kind]
    return _TYPES[kind]


def _place_in(message: Mapping[str, Any]) -> EventContent | None:
    venue = mapping(message.get("venue"))
    point = mapping(venue.get("location")) or mapping(message.get("location"))
    if not point:
        return None
    return location_from(
        point.get("latitude"),
        point.get("longitude"),
        label=text(venue.get("title")),
        address=text(venue.get("address")),
    )


def _contact(contact: Mapping[str, Any]) -> Received:
    name = " ".join(
        filter(None, [text(contact.get("first_name")), text(contact.get("last_name"))])
    )
    number = text(contact.get("phone_number"))
    known = {"name": name, "phone_number": number, "user_id": text(contact.get("user_id"))}
    return Received(
        content=TextContent(body=" ".join(filter(None, [name, number])) or "[Contact]"),
        metadata={"contact": {key: value for key, value in known.items() if value}},
    )


def _as_text(message: Mapping[str, Any]) -> str:
    """What can be put into words: a poll, a thrown die."""
    poll, dice = mapping(message.get("poll")), mapping(message.get("dice"))
    if poll:
        options = [text(option.get("text")) for option in mappings(poll.get("options"))]
        lines = [text(poll.get("question")), *(f"- {option}" for option in options if option)]
        return "\n".join(filter(None, lines[:_MOST_FACTS]))
    if dice:
        return f"{text(dice.get('emoji'))} {text(dice.get('value'))}".strip()
    return ""
