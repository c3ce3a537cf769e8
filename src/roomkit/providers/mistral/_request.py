"""A generation as Mistral is asked for it.

The dialect is close to OpenAI's, with rules of its own. Sources: https://docs.mistral.ai/api and
the checks of https://github.com/mistralai/mistral-common, which the servers run:

- the ids of tool calls are nine ASCII letters and digits;
- tools' results are followed by the assistant, never by a user;
- the last word is a user's or a tool's;
- reasoning is a piece of the assistant's content.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from hashlib import blake2b
from typing import Any

from roomkit.providers._ai_codec import ToolNames, words_of
from roomkit.providers._ai_history import in_order, parts_in, system_text
from roomkit.providers._ai_pictures import inline_picture, is_inline, split_result
from roomkit.providers.ai.base import (
    AIContext,
    AIImagePart,
    AIPart,
    AIThinkingPart,
    AITool,
    AIToolCall,
    AIToolResult,
)
from roomkit.providers.mistral.config import MistralConfig, thinking_of

THINKING = "mistral_thinking"
"""Marks reasoning in ``provider_data`` as Mistral's own, which it may see again."""

_ID = re.compile(r"[a-zA-Z0-9]{9}")
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

# What the assistant says where the vendor wants a word of it and there is none.
_NOTED = {"role": "assistant", "content": "(Noted.)"}

# https://docs.mistral.ai/capabilities/vision/
_PICTURES = frozenset({"image/png", "image/jpeg", "image/webp", "image/gif"})


def build_request(context: AIContext, config: MistralConfig, names: ToolNames) -> dict[str, Any]:
    """The arguments of ``chat.complete_async`` and ``chat.stream_async``."""
    length = config.max_tokens if context.max_tokens is None else context.max_tokens
    warmth = config.temperature if context.temperature is None else context.temperature
    request: dict[str, Any] = {
        "model": config.model,
        "messages": list(_bridged(_Messages(config, names).of(context))),
        "max_tokens": length,
    }
    if warmth is not None:
        request["temperature"] = warmth
    if context.tools:
        request["tools"] = [_tool(tool, names) for tool in context.tools]
    thinking = thinking_of(config)
    if context.thinking_budget and thinking != "none":
        # Reasoning counts: without the addition it would leave nothing for the answer.
        request["max_tokens"] += context.thinking_budget
        if thinking == "effort":
            request["reasoning_effort"] = config.thinking_effort
    return request


def call_id(given: str) -> str:
    """An id that Mistral takes; the same one always becomes the same."""
    if _ID.fullmatch(given):
        return given
    number = int.from_bytes(blake2b(given.encode(), digest_size=8).digest())
    digits = []
    for _ in range(9):
        number, digit = divmod(number, len(_DIGITS))
        digits.append(_DIGITS[digit])
    return "".join(digits)


def _tool(tool: AITool, names: ToolNames) -> dict[str, Any]:
    function: dict[str, Any] = {"name": names.sent(tool.name), "description": tool.description}
    function["parameters"] = dict(tool.parameters) or {"type": "object", "properties": {}}
    return {"type": "function", "function": function}


def _bridged(messages: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The messages, with a word of the assistant between tools and a user."""
    role = ""
    for message in messages:
        if role == "tool" and message["role"] == "user":
            yield _NOTED
        yield message
        role = message["role"]


class _Messages:
    """Puts a conversation into Mistral's words."""

    def __init__(self, config: MistralConfig, names: ToolNames) -> None:
        self._vision = config.vision
        self._thinks = thinking_of(config) != "none"
        self._names = names

    def of(self, context: AIContext) -> Iterator[dict[str, Any]]:
        system = system_text(context)
        if system:
            yield {"role": "system", "content": system}
        for turn in in_order(context.messages):
            parts = parts_in(turn)
            if turn.role == "tool":
                yield from self._results(
                    [part for part in parts if isinstance(part, AIToolResult)]
                )
            elif turn.role == "assistant":
                message = self._said(parts)
                if len(message) > 1:
                    yield message
            else:
                yield {"role": "user", "content": self._shown(parts)}

    def _shown(self, parts: Sequence[AIPart]) -> str | list[dict[str, Any]]:
        content: list[dict[str, Any]] = []
        for part in parts:
            picture = self._picture(part) if isinstance(part, AIImagePart) else None
            content.append(picture or {"type": "text", "text": words_of([part])})
        if all(chunk["type"] == "text" for chunk in content):
            return "\n\n".join(chunk["text"] for chunk in content)
        return content

    def _said(self, parts: Sequence[AIPart]) -> dict[str, Any]:
        """The assistant's words, reasoning and calls; nothing but the role if there are none."""
        message: dict[str, Any] = {"role": "assistant"}
        words = words_of(parts, between="\n\n")
        thoughts = [_thought(part) for part in parts if isinstance(part, AIThinkingPart)]
        chunks = [chunk for chunk in thoughts if chunk is not None and self._thinks]
        if chunks:
            said = [{"type": "text", "text": words}] if words else []
            message["content"] = [*chunks, *said]
        elif words:
            message["content"] = words
        calls = [self._call(part) for part in parts if isinstance(part, AIToolCall)]
        if calls:
            message["tool_calls"] = calls
        return message

    def _call(self, call: AIToolCall) -> dict[str, Any]:
        # What was malformed stays out: the server decodes the arguments of earlier calls.
        arguments = json.dumps(call.arguments, ensure_ascii=False)
        function = {"name": self._names.sent(call.name), "arguments": arguments}
        return {"id": call_id(call.id), "type": "function", "function": function}

    def _results(self, results: Sequence[AIToolResult]) -> Iterator[dict[str, Any]]:
        """What tools answered; and after it, as a user's, the pictures in it."""
        pictures: list[dict[str, Any]] = []
        for result in results:
            name = self._names.sent(result.name)
            words, shown = split_result(result, self._picture)
            yield {
                "role": "tool",
                "tool_call_id": call_id(result.tool_call_id),
                "name": name,
                "content": f"Error: {words}" if result.is_error else words,
            }
            if shown:
                pictures += [{"type": "text", "text": f"[Pictures from {name}:]"}, *shown]
        if pictures:
            yield {"role": "user", "content": pictures}

    def _picture(self, image: AIImagePart) -> dict[str, Any] | None:
        """The chunk that shows a picture, or None if the model cannot be shown it."""
        if not self._vision:
            return None
        if not is_inline(image):
            fetched = image.url[:8].lower().startswith(("http://", "https://"))
            return {"type": "image_url", "image_url": image.url} if fetched else None
        picture = inline_picture(image, _PICTURES)
        return None if picture is None else {"type": "image_url", "image_url": picture.url}


def _thought(part: AIThinkingPart) -> Mapping[str, Any] | None:
    """Reasoning as Mistral gave it; None if it is another vendor's."""
    if not part.provider_data.get(THINKING) or not part.text:
        return None
    chunk: dict[str, Any] = {
        "type": "thinking",
        "thinking": [{"type": "text", "text": part.text}],
    }
    return chunk if part.signature is None else {**chunk, "signature": part.signature}
