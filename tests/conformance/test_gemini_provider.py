"""The Gemini provider keeps the contract of language models, through the real SDK."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest
import pytest_asyncio
from google import genai

from roomkit.providers.ai.base import (
    AIImagePart,
    AIMessage,
    AIPart,
    AIProvider,
    AITextPart,
    AITool,
    AIToolCall,
    AIToolResult,
    StopReason,
)
from roomkit.providers.gemini import GeminiAIProvider, GeminiConfig
from roomkit.testing.ai_providers import (
    AIProviderContract,
    Asked,
    ModelSettings,
    ModelVendor,
    ModelWire,
    NotOnThisWireError,
    Script,
    ScriptedCall,
    ScriptedUsage,
)
from roomkit.testing.clock import VirtualClock
from roomkit.testing.wire import ReceivedRequest, Reply, ScriptedServer

pytestmark = pytest.mark.asyncio(loop_scope="module")

MODEL = "gemini-2.5-flash"
KEY = "AIza-s3cret"

_FINISH = {
    StopReason.COMPLETED: "STOP",
    StopReason.TOOL_CALLS: "STOP",
    StopReason.LENGTH: "MAX_TOKENS",
    StopReason.REFUSED: "SAFETY",
}
_ERRORS = {
    "rejected": (400, "INVALID_ARGUMENT"),
    "unauthorized": (401, "UNAUTHENTICATED"),
    "forbidden": (403, "PERMISSION_DENIED"),
    "not_found": (404, "NOT_FOUND"),
    "rate_limited": (429, "RESOURCE_EXHAUSTED"),
    "unavailable": (503, "UNAVAILABLE"),
    "context_too_long": (400, "INVALID_ARGUMENT"),
}
_TOO_LONG = (
    "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576)."
)


class GeminiWire(ModelWire):
    """https://ai.google.dev/api/generate-content"""

    tool_name = "[a-zA-Z_][a-zA-Z0-9_-]{0,63}"
    thinks = True
    trailing_assistant = False

    def answer(self, script: Script) -> Reply:
        texts = ["".join(script.thinking)] if script.thinking else []
        parts = [{"text": text, "thought": True} for text in texts]
        parts += [{"text": "".join(script.text)}] if script.text else []
        parts += [_call_part(call) for call in script.calls]
        return Reply.of_json(_chunk(parts, script, last=True))

    def stream(self, script: Script) -> Reply:
        pieces: list[dict[str, Any]] = [
            {"text": text, "thought": True} for text in script.thinking
        ]
        pieces += [{"text": text} for text in script.text]
        pieces += [_call_part(call) for call in script.calls]
        chunks = [_chunk([piece], script) for piece in pieces]
        return Reply.of_events([*chunks, _chunk([{"text": ""}], script, last=True)])

    def error(self, code: str, explanation: str) -> Reply:
        if code not in _ERRORS:
            raise NotOnThisWireError(f"Gemini has no word for {code}")
        status, word = _ERRORS[code]
        said = f"{_TOO_LONG} {explanation}" if code == "context_too_long" else explanation
        error = {"code": status, "message": said, "status": word}
        return Reply.of_json({"error": error}, status=status)

    def error_in_stream(self, explanation: str) -> bytes:
        error = {"code": 503, "message": explanation, "status": "UNAVAILABLE"}
        return f"data: {json.dumps({'error': error})}\n\n".encode()

    def asked(self, request: ReceivedRequest) -> Asked:
        body = request.json()
        settings = body.get("generationConfig", {})
        system = body.get("systemInstruction", {}).get("parts", [])
        return Asked(
            messages=[_message(content) for content in body["contents"]],
            system="\n".join(part["text"] for part in system),
            tools=_tools(body),
            max_tokens=settings.get("maxOutputTokens"),
            temperature=settings.get("temperature"),
            streamed=request.path.endswith(":streamGenerateContent"),
            # The SDK leaves some names in snake case; Google takes both.
            reasoning=settings.get("thinkingConfig", {}).get("include_thoughts", False),
        )


def _chunk(parts: list[dict[str, Any]], script: Script, *, last: bool = False) -> dict[str, Any]:
    candidate: dict[str, Any] = {"content": {"role": "model", "parts": parts}, "index": 0}
    if last:
        candidate["finishReason"] = _FINISH[script.stop]
    usage = script.usage or ScriptedUsage(input=1, output=1)
    told = {
        "promptTokenCount": usage.input,
        "candidatesTokenCount": usage.output - usage.reasoning,
        "thoughtsTokenCount": usage.reasoning,
        "cachedContentTokenCount": usage.cached,
        "totalTokenCount": usage.input + usage.output,
    }
    return {"candidates": [candidate], "usageMetadata": told, "modelVersion": MODEL}


def _call_part(call: ScriptedCall) -> dict[str, Any]:
    try:
        arguments = json.loads(call.arguments)
    except (ValueError, RecursionError):
        arguments = None
    if not isinstance(arguments, dict):
        raise NotOnThisWireError("Gemini's arguments are an object")
    return {"functionCall": {"id": call.id, "name": call.name, "args": arguments}}


def _message(content: dict[str, Any]) -> AIMessage:
    parts = [_part(part) for part in content["parts"]]
    if any(isinstance(part, AIToolResult) for part in parts):
        role: Any = "tool"
    else:
        role = {"user": "user", "model": "assistant"}[content["role"]]
    return AIMessage(role=role, content=parts)


def _part(part: dict[str, Any]) -> AIPart:
    if "functionCall" in part:
        call = part["functionCall"]
        return AIToolCall(id=call["id"], name=call["name"], arguments=call.get("args", {}))
    if "functionResponse" in part:
        response = part["functionResponse"]
        ((kind, text),) = response["response"].items()
        return AIToolResult(
            tool_call_id=response["id"],
            name=response["name"],
            content=text,
            is_error=kind == "error",
        )
    if "inlineData" in part:
        data = part["inlineData"]
        return AIImagePart(url=f"data:{data['mime_type']};base64,{data['data']}")
    if "fileData" in part:
        return AIImagePart(url=part["fileData"]["file_uri"])
    return AITextPart(text=part["text"])


def _tools(body: dict[str, Any]) -> list[AITool] | None:
    if "tools" not in body:
        return None
    (tools,) = body["tools"]
    return [
        AITool(
            name=one["name"],
            description=one["description"],
            parameters=one.get("parameters_json_schema", {}),
        )
        for one in tools["functionDeclarations"]
    ]


def config(settings: ModelSettings) -> GeminiConfig:
    return GeminiConfig(
        api_key=KEY,
        model=MODEL,
        base_url=settings.url or "http://127.0.0.1:9",
        timeout=settings.timeout,
        max_retries=settings.max_retries,
        max_tokens=settings.max_tokens,
        temperature=settings.temperature,
    )


def make(settings: ModelSettings) -> AIProvider:
    return GeminiAIProvider(config(settings), clock=VirtualClock(auto=True))


@asynccontextmanager
async def shared(settings: ModelSettings) -> AsyncIterator[tuple[Any, Any]]:
    async with httpx2.AsyncClient() as http:
        client = genai.Client(
            api_key=KEY,
            http_options=genai.types.HttpOptions(base_url=settings.url, httpx_async_client=http),
        )
        one, other = (GeminiAIProvider(config(settings), client) for _ in range(2))
        yield one, other
        client.close()
        await client.aio.aclose()


class TestGeminiProvider(AIProviderContract):
    @pytest_asyncio.fixture(loop_scope="module")
    async def vendor(self) -> AsyncIterator[ModelVendor]:
        async with (
            ScriptedServer() as server,
            ModelVendor(
                make=make,
                server=server,
                wire=GeminiWire(),
                secrets=[KEY],
                share=shared,
            ) as vendor,
        ):
            yield vendor
