"""What a vendor of messages wants to know about an event: its words and its files."""

from __future__ import annotations

from roomkit.models.content import (
    AudioContent,
    CompositeContent,
    EditContent,
    EventContent,
    MediaContent,
    TextContent,
    VideoContent,
)

type File = MediaContent | AudioContent | VideoContent
"""A content that is a file behind a URL."""


def files_of(content: EventContent) -> list[File]:
    """The files in a content, in order; those inside of a composite or an edit too."""
    if isinstance(content, TextContent):  # the most frequent case, and models are slow to deny
        return []
    match content:
        case MediaContent() | AudioContent() | VideoContent():
            return [content]
        case CompositeContent():
            return [file for part in content.parts for file in files_of(part)]
        case EditContent():
            return files_of(content.new_content)
    return []
