"""What an MCP server returns from a call, in the form in which a model is given it.

https://modelcontextprotocol.io/specification/2025-11-25/server/tools#tool-result
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from roomkit.providers.ai.base import AIImagePart, AITextPart
from roomkit.tools.base import ToolError, ToolOutput

if TYPE_CHECKING:
    from mcp.types import CallToolResult, ContentBlock

_MIME_TYPE = re.compile(r"[\w.+-]+/[\w.+-]+")
_LONGEST_ERROR = 4000


def read_result(result: CallToolResult) -> ToolOutput:
    """The result as text, or as text and pictures in their order.

    Structured content comes first, as JSON, and text that only repeats it is left out. What a
    model cannot be given, such as sound, leaves a visible mark.

    Raises:
        ToolError: the tool says that it failed; the error has its words.
    """
    parts = [_part(block) for block in result.content]
    if result.is_error:
        text = "\n".join(part.text for part in parts if isinstance(part, AITextPart))
        raise ToolError(text[:_LONGEST_ERROR] or "the tool failed and does not say why")
    if result.structured_content is not None:
        parts = _with_structure(result.structured_content, parts)
    if any(isinstance(part, AIImagePart) for part in parts):
        return parts
    return "\n".join(part.text for part in parts if isinstance(part, AITextPart))


def _with_structure(
    structured: Any, parts: Sequence[AITextPart | AIImagePart]
) -> list[AITextPart | AIImagePart]:
    # Servers in Python put whatever is no object into one: {"result": "sunny"}.
    wrapped = structured.get("result") if _is_wrapper(structured) else None
    texts = [part.text for part in parts if isinstance(part, AITextPart)]
    if isinstance(wrapped, str) and texts == [wrapped]:
        return list(parts)
    repeated = [structured, wrapped, *(wrapped if isinstance(wrapped, list) else [])]
    rest = [
        part
        for part in parts
        if isinstance(part, AIImagePart)
        or not (part.text in repeated or _as_json(part.text) in repeated)
    ]
    return [AITextPart(text=json.dumps(structured, ensure_ascii=False)), *rest]


def _is_wrapper(structured: Any) -> bool:
    return isinstance(structured, dict) and structured.keys() == {"result"}


def _as_json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _part(block: ContentBlock) -> AITextPart | AIImagePart:
    if block.type == "text":
        return AITextPart(text=block.text)
    if block.type == "image":
        return _binary(block.data, block.mime_type)
    if block.type == "audio":
        return _binary(block.data, block.mime_type)
    if block.type == "resource_link":
        about = f": {block.description}" if block.description else ""
        return AITextPart(text=f"[Resource {block.title or block.name}, {block.uri}{about}]")
    resource = block.resource
    text = getattr(resource, "text", None)
    if isinstance(text, str):
        return AITextPart(text=text)
    return _binary(getattr(resource, "blob", ""), resource.mime_type)


def _binary(base64: str, mime_type: str | None) -> AITextPart | AIImagePart:
    kind = mime_type or ""
    if not _MIME_TYPE.fullmatch(kind):
        kind = "application/octet-stream"
    if kind.startswith("image/"):
        return AIImagePart(url=f"data:{kind};base64,{base64}", mime_type=kind)
    return AITextPart(text=f"[{kind}, {len(base64) * 3 // 4} bytes, not shown]")
