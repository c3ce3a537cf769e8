"""What a tool returns, in the form in which a model is given it."""

from __future__ import annotations

from typing import Any

from pydantic_core import PydanticSerializationError, to_json

from roomkit.providers.ai.base import AIImagePart, AITextPart
from roomkit.tools.base import ToolOutput

__all__ = ["as_tool_output"]


def as_tool_output(value: Any) -> ToolOutput:
    """Text and pictures as they are, anything else as JSON.

    Pydantic models, dataclasses, dates, enums and the like become what pydantic makes of them. In
    a list with a picture or a text part, strings are text parts and other items JSON.

    Raises:
        TypeError: the value cannot be written as JSON.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, AITextPart | AIImagePart):
        return [value]
    if isinstance(value, list | tuple) and any(
        isinstance(item, AITextPart | AIImagePart) for item in value
    ):
        return [_part(item) for item in value]
    return _json(value)


def _part(item: Any) -> AITextPart | AIImagePart:
    if isinstance(item, AITextPart | AIImagePart):
        return item
    return AITextPart(text=item if isinstance(item, str) else _json(item))


def _json(value: Any) -> str:
    try:
        return to_json(value, inf_nan_mode="null").decode()
    except PydanticSerializationError:
        raise TypeError(
            f"a tool returned {type(value).__name__}, which cannot be written as JSON"
        ) from None
