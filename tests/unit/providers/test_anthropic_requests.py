"""Whatever a room remembers, Anthropic takes it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import anthropic
import httpx2
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from roomkit.providers.ai.base import (
    AIContext,
    AIMessage,
    AIPart,
    AIThinkingPart,
    AITool,
    AIToolCall,
    AIToolResult,
)
from roomkit.providers.anthropic import AnthropicAIProvider, AnthropicConfig
from tests.conformance.anthropic_rules import check
from tests.unit.providers import conversations

SEALED = {"type": "thinking", "thinking": "hm", "signature": "c2ln"}
HIDDEN = {"type": "redacted_thinking", "data": "ZW5j"}

thoughts = st.sampled_from(
    [
        AIThinkingPart(text="hm", signature="c2ln", provider_data={"anthropic": SEALED}),
        AIThinkingPart(provider_data={"anthropic": HIDDEN}),
    ]
)
messages = st.builds(
    AIMessage,
    role=st.sampled_from(["system", "user", "assistant", "tool"]),
    content=conversations.texts | st.lists(conversations.parts | thoughts, max_size=4),
)
histories = st.lists(messages, max_size=8)
contexts = st.builds(
    lambda context, history: context.evolve(messages=history), conversations.contexts, histories
)
models = st.sampled_from(["claude-haiku-4-5", "claude-opus-4-6", "claude-sonnet-5-5"])


class Vendor:
    """Answers every request with the same words, and remembers the last one."""

    def __init__(self, runner: asyncio.Runner) -> None:
        self._runner = runner
        self._asked: dict[str, Any] = {}
        self._client = anthropic.AsyncAnthropic(
            api_key="sk-ant-1",
            http_client=anthropic.DefaultAsyncHttpxClient(
                transport=httpx2.MockTransport(self._answer)
            ),
        )

    def _answer(self, request: httpx2.Request) -> httpx2.Response:
        self._asked = httpx2.Response(200, content=request.content).json()
        message = {"content": [], "stop_reason": "end_turn"}
        return httpx2.Response(200, json=message)

    def asked(self, context: AIContext, **settings: Any) -> dict[str, Any]:
        config = AnthropicConfig(api_key="sk-ant-1", **settings)
        provider = AnthropicAIProvider(config, self._client)
        self._runner.run(provider.generate(context))
        return self._asked

    def close(self) -> None:
        self._runner.run(self._client.close())


@pytest.fixture(scope="module")
def vendor() -> Iterator[Vendor]:
    with asyncio.Runner() as runner:
        vendor = Vendor(runner)
        yield vendor
        vendor.close()


@given(context=contexts, model=models, vision=st.booleans(), cached=st.booleans())
def test_the_vendor_takes_every_history(
    vendor: Vendor, context: AIContext, model: str, vision: bool, cached: bool
) -> None:
    cache = "5m" if cached else None
    body = vendor.asked(context, model=model, vision=vision, prompt_cache=cache)
    check(body)
    if "haiku" not in model:
        assert body.get("thinking", {}).get("type") != "enabled"


@given(history=histories, hidden=st.booleans())
@example(
    history=[
        AIMessage(role="user", content=[AIToolCall(id="b", name="find")]),
        AIMessage(
            role="assistant",
            content=[
                AIThinkingPart(text="hm", signature="c2ln", provider_data={"anthropic": SEALED}),
                AIToolResult(tool_call_id="b", name="find", content=""),
            ],
        ),
    ],
    hidden=False,
)
def test_a_tool_round_changes_nothing_before_it(
    vendor: Vendor, history: list[AIMessage], hidden: bool
) -> None:
    """Newer models take their reasoning back only after the very words that they saw before it."""
    context = AIContext(messages=history, tools=[AITool(name="find")], thinking_budget=2048)
    asked = vendor.asked(context, model="claude-opus-5-5")
    thought = AIThinkingPart(provider_data={"anthropic": HIDDEN if hidden else SEALED})
    turn: list[AIPart] = [thought, AIToolCall(id="new", name="find")]
    result = AIToolResult(tool_call_id="new", name="find", content="it")
    more = [
        *history,
        AIMessage(role="assistant", content=turn),
        AIMessage(role="tool", content=[result]),
    ]
    again = vendor.asked(context.evolve(messages=more), model="claude-opus-5-5")
    assert again["messages"][: len(asked["messages"])] == asked["messages"]
    said, answered = again["messages"][len(asked["messages"]) :]
    assert said["content"][0] == (HIDDEN if hidden else SEALED)
    assert answered["content"][0]["content"] == "it"
    unchanged = ("model", "system", "tools", "thinking", "max_tokens")
    assert [again.get(key) for key in unchanged] == [asked.get(key) for key in unchanged]
