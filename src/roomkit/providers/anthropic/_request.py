"""From `AIContext` to a request of Anthropic's Messages API.

https://platform.claude.com/docs/en/api/messages/create
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from roomkit.providers._ai_codec import ToolNames
from roomkit.providers._ai_history import system_text
from roomkit.providers.ai.base import AIContext, AITool
from roomkit.providers.anthropic._blocks import Block, text_block
from roomkit.providers.anthropic._messages import resumes_without_thinking, write_messages
from roomkit.providers.anthropic._models import ModelFacts
from roomkit.providers.anthropic.config import AnthropicConfig

_LONGEST_NAME = 128
_LEAST_BUDGET = 1024
_ALWAYS_REASONING = ("xhigh", "max")
"""The efforts with which reasoning cannot be turned off."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """What to ask.

    Attributes:
        body: as JSON, for an answer in one piece.
        names: tells the tools' own names from those in the answer.
    """

    body: dict[str, Any]
    names: ToolNames

    def continued(self, blocks: list[Block]) -> Request:
        """The request for the rest of a turn that the vendor paused after these blocks."""
        said = [block for block in blocks if block["type"] != "text" or block["text"].strip()]
        turn = {"role": "assistant", "content": said}
        messages = [*self.body["messages"], turn]
        return Request(body={**self.body, "messages": messages}, names=self.names)


def write_request(context: AIContext, config: AnthropicConfig, facts: ModelFacts) -> Request:
    """The request that asks for one answer."""
    names = ToolNames([tool.name for tool in context.tools], longest=_LONGEST_NAME)
    messages = write_messages(context.messages, names, vision=config.vision)
    body: dict[str, Any] = {
        "model": config.model,
        "max_tokens": context.max_tokens or config.max_tokens,
        "messages": messages,
        **_tools(context, names, messages),
    }
    # Also what was said in the middle: not all models take it there.
    system = text_block(system_text(context))
    if system:
        body["system"] = system
    if config.effort is not None:
        body["output_config"] = {"effort": config.effort}
    _set_thinking(body, context, config, facts)
    _set_temperature(body, context, config, facts)
    if config.prompt_cache is not None:
        _mark_for_cache(body, config.prompt_cache)
    return Request(body=body, names=names)


def _tools(context: AIContext, names: ToolNames, messages: list[Block]) -> dict[str, Any]:
    if context.tools:
        return {"tools": [_tool(names, tool) for tool in context.tools]}
    # Calls in the past need their tools to be known, though none may be called now.
    called = dict.fromkeys(
        block["name"]
        for message in messages
        for block in message["content"]
        if block["type"] == "tool_use"
    )
    if not called:
        return {}
    known = [{"name": name, "input_schema": {"type": "object"}} for name in called]
    return {"tools": known, "tool_choice": {"type": "none"}}


def _tool(names: ToolNames, tool: AITool) -> dict[str, Any]:
    schema = {"properties": {}, **tool.parameters, "type": "object"}
    described = {"description": tool.description} if tool.description.strip() else {}
    return {"name": names.sent(tool.name), **described, "input_schema": schema}


def _set_thinking(
    body: dict[str, Any],
    context: AIContext,
    config: AnthropicConfig,
    facts: ModelFacts,
) -> None:
    budget = max(context.thinking_budget or 0, 0)
    if budget == 0:
        if facts.thinking_off is not None and config.effort not in _ALWAYS_REASONING:
            body["thinking"] = {"type": facts.thinking_off}
        return
    if facts.adaptive:
        body["thinking"] = {"type": "adaptive", "display": config.thinking_display}
    elif resumes_without_thinking(body["messages"]):
        return
    else:
        budget = max(budget, _LEAST_BUDGET)
        body["thinking"] = {"type": "enabled", "budget_tokens": budget}
        if config.thinking_display == "omitted":
            body["thinking"]["display"] = "omitted"
    # Reasoning counts: without the addition it would leave too little for the answer.
    body["max_tokens"] += budget


def _set_temperature(
    body: dict[str, Any], context: AIContext, config: AnthropicConfig, facts: ModelFacts
) -> None:
    temperature = context.temperature
    if temperature is None:
        temperature = config.temperature
    if temperature is None or not facts.takes_temperature or "thinking" in body:
        return
    body["temperature"] = temperature


def _mark_for_cache(body: dict[str, Any], ttl: str) -> None:
    """Mark the ends of what the next request will have in common with this one.

    One mark after the tools and the system's words, which all rooms share, and one at the end of
    the conversation.
    https://platform.claude.com/docs/en/build-with-claude/prompt-caching
    """
    mark = {"type": "ephemeral"} if ttl == "5m" else {"type": "ephemeral", "ttl": ttl}
    shared = body.get("system") or body.get("tools")
    if shared:
        shared[-1]["cache_control"] = mark
    body["messages"][-1]["content"][-1]["cache_control"] = mark
