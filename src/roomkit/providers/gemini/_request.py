"""A generation as Gemini is asked for it.

Sources: https://ai.google.dev/api/generate-content,
https://ai.google.dev/gemini-api/docs/function-calling and
https://ai.google.dev/gemini-api/docs/thought-signatures.
"""

from __future__ import annotations

import mimetypes
from base64 import b64decode
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from roomkit.providers._ai_codec import ToolNames, image_mark
from roomkit.providers._ai_history import in_order, parts_in, system_text
from roomkit.providers._ai_pictures import format_name, inline_picture, is_inline, split_result
from roomkit.providers.ai.base import (
    AIContext,
    AIImagePart,
    AIMessage,
    AIPart,
    AITextPart,
    AIThinkingPart,
    AIToolCall,
    AIToolResult,
)
from roomkit.providers.gemini._models import ModelFacts, facts_of
from roomkit.providers.gemini._schema import parameters_schema
from roomkit.providers.gemini.config import GeminiConfig

if TYPE_CHECKING:
    from google.genai.types import ContentDict, GenerateContentConfigDict

SIGNATURE = "thought_signature"
"""The key in ``provider_data`` of Gemini's signature on a piece of its answer, in Base64."""

# https://ai.google.dev/gemini-api/docs/image-understanding#supported-formats
_PICTURES = frozenset({"image/png", "image/jpeg", "image/webp", "image/heic", "image/heif"})

# What Google provides for calls that another model made, or the application itself.
_UNSIGNED = b"skip_thought_signature_validator"

# (the largest budget that it stands for, the level, about how many tokens it spends), as Google
# itself equates the two: https://ai.google.dev/gemini-api/docs/openai#thinking.
_LEVELS = ((1024, "low"), (8192, "medium"), (24_576, "high"))


@dataclass(frozen=True, slots=True)
class GeminiRequest:
    """The arguments of ``generate_content``, and the names of the tools in it."""

    contents: list[ContentDict]
    config: GenerateContentConfigDict
    names: ToolNames


class FunctionNames(ToolNames):
    """Names as Gemini takes them: beginning with a letter or an underscore."""

    def sent(self, name: str) -> str:
        if name[:1].isdecimal() or name[:1] == "-":
            # The blank makes it a name that does not fit, which is made distinct from `_name`.
            return super().sent(f"_{name} ")
        return super().sent(name)


def build_request(context: AIContext, config: GeminiConfig) -> GeminiRequest:
    """The request for a generation."""
    facts = facts_of(config)
    names = FunctionNames([tool.name for tool in context.tools])
    thinking, allowance = _thinking(context.thinking_budget, facts)
    length = config.max_tokens if context.max_tokens is None else context.max_tokens
    warmth = config.temperature if context.temperature is None else context.temperature
    settings: dict[str, Any] = {
        "max_output_tokens": length + allowance,
        "temperature": warmth,
        "system_instruction": system_text(context) or None,
        "thinking_config": thinking,
        "tools": _tools(context, names),
        # The tool loop is the channel's.
        "automatic_function_calling": {"disable": True},
    }
    turns = in_order(context.messages, seal=SIGNATURE)
    contents = [content for turn in turns for content in _contents(turn, names, facts)]
    given = {key: value for key, value in settings.items() if value is not None}
    return GeminiRequest(
        contents=cast("list[ContentDict]", contents),
        config=cast("GenerateContentConfigDict", given),
        names=names,
    )


def _thinking(budget: int | None, facts: ModelFacts) -> tuple[dict[str, Any] | None, int]:
    """What the model is told about reasoning, and how many tokens that may take.

    Gemini counts them as part of the answer, whose length is limited without them here.
    """
    wanted = budget or 0
    if facts.thinking == "none":
        return None, 0
    if facts.thinking == "budget":
        tokens = min(max(wanted, facts.smallest), facts.most) if wanted > 0 else facts.least
        return {"thinking_budget": tokens, "include_thoughts": wanted > 0}, tokens
    if wanted <= 0:
        return {"thinking_level": facts.least_level}, _LEVELS[0][0]
    level = next((level for most, level in _LEVELS if wanted <= most), _LEVELS[-1][1])
    return {"thinking_level": level, "include_thoughts": True}, wanted


def _tools(context: AIContext, names: ToolNames) -> list[dict[str, Any]] | None:
    if not context.tools:
        return None
    declarations: list[dict[str, Any]] = []
    for tool in context.tools:
        name = names.sent(tool.name)
        declaration = {"name": name, "description": tool.description or name}
        schema = parameters_schema(tool.parameters)
        # An object without properties is refused.
        declarations.append(
            declaration if schema is None else {**declaration, "parameters_json_schema": schema}
        )
    return [{"function_declarations": declarations}]


def _contents(turn: AIMessage, names: ToolNames, facts: ModelFacts) -> Iterator[dict[str, Any]]:
    if turn.role == "tool":
        yield from _results(parts_in(turn), names, facts)
        return
    if turn.role == "assistant":
        parts = list(_said(parts_in(turn), names, facts))
        if parts:
            yield {"role": "model", "parts": parts}
        return
    yield {"role": "user", "parts": list(_shown(parts_in(turn), facts))}


def _shown(parts: Iterable[AIPart], facts: ModelFacts) -> Iterator[dict[str, Any]]:
    for part in parts:
        if isinstance(part, AITextPart):
            yield {"text": part.text}
        elif isinstance(part, AIImagePart):
            yield _picture(part, facts) or {"text": image_mark(part)}


def _said(
    parts: Iterable[AIPart], names: ToolNames, facts: ModelFacts
) -> Iterator[dict[str, Any]]:
    """The model's own words. Its signatures go back on the very pieces that they came on."""
    first_call = True
    for part in parts:
        signature = _signature(part)
        seal: dict[str, Any] = {} if signature is None else {SIGNATURE: signature}
        if isinstance(part, AITextPart):
            if part.text.strip() or seal:
                yield {"text": part.text, **seal}
        elif isinstance(part, AIThinkingPart):
            # Unsigned it is a summary for people, or another vendor's.
            if seal:
                yield {"text": part.text, "thought": True, **seal}
        elif isinstance(part, AIToolCall):
            if first_call and facts.seals_calls and not seal:
                seal = {SIGNATURE: _UNSIGNED}
            first_call = False
            call = {"id": part.id, "name": names.sent(part.name), "args": dict(part.arguments)}
            yield {"function_call": call, **seal}


def _results(
    parts: Iterable[AIPart], names: ToolNames, facts: ModelFacts
) -> Iterator[dict[str, Any]]:
    """What tools answered, together; and after it the pictures in it.

    Only some models take pictures inside of a function's answer; all take them from a user.
    """
    responses: list[dict[str, Any]] = []
    pictures: list[dict[str, Any]] = []
    for part in parts:
        if not isinstance(part, AIToolResult):
            continue
        name = names.sent(part.name)
        said, shown = split_result(part, lambda image: _picture(image, facts))
        answer = {"error" if part.is_error else "output": said}
        response = {"id": part.tool_call_id, "name": name, "response": answer}
        responses.append({"function_response": response})
        if shown:
            pictures += [{"text": f"[Pictures from {name}:]"}, *shown]
    yield {"role": "user", "parts": responses}
    if pictures:
        yield {"role": "user", "parts": pictures}


def _picture(image: AIImagePart, facts: ModelFacts) -> dict[str, Any] | None:
    """The part that shows a picture, or None if Gemini cannot be shown it."""
    if is_inline(image):
        picture = inline_picture(image, _PICTURES)
        if picture is None:
            return None
        return {"inline_data": {"mime_type": picture.mime_type, "data": picture.data}}
    if not facts.fetches_urls or image.url[:8].lower() != "https://":
        return None
    by_name = mimetypes.guess_type(_path(image.url))[0]
    named = format_name(image.mime_type or by_name or "")
    if not named:
        return {"file_data": {"file_uri": image.url}}
    if named not in _PICTURES:
        return None
    return {"file_data": {"file_uri": image.url, "mime_type": named}}


def _path(url: str) -> str:
    try:
        return urlsplit(url).path
    except ValueError:
        return ""


def _signature(part: AIPart) -> bytes | None:
    if isinstance(part, AIImagePart | AIToolResult):
        return None
    signature = part.provider_data.get(SIGNATURE)
    try:
        return b64decode(signature) or None if isinstance(signature, str) else None
    except ValueError:
        return None
