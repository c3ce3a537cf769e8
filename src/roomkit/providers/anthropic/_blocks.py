"""The pieces of a message, from and to Anthropic's content blocks.

https://platform.claude.com/docs/en/api/messages/create
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from roomkit.providers._ai_codec import image_mark
from roomkit.providers._ai_pictures import inline_picture
from roomkit.providers.ai.base import (
    AIImagePart,
    AITextPart,
    AIThinkingPart,
    AIToolResult,
)

type Block = dict[str, Any]
"""A content block as JSON."""

THINKING = ("thinking", "redacted_thinking")
"""The types of the blocks that hold reasoning."""

KEPT = "anthropic"
"""Where ``provider_data`` keeps a block that must go back just as it came."""

_FORMATS = ("image/gif", "image/jpeg", "image/png", "image/webp")


def text_block(text: str) -> list[Block]:
    """The block for a text; none for an empty one, which the vendor refuses."""
    return [{"type": "text", "text": text}] if text.strip() else []


def image_block(image: AIImagePart, *, vision: bool) -> Block:
    """A picture, or a mark in its place if it cannot be shown.

    The vendor fetches ``https:`` URLs itself; one that it cannot fetch makes it refuse the whole
    request.
    """
    if vision and _is_link(image.url):
        return {"type": "image", "source": {"type": "url", "url": image.url}}
    picture = inline_picture(image, _FORMATS) if vision else None
    if picture is None:
        return {"type": "text", "text": image_mark(image)}
    data = b64encode(picture.data).decode()
    source = {"type": "base64", "media_type": picture.mime_type, "data": data}
    return {"type": "image", "source": source}


def _is_link(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme == "https" and bool(parts.hostname)
    except ValueError:
        return False


def kept_block(part: AITextPart | AIThinkingPart) -> list[Block]:
    """The block that a part was, if it has to go back just as it came."""
    kept = part.provider_data.get(KEPT)
    return [dict(kept)] if isinstance(kept, Mapping) else []


def thinking_block(part: AIThinkingPart) -> list[Block]:
    """Reasoning of this vendor. Another's has no signature of ours and would be refused."""
    kept = kept_block(part)
    if kept or part.signature is None or part.provider_data:
        return kept
    return [{"type": "thinking", "thinking": part.text, "signature": part.signature}]


def result_block(call_id: str, result: AIToolResult, *, vision: bool) -> Block:
    """What came of a call."""
    block: Block = {"type": "tool_result", "tool_use_id": call_id}
    if isinstance(result.content, str):
        content: str | list[Block] = result.content
    else:
        content = []
        for part in result.content:
            if isinstance(part, AITextPart):
                content += text_block(part.text)
            else:
                content.append(image_block(part, vision=vision))
    if not result.is_error:
        return block | {"content": content}
    # An error may not be empty.
    return block | {"content": content or "Error", "is_error": True}


def part_of(block: Mapping[str, Any]) -> AITextPart | AIThinkingPart:
    """A block of an answer that is not a tool call.

    What is neither text nor reasoning says nothing to anybody but the vendor.
    """
    match block["type"]:
        case "text":
            return AITextPart(text=block["text"])
        case "thinking":
            return AIThinkingPart(
                text=block["thinking"],
                signature=block.get("signature"),
                provider_data={KEPT: block},
            )
        case "redacted_thinking":
            return AIThinkingPart(provider_data={KEPT: block})
    return AITextPart(text="", provider_data={KEPT: block})
