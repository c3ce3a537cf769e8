"""Reading VoiceMeUp's webhooks.

A text message is one webhook. A message with a picture is two: one with the words and a document
that describes the message, and one with the picture itself.

VoiceMeUp describes the fields to its customers (https://developer.voicemeup.com/guides) and not to
everybody, so that few of their names are relied on here: a file is a field that holds a URL and
whose type is known, from a field of a similar name that speaks of types or from the URL itself.
"""

from __future__ import annotations

import mimetypes
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from roomkit.errors import WebhookError
from roomkit.models.address import canonical_phone
from roomkit.models.delivery import WebhookMeta
from roomkit.providers._content import File
from roomkit.providers._webhook_items import (
    file_from,
    inbound_meta,
    mapping,
    status_meta,
    text,
    unknown_meta,
)

VENDOR = "voicemeup"
MESSAGE_IDS = ("sms_hash", "message_id", "id")
"""The names under which a message's id may be, the likeliest first."""

_WORDS = "message"
_STATUSES: Mapping[str, str] = {"undelivered": "failed", "error": "failed", "success": "sent"}
# What describes a message that comes in several parts, rather than being one of them.
_WRAPPERS = frozenset(
    {"text/html", "text/plain", "text/xml", "application/xml", "application/smil"}
)
_FILE_WORDS = ("media", "attach", "file", "image", "picture")


def read_voicemeup_webhook(payload: Mapping[str, Any]) -> WebhookMeta:
    """One webhook in normal form: a message or half of one (see `is_first_part`), a report, or
    something to acknowledge and ignore.

    Raises:
        WebhookError: the payload is not one of VoiceMeUp's.
    """
    payload = {text(name): value for name, value in mapping(payload).items()}
    message_id = _first(payload, *MESSAGE_IDS)
    status = _first(payload, "status", "message_status").lower()
    sender = canonical_phone(_first(payload, "source_number", "from"))
    recipient = canonical_phone(_first(payload, "destination_number", "to"))
    files = real_files(payload)
    words = text(payload.get(_WORDS))
    if message_id and status and not _comes_in(payload, words, files):
        return status_meta(
            VENDOR,
            message_id=message_id,
            status=_STATUSES.get(status, status),
            sender=sender,
            recipient=recipient,
            raw=payload,
        )
    if sender:
        return inbound_meta(
            VENDOR,
            sender=sender,
            recipient=recipient,
            body=words,
            items=files,
            external_id=message_id,
            raw=payload,
        )
    if message_id:
        return unknown_meta(VENDOR, external_id=message_id, raw=payload)
    raise WebhookError("this is not a VoiceMeUp webhook: it has neither sender nor id")


def _comes_in(payload: Mapping[str, Any], words: str, files: list[File]) -> bool:
    """Whether a webhook with a status is a message all the same."""
    direction = _first(payload, "direction").lower()
    return direction.startswith("in") if direction else bool(words or files)


def is_first_part(meta: WebhookMeta) -> bool:
    """Whether the picture of this message comes in another webhook."""
    if not meta.is_inbound or meta.media_urls:
        return False
    return any(file.mime_type in _WRAPPERS for file in _files(meta.raw))


def real_files(payload: Mapping[str, Any]) -> list[File]:
    """The files in a webhook, without documents that only describe a message."""
    return [file for file in _files(payload) if file.mime_type not in _WRAPPERS]


def _files(payload: Mapping[str, Any]) -> Iterator[File]:
    for name, value in payload.items():
        if name == _WORDS:
            continue
        for url in value if isinstance(value, list) else [value]:
            if not (isinstance(url, str) and url.lower().startswith(("https://", "http://"))):
                continue
            mime_type = _type(payload, name, url)
            named = any(word in name.lower() for word in _FILE_WORDS)
            file = file_from(text(url), mime_type) if mime_type or named else None
            if file is not None:
                yield file


def _type(payload: Mapping[str, Any], name: str, url: str) -> str:
    """The MIME type of the file in a field: what a field beside it says, or its URL."""
    for other, value in payload.items():
        if other.startswith(name) and "type" in other.lower():
            return text(value)
    try:
        path = urlsplit(url).path.lower()
    except ValueError:
        return ""
    return "application/smil" if path.endswith(".smil") else mimetypes.guess_type(path)[0] or ""


def _first(payload: Mapping[str, Any], *names: str) -> str:
    return next((found for name in names if (found := text(payload.get(name)).strip())), "")
