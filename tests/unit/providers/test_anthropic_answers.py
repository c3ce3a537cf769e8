"""Whatever Anthropic answers is an answer or a failure, and never anything else."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import anthropic
import httpx2
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from roomkit.errors import ProviderError
from roomkit.providers.ai.base import AIContext, AIMessage, AIResponse, AITool, StreamDone
from roomkit.providers.anthropic import AnthropicAIProvider, AnthropicConfig

CONTEXT = AIContext(messages=[AIMessage(role="user", content="Hi")], tools=[AITool(name="find")])

junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["", "text", "tool_use", "x"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=2), inner),
    max_leaves=4,
)


def records(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Objects with these fields; now and then one is missing or holds something else."""
    loose = {name: st.one_of(values, values, values, junk) for name, values in fields.items()}
    whole = st.fixed_dictionaries(dict(fields))
    return st.one_of(whole, whole, st.fixed_dictionaries({}, optional=loose), junk)


words = st.sampled_from(["", "a", " ", "b c"])
written = st.sampled_from(["", "{", '{"a": 1}', "[]", '"{}"', "}"])
blocks = st.one_of(
    records(type=st.just("text"), text=words),
    records(type=st.just("thinking"), thinking=words, signature=words),
    records(type=st.just("redacted_thinking"), data=words),
    records(type=st.just("tool_use"), id=words, name=words, input=junk),
    records(type=st.just("server_tool_use"), id=words, name=words, input=junk),
)
deltas = st.one_of(
    records(type=st.just("text_delta"), text=words),
    records(type=st.just("thinking_delta"), thinking=words),
    records(type=st.just("signature_delta"), signature=words),
    records(type=st.just("input_json_delta"), partial_json=written),
)
stops = st.sampled_from(["end_turn", "tool_use", "max_tokens", "refusal", "pause_turn", None])
usages = records(
    input_tokens=st.integers(0, 9),
    output_tokens=st.integers(0, 9),
    cache_read_input_tokens=st.none() | st.integers(0, 9),
    output_tokens_details=records(thinking_tokens=st.integers(0, 9)),
)
messages = records(content=st.lists(blocks, max_size=3), stop_reason=stops, usage=usages)
places = st.integers(0, 2)
events = st.one_of(
    records(type=st.just("message_start"), message=messages),
    records(type=st.just("content_block_start"), index=places, content_block=blocks),
    records(type=st.just("content_block_delta"), index=places, delta=deltas),
    records(type=st.just("content_block_stop"), index=places),
    records(type=st.just("message_delta"), delta=records(stop_reason=stops), usage=usages),
    records(type=st.just("message_stop")),
    records(type=st.just("error"), error=records(type=words, message=words)),
)


class Vendor:
    """Answers every request with what was put into `body`."""

    def __init__(self, runner: asyncio.Runner) -> None:
        self.runner = runner
        self.body = b""
        self._client = anthropic.AsyncAnthropic(
            api_key="sk-ant-1",
            max_retries=0,
            http_client=anthropic.DefaultAsyncHttpxClient(
                transport=httpx2.MockTransport(self._answer)
            ),
        )
        config = AnthropicConfig(api_key="sk-ant-1")
        self.provider = AnthropicAIProvider(config, self._client)

    def _answer(self, _request: httpx2.Request) -> httpx2.Response:
        headers = {"content-type": "application/json"}
        return httpx2.Response(200, content=self.body, headers=headers)

    def close(self) -> None:
        self.runner.run(self._client.close())


@pytest.fixture(scope="module")
def vendor() -> Iterator[Vendor]:
    with asyncio.Runner() as runner:
        vendor = Vendor(runner)
        yield vendor
        vendor.close()


@given(message=messages)
@example(message={"content": [{"type": "text", "text": None}], "stop_reason": "pause_turn"})
def test_whole_answers(vendor: Vendor, message: Any) -> None:
    vendor.body = json.dumps(message).encode()
    try:
        response = vendor.runner.run(vendor.provider.generate(CONTEXT))
    except ProviderError as error:
        assert error.code == "bad_answer"
    else:
        assert isinstance(response, AIResponse)


@given(told=st.lists(events, max_size=6), end=st.booleans())
def test_answers_in_pieces(vendor: Vendor, told: list[Any], end: bool) -> None:
    if end:
        told.append({"type": "message_stop"})
    lines = [_event(event) for event in told]
    vendor.body = "".join(lines).encode()
    heard: list[Any] = []

    async def listen() -> None:
        async for event in vendor.provider.generate_stream(CONTEXT):
            heard.append(event)

    try:
        vendor.runner.run(listen())
    except ProviderError as error:
        assert error.code in ("bad_answer", "connection_lost", "unavailable")
        assert not any(isinstance(event, StreamDone) for event in heard)
    else:
        done = heard[-1]
        assert isinstance(done, StreamDone)
        said = [event.text for event in heard if event.type == "text_delta"]
        assert "".join(said) == done.response.content
        assert "" not in said


def _event(event: Any) -> str:
    kind = event.get("type") if isinstance(event, dict) else None
    name = kind if isinstance(kind, str) and kind else "x"
    return f"event: {name}\ndata: {json.dumps(event)}\n\n"
