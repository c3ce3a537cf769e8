"""The details of Gemini's protocol, against a server on this machine."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from roomkit._clock import Clock
from roomkit.errors import ProviderError
from roomkit.providers.ai.base import (
    AIImagePart,
    AIMessage,
    AIPart,
    AIProvider,
    AIResponse,
    AITextPart,
    AIThinkingPart,
    AITool,
    AIToolCall,
    AIToolResult,
    StopReason,
    StreamThinkingDelta,
)
from roomkit.providers.gemini import GeminiAIProvider, GeminiConfig
from roomkit.testing.clock import VirtualClock
from roomkit.testing.wire import Reply, ScriptedServer
from tests.wire import asking
from tests.wire.asking import answer_of, question

NEW = "gemini-3-flash-preview"
SEAL = "c2lnbmF0dXJl"
SKIP = "c2tpcF90aG91Z2h0X3NpZ25hdHVyZV92YWxpZGF0b3I="
PNG = "data:image/png;base64,iVBORw0KGgo="


def chunk(*parts: dict[str, Any], reason: str | None = None, **fields: Any) -> dict[str, Any]:
    candidate: dict[str, Any] = {"content": {"role": "model", "parts": list(parts)}}
    if reason is not None:
        candidate["finishReason"] = reason
    return {"candidates": [candidate], **fields}


def call(name: str = "find", **fields: Any) -> dict[str, Any]:
    return {"functionCall": {"name": name, "args": {}, **fields}}


FINE = chunk({"text": "Fine"}, reason="STOP")


@pytest.fixture
async def server() -> AsyncIterator[ScriptedServer]:
    async with ScriptedServer(default=Reply.of_json(FINE)) as running:
        yield running


class Asking(asking.Asking):
    def make(self, settings: dict[str, Any], clock: Clock) -> AIProvider:
        config = GeminiConfig(**{"api_key": "AIza-1", **settings})
        return GeminiAIProvider(config, clock=clock)

    async def parts(self, *parts: AIPart) -> list[dict[str, Any]]:
        """What a user's message becomes."""
        body = await self.body(AIMessage(role="user", content=[*parts]))
        sent: list[dict[str, Any]] = body["contents"][-1]["parts"]
        return sent

    async def both(self, answer: dict[str, Any]) -> list[AIResponse]:
        """What becomes of an answer, at once and as a stream."""
        return [await self.whole(answer), await self.streamed([answer])]


async def test_a_request(server: ScriptedServer) -> None:
    turns = [
        AIMessage(role="user", content="Book a table"),
        AIMessage(
            role="assistant",
            content=[AIToolCall(id="c1", name="book", arguments={"for_whom": {"isKing": None}})],
        ),
        AIMessage(
            role="tool", content=[AIToolResult(tool_call_id="c1", name="book", content="done")]
        ),
    ]
    schema = {"type": "object", "properties": {"for_whom": {"type": "object"}}}
    async with Asking(server) as model:
        body = await model.body(
            *turns,
            system_prompt="Be brief.",
            tools=[AITool(name="book", description="Books.", parameters=schema)],
        )
    assert server.requests[0].target == "/v1/models/gemini-2.0-flash:generateContent"
    assert server.requests[0].headers["x-goog-api-key"] == "AIza-1"
    arguments = {"for_whom": {"isKing": None}}
    answered = {"id": "c1", "name": "book", "response": {"output": "done"}}
    assert body["contents"] == [
        {"role": "user", "parts": [{"text": "Book a table"}]},
        {
            "role": "model",
            "parts": [{"functionCall": {"id": "c1", "name": "book", "args": arguments}}],
        },
        {"role": "user", "parts": [{"functionResponse": answered}]},
    ]
    assert body["systemInstruction"]["parts"] == [{"text": "Be brief."}]
    assert body["generationConfig"] == {"maxOutputTokens": 1024, "temperature": 1.0}
    (tools,) = body["tools"]
    assert tools["functionDeclarations"] == [
        {"name": "book", "description": "Books.", "parameters_json_schema": schema}
    ]


async def test_the_environment_does_not_send_the_key_elsewhere(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOOGLE_GENAI_USE_VERTEXAI", "true")
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "another")
    monkeypatch.setenv("GOOGLE_API_KEY", "another")
    async with Asking(server) as model:
        assert (await model.provider.generate(question())).content == "Fine"
    assert server.requests[0].path.startswith("/v1/models/")
    assert server.requests[0].headers["x-goog-api-key"] == "AIza-1"


async def test_signatures_go_back_on_the_pieces_they_came_on(server: ScriptedServer) -> None:
    pieces: list[dict[str, Any]] = [
        {"text": "Let me ", "thought": True},
        {"text": "think.", "thought": True},
        {"text": "One "},
        {"text": "moment"},
        {"text": "", "thoughtSignature": SEAL},
        {**call(id="c1"), "thoughtSignature": SEAL},
        call(id="c2"),
    ]
    async with Asking(server, model=NEW) as model:
        response = await model.streamed(
            [*(chunk(piece) for piece in pieces), chunk(reason="STOP")]
        )
        assert response.thinking == "Let me think."
        assert response.content == "One moment"
        results = [
            AIToolResult(tool_call_id=one.id, name=one.name, content="found")
            for one in response.tool_calls
        ]
        body = await model.body(
            AIMessage(role="user", content="Where?"),
            response.as_message(),
            AIMessage(role="tool", content=[*results]),
        )
    assert body["contents"][1]["parts"] == [
        {"text": "One moment"},
        {"text": "", "thoughtSignature": SEAL},
        {**call(id="c1"), "thoughtSignature": SEAL},
        call(id="c2"),
    ]


async def test_a_sealed_thought_goes_back(server: ScriptedServer) -> None:
    sealed = {"text": "Hm.", "thought": True, "thoughtSignature": SEAL}
    async with Asking(server, model=NEW) as model:
        for response in await model.both(chunk(sealed, {"text": "Ten."}, reason="STOP")):
            (thought, said) = response.parts
            assert isinstance(thought, AIThinkingPart)
            assert (thought.text, thought.signature) == ("Hm.", SEAL)
            assert said == AITextPart(text="Ten.")
            body = await model.body(
                AIMessage(role="user", content="What time is it?"),
                response.as_message(),
                AIMessage(role="user", content="Sure?"),
            )
            assert body["contents"][1]["parts"] == [sealed, {"text": "Ten."}]


async def test_calls_that_gemini_did_not_make(server: ScriptedServer) -> None:
    """New models insist on a signature on the first call of a turn; there is a word for none."""
    turns = [
        AIMessage(role="user", content="Where?"),
        AIMessage(
            role="assistant",
            content=[
                AIThinkingPart(text="Hm.", signature="c2VjcmV0"),
                AIToolCall(id="c1", name="find"),
                AIToolCall(id="c2", name="find"),
            ],
        ),
    ]
    async with Asking(server, model=NEW) as model:
        body = await model.body(*turns)
    first, second = body["contents"][1]["parts"]
    assert first["thoughtSignature"] == SKIP
    assert "thoughtSignature" not in second
    async with Asking(server, model="gemini-2.5-pro") as model:
        body = await model.body(*turns)
    assert not any("thoughtSignature" in part for part in body["contents"][1]["parts"])


async def test_calls_without_ids(server: ScriptedServer) -> None:
    async with Asking(server) as model:
        for response in await model.both(
            chunk(call(), call(id="c1"), call(id="c1"), reason="STOP")
        ):
            ids = [one.id for one in response.tool_calls]
            assert ids[1] == "c1"
            assert len({*ids, ""}) == 4
            assert response.stop_reason is StopReason.TOOL_CALLS


async def test_reasoning_is_shown_while_it_is_written(server: ScriptedServer) -> None:
    thoughts = [chunk({"text": text, "thought": True}) for text in ("Let ", "me see.")]
    server.reply(Reply.of_events([*thoughts, FINE]))
    async with Asking(server, model="gemini-2.5-flash") as model:
        context = question(thinking_budget=512)
        events = [event async for event in model.provider.generate_stream(context)]
    assert events[:2] == [StreamThinkingDelta(text="Let "), StreamThinkingDelta(text="me see.")]


@pytest.mark.parametrize(
    ("url", "mime_type", "sent"),
    [
        (PNG, None, {"inlineData": {"mime_type": "image/png", "data": "iVBORw0KGgo="}}),
        (
            "data:image/jpg;base64,AAAA",
            None,
            {"inlineData": {"mime_type": "image/jpeg", "data": "AAAA"}},
        ),
        ("data:image/gif;base64,R0lG", None, {"text": "[Image: image/gif]"}),
        ("data:image/png;base64,", None, {"text": "[Image: image/png]"}),
        (
            "https://example.com/a",
            "image/png",
            {"fileData": {"file_uri": "https://example.com/a", "mime_type": "image/png"}},
        ),
        (
            "https://example.com/a.jpg?v=2",
            None,
            {"fileData": {"file_uri": "https://example.com/a.jpg?v=2", "mime_type": "image/jpeg"}},
        ),
        ("https://example.com/a", None, {"fileData": {"file_uri": "https://example.com/a"}}),
        ("https://example.com/a.gif", None, {"text": "[Image: https://example.com/a.gif]"}),
        ("http://example.com/a.png", None, {"text": "[Image: http://example.com/a.png]"}),
    ],
)
async def test_pictures(
    server: ScriptedServer, url: str, mime_type: str | None, sent: dict[str, Any]
) -> None:
    async with Asking(server, model=NEW) as model:
        (part,) = await model.parts(AIImagePart(url=url, mime_type=mime_type))
    assert part == sent


async def test_a_model_that_does_not_fetch_pictures(server: ScriptedServer) -> None:
    linked = AIImagePart(url="https://example.com/a.png")
    async with Asking(server) as model:
        assert model.provider.supports_vision
        (mark, inline) = await model.parts(linked, AIImagePart(url=PNG))
        assert mark == {"text": "[Image: https://example.com/a.png]"}
        assert "inlineData" in inline
    async with Asking(server, fetches_urls=True) as model:
        (shown,) = await model.parts(linked)
        assert shown["fileData"]["file_uri"] == "https://example.com/a.png"


async def test_pictures_from_tools_follow_what_they_said(server: ScriptedServer) -> None:
    chart = AIToolResult(
        tool_call_id="c1",
        name="chart",
        content=[AITextPart(text="Done. "), AIImagePart(url=PNG)],
    )
    failed = AIToolResult(tool_call_id="c2", name="find", content="no", is_error=True)
    called = [AIToolCall(id="c1", name="chart"), AIToolCall(id="c2", name="find")]
    async with Asking(server) as model:
        body = await model.body(
            AIMessage(role="user", content="Draw"),
            AIMessage(role="assistant", content=[*called]),
            AIMessage(role="tool", content=[chart, failed]),
        )
    *_, answered, shown = body["contents"]
    assert [part["functionResponse"]["response"] for part in answered["parts"]] == [
        {"output": "Done. [Image: below]"},
        {"error": "no"},
    ]
    label, picture = shown["parts"]
    assert label == {"text": "[Pictures from chart:]"}
    assert picture["inlineData"]["mime_type"] == "image/png"


@pytest.mark.parametrize(
    ("answer", "reason", "stop"),
    [
        (chunk({"text": "I"}, reason="SAFETY"), "SAFETY", StopReason.REFUSED),
        (chunk(reason="PROHIBITED_CONTENT"), "PROHIBITED_CONTENT", StopReason.REFUSED),
        ({"promptFeedback": {"blockReason": "SAFETY"}}, "SAFETY", StopReason.REFUSED),
        ({"promptFeedback": {"blockReason": "OTHER"}}, "OTHER", StopReason.OTHER),
        (chunk({"text": "I"}, reason="MAX_TOKENS"), "MAX_TOKENS", StopReason.LENGTH),
        (chunk(reason="MALFORMED_FUNCTION_CALL"), "MALFORMED_FUNCTION_CALL", StopReason.OTHER),
        ({"candidates": [{"finishReason": "STOP"}]}, "STOP", StopReason.COMPLETED),
    ],
)
async def test_how_it_ended(
    server: ScriptedServer, answer: dict[str, Any], reason: str, stop: StopReason
) -> None:
    async with Asking(server) as model:
        for response in await model.both(answer):
            assert (response.finish_reason, response.stop_reason) == (reason, stop)


async def test_a_reason_that_the_sdk_does_not_know(server: ScriptedServer) -> None:
    async with Asking(server) as model:
        with pytest.warns(UserWarning, match="TOO_MODERN"):
            for response in await model.both(chunk({"text": "I"}, reason="TOO_MODERN")):
                assert (response.finish_reason, response.content) == ("TOO_MODERN", "I")


async def test_usage_of_a_stream_is_the_last_sum(server: ScriptedServer) -> None:
    sums = [
        {"promptTokenCount": 100, "thoughtsTokenCount": 10},
        {"promptTokenCount": 100, "candidatesTokenCount": 5, "thoughtsTokenCount": 10},
        {
            "promptTokenCount": 100,
            "candidatesTokenCount": 8,
            "thoughtsTokenCount": 10,
            "cachedContentTokenCount": 60,
            "toolUsePromptTokenCount": 3,
        },
    ]
    chunks = [chunk({"text": "a"}, usageMetadata=one) for one in sums]
    chunks[-1]["candidates"][0]["finishReason"] = "STOP"
    async with Asking(server) as model:
        response = await model.streamed(chunks)
    assert response.usage == {
        "input_tokens": 103,
        "output_tokens": 18,
        "cached_input_tokens": 60,
        "reasoning_tokens": 10,
    }


@pytest.mark.parametrize("streamed", [False, True])
async def test_the_pause_that_google_asks_for_is_kept(
    server: ScriptedServer, streamed: bool
) -> None:
    clock = VirtualClock()
    info = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "17s"}
    error = {"code": 429, "message": "no", "status": "RESOURCE_EXHAUSTED", "details": [info]}
    server.reply(json={"error": error}, status=429)
    server.reply(Reply.of_events([FINE]) if streamed else Reply.of_json(FINE))
    async with Asking(server, max_retries=2, clock=clock) as model, clock.auto():
        before = clock.monotonic()
        answer = await answer_of(model.provider, question(), streamed=streamed)
        assert answer.content == "Fine"
        assert clock.monotonic() - before == 17
    assert len(server.requests) == 2


async def test_a_wrong_key_is_asked_for_once(server: ScriptedServer) -> None:
    info = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}
    error = {"code": 400, "message": "no", "status": "INVALID_ARGUMENT", "details": [info]}
    server.default = Reply.of_json({"error": error}, status=400)
    async with Asking(server, max_retries=5) as model:
        with pytest.raises(ProviderError) as caught:
            await model.provider.generate(question())
    assert caught.value.code == "unauthorized"
    assert len(server.requests) == 1


async def test_once_it_has_begun_nothing_is_asked_again(server: ScriptedServer) -> None:
    server.reply(Reply.of_events([chunk({"text": "I"}), FINE]).cut_after(1))
    async with Asking(server, max_retries=5) as model:
        with pytest.raises(ProviderError) as caught:
            async for _ in model.provider.generate_stream(question()):
                pass
    assert (caught.value.code, caught.value.retryable) == ("connection_lost", True)
    assert len(server.requests) == 1


async def test_a_key_that_cannot_be_one(server: ScriptedServer) -> None:
    async with Asking(server, api_key="…") as model:
        with pytest.raises(ProviderError) as caught:
            await model.provider.generate(question())
    assert (caught.value.code, server.requests) == ("rejected", [])


async def test_after_the_end(server: ScriptedServer) -> None:
    async with Asking(server) as model:
        await model.provider.generate(question())
    with pytest.raises(ProviderError) as caught:
        await model.provider.generate(question())
    assert (caught.value.code, caught.value.retryable) == ("closed", False)
