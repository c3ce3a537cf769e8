"""Conversations of all kinds, well-formed or not, as a memory may hand them over."""

from __future__ import annotations

from hypothesis import strategies as st

from roomkit.providers.ai.base import (
    AIContext,
    AIImagePart,
    AIMessage,
    AIPart,
    AITextPart,
    AIThinkingPart,
    AITool,
    AIToolCall,
    AIToolResult,
)

NAMES = ("find", "files/read.all", "files_read_all", "7up", "-x", "", "ü", "x" * 200)
PNG = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAW"
    "jR9awAAAABJRU5ErkJggg=="
)
URLS = (
    "https://example.com/a.png",
    "HTTPS://example.com/a",
    "http://example.com/a.png",
    "ftp://example.com/a.png",
    "https://[broken",
    PNG,
    "data:image/jpg;base64,AAAA",
    "data:image/png;base64,###",
    "data:image/png;base64,",
    "data:image/svg+xml,%3Csvg%3E",
    "data:",
    "",
)
SIGNATURE = "c2lnbmF0dXJl"

texts = st.sampled_from(["", " ", "\n", "hi", " hi ", "\N{WAVING HAND SIGN}"]) | st.text(
    max_size=5
)
ids = st.sampled_from(["", "a", "b", "a-2", "ü", "123456789", "toolu_01"])
images = st.builds(
    AIImagePart,
    url=st.sampled_from(URLS),
    mime_type=st.sampled_from([None, "image/png", "image/jpg", "a/b"]),
)
marks = st.sampled_from(
    [{}, {"kept": True}, {"thought_signature": SIGNATURE}, {"thought_signature": "#"}]
    + [{"mistral_thinking": True}]
)
words = st.builds(AITextPart, text=texts, provider_data=marks)
thoughts = st.builds(
    AIThinkingPart,
    text=texts,
    signature=st.sampled_from([None, SIGNATURE]),
    provider_data=marks,
)
calls = st.builds(
    AIToolCall,
    id=ids,
    name=st.sampled_from(NAMES),
    arguments=st.sampled_from([{}, {"a_b": [{"camelCase": None}]}]),
    malformed=st.sampled_from([None, "", "{"]),
    provider_data=marks,
)
results = st.builds(
    AIToolResult,
    tool_call_id=ids,
    name=st.sampled_from(NAMES),
    content=texts | st.lists(words | images, max_size=3),
    is_error=st.booleans(),
)
parts: st.SearchStrategy[AIPart] = st.one_of(words, images, thoughts, calls, results)
messages = st.builds(
    AIMessage,
    role=st.sampled_from(["system", "user", "assistant", "tool"]),
    content=texts | st.lists(parts, max_size=4),
)
histories = st.lists(messages, max_size=8)
contexts = st.builds(
    AIContext,
    messages=histories,
    system_prompt=st.none() | texts,
    temperature=st.sampled_from([None, 0.0, 0.5]),
    max_tokens=st.sampled_from([None, 1, 5000]),
    tools=st.sampled_from([[], [AITool(name=name) for name in NAMES]]),
    thinking_budget=st.sampled_from([None, 0, 1, 2048, 100_000]),
)
