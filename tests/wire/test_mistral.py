"""The details of Mistral's protocol, against a server on this machine."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from roomkit._clock import Clock
from roomkit.errors import ProviderError
from roomkit.providers.ai.base import (
    AIImagePart,
    AIMessage,
    AIProvider,
    AITextPart,
    AIThinkingPart,
    AITool,
    AIToolCall,
    AIToolResult,
    StopReason,
    StreamThinkingDelta,
)
from roomkit.providers.mistral import MistralAIProvider, MistralConfig
from roomkit.testing.clock import VirtualClock
from roomkit.testing.wire import Reply, ScriptedServer
from tests.wire import asking
from tests.wire.asking import answer_of, question

FRAME = {"id": "1", "object": "chat.completion", "created": 1, "model": "m"}
USAGE = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
PNG = "data:image/png;base64,iVBORw0KGgo="


def whole(content: Any = None, *calls: dict[str, Any], reason: str = "stop") -> dict[str, Any]:
    message = {"role": "assistant", "content": content, "tool_calls": list(calls) or None}
    choice = {"index": 0, "message": message, "finish_reason": reason}
    return {**FRAME, "choices": [choice], "usage": USAGE}


def piece(reason: str | None = None, **delta: Any) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "finish_reason": reason}
    return {**FRAME, "choices": [choice], **({"usage": USAGE} if reason else {})}


def thought(*texts: str, **fields: Any) -> dict[str, Any]:
    chunks = [{"type": "text", "text": text} for text in texts]
    return {"type": "thinking", "thinking": chunks, **fields}


def fragment(written: Any, **fields: Any) -> dict[str, Any]:
    name = fields.pop("name", "")
    return {**fields, "function": {"name": name, "arguments": written}}


END = piece("stop", content="")


@pytest.fixture
async def server() -> AsyncIterator[ScriptedServer]:
    async with ScriptedServer(default=Reply.of_json(whole("Fine"))) as running:
        yield running


class Asking(asking.Asking):
    end = ("[DONE]",)

    def make(self, settings: dict[str, Any], clock: Clock) -> AIProvider:
        config = MistralConfig(**{"api_key": "m-1", **settings})
        return MistralAIProvider(config, clock=clock)


async def test_a_request(server: ScriptedServer) -> None:
    turns = [
        AIMessage(role="user", content="Book a table"),
        AIMessage(
            role="assistant",
            content=[AIToolCall(id="D681PevKs", name="book", arguments={"for": {"isKing": None}})],
        ),
        AIMessage(
            role="tool",
            content=[AIToolResult(tool_call_id="D681PevKs", name="book", content="done")],
        ),
    ]
    schema = {"type": "object", "properties": {"for": {"type": "object"}}}
    async with Asking(server) as model:
        body = await model.body(
            *turns,
            system_prompt="Be brief.",
            tools=[AITool(name="book", description="Books.", parameters=schema)],
        )
    assert server.requests[0].path == "/v1/chat/completions"
    assert server.requests[0].headers["authorization"] == "Bearer m-1"
    system, asked, called, answered = body.pop("messages")
    assert (system, asked) == (
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Book a table"},
    )
    (call,) = called["tool_calls"]
    assert call["id"] == "D681PevKs"
    assert json.loads(call["function"]["arguments"]) == {"for": {"isKing": None}}
    assert answered == {
        "role": "tool",
        "tool_call_id": "D681PevKs",
        "name": "book",
        "content": "done",
    }
    function = {"name": "book", "description": "Books.", "parameters": schema}
    assert body == {
        "model": "mistral-large-latest",
        "max_tokens": 1024,
        "stream": False,
        "tools": [{"type": "function", "function": function}],
    }


async def test_reasoning_of_magistral(server: ScriptedServer) -> None:
    said = [thought("Let ", "me "), {"type": "text", "text": "Te"}]
    more = [thought("see.", signature="c2lnbmF0dXJl"), {"type": "text", "text": "n."}]
    async with Asking(server, model="magistral-medium-2509") as model:
        at_once = await model.whole(
            whole([thought("Let me see.", signature="c2lnbmF0dXJl"), said[1], more[1]])
        )
        in_pieces = await model.streamed([piece(content=said), piece(content=more), END])
        for response in (at_once, in_pieces):
            assert (response.thinking, response.content) == ("Let me see.", "Ten.")
            body = await model.body(
                AIMessage(role="user", content="What time is it?"),
                response.as_message(),
                AIMessage(role="user", content="Sure?"),
            )
            assert body["messages"][1]["content"] == [
                thought("Let me see.", signature="c2lnbmF0dXJl"),
                {"type": "text", "text": "Ten."},
            ]


async def test_reasoning_is_shown_while_it_is_written(server: ScriptedServer) -> None:
    pieces = [piece(content=[thought("Let ")]), piece(content=[thought("me see.")])]
    server.reply(Reply.of_events([*pieces, piece(content="Ten."), END, "[DONE]"]))
    async with Asking(server) as model:
        events = [event async for event in model.provider.generate_stream(question())]
    assert events[:2] == [StreamThinkingDelta(text="Let "), StreamThinkingDelta(text="me see.")]


async def test_reasoning_of_other_vendors_stays_with_them(server: ScriptedServer) -> None:
    foreign = AIThinkingPart(text="Hm.", signature="c2VjcmV0", provider_data={"theirs": 1})
    async with Asking(server, model="magistral-medium-2509") as model:
        body = await model.body(
            AIMessage(role="user", content="one"),
            AIMessage(role="assistant", content=[foreign, AITextPart(text="two")]),
            AIMessage(role="assistant", content=[foreign]),
            AIMessage(role="user", content="three"),
        )
    assert [message["content"] for message in body["messages"]] == ["one", "two", "three"]


@pytest.mark.parametrize(
    "chunks",
    [
        [
            piece(tool_calls=[fragment('{"a":', id="D681PevKs", index=0, name="find")]),
            piece(tool_calls=[fragment(" 1}", index=0)]),
            piece(tool_calls=[fragment('{"a": 2}', id="E681PevKs", index=1, name="find")]),
        ],
        [
            piece(
                tool_calls=[
                    fragment('{"a": 1}', id="D681PevKs", name="find"),
                    fragment('{"a": 2}', id="E681PevKs", name="find"),
                ]
            )
        ],
        [
            piece(
                tool_calls=[
                    fragment({"a": 1}, id="D681PevKs", index=0, name="find"),
                    fragment({"a": 2}, id="E681PevKs", index=1, name="find"),
                ]
            )
        ],
    ],
    ids=["in fragments", "without an index", "already decoded"],
)
async def test_calls_in_a_stream(server: ScriptedServer, chunks: list[dict[str, Any]]) -> None:
    async with Asking(server) as model:
        response = await model.streamed([*chunks, piece("tool_calls")])
    assert [(one.id, one.arguments) for one in response.tool_calls] == [
        ("D681PevKs", {"a": 1}),
        ("E681PevKs", {"a": 2}),
    ]
    assert response.stop_reason is StopReason.TOOL_CALLS


async def test_whole_calls_need_neither_index_nor_id(server: ScriptedServer) -> None:
    calls = [fragment('{"a": 1}', name="find"), fragment('{"a": 2}', name="find")]
    async with Asking(server) as model:
        response = await model.whole(whole("", *calls, reason="tool_calls"))
    assert [one.arguments for one in response.tool_calls] == [{"a": 1}, {"a": 2}]
    assert len({one.id for one in response.tool_calls} - {"", "null"}) == 2


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (PNG, PNG),
        ("data:image/jpg;base64,AAAA", "data:image/jpeg;base64,AAAA"),
        ("https://example.com/a.png", "https://example.com/a.png"),
        ("data:image/svg+xml,%3Csvg%3E", None),
        ("data:image/png;base64,", None),
        ("ftp://example.com/a.png", None),
    ],
)
async def test_pictures(server: ScriptedServer, url: str, shown: str | None) -> None:
    look = AIMessage(role="user", content=[AITextPart(text="Look:"), AIImagePart(url=url)])
    async with Asking(server) as model:
        content = (await model.body(look))["messages"][-1]["content"]
    if shown is None:
        assert content.startswith("Look:\n\n[Image: ")
    else:
        assert content[1] == {"type": "image_url", "image_url": shown}
    async with Asking(server, model="codestral-latest", vision=False) as model:
        assert not model.provider.supports_vision
        content = (await model.body(look))["messages"][-1]["content"]
        assert content.startswith("Look:\n\n[Image: ")


async def test_a_model_that_breaks_off(server: ScriptedServer) -> None:
    async with Asking(server) as model:
        for failing in (
            model.whole(whole("I", reason="error")),
            model.streamed([piece(content="I"), piece("error", content="")]),
        ):
            with pytest.raises(ProviderError) as caught:
                await failing
            assert (caught.value.code, caught.value.retryable) == ("unavailable", True)


async def test_a_fragment_of_no_call(server: ScriptedServer) -> None:
    async with Asking(server) as model:
        with pytest.raises(ProviderError) as caught:
            await model.streamed([piece(tool_calls=[fragment("{}", index=0)]), END])
    assert (caught.value.code, caught.value.retryable) == ("bad_answer", False)


@pytest.mark.parametrize("reason", ["length", "model_length"])
async def test_an_answer_that_is_too_long(server: ScriptedServer, reason: str) -> None:
    async with Asking(server) as model:
        response = await model.whole(whole("I", reason=reason))
    assert (response.content, response.stop_reason) == ("I", StopReason.LENGTH)


@pytest.mark.parametrize("streamed", [False, True])
async def test_the_pause_that_mistral_asks_for_is_kept(
    server: ScriptedServer, streamed: bool
) -> None:
    clock = VirtualClock()
    server.reply(status=429, json={"type": "rate_limited"}, headers={"retry-after": "17"})
    pieces = Reply.of_events([piece(content="Fine"), END, "[DONE]"])
    server.reply(pieces if streamed else Reply.of_json(whole("Fine")))
    async with Asking(server, max_retries=2, clock=clock) as model, clock.auto():
        before = clock.monotonic()
        answer = await answer_of(model.provider, question(), streamed=streamed)
        assert answer.content == "Fine"
        assert clock.monotonic() - before == 17
    assert len(server.requests) == 2


async def test_a_wrong_key_is_asked_for_once(server: ScriptedServer) -> None:
    server.default = Reply.of_json({"detail": "Unauthorized"}, status=401)
    async with Asking(server, max_retries=5) as model:
        with pytest.raises(ProviderError) as caught:
            await model.provider.generate(question())
    assert caught.value.code == "unauthorized"
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
