"""OpenAI's Chat Completions, as servers speak them.

https://platform.openai.com/docs/api-reference/chat
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
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
from roomkit.testing.ai_providers import Asked, ModelWire, NotOnThisWireError, Script
from roomkit.testing.wire import ReceivedRequest, Reply

FINISH_REASONS = {
    StopReason.COMPLETED: "stop",
    StopReason.TOOL_CALLS: "tool_calls",
    StopReason.LENGTH: "length",
    StopReason.REFUSED: "stop",
}
# By the code that it is to become: (status, type, code).
ERRORS: dict[str, tuple[int, str, str | None]] = {
    "rejected": (400, "invalid_request_error", "invalid_value"),
    "unauthorized": (401, "invalid_request_error", "invalid_api_key"),
    "forbidden": (403, "request_forbidden", "unsupported_country_region_territory"),
    "not_found": (404, "invalid_request_error", "model_not_found"),
    "context_too_long": (400, "invalid_request_error", "context_length_exceeded"),
    "rate_limited": (429, "tokens", "rate_limit_exceeded"),
    "unavailable": (500, "server_error", None),
}


class OpenAIWire(ModelWire):
    """What OpenAI's own servers do."""

    def answer(self, script: Script) -> Reply:
        text = "".join(script.text)
        message: dict[str, Any] = {
            "role": "assistant",
            "content": None if script.refusal else text,
            "refusal": text if script.refusal else None,
            **self.reasoning("".join(script.thinking)),
        }
        if script.calls:
            message["tool_calls"] = [
                {
                    "id": call.id,
                    "type": "function",
                    "function": {"name": call.name, "arguments": call.arguments},
                }
                for call in script.calls
            ]
        choice = {"index": 0, "message": message, "finish_reason": FINISH_REASONS[script.stop]}
        return Reply.of_json(
            {
                "id": "chatcmpl-1",
                "object": "chat.completion",
                "created": 1,
                "model": "gpt-4o",
                "choices": [choice],
                "usage": _usage(script),
            }
        )

    def stream(self, script: Script) -> Reply:
        deltas = self.deltas(script)
        chunks = [
            _chunk([{"index": 0, "delta": delta, "finish_reason": None}]) for delta in deltas
        ]
        end = {"index": 0, "delta": {}, "finish_reason": FINISH_REASONS[script.stop]}
        last = [_chunk([end]), {**_chunk([]), "usage": _usage(script)}]
        return Reply.of_events([*chunks, *last, "[DONE]"])

    def deltas(self, script: Script) -> Iterator[dict[str, Any]]:
        yield {"role": "assistant", "content": "", "refusal": None}
        for thought in script.thinking:
            yield self.reasoning(thought)
        for text in script.text:
            yield {"refusal" if script.refusal else "content": text}
        for index, call in enumerate(script.calls):
            begin = {"name": call.name, "arguments": ""}
            yield {
                "tool_calls": [
                    {"index": index, "id": call.id, "type": "function", "function": begin}
                ]
            }
            for piece in _pieces(call.arguments):
                yield {"tool_calls": [{"index": index, "function": {"arguments": piece}}]}

    def reasoning(self, text: str) -> dict[str, Any]:
        if text:
            raise NotOnThisWireError("OpenAI does not show reasoning in chat completions")
        return {}

    def error(self, code: str, explanation: str) -> Reply:
        if code not in ERRORS:
            raise NotOnThisWireError(f"OpenAI has no error that means {code}")
        status, kind, word = ERRORS[code]
        error = {"message": explanation, "type": kind, "param": None, "code": word}
        return Reply.of_json({"error": error}, status=status)

    def error_in_stream(self, explanation: str) -> bytes:
        error = {"message": explanation, "type": "server_error", "param": None, "code": None}
        return f"data: {json.dumps({'error': error})}\n\n".encode()

    def asked(self, request: ReceivedRequest) -> Asked:
        body = request.json()
        assert body.get("stream_options") == (
            {"include_usage": True} if "stream" in body else None
        )
        tools = body.get("tools")
        systems = [m["content"] for m in body["messages"] if m["role"] == "system"]
        return Asked(
            messages=[_message(m) for m in body["messages"] if m["role"] != "system"],
            system="\n".join(systems),
            tools=None if tools is None else [_tool(tool) for tool in tools],
            max_tokens=body.get("max_tokens", body.get("max_completion_tokens")),
            temperature=body.get("temperature"),
            streamed=body.get("stream", False),
            reasoning=self.is_told_to_reason(body),
        )

    def is_told_to_reason(self, body: dict[str, Any]) -> bool:
        return "reasoning_effort" in body


def _chunk(choices: list[dict[str, Any]]) -> dict[str, Any]:
    facts = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    return {**facts, "choices": choices}


def _pieces(text: str) -> Iterator[str]:
    size = max(3, len(text) // 5)
    for start in range(0, len(text), size):
        yield text[start : start + size]


def _usage(script: Script) -> dict[str, Any] | None:
    usage = script.usage
    if usage is None:
        return None
    return {
        "prompt_tokens": usage.input,
        "completion_tokens": usage.output,
        "total_tokens": usage.input + usage.output,
        "prompt_tokens_details": {"cached_tokens": usage.cached, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning},
    }


def _tool(tool: dict[str, Any]) -> AITool:
    assert tool["type"] == "function"
    function = tool["function"]
    assert function["parameters"]["type"] == "object"
    return AITool(
        name=function["name"],
        description=function.get("description", ""),
        parameters=function["parameters"],
    )


def _message(message: dict[str, Any]) -> AIMessage:
    content: str | Sequence[AIPart]
    match message["role"]:
        case "user":
            content = message["content"]
            if not isinstance(content, str):
                content = [_part(part) for part in message["content"]]
            return AIMessage(role="user", content=content)
        case "assistant":
            said = message["content"]
            parts: list[AIPart] = [AITextPart(text=said)] if said is not None else []
            if "reasoning" in message:
                parts.insert(0, AIThinkingPart(text=message["reasoning"]))
            parts += [_call(call) for call in message.get("tool_calls", ())]
            return AIMessage(role="assistant", content=parts)
        case "tool":
            assert isinstance(message["content"], str)
            result = AIToolResult(
                tool_call_id=message["tool_call_id"], name="", content=message["content"]
            )
            return AIMessage(role="tool", content=[result])
    raise AssertionError(f"there is no role {message['role']}")


def _part(part: dict[str, Any]) -> AIPart:
    if part["type"] == "text":
        return AITextPart(text=part["text"])
    assert part["type"] == "image_url"
    return AIImagePart(url=part["image_url"]["url"])


def _call(call: dict[str, Any]) -> AIToolCall:
    assert call["type"] == "function"
    function = call["function"]
    return AIToolCall(
        id=call["id"], name=function["name"], arguments=json.loads(function["arguments"])
    )
