"""What a message can consist of: a union of eleven types, told apart by their ``type`` field."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator

from roomkit.models._base import EMPTY_DICT, EMPTY_LIST, FrozenModel, JsonList, Metadata, Text
from roomkit.models._frozen import FrozenList

MAX_COMPOSITE_DEPTH = 5


class TextContent(FrozenModel):
    """Plain text."""

    type: Literal["text"] = "text"
    body: Text
    language: Text | None = None


class RichContent(FrozenModel):
    """Formatted text, with optional controls.

    ``buttons``, ``cards`` and ``quick_replies`` are lists of mappings; a button has at least
    ``text`` and, as the vendor needs it, ``payload`` or ``url``. ``plain_text`` is what a
    text-only channel shows.
    """

    type: Literal["rich"] = "rich"
    body: Text
    format: Literal["html", "markdown"] = "markdown"
    plain_text: Text | None = None
    buttons: JsonList = EMPTY_LIST
    cards: JsonList = EMPTY_LIST
    quick_replies: JsonList = EMPTY_LIST


class MediaContent(FrozenModel):
    """An image, a document or any other file, by URL."""

    type: Literal["media"] = "media"
    url: Text
    mime_type: Text
    filename: Text | None = None
    size_bytes: int | None = Field(default=None, ge=0)
    caption: Text | None = None


class AudioContent(FrozenModel):
    """A voice message or another sound, by URL."""

    type: Literal["audio"] = "audio"
    url: Text
    mime_type: Text
    duration_seconds: float | None = Field(default=None, ge=0)
    transcript: Text | None = None


class VideoContent(FrozenModel):
    """A video, by URL."""

    type: Literal["video"] = "video"
    url: Text
    mime_type: Text
    duration_seconds: float | None = Field(default=None, ge=0)
    thumbnail_url: Text | None = None


class LocationContent(FrozenModel):
    """A point on the map, in degrees (WGS 84)."""

    type: Literal["location"] = "location"
    latitude: float = Field(ge=-90, le=90)
    longitude: float = Field(ge=-180, le=180)
    label: Text | None = None
    address: Text | None = None


class TemplateContent(FrozenModel):
    """A message template that the vendor approved beforehand; ``body`` is its text elsewhere."""

    type: Literal["template"] = "template"
    template_id: Text
    language: Text = "en"
    parameters: Metadata = EMPTY_DICT
    body: Text | None = None


class SystemContent(FrozenModel):
    """Something that the framework or the host application says about the room."""

    type: Literal["system"] = "system"
    body: Text
    code: Text | None = None
    data: Metadata = EMPTY_DICT


class EditContent(FrozenModel):
    """New content for an earlier message; ``edit_source`` says who asked ("sender", "moderator"
    …)."""

    type: Literal["edit"] = "edit"
    target_event_id: Text
    new_content: EventContent
    edit_source: Text | None = None


class DeleteContent(FrozenModel):
    """Withdraws an earlier message; ``delete_type`` says on whose behalf ("sender", "moderator"
    …)."""

    type: Literal["delete"] = "delete"
    target_event_id: Text
    delete_type: Text = "sender"
    reason: Text | None = None


class CompositeContent(FrozenModel):
    """Several contents sent as one message, nested at most five levels deep."""

    type: Literal["composite"] = "composite"
    parts: list[EventContent]

    @field_validator("parts")
    @classmethod
    def _limit_depth(cls, parts: list[EventContent]) -> list[EventContent]:
        depth = 1 + max((composite_depth(part) for part in parts), default=0)
        if depth > MAX_COMPOSITE_DEPTH:
            raise ValueError(
                f"nested {depth} levels deep; at most {MAX_COMPOSITE_DEPTH} are allowed"
            )
        return FrozenList(parts)


EventContent = Annotated[
    TextContent
    | RichContent
    | MediaContent
    | AudioContent
    | VideoContent
    | LocationContent
    | CompositeContent
    | TemplateContent
    | SystemContent
    | EditContent
    | DeleteContent,
    Field(discriminator="type"),
]
"""Any content, discriminated on ``type``."""


def composite_depth(content: EventContent) -> int:
    """How many composites are nested in `content`, itself included."""
    if isinstance(content, CompositeContent):
        return 1 + max((composite_depth(part) for part in content.parts), default=0)
    if isinstance(content, EditContent):
        return composite_depth(content.new_content)
    return 0
