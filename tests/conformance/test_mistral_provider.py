"""The Mistral provider keeps the contract of language models, through the real SDK."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import pytest_asyncio
from mistralai.client import Mistral

from roomkit.providers.ai.base import (
    AIImagePart,
    AIMessage,
    AIPart,
    AIProvider,
    AITextPart,
    AIThinkingPart,
    AITool,
    AIToolCall,
    AIToolResult,
    StopReason,
)
from roomkit.providers.mistral import MistralAIProvider, MistralConfig
from roomkit.testing.ai_providers import (
    AIProviderContract,
    Asked,
    ModelSettings,
    ModelVendor,
    ModelWire,
    NotOnThisWireError,
    Script,
    ScriptedCall,
)
from roomkit.testing.clock import VirtualClock
from roomkit.testing.wire import ReceivedRequest, Reply, ScriptedServer

pytestmark = pytest.mark.asyncio(loop_scope="module")

MODEL = "mistral-medium-3-5"
KEY = "m1-s3cret"
CALL_ID = re.compile(r"[a-zA-Z0-9]{9}")

_FINISH = {
    StopReason.COMPLETED: "stop",
    StopReason.TOOL_CALLS: "tool_calls",
    StopReason.LENGTH: "length",
}
_ERRORS = {
    "rejected": (400, "invalid_request_error"),
    "unauthorized": (401, None),
    "not_found": (404, "invalid_model"),
    "rate_limited": (429, "rate_limited"),
    "overloaded": (429, "service_tier_capacity_exceeded"),
    "unavailable": (500, "internal_server_error"),
    "context_too_long": (400, "invalid_request_prompt"),
}
_TOO_LONG = "Prompt contains 65673 tokens, too large for model with 32768 maximum context length"


class MistralWire(ModelWire):
    """https://docs.mistral.ai/api"""

    thinks = True
    signs = True
    trailing_assistant = False

    def answer(self, script: Script) -> Reply:
        text = "".join(script.text)
        content: Any = text
        if script.thinking:
            thought = _thought("".join(script.thinking), script.signature)
            content = [thought, {"type": "text", "text": text}]
        calls = [_call(call, number) for number, call in enumerate(script.calls)]
        message = {"role": "assistant", "content": content, "tool_calls": calls or None}
        choice = {"index": 0, "message": message, "finish_reason": _finish(script)}
        return Reply.of_json({**_FRAME, "choices": [choice], "usage": _usage(script)})

    def stream(self, script: Script) -> Reply:
        deltas = list(_deltas(script))
        choices = [{"index": 0, "delta": delta, "finish_reason": None} for delta in deltas]
        end = {"index": 0, "delta": {"content": ""}, "finish_reason": _finish(script)}
        chunks = [{**_FRAME, "choices": [choice]} for choice in choices]
        last = {**_FRAME, "choices": [end], "usage": _usage(script)}
        return Reply.of_events([*chunks, last, "[DONE]"])

    def error(self, code: str, explanation: str) -> Reply:
        if code not in _ERRORS:
            raise NotOnThisWireError(f"Mistral has no error that means {code}")
        status, word = _ERRORS[code]
        said = f"{_TOO_LONG}. {explanation}" if code == "context_too_long" else explanation
        body: dict[str, Any] = {"object": "error", "message": said, "type": word, "code": "1"}
        return Reply.of_json(body if word else {"detail": said}, status=status)

    def error_in_stream(self, explanation: str) -> bytes:
        error = {"object": "error", "message": explanation, "type": "internal_server_error"}
        return f"data: {json.dumps(error)}\n\n".encode()

    def asked(self, request: ReceivedRequest) -> Asked:
        body = request.json()
        assert request.path == "/v1/chat/completions"
        tools = body.get("tools")
        systems = [m["content"] for m in body["messages"] if m["role"] == "system"]
        return Asked(
            messages=[_message(m) for m in body["messages"] if m["role"] != "system"],
            system="\n".join(systems),
            tools=None if tools is None else [_tool(tool) for tool in tools],
            max_tokens=body["max_tokens"],
            temperature=body.get("temperature"),
            streamed=body["stream"],
            reasoning="reasoning_effort" in body,
        )


_FRAME = {"id": "1", "object": "chat.completion", "created": 1, "model": MODEL}


def _finish(script: Script) -> str:
    if script.stop not in _FINISH:
        raise NotOnThisWireError("Mistral refuses in words only")
    return _FINISH[script.stop]


def _thought(text: str, signature: str | None) -> dict[str, Any]:
    chunk = {"type": "thinking", "thinking": [{"type": "text", "text": text}]}
    return chunk if signature is None else {**chunk, "signature": signature}


def _call(call: ScriptedCall, number: int) -> dict[str, Any]:
    function = {"name": call.name, "arguments": call.arguments}
    return {"id": call.id, "index": number, "function": function}


def _deltas(script: Script) -> Iterator[dict[str, Any]]:
    yield {"role": "assistant", "content": ""}
    for number, text in enumerate(script.thinking):
        last = number == len(script.thinking) - 1
        yield {"content": [_thought(text, script.signature if last else None)]}
    for text in script.text:
        yield {"content": text}
    for number, call in enumerate(script.calls):
        half = len(call.arguments) // 2
        begin = ScriptedCall(id=call.id, name=call.name, arguments=call.arguments[:half])
        yield {"tool_calls": [_call(begin, number)]}
        rest = {"name": "", "arguments": call.arguments[half:]}
        yield {"tool_calls": [{"index": number, "function": rest}]}


def _usage(script: Script) -> dict[str, Any]:
    usage = script.usage
    if usage is None:
        return {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
    return {
        "prompt_tokens": usage.input,
        "completion_tokens": usage.output,
        "total_tokens": usage.input + usage.output,
        "prompt_tokens_details": {"cached_tokens": usage.cached},
    }


def _tool(tool: dict[str, Any]) -> AITool:
    function = tool["function"]
    assert function["parameters"]["type"] == "object"
    return AITool(
        name=function["name"],
        description=function["description"],
        parameters=function["parameters"],
    )


def _message(message: dict[str, Any]) -> AIMessage:
    content: Any = message.get("content")
    if message["role"] == "tool":
        assert CALL_ID.fullmatch(message["tool_call_id"])
        result = AIToolResult(
            tool_call_id=message["tool_call_id"], name=message["name"], content=content
        )
        return AIMessage(role="tool", content=[result])
    if message["role"] == "user":
        if isinstance(content, str):
            return AIMessage(role="user", content=content)
        return AIMessage(role="user", content=[_part(chunk) for chunk in content])
    assert message["role"] == "assistant"
    said = [AITextPart(text=content)] if isinstance(content, str) else []
    parts: list[AIPart] = [*said] if said else [_part(chunk) for chunk in content or ()]
    for call in message.get("tool_calls") or ():
        assert CALL_ID.fullmatch(call["id"])
        function = call["function"]
        arguments = json.loads(function["arguments"])
        parts.append(AIToolCall(id=call["id"], name=function["name"], arguments=arguments))
    return AIMessage(role="assistant", content=parts)


def _part(chunk: dict[str, Any]) -> AIPart:
    if chunk["type"] == "image_url":
        return AIImagePart(url=chunk["image_url"])
    if chunk["type"] == "thinking":
        text = "".join(thought["text"] for thought in chunk["thinking"])
        return AIThinkingPart(text=text, signature=chunk.get("signature"))
    assert chunk["type"] == "text"
    return AITextPart(text=chunk["text"])


def config_for(settings: ModelSettings) -> MistralConfig:
    return MistralConfig(
        api_key=KEY,
        model=MODEL,
        base_url=settings.url,
        timeout=settings.timeout,
        max_retries=settings.max_retries,
        max_tokens=settings.max_tokens,
        temperature=settings.temperature,
        vision=settings.vision,
    )


def make(settings: ModelSettings) -> AIProvider:
    return MistralAIProvider(config_for(settings), clock=VirtualClock(auto=True))


@asynccontextmanager
async def share(settings: ModelSettings) -> AsyncIterator[tuple[AIProvider, AIProvider]]:
    config = config_for(settings)
    async with Mistral(api_key=KEY, server_url=settings.url) as client:
        yield MistralAIProvider(config, client), MistralAIProvider(config, client)


class TestMistral(AIProviderContract):
    @pytest_asyncio.fixture(loop_scope="module")
    async def vendor(self) -> AsyncIterator[ModelVendor]:
        async with (
            ScriptedServer() as server,
            ModelVendor(
                make=make, server=server, wire=MistralWire(), secrets=[KEY], share=share
            ) as vendor,
        ):
            yield vendor
