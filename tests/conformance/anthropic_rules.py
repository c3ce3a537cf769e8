"""What Anthropic's Messages API insists on, as far as a request's form goes.

From https://platform.claude.com/docs/en/api/messages/create,
https://platform.claude.com/docs/en/agents-and-tools/tool-use/handle-tool-calls,
https://platform.claude.com/docs/en/build-with-claude/extended-thinking and from the words with
which the vendor refuses requests, which are quoted here.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import urlsplit

_FIELDS = {
    "cache_control",
    "max_tokens",
    "messages",
    "model",
    "output_config",
    "stream",
    "system",
    "temperature",
    "thinking",
    "tool_choice",
    "tools",
}
_ID = re.compile("[a-zA-Z0-9_-]+")
_NAME = re.compile("[a-zA-Z0-9_-]{1,128}")
_THINKING = ("thinking", "redacted_thinking")
_IN_ROLE = {
    "user": ("text", "image", "tool_result"),
    "assistant": ("text", "tool_use", *_THINKING),
}
_MIME_TYPES = ("image/jpeg", "image/png", "image/gif", "image/webp")


def check(body: dict[str, Any]) -> None:
    """Fail as the vendor would."""
    assert body.keys() <= _FIELDS, f"{body.keys() - _FIELDS}: extra inputs are not permitted"
    messages = body["messages"]
    assert messages, "messages: at least one message is required"
    assert messages[0]["role"] == "user", "first message must use the user role"
    assert messages[-1]["role"] == "user", "this model does not support assistant prefill"
    for before, after in zip(messages, messages[1:], strict=False):
        assert before["role"] != after["role"], "roles must alternate"
    for message in messages:
        _check_message(message)
    _check_calls(messages)
    _check_tools(body)
    _check_thinking(body)
    if "system" in body:
        _check_texts(body["system"])
    assert _count_marks(body) <= 4, "a maximum of 4 blocks with cache_control may be provided"


def _check_message(message: dict[str, Any]) -> None:
    content = message["content"]
    assert content, "messages must have non-empty content"
    kinds = [block["type"] for block in content]
    assert set(kinds) <= set(_IN_ROLE[message["role"]]), kinds
    _check_texts(content)
    for block in content:
        match block["type"]:
            case "image":
                _check_image(block)
            case "tool_use":
                assert isinstance(block["input"], dict), "input should be a valid dictionary"
                assert _NAME.fullmatch(block["name"]), block["name"]
                assert _ID.fullmatch(block["id"]), block["id"]
            case "tool_result":
                _check_result(block)
            case "thinking":
                assert isinstance(block["signature"], str), "signature: field required"
            case "redacted_thinking":
                assert isinstance(block["data"], str), "data: field required"
    assert kinds[-1] not in _THINKING, "the final block of a message cannot be thinking"
    calls = [kind == "tool_use" for kind in kinds]
    assert calls == sorted(calls), "there are words between the calls and their results"


def _check_texts(blocks: Iterable[dict[str, Any]]) -> None:
    for block in blocks:
        if block["type"] == "text":
            assert block["text"], "text content blocks must be non-empty"
            assert block["text"].strip(), "text content blocks must contain non-whitespace text"


def _check_image(block: dict[str, Any]) -> None:
    source = block["source"]
    if source["type"] == "url":
        parts = urlsplit(source["url"])
        assert parts.scheme == "https", "only HTTPS URLs are supported"
        assert parts.hostname, "URL sources must be valid"
        return
    assert source["type"] == "base64"
    assert source["media_type"] in _MIME_TYPES, source["media_type"]
    assert binascii.a2b_base64(source["data"], strict_mode=True), "could not process image"


def _check_result(block: dict[str, Any]) -> None:
    content = block["content"]
    if block.get("is_error"):
        assert content, "content cannot be empty if is_error is true"
    if not isinstance(content, str):
        _check_texts(content)
        for inner in content:
            assert inner["type"] in ("text", "image")
            if inner["type"] == "image":
                _check_image(inner)


def _check_calls(messages: Sequence[dict[str, Any]]) -> None:
    called: list[str] = []
    waiting: list[str] = []
    for message in messages:
        results = [b["tool_use_id"] for b in message["content"] if b["type"] == "tool_result"]
        assert sorted(results) == sorted(waiting), (
            "tool_use ids were found without tool_result blocks immediately after, "
            "or unexpected tool_use_id found in tool_result blocks"
        )
        kinds = [block["type"] == "tool_result" for block in message["content"]]
        assert kinds == sorted(kinds, reverse=True), "tool_result blocks come first"
        waiting = [block["id"] for block in message["content"] if block["type"] == "tool_use"]
        called += waiting
    assert len(called) == len(set(called)), "tool_use ids must be unique"
    assert not waiting


def _check_tools(body: dict[str, Any]) -> None:
    tools = body.get("tools", [])
    names = [tool["name"] for tool in tools]
    assert len(names) == len(set(names)), "tool names must be unique"
    for tool in tools:
        assert _NAME.fullmatch(tool["name"]), tool["name"]
        assert tool["input_schema"]["type"] == "object"
        assert tool.get("description", "it").strip()
    kinds = {block["type"] for message in body["messages"] for block in message["content"]}
    if kinds & {"tool_use", "tool_result"}:
        assert tools, "requests which have tool_use or tool_result blocks must define tools"


def _check_thinking(body: dict[str, Any]) -> None:
    thinking = body.get("thinking", {"type": "disabled"})
    if thinking["type"] not in ("enabled", "adaptive"):
        return
    assert "temperature" not in body, "temperature may only be set to 1 when thinking is enabled"
    assert body.get("tool_choice", {"type": "auto"})["type"] in ("auto", "none")
    if thinking["type"] == "adaptive":
        assert "budget_tokens" not in thinking
        return
    assert thinking["budget_tokens"] >= 1024, "thinking.budget_tokens: at least 1024"
    assert body["max_tokens"] > thinking["budget_tokens"], "max_tokens must be greater"
    first = _first_of_last_turn(body["messages"])
    if first is not None:
        assert first["content"][0]["type"] in _THINKING, (
            "when thinking is enabled, a final assistant message must start with a thinking "
            "block (preceeding the lastmost set of tool_use and tool_result blocks)"
        )


def _first_of_last_turn(messages: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    """The assistant's message that began the turn which the last message goes on with."""
    first = None
    for message in reversed(messages):
        if message["role"] == "assistant":
            first = message
        elif message["content"][0]["type"] != "tool_result":
            break
    return first


def _count_marks(value: Any) -> int:
    if isinstance(value, dict):
        inside = sum(_count_marks(item) for item in value.values())
        return inside + ("cache_control" in value)
    return sum(_count_marks(item) for item in value) if isinstance(value, list) else 0
