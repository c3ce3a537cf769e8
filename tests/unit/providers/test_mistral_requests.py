"""Whatever a room remembers, Mistral takes it."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mistralai.client import Mistral

from roomkit.providers.ai.base import (
    AIContext,
    AIImagePart,
    AIMessage,
    AITextPart,
    AIToolCall,
    AIToolResult,
)
from roomkit.providers.mistral import MistralAIProvider, MistralConfig
from tests.unit.providers.conversations import contexts

ID = re.compile("[a-zA-Z0-9]{9}")
NAME = re.compile("[a-zA-Z0-9_-]{1,64}")
PICTURES = ("data:image/png;", "data:image/jpeg;", "data:image/webp;", "data:image/gif;", "http")
# The order of roles as https://github.com/mistralai/mistral-common checks it.
AFTER = {
    "system": {"system", "user", "assistant"},
    "user": {"system", "user", "assistant"},
    "assistant": {"user", "assistant", "tool"},
    "tool": {"assistant", "tool"},
}


def check(body: dict[str, Any], *, thinks: bool = False) -> None:
    """Fail as the vendor would."""
    messages = body["messages"]
    roles = [message["role"] for message in messages]
    assert roles[0] in ("system", "user")
    assert roles[-1] in ("user", "tool"), "expected last role User or Tool"
    for before, after in pairwise(roles):
        assert after in AFTER[before], f"unexpected role '{after}' after role '{before}'"
    for message in messages:
        _check_content(message, thinks=thinks)
    _check_calls(messages)
    for tool in body.get("tools") or ():
        assert NAME.fullmatch(tool["function"]["name"])
        assert tool["function"]["parameters"]["type"] == "object"
    assert 0 <= body.get("temperature", 0) <= 1.5


def _check_content(message: dict[str, Any], *, thinks: bool) -> None:
    content, calls = message.get("content"), message.get("tool_calls")
    if message["role"] == "assistant":
        assert content or calls, "assistant message must have either content or tool_calls"
        assert not message.get("prefix")
    elif message["role"] != "tool":
        assert content, f"an empty message of the {message['role']}"
    if isinstance(content, str):
        assert content.strip() or message["role"] == "tool"
        return
    kinds = {"assistant": {"text", "thinking"}, "user": {"text", "image_url"}}
    for chunk in content or ():
        assert chunk["type"] in kinds[message["role"]]
        assert chunk["type"] != "thinking" or thinks
        if chunk["type"] == "text":
            assert chunk["text"].strip()
        if chunk["type"] == "image_url":
            assert chunk["image_url"].lower().startswith(PICTURES)


def _check_calls(messages: list[dict[str, Any]]) -> None:
    waiting: list[str] = []
    seen: set[str] = set()
    for message in messages:
        if message["role"] == "tool":
            assert waiting, "a result without its call"
            assert message["tool_call_id"] == waiting.pop(0)
            continue
        assert not waiting, "not the same number of function calls and responses"
        for call in message.get("tool_calls") or ():
            assert ID.fullmatch(call["id"]), "must be a-z, A-Z, 0-9, with a length of 9"
            assert call["id"] not in seen, "duplicate tool call id"
            assert NAME.fullmatch(call["function"]["name"])
            assert isinstance(json.loads(call["function"]["arguments"]), dict)
            seen.add(call["id"])
            waiting.append(call["id"])
    assert not waiting


class Vendor:
    """Answers every request with the same words, and remembers the last one."""

    def __init__(self, runner: asyncio.Runner) -> None:
        self._runner = runner
        self._asked: dict[str, Any] = {}
        self._http = httpx2.AsyncClient(transport=httpx2.MockTransport(self._answer))
        self._client = Mistral(api_key="k", async_client=self._http)

    def _answer(self, request: httpx2.Request) -> httpx2.Response:
        self._asked = httpx2.Response(200, content=request.content).json()
        choice = {
            "index": 0,
            "message": {"role": "assistant", "content": "Fine"},
            "finish_reason": "stop",
        }
        usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
        body = {"id": "1", "object": "c", "model": "m", "created": 1}
        return httpx2.Response(200, json={**body, "choices": [choice], "usage": usage})

    def asked(self, context: AIContext, **settings: Any) -> dict[str, Any]:
        provider = MistralAIProvider(MistralConfig(api_key="k", **settings), self._client)
        self._runner.run(provider.generate(context))
        return self._asked

    def close(self) -> None:
        self._runner.run(self._http.aclose())


@pytest.fixture(scope="module")
def vendor() -> Iterator[Vendor]:
    with asyncio.Runner() as runner:
        vendor = Vendor(runner)
        yield vendor
        vendor.close()


@given(
    context=contexts,
    model=st.sampled_from(["mistral-large-latest", "magistral-medium-2509", "pixtral-12b-2409"]),
    vision=st.booleans(),
)
def test_the_vendor_takes_every_history(
    vendor: Vendor, context: AIContext, model: str, vision: bool
) -> None:
    body = vendor.asked(context, model=model, vision=vision)
    check(body, thinks=model != "pixtral-12b-2409")
    names = [tool["function"]["name"] for tool in body.get("tools") or ()]
    assert len(set(names)) == len(context.tools)
    shown = [
        chunk
        for message in body["messages"]
        if isinstance(message.get("content"), list)
        for chunk in message["content"]
        if chunk["type"] == "image_url"
    ]
    assert vision or not shown


@pytest.mark.parametrize(
    ("settings", "budget", "effort", "allowance"),
    [
        ({"model": "mistral-large-latest"}, None, None, 0),
        ({"model": "mistral-large-latest"}, 2048, "high", 2048),
        ({"model": "mistral-large-latest", "thinking_effort": "low"}, 2048, "low", 2048),
        ({"model": "magistral-medium-2509"}, None, None, 0),
        ({"model": "magistral-medium-2509"}, 2048, None, 2048),
        ({"model": "codestral-latest"}, 2048, None, 0),
        ({"model": "mistral-large-2411", "thinking": "none"}, 2048, None, 0),
        ({"model": "our-own", "thinking": "effort"}, 2048, "high", 2048),
    ],
)
def test_how_much_a_model_is_told_to_reason(
    vendor: Vendor,
    settings: dict[str, Any],
    budget: int | None,
    effort: str | None,
    allowance: int,
) -> None:
    question = AIMessage(role="user", content="Hm?")
    context = AIContext(messages=[question], max_tokens=100, thinking_budget=budget)
    body = vendor.asked(context, **settings)
    assert body.get("reasoning_effort") == effort
    assert body["max_tokens"] == 100 + allowance


def test_ids_of_other_vendors_become_mistrals(vendor: Vendor) -> None:
    """The same one always the same, so that what was said before does not change."""

    def conversation(*ids: str) -> AIContext:
        turns = [AIMessage(role="user", content="Go")]
        for call_id in ids:
            call = AIToolCall(id=call_id, name="find")
            result = AIToolResult(tool_call_id=call_id, name="find", content="found")
            turns += [
                AIMessage(role="assistant", content=[call]),
                AIMessage(role="tool", content=[result]),
            ]
        return AIContext(messages=turns)

    before = vendor.asked(conversation("toolu_01A", "D681PevKs"))["messages"]
    after = vendor.asked(conversation("toolu_01A", "D681PevKs", "call_3"))["messages"]
    assert after[: len(before)] == before
    ids = [message["tool_calls"][0]["id"] for message in after if "tool_calls" in message]
    assert ids[1] == "D681PevKs"
    assert len(set(ids)) == 3


def test_a_tools_picture_is_shown_by_the_user(vendor: Vendor) -> None:
    """Nothing but the assistant may speak right after a tool."""
    picture = AIImagePart(url="https://example.com/chart.png")
    result = AIToolResult(
        tool_call_id="a", name="chart", content=[AITextPart(text="Done."), picture]
    )
    turns = [
        AIMessage(role="user", content="Draw"),
        AIMessage(role="assistant", content=[AIToolCall(id="a", name="chart")]),
        AIMessage(role="tool", content=[result]),
    ]
    *_, tool, noted, shown = vendor.asked(AIContext(messages=turns))["messages"]
    assert tool["content"] == "Done.[Image: below]"
    assert (noted["role"], noted["content"]) == ("assistant", "(Noted.)")
    assert shown == {
        "role": "user",
        "content": [
            {"type": "text", "text": "[Pictures from chart:]"},
            {"type": "image_url", "image_url": "https://example.com/chart.png"},
        ],
    }
