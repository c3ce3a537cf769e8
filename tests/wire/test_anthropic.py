"""Exchanges with a stand-in for Anthropic's server, in the shapes of its SDK 2.10."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import anthropic
import pytest
from pydantic import ValidationError

from roomkit.errors import ProviderError
from roomkit.providers.ai.base import (
    AIContext,
    AIImagePart,
    AIMessage,
    AIResponse,
    AITool,
    AIToolCall,
    AIToolResult,
    StopReason,
    StreamTextDelta,
)
from roomkit.providers.anthropic import AnthropicAIProvider, AnthropicConfig
from roomkit.testing.wire import Reply, ScriptedServer
from tests.conformance.anthropic_rules import check

SEALED = {"type": "thinking", "thinking": "A table, then.", "signature": "c2lnbmVk", "x": 1}
HIDDEN = {"type": "redacted_thinking", "data": "ZW5jcnlwdGVk"}
CALL = {"type": "tool_use", "id": "toolu_01", "name": "book", "input": {"people": 4}}
BOOK = AITool(name="book", description="Books a table.")
IN_ALL = {"input_tokens": 10, "output_tokens": 5}


class Vendor:
    """A stand-in for the vendor's server, and providers that ask it."""

    def __init__(self, server: ScriptedServer) -> None:
        self.server = server
        self._made: list[AnthropicAIProvider] = []

    def provider(self, model: str = "claude-haiku-4-5", **settings: Any) -> AnthropicAIProvider:
        config = AnthropicConfig(
            api_key="sk-ant-1", model=model, base_url=self.server.url, max_retries=0, **settings
        )
        self._made.append(AnthropicAIProvider(config))
        return self._made[-1]

    async def body_for(self, context: AIContext, **settings: Any) -> dict[str, Any]:
        """What a provider with these settings sends."""
        await self.provider(**settings).generate(context)
        body: dict[str, Any] = self.server.requests[-1].json()
        check(body)
        return body

    async def stream(self, context: AIContext) -> list[Any]:
        """What comes piece by piece."""
        return [event async for event in self.provider().generate_stream(context)]

    async def ask(self, context: AIContext, *, streamed: bool) -> AIResponse:
        """The answer, however it comes."""
        if not streamed:
            return await self.provider().generate(context)
        response: AIResponse = (await self.stream(context))[-1].response
        return response

    async def close(self) -> None:
        for provider in self._made:
            await provider.close()


@pytest.fixture
async def vendor() -> AsyncIterator[Vendor]:
    async with ScriptedServer(default=told(text("Hi"))) as server:
        vendor = Vendor(server)
        yield vendor
        await vendor.close()


def told(
    *blocks: dict[str, Any],
    stop: str = "end_turn",
    usage: dict[str, Any] | None = None,
    streamed: bool = False,
) -> Reply:
    """An answer with these blocks."""
    used = usage or IN_ALL
    message = {"id": "msg_01", "type": "message", "role": "assistant", "usage": used}
    if not streamed:
        return Reply.of_json({**message, "content": blocks, "stop_reason": stop})
    events: list[dict[str, Any]] = [
        {"type": "message_start", "message": {**message, "content": [], "stop_reason": None}},
        {"type": "ping"},
    ]
    for index, block in enumerate(blocks):
        begun, deltas = _begun(block)
        events.append({"type": "content_block_start", "index": index, "content_block": begun})
        for delta in deltas:
            events.append({"type": "content_block_delta", "index": index, "delta": delta})
        events.append({"type": "content_block_stop", "index": index})
    events += [
        {"type": "message_delta", "delta": {"stop_reason": stop}, "usage": {"output_tokens": 5}},
        {"type": "message_stop"},
    ]
    return Reply.of_events([(event["type"], event) for event in events])


def _begun(block: dict[str, Any]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """A block as a stream begins it, and the deltas that bring the rest."""
    match block["type"]:
        case "text":
            return block | {"text": ""}, [{"type": "text_delta", "text": block["text"]}]
        case "thinking":
            return block | {"thinking": "", "signature": ""}, [
                {"type": "thinking_delta", "thinking": block["thinking"]},
                {"type": "signature_delta", "signature": block["signature"]},
            ]
        case "tool_use" | "server_tool_use":
            written = json.dumps(block["input"])
            return block | {"input": {}}, [{"type": "input_json_delta", "partial_json": written}]
    return block, []


def pieces_of(reply: Reply) -> list[bytes]:
    return [piece for piece in reply.pieces or () if isinstance(piece, bytes)]


def with_pieces(reply: Reply, pieces: list[bytes]) -> Reply:
    return Reply(headers=reply.headers, pieces=pieces)


def question(**values: Any) -> AIContext:
    return AIContext(messages=[AIMessage(role="user", content="A table for four?")], **values)


def text(words: str) -> dict[str, Any]:
    return {"type": "text", "text": words}


async def test_a_request(vendor: Vendor) -> None:
    context = question(system_prompt="Be brief.", tools=[BOOK], temperature=0.5, max_tokens=99)
    body = await vendor.body_for(context)
    request = vendor.server.requests[0]
    assert (request.method, request.path) == ("POST", "/v1/messages")
    assert request.headers["authorization"] == "Bearer sk-ant-1"
    assert body == {
        "model": "claude-haiku-4-5",
        "max_tokens": 99,
        "temperature": 0.5,
        "system": [text("Be brief.")],
        "messages": [{"role": "user", "content": [text("A table for four?")]}],
        "tools": [
            {
                "name": "book",
                "description": "Books a table.",
                "input_schema": {"type": "object", "properties": {}},
            }
        ],
    }


@pytest.mark.parametrize("streamed", [False, True])
async def test_a_tool_round(vendor: Vendor, streamed: bool) -> None:
    """Reasoning, hidden or not, goes back just as it came, before the call that it led to."""
    context = question(tools=[BOOK], thinking_budget=2048)
    vendor.server.reply(told(SEALED, HIDDEN, CALL, stop="tool_use", streamed=streamed))
    response = await vendor.ask(context, streamed=streamed)
    assert (response.thinking, response.content) == ("A table, then.", "")
    first = vendor.server.requests[-1].json()
    failed = AIToolResult(tool_call_id="toolu_01", name="book", content="full", is_error=True)
    turns = [response.as_message(), AIMessage(role="tool", content=[failed])]
    second = await vendor.body_for(context.evolve(messages=[*context.messages, *turns]))
    assert second["thinking"] == {"type": "enabled", "budget_tokens": 2048}
    answered = {"type": "tool_result", "tool_use_id": "toolu_01", "content": "full"}
    assert second["messages"] == [
        *first["messages"],
        {"role": "assistant", "content": [SEALED, HIDDEN, CALL]},
        {"role": "user", "content": [answered | {"is_error": True}]},
    ]


async def test_a_turn_that_began_without_reasoning(vendor: Vendor) -> None:
    """The vendor refuses to begin with it in the middle."""
    call = AIToolCall(id="1", name="book")
    result = AIToolResult(tool_call_id="1", name="book", content="done")
    turn = [
        AIMessage(role="user", content="A table?"),
        AIMessage(role="assistant", content=[call]),
        AIMessage(role="tool", content=[result]),
    ]
    context = AIContext(messages=turn, tools=[BOOK], thinking_budget=2048)
    assert "thinking" not in await vendor.body_for(context)
    newer = await vendor.body_for(context, model="claude-opus-5-5")
    assert newer["thinking"]["type"] == "adaptive"
    over = [*turn, AIMessage(role="user", content="Thanks. And now?")]
    body = await vendor.body_for(context.evolve(messages=over))
    assert "thinking" not in body
    said = AIMessage(role="assistant", content="Booked.")
    body = await vendor.body_for(context.evolve(messages=[*turn, said, over[-1]]))
    assert body["thinking"]["type"] == "enabled"


@pytest.mark.parametrize(
    ("model", "budget", "expected", "max_tokens"),
    [
        ("claude-haiku-4-5", 2048, {"type": "enabled", "budget_tokens": 2048}, 3048),
        ("claude-sonnet-4-5-20250929", 1, {"type": "enabled", "budget_tokens": 1024}, 2024),
        ("claude-haiku-4-5", 900, {"type": "enabled", "budget_tokens": 1024}, 2024),
        ("claude-haiku-4-5", None, None, 1000),
        ("claude-haiku-4-5", 0, None, 1000),
        ("claude-opus-4-6", 2048, {"type": "adaptive", "display": "summarized"}, 3048),
        ("claude-opus-4-8", None, None, 1000),
        ("claude-sonnet-5", None, {"type": "disabled"}, 1000),
        ("claude-sonnet-5-5", None, {"type": "between_tools"}, 1000),
        ("claude-opus-5-5", None, None, 1000),
        ("claude-opus-5-5", 500, {"type": "adaptive", "display": "summarized"}, 1500),
        ("anthropic.claude-fable-5-1-v1:0", 2048, {"type": "adaptive"}, 3048),
        ("claude-mythos-preview", 2048, {"type": "adaptive"}, 3048),
        ("kimi-k3", 2048, {"type": "enabled", "budget_tokens": 2048}, 3048),
    ],
)
async def test_reasoning(
    vendor: Vendor,
    model: str,
    budget: int | None,
    expected: dict[str, Any] | None,
    max_tokens: int,
) -> None:
    context = question(thinking_budget=budget, max_tokens=1000)
    body = await vendor.body_for(context, model=model)
    thinking = body.get("thinking")
    assert (thinking and {key: thinking[key] for key in expected or ()}) == expected
    assert body["max_tokens"] == max_tokens


@pytest.mark.parametrize(
    ("model", "budget", "is_sent"),
    [
        ("claude-haiku-4-5", None, True),
        ("claude-3-7-sonnet-latest-by-proxy", None, True),
        ("claude-haiku-4-5", 2048, False),
        ("claude-opus-4-6", None, True),
        ("claude-opus-4-6", 2048, False),
        ("claude-opus-4-7", None, False),
        ("claude-sonnet-5-5", None, False),
        ("claude-next", None, False),
        ("kimi-k3", None, True),
    ],
)
async def test_temperature(vendor: Vendor, model: str, budget: int | None, is_sent: bool) -> None:
    context = question(temperature=0.7, thinking_budget=budget)
    assert ("temperature" in await vendor.body_for(context, model=model)) is is_sent


async def test_a_gateways_name_for_a_model(vendor: Vendor) -> None:
    context = question(temperature=0.7, thinking_budget=2048)
    body = await vendor.body_for(context, model="ours", treat_as="claude-sonnet-5-5")
    assert body["model"] == "ours"
    assert body["thinking"]["type"] == "adaptive"
    assert "temperature" not in body


async def test_effort_and_display(vendor: Vendor) -> None:
    omitted = {"thinking_display": "omitted", "effort": "xhigh"}
    context = question(thinking_budget=2048)
    body = await vendor.body_for(context, model="claude-opus-5-5", **omitted)
    assert body["thinking"] == {"type": "adaptive", "display": "omitted"}
    assert body["output_config"] == {"effort": "xhigh"}
    body = await vendor.body_for(context, thinking_display="omitted")
    assert body["thinking"]["display"] == "omitted"
    # The most effort and no reasoning cannot be had together.
    body = await vendor.body_for(question(), model="claude-sonnet-5-5", effort="max")
    assert "thinking" not in body


async def test_the_cache(vendor: Vendor) -> None:
    mark = {"type": "ephemeral"}
    context = question(system_prompt="Be brief.", tools=[BOOK])
    body = await vendor.body_for(context, prompt_cache="5m")
    assert body["system"] == [text("Be brief.") | {"cache_control": mark}]
    assert body["messages"][-1]["content"][-1]["cache_control"] == mark
    assert "cache_control" not in body["tools"][0]
    body = await vendor.body_for(question(tools=[BOOK]), prompt_cache="1h")
    assert body["tools"][0]["cache_control"] == {"type": "ephemeral", "ttl": "1h"}
    body = await vendor.body_for(context)
    assert "cache_control" not in str(body)


async def test_calls_in_the_past_without_tools_now(vendor: Vendor) -> None:
    call = AIToolCall(id="1", name="files/read")
    turns = [
        AIMessage(role="user", content="Read it."),
        AIMessage(role="assistant", content=[call]),
    ]
    body = await vendor.body_for(AIContext(messages=turns))
    assert body["tool_choice"] == {"type": "none"}
    assert [tool["name"] for tool in body["tools"]] == [body["messages"][1]["content"][0]["name"]]
    (result,) = body["messages"][2]["content"]
    assert (result["tool_use_id"], result["is_error"]) == ("1", True)


@pytest.mark.parametrize(
    ("url", "mime_type", "source"),
    [
        ("https://example.com/a", None, {"type": "url", "url": "https://example.com/a"}),
        (
            "data:image/jpg;base64,AAAA",
            None,
            {"type": "base64", "media_type": "image/jpeg", "data": "AAAA"},
        ),
        ("http://example.com/a.png", "image/png", None),
        ("https://[broken", None, None),
        ("data:image/svg+xml;base64,AAAA", None, None),
        ("data:image/png;base64,A#", None, None),
    ],
)
async def test_pictures(
    vendor: Vendor, url: str, mime_type: str | None, source: dict[str, Any] | None
) -> None:
    picture = AIImagePart(url=url, mime_type=mime_type)
    result = AIToolResult(tool_call_id="1", name="book", content=[picture])
    turns = [
        AIMessage(role="assistant", content=[AIToolCall(id="1", name="book")]),
        AIMessage(role="tool", content=[result]),
        AIMessage(role="user", content=[picture]),
    ]
    body = await vendor.body_for(AIContext(messages=turns, tools=[BOOK]))
    answered, shown = body["messages"][-1]["content"]
    for block in (*answered["content"], shown):
        if source is None:
            assert block["type"] == "text"
            assert block["text"].startswith("[Image: ")
        else:
            assert block == {"type": "image", "source": source}


async def test_what_several_people_said_stays_apart(vendor: Vendor) -> None:
    turns = [
        AIMessage(role="user", content="Ada: Hello."),
        AIMessage(role="user", content="Bob: Hi!"),
    ]
    body = await vendor.body_for(AIContext(messages=turns))
    (only,) = body["messages"]
    assert only["content"] == [text("Ada: Hello."), text("\n\nBob: Hi!")]


@pytest.mark.parametrize("streamed", [False, True])
async def test_usage_with_a_cache(vendor: Vendor, streamed: bool) -> None:
    """The vendor's count of the input leaves out what has to do with the cache."""
    usage = {
        "input_tokens": 3,
        "cache_read_input_tokens": 20,
        "cache_creation_input_tokens": 100,
        "output_tokens": 5,
    }
    vendor.server.reply(told(text("Hi"), usage=usage, streamed=streamed))
    response = await vendor.ask(question(), streamed=streamed)
    assert response.usage == {
        "input_tokens": 123,
        "output_tokens": 5,
        "cached_input_tokens": 20,
        "cache_write_tokens": 100,
    }


@pytest.mark.parametrize("streamed", [False, True])
async def test_a_paused_turn_goes_on(vendor: Vendor, streamed: bool) -> None:
    """What the vendor does by itself in between says nothing to a room, and goes back whole."""
    search = {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web", "input": {"q": "a"}}
    paused = told(text("Let me see."), search, stop="pause_turn", streamed=streamed)
    vendor.server.reply(paused)
    vendor.server.reply(told(text(" Four it is."), streamed=streamed))
    response = await vendor.ask(question(), streamed=streamed)
    assert response.content == "Let me see. Four it is."
    assert response.stop_reason is StopReason.COMPLETED
    assert response.usage == {"input_tokens": 20, "output_tokens": 10}
    first, second = (request.json()["messages"] for request in vendor.server.requests)
    assert second == [*first, {"role": "assistant", "content": [text("Let me see."), search]}]


async def test_a_paused_turn_is_heard_at_once(vendor: Vendor) -> None:
    vendor.server.reply(told(text("Let me see."), stop="pause_turn", streamed=True))
    vendor.server.reply(told(text(" Four it is."), streamed=True))
    *deltas, _ = await vendor.stream(question())
    assert deltas == [StreamTextDelta(text="Let me see."), StreamTextDelta(text=" Four it is.")]


@pytest.mark.parametrize("streamed", [False, True])
async def test_a_turn_that_is_paused_for_ever(vendor: Vendor, streamed: bool) -> None:
    vendor.server.default = told(text("Hm. "), stop="pause_turn", streamed=streamed)
    response = await vendor.ask(question(), streamed=streamed)
    assert response.stop_reason is StopReason.OTHER
    assert response.content == "Hm. " * len(vendor.server.requests)
    assert len(vendor.server.requests) < 20


async def test_the_rest_of_a_paused_turn_may_be_lost(vendor: Vendor) -> None:
    vendor.server.reply(told(text("Hm. "), stop="pause_turn", streamed=True))
    vendor.server.reply(told(text("Hm. "), streamed=True).ended_after(0))
    with pytest.raises(ProviderError) as caught:
        await vendor.stream(question())
    assert caught.value.code == "connection_lost"


@pytest.mark.parametrize("stop", ["max_tokens", "model_context_window_exceeded", "refusal"])
@pytest.mark.parametrize("streamed", [False, True])
async def test_a_call_that_was_cut_off(vendor: Vendor, stop: str, streamed: bool) -> None:
    """In a whole answer, the vendor closes the arguments, so that they look complete."""
    reply = told(CALL | {"id": "toolu_00"}, CALL, stop=stop, streamed=streamed)
    if streamed:
        pieces = pieces_of(reply)
        last = max(n for n, piece in enumerate(pieces) if b"input_json_delta" in piece)
        pieces[last] = pieces[last].replace(b"4}", b"")
        reply = with_pieces(reply, pieces)
    vendor.server.reply(reply)
    response = await vendor.ask(question(tools=[BOOK]), streamed=streamed)
    complete, cut = response.tool_calls
    assert (complete.arguments, complete.malformed) == ({"people": 4}, None)
    assert cut.arguments == {}
    assert cut.malformed is not None
    assert response.stop_reason in (StopReason.LENGTH, StopReason.REFUSED)


async def test_a_call_that_was_cut_off_before_its_arguments(vendor: Vendor) -> None:
    reply = told(CALL, stop="max_tokens", streamed=True)
    pieces = [piece for piece in pieces_of(reply) if b"input_json" not in piece]
    vendor.server.reply(with_pieces(reply, pieces))
    (call,) = (await vendor.ask(question(tools=[BOOK]), streamed=True)).tool_calls
    assert (call.arguments, call.malformed) == ({}, "")


async def test_a_refusal_in_the_middle(vendor: Vendor) -> None:
    vendor.server.reply(told(text("You take"), stop="refusal", streamed=True))
    response = await vendor.ask(question(), streamed=True)
    assert (response.content, response.finish_reason) == ("You take", "refusal")
    assert response.stop_reason is StopReason.REFUSED


async def test_what_is_not_known_yet(vendor: Vendor) -> None:
    """New kinds of events, deltas and blocks come without notice."""
    hologram = {"type": "hologram", "data": "x"}
    reply = told(text("Hi"), hologram, streamed=True)
    delta = {"type": "citations_delta", "citation": {}}
    news = Reply.of_events(
        [
            ("surprise", {"type": "surprise"}),
            ("content_block_delta", {"type": "content_block_delta", "index": 0, "delta": delta}),
        ]
    )
    pieces = pieces_of(reply)
    vendor.server.reply(
        with_pieces(reply, [*pieces[:4], *pieces_of(news), b": a comment\n\n", *pieces[4:]])
    )
    response = await vendor.ask(question(), streamed=True)
    assert response.content == "Hi"
    context = AIContext(messages=[*question().messages, response.as_message()])
    await vendor.provider().generate(context)
    _, said, _ = vendor.server.requests[-1].json()["messages"]
    assert said["content"] == [text("Hi"), hologram]


async def test_a_connection_that_breaks_after_the_end(vendor: Vendor) -> None:
    reply = told(text("Hi"), streamed=True)
    vendor.server.reply(reply.cut_after(len(reply.pieces or ())))
    events = await vendor.stream(question())
    assert events[-1].response.content == "Hi"


@pytest.mark.parametrize(
    ("kind", "words", "code", "retryable"),
    [
        ("overloaded_error", "Overloaded", "overloaded", True),
        ("api_error", "Internal server error", "unavailable", True),
        ("rate_limit_error", "slow down", "rate_limited", True),
        ("timeout_error", "too slow", "timeout", True),
        ("invalid_request_error", "bad", "rejected", False),
        ("invalid_request_error", "prompt is too long: 9 > 8", "context_too_long", False),
        ("authentication_error", "who?", "unauthorized", False),
        ("billing_error", "no money", "forbidden", False),
        ("permission_error", "no", "forbidden", False),
        ("not_found_error", "gone", "not_found", False),
        ("conflict_error", "busy", "unavailable", True),
        ("unheard_of_error", "?", "unavailable", True),
    ],
)
async def test_errors_in_a_stream(
    vendor: Vendor, kind: str, words: str, code: str, retryable: bool
) -> None:
    """They come with status 200: only their type tells what they are."""
    error = {"type": "error", "error": {"type": kind, "message": words}}
    started = told(text("Hi"), streamed=True)
    broken = Reply.of_events([("error", error)])
    vendor.server.reply(with_pieces(started, [*pieces_of(started)[:4], *pieces_of(broken)]))
    with pytest.raises(ProviderError) as caught:
        await vendor.stream(question())
    failure = caught.value
    assert (failure.code, failure.retryable, failure.vendor_code) == (code, retryable, kind)
    assert words not in str(failure)


async def test_an_error_that_makes_no_sense(vendor: Vendor) -> None:
    for data in ("[]", "{}", '{"error": {"type": 7}}', "x"):
        vendor.server.reply(Reply.of_events([("error", data)]))
        with pytest.raises(ProviderError) as caught:
            await vendor.stream(question())
        assert (caught.value.code, caught.value.retryable) == ("bad_answer", False)


@pytest.mark.parametrize(
    "words",
    [
        "prompt is too long: 210000 tokens > 200000 maximum",
        "input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000",
    ],
)
async def test_a_prompt_that_is_too_long(vendor: Vendor, words: str) -> None:
    error = {"type": "invalid_request_error", "message": words}
    vendor.server.reply(Reply.of_json({"type": "error", "error": error}, status=400))
    with pytest.raises(ProviderError) as caught:
        await vendor.provider().generate(question())
    assert caught.value.code == "context_too_long"


async def test_an_account_without_money(vendor: Vendor) -> None:
    """The vendor calls it a rate limit, but asking again does not help."""
    error = {
        "type": "rate_limit_error",
        "message": "no",
        "details": {"error_code": "enforced_spend_limit_reached"},
    }
    vendor.server.reply(Reply.of_json({"type": "error", "error": error}, status=429))
    with pytest.raises(ProviderError) as caught:
        await vendor.provider().generate(question())
    assert (caught.value.code, caught.value.retryable) == ("forbidden", False)


async def test_a_conversation_is_not_sent_elsewhere(vendor: Vendor) -> None:
    async with ScriptedServer() as elsewhere:
        vendor.server.reply(status=307, headers={"location": f"{elsewhere.url}/v1/messages"})
        with pytest.raises(ProviderError) as caught:
            await vendor.provider().generate(question())
        assert caught.value.code == "bad_answer"
        assert elsewhere.requests == []


async def test_a_long_answer_in_one_piece(vendor: Vendor) -> None:
    """The SDK's own method would rather have it streamed, and says so with a `ValueError`."""
    config = AnthropicConfig(api_key="unused", model="claude-haiku-4-5", max_tokens=60_000)
    async with anthropic.AsyncAnthropic(api_key="sk-ant-2", base_url=vendor.server.url) as client:
        response = await AnthropicAIProvider(config, client).generate(question())
    assert response.content == "Hi"
    assert vendor.server.requests[0].headers["authorization"] == "Bearer sk-ant-2"


async def test_a_client_that_its_owner_has_closed(vendor: Vendor) -> None:
    config = AnthropicConfig(api_key="unused")
    client = anthropic.AsyncAnthropic(api_key="sk-ant-2", base_url=vendor.server.url)
    provider = AnthropicAIProvider(config, client)
    await client.close()
    with pytest.raises(ProviderError) as caught:
        await provider.generate(question())
    assert (caught.value.code, caught.value.retryable) == ("closed", False)


def test_a_configuration_keeps_its_secret() -> None:
    config = AnthropicConfig(api_key="sk-ant-1")
    assert "sk-ant-1" not in repr(config) + config.model_dump_json()
    assert (config.model, config.max_tokens) == ("claude-sonnet-4-20250514", 1024)
    with pytest.raises(ValidationError, match="extra"):
        AnthropicConfig(api_key="sk-ant-1", modle="claude")  # type: ignore[call-arg]
