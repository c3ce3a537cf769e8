"""Pictures in ``data:`` URLs, for vendors that refuse a request over one that is no good."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Callable, Collection
from dataclasses import dataclass

from roomkit.providers._ai_codec import image_mark, read_data_url
from roomkit.providers.ai.base import AIImagePart, AITextPart, AIToolResult


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that came with the message."""

    mime_type: str
    data: bytes

    @property
    def url(self) -> str:
        """As a ``data:`` URL in Base64."""
        return f"data:{self.mime_type};base64,{b64encode(self.data).decode()}"


def format_name(mime_type: str) -> str:
    """A MIME type as vendors spell it."""
    plain = mime_type.strip().lower()
    return "image/jpeg" if plain == "image/jpg" else plain


def is_inline(image: AIImagePart) -> bool:
    """Whether the picture itself is in the message, or is meant to be."""
    return image.url[:5].lower() == "data:"


def inline_picture(image: AIImagePart, formats: Collection[str]) -> Picture | None:
    """The picture in the message; None if there is none, or its format is none of these."""
    inline = read_data_url(image.url)
    if inline is None or format_name(inline.mime_type) not in formats:
        return None
    try:
        data = b64decode(inline.base64)
    except ValueError:
        return None
    return Picture(mime_type=format_name(inline.mime_type), data=data) if data else None


def split_result[Shown](
    result: AIToolResult, shown_as: Callable[[AIImagePart], Shown | None]
) -> tuple[str, list[Shown]]:
    """What a tool answered as words, and the pictures to be shown below them.

    Args:
        shown_as: what a picture is in the vendor's request; None leaves a mark among the words.
    """
    if isinstance(result.content, str):
        return result.content, []
    words: list[str] = []
    pictures: list[Shown] = []
    for part in result.content:
        if isinstance(part, AITextPart):
            words.append(part.text)
        elif (picture := shown_as(part)) is not None:
            words.append("[Image: below]")
            pictures.append(picture)
        else:
            words.append(image_mark(part))
    return "".join(words), pictures
