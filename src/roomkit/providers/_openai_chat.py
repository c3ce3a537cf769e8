"""What is asked in the dialect of OpenAI's Chat Completions, which many servers speak.

https://platform.openai.com/docs/api-reference/chat/create
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from roomkit.providers._ai_codec import ToolNames, merged, words_of
from roomkit.providers._ai_history import in_order, parts_in, system_text
from roomkit.providers._ai_pictures import split_result
from roomkit.providers.ai.base import (
    AIContext,
    AIImagePart,
    AIPart,
    AIThinkingPart,
    AITool,
    AIToolCall,
    AIToolResult,
)

REASONING_FIELD = "chat_reasoning_field"
"""In the ``provider_data`` of reasoning: the field of the message that it came in."""

_NO_PARAMETERS: Mapping[str, Any] = {"type": "object", "properties": {}}
_LOW_EFFORT = 2048
_MEDIUM_EFFORT = 16_384


@dataclass(frozen=True, kw_only=True, slots=True)
class ChatFacts:
    """What differs between the servers and models of the dialect.

    Attributes:
        vendor: the name that errors give the server.
        max_tokens: for requests that do not say; the same for `temperature` and `effort`.
        vision: whether the model sees pictures.
        reasons: whether the model is told how much to reason, by an effort.
        openai: whether it is OpenAI's own models. Their reasoning takes no temperature and has
            another limit; all others take back the reasoning that they have shown.
        switch: the variable in the model's template that turns reasoning on and off.
        think_tags: whether an answer may begin with reasoning between tags.
        extra: fields that are added to every request.
    """

    vendor: str
    model: str
    max_tokens: int
    temperature: float | None = None
    effort: str | None = None
    vision: bool = True
    reasons: bool = False
    openai: bool = True
    switch: str | None = None
    think_tags: bool = False
    extra: Mapping[str, Any] = field(default_factory=dict)


def chat_request(context: AIContext, facts: ChatFacts, names: ToolNames) -> dict[str, Any]:
    """The body of a request for a whole answer."""
    body: dict[str, Any] = {
        "model": facts.model,
        "messages": list(_Messages(facts, names).of(context)),
        **_limits(context, facts),
    }
    if context.tools:
        body["tools"] = [_tool(tool, names) for tool in context.tools]
    if facts.switch is not None:
        # https://docs.vllm.ai/en/stable/features/reasoning_outputs/
        body["chat_template_kwargs"] = {facts.switch: bool(context.thinking_budget)}
    return {**body, **facts.extra}


def streamed(body: Mapping[str, Any]) -> dict[str, Any]:
    """The same request for an answer in pieces, with the usage in the last of them."""
    return {**body, "stream": True, "stream_options": {"include_usage": True}}


def _limits(context: AIContext, facts: ChatFacts) -> dict[str, Any]:
    length = facts.max_tokens if context.max_tokens is None else context.max_tokens
    warmth = facts.temperature if context.temperature is None else context.temperature
    budget = context.thinking_budget or 0
    limits: dict[str, Any] = {}
    if facts.reasons and facts.openai:
        # Reasoning counts: without the addition it would leave nothing for the answer.
        limits["max_completion_tokens"] = length + budget
    else:
        limits["max_tokens"] = length
        if warmth is not None:
            limits["temperature"] = warmth
    effort = _effort(budget) if budget else facts.effort
    if facts.reasons and effort is not None:
        limits["reasoning_effort"] = effort
    return limits


def _effort(budget: int) -> str:
    """The effort in words, which is all that the dialect has, for a number of tokens."""
    if budget <= _LOW_EFFORT:
        return "low"
    return "medium" if budget <= _MEDIUM_EFFORT else "high"


def _tool(tool: AITool, names: ToolNames) -> dict[str, Any]:
    function: dict[str, Any] = {
        "name": names.sent(tool.name),
        "parameters": tool.parameters or _NO_PARAMETERS,
    }
    if tool.description:
        function["description"] = tool.description
    return {"type": "function", "function": function}


class _Messages:
    """Puts a conversation into the dialect."""

    def __init__(self, facts: ChatFacts, names: ToolNames) -> None:
        self._facts = facts
        self._names = names

    def of(self, context: AIContext) -> Iterator[dict[str, Any]]:
        system = system_text(context)
        if system:
            yield {"role": "system", "content": system}
        turns = in_order(context.messages)
        pictures: list[dict[str, Any]] = []
        # The templates of some open models insist that the roles take turns.
        for turn in turns if self._facts.openai else merged(turns):
            parts = parts_in(turn)
            if turn.role == "tool":
                yield from self._results(parts, pictures)
            elif turn.role == "user":
                yield _user([*pictures, *map(self._piece, parts)])
                pictures.clear()
            else:
                if pictures:
                    yield _user(pictures)
                    pictures.clear()
                yield self._answered(parts)
        if pictures:
            yield _user(pictures)

    def _piece(self, part: AIPart) -> dict[str, Any]:
        shown = self._picture(part) if isinstance(part, AIImagePart) else None
        return shown or _text(words_of([part]))

    def _picture(self, image: AIImagePart) -> dict[str, Any] | None:
        """What shows a picture, or None if the model cannot see it."""
        if not self._facts.vision:
            return None
        return {"type": "image_url", "image_url": {"url": image.url}}

    def _results(
        self, parts: Sequence[AIPart], pictures: list[dict[str, Any]]
    ) -> Iterator[dict[str, Any]]:
        """What tools answered in words. Their pictures are for the user to show: a tool's message
        has no place for them, and nothing may come between it and the next one."""
        for part in parts:
            if isinstance(part, AIToolResult):
                words, shown = split_result(part, self._picture)
                if shown:
                    pictures += [_text(f"[From the tool {part.name}:]"), *shown]
                yield {
                    "role": "tool",
                    "tool_call_id": part.tool_call_id,
                    "content": f"Error: {words}" if part.is_error else words,
                }

    def _answered(self, parts: Sequence[AIPart]) -> dict[str, Any]:
        words = words_of(parts, between="\n\n")
        calls = [self._call(part) for part in parts if isinstance(part, AIToolCall)]
        message: dict[str, Any] = {"role": "assistant", "content": words or None}
        if calls:
            message["tool_calls"] = calls
        if not self._facts.openai:
            message |= _reasoning(parts)
        return message

    def _call(self, call: AIToolCall) -> dict[str, Any]:
        # What was malformed stays out: servers decode the arguments of earlier calls.
        arguments = json.dumps(call.arguments, ensure_ascii=False)
        return {
            "id": call.id,
            "type": "function",
            "function": {"name": self._names.sent(call.name), "arguments": arguments},
        }


def _text(words: str) -> dict[str, Any]:
    return {"type": "text", "text": words}


def _user(pieces: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Words as a string, which is what every server understands, unless there are pictures."""
    said = [piece for piece in pieces if piece["type"] != "text" or piece["text"]]
    if all(piece["type"] == "text" for piece in said):
        return {"role": "user", "content": "\n\n".join(piece["text"] for piece in said)}
    return {"role": "user", "content": said}


def _reasoning(parts: Sequence[AIPart]) -> dict[str, str]:
    """Reasoning in the field that it came in; other vendors' stays out."""
    return {
        str(part.provider_data[REASONING_FIELD]): part.text
        for part in parts
        if isinstance(part, AIThinkingPart) and REASONING_FIELD in part.provider_data
    }
