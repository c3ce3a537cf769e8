"""The details of the Chat Completions dialect: what is asked, and how servers answer."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from typing import Any

import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st

from roomkit.errors import ProviderError
from roomkit.providers._ai_codec import ToolNames
from roomkit.providers._openai_answer import ChatAnswer
from roomkit.providers.ai.base import (
    AIContext,
    AIImagePart,
    AIMessage,
    AIProvider,
    AIResponse,
    AITool,
    AIToolCall,
    AIToolResult,
    StopReason,
    StreamDone,
    StreamTextDelta,
)
from roomkit.providers.openai import OpenAIAIProvider, OpenAIConfig
from roomkit.providers.vllm import VLLMConfig, create_vllm_provider
from roomkit.testing.wire import Reply, ScriptedServer

FINE = Reply.of_json(
    {
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "Fine"},
                "finish_reason": "stop",
            }
        ]
    }
)


@pytest.fixture
async def server() -> AsyncIterator[ScriptedServer]:
    async with ScriptedServer(default=FINE) as running:
        yield running


def openai_model(server: ScriptedServer, **settings: Any) -> AIProvider:
    return OpenAIAIProvider(
        OpenAIConfig(api_key="sk-1", base_url=f"{server.url}/v1", max_retries=0, **settings)
    )


def open_model(server: ScriptedServer, **settings: Any) -> AIProvider:
    settings = {"model": "qwen3", "base_url": f"{server.url}/v1", "max_retries": 0, **settings}
    return create_vllm_provider(VLLMConfig(**settings))


def question(**values: Any) -> AIContext:
    return AIContext(messages=[AIMessage(role="user", content="What time is it?")], **values)


async def body_for(
    provider: AIProvider, server: ScriptedServer, context: AIContext
) -> dict[str, Any]:
    await provider.generate(context)
    await provider.close()
    body: dict[str, Any] = server.requests[-1].json()
    return body


async def whole(provider: AIProvider) -> AIResponse:
    try:
        return await provider.generate(question())
    finally:
        await provider.close()


async def streamed(provider: AIProvider) -> AIResponse:
    try:
        events = [event async for event in provider.generate_stream(question())]
    finally:
        await provider.close()
    assert isinstance(events[-1], StreamDone)
    response = events[-1].response
    deltas = [event.text for event in events if isinstance(event, StreamTextDelta)]
    assert "".join(deltas) == response.content
    return response


def chunks_of(*deltas: dict[str, Any], reason: str | None = "stop") -> list[dict[str, Any]]:
    choices = [{"index": 0, "delta": delta, "finish_reason": None} for delta in deltas]
    return [
        {"choices": [choice]}
        for choice in [*choices, {"index": 0, "delta": {}, "finish_reason": reason}]
    ]


def answer_of(*chunks: object, think_tags: bool = False) -> AIResponse:
    """What becomes of the chunks of a stream."""
    answer = ChatAnswer(ToolNames([]), think_tags=think_tags)
    for chunk in chunks:
        list(answer.read(chunk))
    list(answer.finish())
    return answer.response()


async def test_a_plain_request(server: ScriptedServer) -> None:
    tool = AITool(name="now", description="The time.")
    context = question(system_prompt="Be brief.", tools=[tool], temperature=0.2)
    assert await body_for(openai_model(server), server, context) == {
        "model": "gpt-4o",
        "max_tokens": 1024,
        "temperature": 0.2,
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "What time is it?"},
        ],
        "tools": [
            {
                "type": "function",
                "function": {
                    "name": "now",
                    "description": "The time.",
                    "parameters": {"type": "object", "properties": {}},
                },
            }
        ],
    }
    (request,) = server.requests
    assert (request.method, request.path) == ("POST", "/v1/chat/completions")
    assert request.headers["authorization"] == "Bearer sk-1"


async def test_the_account_is_named(server: ScriptedServer) -> None:
    model = openai_model(server, organization="org-1", project="proj_1")
    await body_for(model, server, question())
    headers = server.requests[0].headers
    assert headers["openai-organization"] == "org-1"
    assert headers["openai-project"] == "proj_1"


@pytest.mark.parametrize(
    ("budget", "effort", "length"),
    [
        (0, None, 1024),
        (2048, "low", 3072),
        (2049, "medium", 3073),
        (16_384, "medium", 17_408),
        (16_385, "high", 17_409),
        (None, None, 1024),
    ],
)
async def test_a_model_that_reasons(
    server: ScriptedServer, budget: int | None, effort: str | None, length: int
) -> None:
    """It takes no temperature, and its limit has to leave room for the reasoning."""
    model = openai_model(server, model="o3", reasoning=True, temperature=0.5)
    body = await body_for(model, server, question(thinking_budget=budget, temperature=0.7))
    assert body.pop("messages")
    expected = {"model": "o3", "max_completion_tokens": length}
    assert body == expected | ({} if effort is None else {"reasoning_effort": effort})


async def test_an_effort_for_every_request(server: ScriptedServer) -> None:
    settings: dict[str, Any] = {"reasoning": True, "reasoning_effort": "none"}
    body = await body_for(openai_model(server, **settings), server, question())
    assert body["reasoning_effort"] == "none"
    context = question(thinking_budget=9000)
    body = await body_for(openai_model(server, **settings), server, context)
    assert body["reasoning_effort"] == "medium"


async def test_a_model_that_does_not_reason_is_not_told_to(server: ScriptedServer) -> None:
    context = question(thinking_budget=9000)
    body = await body_for(openai_model(server), server, context)
    assert set(body) == {"model", "messages", "max_tokens"}
    body = await body_for(open_model(server), server, context)
    assert set(body) == {"model", "messages", "max_tokens"}


async def test_an_open_model_that_reasons(server: ScriptedServer) -> None:
    """Its limit and its temperature stay what they are."""
    model = open_model(server, reasoning=True, thinking_switch="thinking", temperature=0.6)
    body = await body_for(model, server, question(thinking_budget=100))
    assert body.pop("messages")
    assert body == {
        "model": "qwen3",
        "max_tokens": 1024,
        "temperature": 0.6,
        "reasoning_effort": "low",
        "chat_template_kwargs": {"thinking": True},
    }


async def test_fields_that_only_one_server_knows(server: ScriptedServer) -> None:
    model = open_model(server, extra_body={"top_k": 20, "max_tokens": 7})
    body = await body_for(model, server, question())
    assert (body["top_k"], body["max_tokens"]) == (20, 7)


async def test_a_key_for_openai_stays_with_openai(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-somebody")
    await body_for(open_model(server), server, question())
    await body_for(open_model(server, api_key="token-1"), server, question())
    keys = [request.headers["authorization"] for request in server.requests]
    assert keys == ["Bearer EMPTY", "Bearer token-1"]


@pytest.mark.parametrize("field", ["reasoning", "reasoning_content"])
async def test_reasoning_goes_back_to_where_it_came_from(
    server: ScriptedServer, field: str
) -> None:
    """Within a turn, some models want to see what they thought before they called a tool."""
    call = {"id": "c1", "type": "function", "function": {"name": "now", "arguments": "{}"}}
    message = {"role": "assistant", "content": "", field: "Hm.", "tool_calls": [call]}
    choice = {"index": 0, "message": message, "finish_reason": "tool_calls"}
    server.reply(Reply.of_json({"choices": [choice]}))
    response = await whole(open_model(server))
    assert response.thinking == "Hm."
    result = AIToolResult(tool_call_id="c1", name="now", content="noon")
    context = AIContext(
        messages=[
            *question().messages,
            response.as_message(),
            AIMessage(role="tool", content=[result]),
        ]
    )
    body = await body_for(open_model(server), server, context)
    assert body["messages"][1] == {
        "role": "assistant",
        "content": None,
        "tool_calls": [call],
        field: "Hm.",
    }
    # OpenAI refuses fields that it does not know.
    body = await body_for(openai_model(server), server, context)
    assert body["messages"][1] == {"role": "assistant", "content": None, "tool_calls": [call]}


async def test_pictures_of_tools_are_shown_by_the_user(server: ScriptedServer) -> None:
    """A tool's message holds words only, and nothing may come between two of them."""
    picture = AIImagePart(url="https://example.com/chart.png")
    calls = [AIToolCall(id=name, name=name) for name in ("chart", "now")]
    results = [
        AIToolResult(tool_call_id="chart", name="chart", content=[picture]),
        AIToolResult(tool_call_id="now", name="now", content="noon"),
    ]
    context = AIContext(
        messages=[
            *question().messages,
            AIMessage(role="assistant", content=[*calls]),
            AIMessage(role="tool", content=[*results]),
            AIMessage(role="user", content="And now?"),
        ]
    )
    body = await body_for(openai_model(server), server, context)
    assert body["messages"][2:] == [
        {"role": "tool", "tool_call_id": "chart", "content": "[Image: below]"},
        {"role": "tool", "tool_call_id": "now", "content": "noon"},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "[From the tool chart:]"},
                {"type": "image_url", "image_url": {"url": "https://example.com/chart.png"}},
                {"type": "text", "text": "And now?"},
            ],
        },
    ]
    body = await body_for(openai_model(server, vision=False), server, context)
    mark = "[Image: https://example.com/chart.png]"
    assert body["messages"][2:] == [
        {"role": "tool", "tool_call_id": "chart", "content": mark},
        {"role": "tool", "tool_call_id": "now", "content": "noon"},
        {"role": "user", "content": "And now?"},
    ]


def fragment(arguments: Any = None, *, name: str | None = None, **fields: Any) -> dict[str, Any]:
    function = {"name": name, "arguments": arguments}
    known = {key: value for key, value in function.items() if value is not None}
    return {"tool_calls": [{**fields, "function": known}]}


@pytest.mark.parametrize(
    "deltas",
    [
        pytest.param(
            [
                fragment("", index=0, id="a", name="one"),
                fragment('{"n"', index=0),
                fragment(": 1}", index=0),
                fragment("", index=1, id="b", name="two"),
                fragment('{"n": 2}', index=1),
            ],
            id="as OpenAI does",
        ),
        pytest.param(
            [
                fragment("", index=0, id="a", name="one"),
                fragment("", index=1, id="b", name="two"),
                fragment('{"n": 2}', index=1),
                fragment('{"n": 1}', index=0),
            ],
            id="mixed",
        ),
        pytest.param(
            [
                fragment('{"n"', index=0, id="a", name="one"),
                fragment(": 1}", index=0, id="a", name="one"),
                fragment('{"n": 2}', index=1, id="b", name="two"),
            ],
            id="the id and the name every time",
        ),
        pytest.param(
            [
                fragment('{"n": 1}', index=0, id="a", name="one"),
                fragment('{"n": 2}', index=0, id="b", name="two"),
            ],
            id="the index is always 0",
        ),
        pytest.param(
            [
                fragment('{"n"', id="a", name="one"),
                fragment(": 1}", id="a"),
                fragment('{"n": 2}', id="b", name="two"),
            ],
            id="no index",
        ),
        pytest.param(
            [
                fragment('{"n"', name="one"),
                fragment(": 1}"),
                fragment('{"n": 2}', name="two"),
            ],
            id="neither index nor id",
        ),
        pytest.param(
            [
                fragment('{"n": 1}', index=0, id="t", name="one"),
                fragment('{"n": 2}', index=1, id="t", name="two"),
            ],
            id="one id for all",
        ),
        pytest.param(
            [
                fragment({"n": 1}, index=0, id="a", name="one"),
                fragment({"n": 2}, index=1, id="b", name="two"),
            ],
            id="decoded arguments",
        ),
        pytest.param(
            [
                {
                    "tool_calls": [
                        *fragment('{"n": 1}', index=0, id="a", name="one")["tool_calls"],
                        *fragment('{"n": 2}', index=1, id="b", name="two")["tool_calls"],
                    ]
                }
            ],
            id="all in one chunk",
        ),
    ],
)
def test_tool_calls_in_fragments(deltas: Sequence[dict[str, Any]]) -> None:
    calls = answer_of(*chunks_of(*deltas, reason="tool_calls")).tool_calls
    assert [(call.name, call.arguments) for call in calls] == [
        ("one", {"n": 1}),
        ("two", {"n": 2}),
    ]
    assert len({call.id for call in calls}) == 2
    assert all(call.id for call in calls)


def test_whole_calls_need_neither_index_nor_id() -> None:
    calls = [{"function": {"name": "one", "arguments": "{}"}} for _ in range(2)]
    message = {"content": None, "tool_calls": calls}
    response = answer_of({"choices": [{"message": message, "finish_reason": "stop"}]})
    assert [call.name for call in response.tool_calls] == ["one", "one"]
    assert len({call.id for call in response.tool_calls}) == 2
    assert response.stop_reason is StopReason.TOOL_CALLS


@given(
    arguments=st.dictionaries(
        st.text(max_size=5), st.text(max_size=8) | st.integers() | st.none(), max_size=4
    ),
    data=st.data(),
)
def test_arguments_may_be_split_anywhere(arguments: dict[str, Any], data: st.DataObject) -> None:
    written = json.dumps(arguments, ensure_ascii=False)
    cuts = data.draw(st.lists(st.integers(0, len(written)), max_size=6).map(sorted))
    bounds = [0, *cuts, len(written)]
    pieces = [written[start:end] for start, end in zip(bounds, bounds[1:], strict=False)]
    first = fragment("", index=0, id="a", name="one")
    rest = [fragment(piece, index=0) for piece in pieces]
    (call,) = answer_of(*chunks_of(first, *rest)).tool_calls
    assert call.malformed is None
    whole_call = fragment(written, id="a", name="one")
    (expected,) = answer_of({"choices": [{"message": whole_call}]}).tool_calls
    assert call == expected


def test_a_call_whose_arguments_never_began() -> None:
    """No arguments at all are none, but not where the answer was cut off before them."""
    begun = fragment("", index=0, id="a", name="one")
    (call,) = answer_of(*chunks_of(begun, reason="tool_calls")).tool_calls
    assert call.malformed is None
    (call,) = answer_of(*chunks_of(begun, reason="length")).tool_calls
    assert call.malformed == ""


def test_the_filter_stops_an_answer() -> None:
    """Azure's verdict on the request comes in a chunk of its own, without a choice."""
    verdict = {"choices": [], "prompt_filter_results": [{"prompt_index": 0}]}
    answer = answer_of(verdict, *chunks_of({"content": "I"}, reason="content_filter"))
    assert answer.stop_reason is StopReason.REFUSED
    assert answer.content == "I"


def test_usage_that_comes_with_every_chunk() -> None:
    chunks = chunks_of({"content": "a"}, {"content": "b"})
    for count, chunk in enumerate(chunks):
        chunk["usage"] = {"prompt_tokens": 5, "completion_tokens": count}
    assert answer_of(*chunks).usage == {"input_tokens": 5, "output_tokens": 2}


def test_both_spellings_of_reasoning_at_once() -> None:
    thought = {"reasoning": "a", "reasoning_content": "a"}
    assert answer_of(*chunks_of(thought, {"content": "b"})).thinking == "a"


def test_tags_are_text_where_nobody_looks_for_them() -> None:
    chunks = chunks_of({"content": "<think>a</think>b"})
    assert answer_of(*chunks).content == "<think>a</think>b"
    response = answer_of(*chunks, think_tags=True)
    assert (response.thinking, response.content) == ("a", "b")
    # It is not sent back: templates take the reasoning of earlier rounds out themselves.
    assert response.as_message() == AIMessage(role="assistant", content="b")


@pytest.mark.parametrize(
    "chunk",
    [
        None,
        7,
        [],
        {},
        {"choices": {}},
        {"choices": [7]},
        {"choices": [{"delta": 7}]},
        {"choices": [{"delta": {"tool_calls": [7]}}]},
        {"choices": [{"delta": {"tool_calls": [{"index": 0}]}}]},
        {"choices": [{"delta": {"tool_calls": [{"function": {"arguments": "{}"}}]}}]},
        {"choices": [{"delta": {"tool_calls": [{"function": {"name": 7}}]}}]},
    ],
)
async def test_chunks_that_make_no_sense(server: ScriptedServer, chunk: object) -> None:
    server.reply(Reply.of_events([chunk]))
    with pytest.raises(ProviderError) as caught:
        await streamed(openai_model(server))
    assert caught.value.code == "bad_answer"


@pytest.mark.parametrize(
    "usage", [7, [], {"prompt_tokens": "7", "completion_tokens": None, "prompt_tokens_details": 7}]
)
def test_usage_that_makes_no_sense(usage: object) -> None:
    answer = answer_of(*chunks_of({"content": "a"}), {"choices": [], "usage": usage})
    assert (answer.content, answer.usage) == ("a", {})


async def test_a_stream_without_the_last_mark(server: ScriptedServer) -> None:
    """Some servers leave it out; what counts is that the server said why it stopped."""
    server.reply(Reply.of_events(chunks_of({"content": "a"})))
    assert (await streamed(open_model(server))).content == "a"


async def test_an_empty_list_of_choices(server: ScriptedServer) -> None:
    server.reply(json={"choices": []})
    with pytest.raises(ProviderError) as caught:
        await whole(openai_model(server))
    assert caught.value.code == "bad_answer"


TOO_LONG = "This model's maximum context length is 8192 tokens."


@pytest.mark.parametrize(
    ("status", "kind", "word", "meaning"),
    [
        (429, "insufficient_quota", "insufficient_quota", ("forbidden", "insufficient_quota")),
        (429, "requests", "rate_limit_exceeded", ("rate_limited", "rate_limit_exceeded")),
        (400, "BadRequestError", 400, ("context_too_long", "BadRequestError")),
        (400, "invalid_request_error", "content_filter", ("rejected", "content_filter")),
        (404, "NotFoundError", 404, ("not_found", "NotFoundError")),
        (500, "api_error", "my prompt, in words", ("unavailable", "api_error")),
        (408, None, None, ("timeout", None)),
        (413, None, None, ("context_too_long", None)),
        (503, 7, [], ("unavailable", None)),
    ],
)
async def test_a_refusal(
    server: ScriptedServer, status: int, kind: object, word: object, meaning: tuple[str, str]
) -> None:
    message = TOO_LONG if word == 400 else "no"
    error = {"message": message, "type": kind, "code": word}
    server.reply(json={"error": error}, status=status)
    with pytest.raises(ProviderError) as caught:
        await whole(openai_model(server))
    assert (caught.value.code, caught.value.vendor_code) == meaning
    assert caught.value.status_code == status
    assert caught.value.provider == "openai"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        ({"type": "server_error", "code": None}, "unavailable"),
        ({"type": "InternalServerError", "code": 500}, "unavailable"),
        ({"type": "requests", "code": "rate_limit_exceeded"}, "rate_limited"),
        ({"type": "TooManyRequests", "code": 429}, "rate_limited"),
        ({"type": "engine_overloaded"}, "overloaded"),
        ({"type": "BadRequestError", "code": 400, "message": TOO_LONG}, "context_too_long"),
        ({}, "bad_answer"),
        ("no", "bad_answer"),
    ],
)
async def test_a_refusal_within_a_stream(server: ScriptedServer, error: Any, code: str) -> None:
    server.reply(Reply.of_events([*chunks_of({"content": "a"})[:1], {"error": error}]))
    with pytest.raises(ProviderError) as caught:
        await streamed(open_model(server, vendor="ollama"))
    assert caught.value.code == code
    assert caught.value.provider == "ollama"


async def test_a_client_of_ones_own(server: ScriptedServer) -> None:
    """For proxies, other ways to sign in, and what else the SDK can do."""
    config = OpenAIConfig(api_key="sk-1", model="gpt-5")
    async with openai.AsyncOpenAI(api_key="other", base_url=f"{server.url}/v1") as client:
        await OpenAIAIProvider(config, client=client).generate(question())
    assert server.requests[0].headers["authorization"] == "Bearer other"
    assert server.requests[0].json()["model"] == "gpt-5"
