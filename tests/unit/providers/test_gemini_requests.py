"""Whatever a room remembers, Gemini takes it."""

from __future__ import annotations

import asyncio
import base64
import re
from collections.abc import Iterator, Sequence
from typing import Any

import httpx2
import pytest
from google import genai
from hypothesis import given
from hypothesis import strategies as st

from roomkit.providers.ai.base import AIContext, AIMessage, AITool
from roomkit.providers.gemini import GeminiAIProvider, GeminiConfig
from tests.unit.providers.conversations import contexts

PICTURES = ("image/png", "image/jpeg", "image/webp", "image/heic", "image/heif")
KINDS = {
    "user": {"text", "inlineData", "fileData", "functionResponse"},
    "model": {"text", "functionCall"},
}
NAME = re.compile("[a-zA-Z_][a-zA-Z0-9_.:-]{0,127}")
# The keywords of https://ai.google.dev/api/generate-content under `responseJsonSchema`.
KEYWORDS = {
    "$id", "$defs", "$ref", "$anchor", "type", "format", "title", "description", "enum", "items",
    "prefixItems", "minItems", "maxItems", "minimum", "maximum", "anyOf", "oneOf", "properties",
    "additionalProperties", "required", "propertyOrdering",
}  # fmt: skip


def check(body: dict[str, Any], *, signed: bool = False) -> None:
    """Fail as the vendor would.

    Args:
        signed: whether the model insists on signatures.
    """
    contents = body["contents"]
    assert contents, "contents is not specified"
    assert contents[0]["role"] == "user", "function call turn comes after a user turn"
    assert contents[-1]["role"] == "user", "the last turn must not be the model's"
    for content in contents:
        assert content["parts"], "must include at least one parts field"
        for part in content["parts"]:
            _check_part(part, content["role"])
    _check_calls(contents, signed=signed)
    for tool in body.get("tools", ()):
        for one in tool["functionDeclarations"]:
            assert NAME.fullmatch(one["name"]), one["name"]
            assert one["description"]
            if "parameters_json_schema" in one:
                check_schema(one["parameters_json_schema"])
    for part in body.get("systemInstruction", {}).get("parts", ()):
        assert part["text"].strip()


def _check_part(part: dict[str, Any], role: str) -> None:
    (kind,) = part.keys() - {"thought", "thoughtSignature"}
    assert kind in KINDS[role], f"{kind} by the {role}"
    if kind == "text":
        assert part["text"].strip() or "thoughtSignature" in part, "an empty text"
    if kind == "inlineData":
        assert part[kind]["mime_type"] in PICTURES, "unsupported MIME type"
        assert base64.b64decode(part[kind]["data"], altchars=b"-_", validate=True)
    if kind == "fileData":
        assert part[kind]["file_uri"].lower().startswith("https://")
        assert part[kind].get("mime_type", PICTURES[0]) in PICTURES
    if "thoughtSignature" in part:
        base64.b64decode(part["thoughtSignature"], altchars=b"-_", validate=True)


def _check_calls(contents: Sequence[dict[str, Any]], *, signed: bool) -> None:
    for number, content in enumerate(contents):
        parts = content["parts"]
        called = [part for part in parts if "functionCall" in part]
        answered = [part["functionResponse"] for part in parts if "functionResponse" in part]
        assert not answered or len(answered) == len(parts), "responses stand alone"
        if called:
            assert not signed or "thoughtSignature" in called[0], "missing a thought_signature"
            after = [p.get("functionResponse", {}) for p in contents[number + 1]["parts"]]
            calls = [part["functionCall"] for part in called]
            assert all(NAME.fullmatch(call["name"]) for call in calls)
            assert [(call["id"], call["name"]) for call in calls] == [
                (response.get("id"), response.get("name")) for response in after
            ], "the number of function responses must equal that of the calls"
        if answered:
            assert any("functionCall" in part for part in contents[number - 1]["parts"])


def check_schema(schema: dict[str, Any], *, inner: bool = False) -> None:
    assert inner or schema.get("type") == "object" or "$ref" in schema
    assert schema.keys() <= KEYWORDS, schema.keys() - KEYWORDS
    if "$ref" in schema:
        assert all(key.startswith("$") for key in schema), "nothing may stand next to a $ref"
    for key in ("properties", "$defs"):
        for one in schema.get(key, {}).values():
            check_schema(one, inner=True)
    for key in ("anyOf", "oneOf", "prefixItems"):
        for one in schema.get(key, ()):
            check_schema(one, inner=True)
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            check_schema(schema[key], inner=True)
    assert all(isinstance(one, str | int | float) for one in schema.get("enum", ()))


class Vendor:
    """Answers every request with the same words, and remembers the last one."""

    def __init__(self, runner: asyncio.Runner) -> None:
        self._runner = runner
        self._asked: dict[str, Any] = {}
        self._http = httpx2.AsyncClient(transport=httpx2.MockTransport(self._answer))
        self._client = genai.Client(
            api_key="k", http_options=genai.types.HttpOptions(httpx_async_client=self._http)
        )

    def _answer(self, request: httpx2.Request) -> httpx2.Response:
        self._asked = httpx2.Response(200, content=request.content).json()
        candidate = {"content": {"parts": [{"text": "Fine"}]}, "finishReason": "STOP"}
        return httpx2.Response(200, json={"candidates": [candidate]})

    def asked(self, context: AIContext, **settings: Any) -> dict[str, Any]:
        provider = GeminiAIProvider(GeminiConfig(api_key="k", **settings), self._client)
        self._runner.run(provider.generate(context))
        return self._asked

    def close(self) -> None:
        self._client.close()
        self._runner.run(self._client.aio.aclose())
        self._runner.run(self._http.aclose())


@pytest.fixture(scope="module")
def vendor() -> Iterator[Vendor]:
    with asyncio.Runner() as runner:
        vendor = Vendor(runner)
        yield vendor
        vendor.close()


@given(
    context=contexts,
    model=st.sampled_from(["gemini-2.0-flash", "gemini-2.5-pro", "gemini-3-flash-preview"]),
)
def test_the_vendor_takes_every_history(vendor: Vendor, context: AIContext, model: str) -> None:
    body = vendor.asked(context, model=model)
    check(body, signed=model.startswith("gemini-3"))
    if context.max_tokens is not None:
        assert body["generationConfig"]["maxOutputTokens"] >= context.max_tokens
    declared = [tool["functionDeclarations"] for tool in body.get("tools", ())]
    names = [one["name"] for one in (declared[0] if declared else ())]
    assert len(set(names)) == len(context.tools)


@pytest.mark.parametrize(
    ("settings", "budget", "thinking", "allowance"),
    [
        ({"model": "gemini-2.0-flash"}, None, None, 0),
        ({"model": "gemini-2.0-flash"}, 2048, None, 0),
        ({"model": "gemini-2.5-flash"}, None, {"thinking_budget": 0}, 0),
        ({"model": "gemini-2.5-flash"}, 2048, {"thinking_budget": 2048}, 2048),
        ({"model": "gemini-2.5-flash"}, 99_999, {"thinking_budget": 24_576}, 24_576),
        ({"model": "gemini-2.5-flash-lite"}, 1, {"thinking_budget": 512}, 512),
        ({"model": "gemini-2.5-pro"}, None, {"thinking_budget": 128}, 128),
        ({"model": "gemini-2.5-pro"}, 99_999, {"thinking_budget": 32_768}, 32_768),
        ({"model": "gemini-3.1-pro-preview"}, None, {"thinking_level": "LOW"}, 1024),
        ({"model": "gemini-3.1-pro-preview"}, 1024, {"thinking_level": "LOW"}, 1024),
        ({"model": "gemini-3.5-flash-lite"}, None, {"thinking_level": "MINIMAL"}, 1024),
        ({"model": "gemini-3.5-flash"}, 8192, {"thinking_level": "MEDIUM"}, 8192),
        ({"model": "gemini-flash-latest"}, 50_000, {"thinking_level": "HIGH"}, 50_000),
        ({"model": "gemini-3.5-flash", "thinking": "none"}, 2048, None, 0),
        ({"model": "our-own", "thinking": "budget"}, 2048, {"thinking_budget": 2048}, 2048),
    ],
)
def test_how_much_a_model_is_told_to_reason(
    vendor: Vendor,
    settings: dict[str, Any],
    budget: int | None,
    thinking: dict[str, Any] | None,
    allowance: int,
) -> None:
    question = AIMessage(role="user", content="Hm?")
    body = vendor.asked(
        AIContext(messages=[question], max_tokens=100, thinking_budget=budget), **settings
    )
    told = body["generationConfig"].get("thinkingConfig")
    if told is not None:
        assert told.pop("include_thoughts", False) is (budget is not None)
    assert told == thinking
    assert body["generationConfig"]["maxOutputTokens"] == 100 + allowance


SCHEMAS: dict[str, tuple[dict[str, Any], dict[str, Any] | None]] = {
    "none": ({}, None),
    "no parameters": ({"type": "object", "properties": {}}, None),
    "without its type": (
        {"properties": {"a": {"type": "string"}}},
        {"type": "object", "properties": {"a": {"type": "string"}}},
    ),
    "keywords that Gemini does not know": (
        {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "type": "object",
            "properties": {
                "a": {"type": "string", "pattern": "^a", "minLength": 1, "default": "a"},
                "pattern": {"type": "integer", "exclusiveMinimum": 0, "minimum": 0},
            },
            "additionalProperties": False,
        },
        {
            "type": "object",
            "properties": {
                "a": {"type": "string"},
                "pattern": {"type": "integer", "minimum": 0},
            },
            "additionalProperties": False,
        },
    ),
    "a constant": (
        {"type": "object", "properties": {"a": {"const": "x"}, "b": {"enum": [None, "y"]}}},
        {"type": "object", "properties": {"a": {"enum": ["x"]}, "b": {}}},
    ),
    "references": (
        {
            "type": "object",
            "properties": {
                "a": {"$ref": "#/definitions/A", "description": "An A."},
                "b": {"allOf": [{"$ref": "#/$defs/A"}], "title": "B"},
                "c": {"anyOf": [{"$ref": "#/$defs/A"}, {"type": "null"}]},
            },
            "definitions": {"A": {"type": "string", "minLength": 1}},
        },
        {
            "type": "object",
            "properties": {
                "a": {"$ref": "#/$defs/A"},
                "b": {"$ref": "#/$defs/A"},
                "c": {"anyOf": [{"$ref": "#/$defs/A"}, {"type": "null"}]},
            },
            "$defs": {"A": {"type": "string"}},
        },
    ),
    "anything": (
        {"type": "object", "properties": {"a": True, "b": {"type": "array", "items": {}}}},
        {"type": "object", "properties": {"a": {}, "b": {"type": "array", "items": {}}}},
    ),
}


@pytest.mark.parametrize("kind", list(SCHEMAS))
def test_schemas_as_gemini_reads_them(vendor: Vendor, kind: str) -> None:
    given_schema, sent = SCHEMAS[kind]
    assert _sent(vendor, given_schema) == sent


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from([*KEYWORDS, "const", "allOf", "definitions", "not", "x"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@given(
    st.dictionaries(
        st.sampled_from(["properties", "$defs", "definitions", "allOf", "anyOf", "items"]),
        json_values,
        max_size=4,
    )
)
def test_no_schema_has_keywords_that_gemini_does_not_know(
    vendor: Vendor, schema: dict[str, Any]
) -> None:
    sent = _sent(vendor, schema)
    if sent is not None:
        _check_keywords(sent)


def _check_keywords(schema: dict[str, Any]) -> None:
    assert schema.keys() <= KEYWORDS
    for key in ("properties", "$defs"):
        for one in schema.get(key, {}).values():
            _check_keywords(one)


def _sent(vendor: Vendor, schema: dict[str, Any]) -> dict[str, Any] | None:
    question = AIMessage(role="user", content="Hm?")
    tool = AITool(name="find", description="Finds.", parameters=schema)
    body = vendor.asked(AIContext(messages=[question], tools=[tool]))
    (declaration,) = body["tools"][0]["functionDeclarations"]
    sent: dict[str, Any] | None = declaration.get("parameters_json_schema")
    return sent
