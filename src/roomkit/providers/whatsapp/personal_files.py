"""Files in messages of WhatsApp's own protocol.

A file lies encrypted on one of WhatsApp's servers, and the key to it is in the message alone.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

from roomkit.models.content import AudioContent, MediaContent, VideoContent
from roomkit.providers._content import File
from roomkit.providers._webhook_items import text

FILE_FIELDS = {
    "imageMessage": "image/jpeg",
    "videoMessage": "video/mp4",
    "ptvMessage": "video/mp4",
    "audioMessage": "audio/ogg",
    "documentMessage": "application/octet-stream",
    "stickerMessage": "image/webp",
}
"""The parts of a message that are files, and what kind of file if it is not said."""

_SCHEME = "whatsapp-file:"
_MOST_FILES = 1000
_PICTURES = ("JPEGThumbnail", "pngThumbnail", "waveform", "contextInfo")


def file_url(message_id: str) -> str:
    """The URL that stands for the file in a message."""
    return _SCHEME + message_id


def file_in(kind: str, part: Any, message_id: str) -> tuple[File, dict[str, Any]]:
    """A part of a message as content, and what else there is to know about it."""
    mime_type = text(part.mimetype) or FILE_FIELDS[kind]
    url, seconds = file_url(message_id), float(getattr(part, "seconds", 0)) or None
    facts = {"sticker": kind == "stickerMessage" or None, "voice": _is_voice(part) or None}
    family = mime_type.partition(";")[0].strip().lower()
    if family.startswith("audio/"):
        return AudioContent(url=url, mime_type=family, duration_seconds=seconds), facts
    if family.startswith("video/"):
        return VideoContent(url=url, mime_type=family, duration_seconds=seconds), facts
    name = text(getattr(part, "fileName", ""))
    return MediaContent(
        url=url,
        mime_type=family,
        filename=name or None,
        size_bytes=int(part.fileLength),
    ), facts


def _is_voice(part: Any) -> bool:
    return bool(getattr(part, "PTT", False))


class KnownFiles:
    """The messages whose files can still be fetched: the newest thousand of this process."""

    def __init__(self) -> None:
        self._messages: OrderedDict[str, Any] = OrderedDict()

    def note(self, message_id: str, message: Any) -> None:
        """Keep what it takes to fetch the file in a message, if there is one."""
        kind = next((name for name in FILE_FIELDS if message.HasField(name)), None)
        if kind is None:
            return
        kept = type(message)()
        kept.CopyFrom(message)
        part = getattr(kept, kind)
        for name in _PICTURES:
            if name in part.DESCRIPTOR.fields_by_name:
                part.ClearField(name)
        self._messages[message_id] = kept
        self._messages.move_to_end(message_id)
        if len(self._messages) > _MOST_FILES:
            self._messages.popitem(last=False)

    def find(self, reference: str) -> tuple[Any, Any] | None:
        """The message that a URL or an id stands for, and its part that is the file."""
        message = self._messages.get(reference.removeprefix(_SCHEME))
        if message is None:
            return None
        kind = next(name for name in FILE_FIELDS if message.HasField(name))
        return message, getattr(message, kind)
