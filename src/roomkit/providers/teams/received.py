"""What somebody has written to a bot: words without the bot's name, and files."""

from __future__ import annotations

import mimetypes
import re
from collections.abc import Mapping
from typing import Any

from roomkit.models.content import EventContent
from roomkit.providers._webhook_items import content_of, file_from, mapping, mappings, text

_MOST_MENTIONS = 100
_MOST_FILES = 50
# `<at>` as Teams writes it; names of people hold no angle brackets, they come escaped.
_AT = re.compile(r"<at(?:\s[^<>]*)?>([^<>]*)</at>")
# https://learn.microsoft.com/en-us/microsoftteams/platform/bots/how-to/bots-filesv4
_DOWNLOAD = "application/vnd.microsoft.teams.file.download.info"
_MEDIA = ("image/", "audio/", "video/")


def mentions_bot(activity: Mapping[str, Any], bot_id: str) -> bool:
    """Whether the bot is among those who are mentioned.

    By the entities, that is: the text was written by anybody.
    """
    return bool(bot_id) and any(one[0] == bot_id for one in _mentions(activity))


def words_of(activity: Mapping[str, Any], bot_id: str) -> str:
    """The text without the mention of the bot; others who are mentioned keep their names."""
    words = text(activity.get("text"))
    for mentioned, written in _mentions(activity):
        if mentioned == bot_id and written:
            words = words.replace(written, " ", 1)
    if "<at" in words:
        words = _AT.sub(r"\1", words)
    lines = words.replace("\r\n", "\n").replace("\xa0", " ").split("\n")
    return "\n".join(line.strip() for line in lines).strip()


def _mentions(activity: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Who is mentioned, and how it is written in the text."""
    return [
        (text(mapping(entity.get("mentioned")).get("id")), text(entity.get("text")))
        for entity in mappings(activity.get("entities"))[:_MOST_MENTIONS]
        if entity.get("type") == "mention"
    ]


def content_in(activity: Mapping[str, Any], words: str) -> EventContent | None:
    """The words and the files as one content; None if there is neither."""
    files = [
        file
        for attachment in mappings(activity.get("attachments"))[:_MOST_FILES]
        if (file := _file(attachment)) is not None
    ]
    return content_of(words, files) if words or files else None


def _file(attachment: Mapping[str, Any]) -> EventContent | None:
    """A file or a picture; cards, and the same words once more as HTML, are neither."""
    kind, name = text(attachment.get("contentType")).lower(), text(attachment.get("name"))
    if kind == _DOWNLOAD:
        content = mapping(attachment.get("content"))
        guessed = mimetypes.guess_type(name or f"x.{text(content.get('fileType'))}")[0]
        return file_from(text(content.get("downloadUrl")), guessed or "", filename=name)
    if not kind.startswith(_MEDIA):
        return None
    if kind == "image/*":  # a picture that was pasted
        kind = mimetypes.guess_type(name)[0] or "image/png"
    return file_from(text(attachment.get("contentUrl")), kind, filename=name)
