"""Anthropic's Messages API, as its server speaks it.

https://platform.claude.com/docs/en/api/messages/create and
https://platform.claude.com/docs/en/build-with-claude/streaming; the shapes of the SDK 2.10.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from roomkit.providers.ai.base import (
    AIImagePart,
    AIMessage,
    AIPart,
    AITextPart,
    AIThinkingPart,
    AITool,
    AIToolCall,
    AIToolResult,
    StopReason,
)
from roomkit.testing.ai_providers import (
    Asked,
    ModelWire,
    NotOnThisWireError,
    Script,
    ScriptedCall,
)
from roomkit.testing.wire import ReceivedRequest, Reply
from tests.conformance.anthropic_rules import check

STOP_REASONS = {
    StopReason.COMPLETED: "end_turn",
    StopReason.TOOL_CALLS: "tool_use",
    StopReason.LENGTH: "max_tokens",
    StopReason.REFUSED: "refusal",
}
# By the code that it is to become.
ERRORS = {
    "rejected": (400, "invalid_request_error"),
    "unauthorized": (401, "authentication_error"),
    "forbidden": (403, "permission_error"),
    "not_found": (404, "not_found_error"),
    "context_too_long": (413, "request_too_large"),
    "rate_limited": (429, "rate_limit_error"),
    "unavailable": (500, "api_error"),
    "overloaded": (529, "overloaded_error"),
}


class AnthropicWire(ModelWire):
    """What the vendor's own server does. It refuses what breaks its rules."""

    tool_name = "[a-zA-Z0-9_-]{1,128}"
    thinks = True
    signs = True
    same_role_twice = False
    trailing_assistant = False

    def answer(self, script: Script) -> Reply:
        return Reply.of_json(
            {
                **_message(_usage(script)),
                "content": list(_blocks(script)),
                "stop_reason": STOP_REASONS[script.stop],
            }
        )

    def stream(self, script: Script) -> Reply:
        return Reply.of_events([(event["type"], event) for event in _events(script)])

    def error(self, code: str, explanation: str) -> Reply:
        status, kind = ERRORS[code]
        return Reply.of_json(_error(kind, explanation), status=status)

    def error_in_stream(self, explanation: str) -> bytes:
        data = json.dumps(_error("overloaded_error", explanation))
        return f"event: error\ndata: {data}\n\n".encode()

    def asked(self, request: ReceivedRequest) -> Asked:
        assert request.path == "/v1/messages"
        assert "anthropic-version" in request.headers
        body = request.json()
        check(body)
        return Asked(
            messages=[read for told in body["messages"] for read in _read_message(told)],
            system="\n".join(block["text"] for block in body.get("system", [])),
            tools=[_read_tool(tool) for tool in body["tools"]] if "tools" in body else None,
            max_tokens=body["max_tokens"],
            temperature=body.get("temperature"),
            streamed=body.get("stream", False),
            reasoning=body.get("thinking", {}).get("type") in ("enabled", "adaptive"),
        )


def _message(usage: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": "msg_013Zva2CMHLNnXjNJJKqJ2EF",
        "type": "message",
        "role": "assistant",
        "model": "claude-haiku-4-5",
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": usage,
    }


def _usage(script: Script) -> dict[str, Any]:
    usage = script.usage
    if usage is None:
        return {"input_tokens": 12, "output_tokens": 3}
    return {
        "input_tokens": usage.input - usage.cached,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": usage.cached,
        "output_tokens": usage.output,
        "output_tokens_details": {"thinking_tokens": usage.reasoning},
        "service_tier": "standard",
    }


def _blocks(script: Script) -> Iterator[dict[str, Any]]:
    """The blocks of a whole answer."""
    if script.thinking:
        text = "".join(script.thinking)
        yield {"type": "thinking", "thinking": text, "signature": script.signature}
    if script.text:
        yield {"type": "text", "text": "".join(script.text), "citations": None}
    for call in script.calls:
        yield {"type": "tool_use", "id": call.id, "name": call.name, "input": _input(call)}


def _input(call: ScriptedCall) -> dict[str, Any]:
    try:
        value = json.loads(call.arguments)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise NotOnThisWireError("the arguments in a whole answer are an object")
    return value


def _events(script: Script) -> Iterator[dict[str, Any]]:
    usage = _usage(script)
    begun = {**usage, "output_tokens": 1}
    yield {"type": "message_start", "message": _message(begun)}
    yield {"type": "ping"}
    for index, (block, deltas) in enumerate(_open_blocks(script)):
        yield {"type": "content_block_start", "index": index, "content_block": block}
        for delta in deltas:
            yield {"type": "content_block_delta", "index": index, "delta": delta}
        yield {"type": "content_block_stop", "index": index}
    stopped = {"stop_reason": STOP_REASONS[script.stop], "stop_sequence": None}
    yield {"type": "message_delta", "delta": stopped, "usage": usage}
    yield {"type": "message_stop"}


def _open_blocks(script: Script) -> Iterator[tuple[dict[str, Any], list[dict[str, Any]]]]:
    """The blocks as a stream begins them, each with the deltas that it brings."""
    if script.thinking:
        deltas = [{"type": "thinking_delta", "thinking": piece} for piece in script.thinking]
        sealed = {"type": "signature_delta", "signature": script.signature}
        yield {"type": "thinking", "thinking": "", "signature": ""}, [*deltas, sealed]
    if script.text:
        deltas = [{"type": "text_delta", "text": piece} for piece in script.text]
        yield {"type": "text", "text": ""}, deltas
    for call in script.calls:
        size = max(3, len(call.arguments) // 5)
        pieces = [call.arguments[at : at + size] for at in range(0, len(call.arguments), size)]
        # A model without anything to pass may write nothing.
        pieces = [""] if call.arguments == "{}" else ["", *pieces]
        deltas = [{"type": "input_json_delta", "partial_json": piece} for piece in pieces]
        yield {"type": "tool_use", "id": call.id, "name": call.name, "input": {}}, deltas


def _error(kind: str, explanation: str) -> dict[str, Any]:
    return {
        "type": "error",
        "error": {"type": kind, "message": explanation},
        "request_id": "req_011CSHoEeqs5C35K2UUqR7Fy",
    }


def _read_tool(tool: dict[str, Any]) -> AITool:
    return AITool(
        name=tool["name"],
        description=tool.get("description", ""),
        parameters=tool["input_schema"],
    )


def _read_message(message: dict[str, Any]) -> Iterator[AIMessage]:
    """A message; tools' results, which are the user's here, as one of their own before it."""
    parts = [_read_part(block) for block in message["content"]]
    results = [part for part in parts if isinstance(part, AIToolResult)]
    said: list[AIPart] = [part for part in parts if not isinstance(part, AIToolResult)]
    if results:
        yield AIMessage(role="tool", content=[*results])
    if said:
        yield AIMessage(role=message["role"], content=said)


def _read_part(block: dict[str, Any]) -> AIPart:
    match block["type"]:
        case "text":
            return AITextPart(text=block["text"])
        case "image":
            return _read_image(block)
        case "thinking":
            return AIThinkingPart(text=block["thinking"], signature=block["signature"])
        case "tool_use":
            return AIToolCall(id=block["id"], name=block["name"], arguments=block["input"])
        case "tool_result":
            return _read_result(block)
    raise AssertionError(f"there is no block {block['type']}")


def _read_image(block: dict[str, Any]) -> AIImagePart:
    source = block["source"]
    if source["type"] == "url":
        return AIImagePart(url=source["url"])
    return AIImagePart(url=f"data:{source['media_type']};base64,{source['data']}")


def _read_result(block: dict[str, Any]) -> AIToolResult:
    content = block["content"]
    if not isinstance(content, str):
        content = [_read_part(inner) for inner in content]
    return AIToolResult(
        tool_call_id=block["tool_use_id"],
        name="",
        content=content,
        is_error=block.get("is_error", False),
    )
