"""Whatever a client sends is either understood or refused with a reason."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from roomkit.integrations._websocket.frames import (
    BadFrameError,
    ClientFrame,
    MessageFrame,
    encode,
    read_frame,
)
from roomkit.models.content import EventContent, TextContent

KINDS = ["message", "edit", "delete", "typing", "read", "ping"]
CONTENTS = ["text", "rich", "media", "audio", "video", "location", "composite", "edit", "system"]
WORDS = [
    *("id", "text", "content", "reply_to", "event_id", "reason", "is_typing", "body", "url"),
    *("mime_type", "latitude", "longitude", "parts", "buttons", "cards", "format", "caption"),
]
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["https://x.example/a", "javascript:alert(1)", "image/png", "m1"])
)


def _objects(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    plain = st.dictionaries(st.sampled_from(WORDS) | st.text(max_size=5), values, max_size=6)
    kind = st.sampled_from([*KINDS, *CONTENTS])
    return plain | st.builds(lambda some, of: {**some, "type": of}, plain, kind)


JSON = st.recursive(
    LEAVES, lambda inner: _objects(inner) | st.lists(inner, max_size=4), max_leaves=25
)
FRAMES = st.builds(
    lambda fields, kind: {**fields, "type": kind},
    st.dictionaries(st.sampled_from(WORDS), JSON, max_size=6),
    st.sampled_from(KINDS),
)


def understood(text: str) -> ClientFrame | None:
    try:
        return read_frame(text)
    except BadFrameError as bad:
        assert bad.reason
        assert bad.code in ("invalid_json", "unknown_type", "invalid_frame")
        encode({"reason": bad.reason, "id": bad.frame_id})
        return None


@given(st.text())
def test_any_text(text: str) -> None:
    frame = understood(text)
    assert frame is None or isinstance(json.loads(text), dict)


@given(JSON)
def test_any_json(value: Any) -> None:
    frame = understood(json.dumps(value))
    assert frame is None or value["type"] in KINDS


@given(FRAMES)
def test_anything_like_a_frame(value: dict[str, Any]) -> None:
    """What was understood can be stored, read again, and told to others."""
    frame = understood(json.dumps(value))
    if isinstance(frame, MessageFrame):
        said = frame.said
        assert type(said).model_validate_json(said.model_dump_json()) is not None
        assert json.loads(encode({"content": said}))["content"]["type"] == said.type


@given(st.text(min_size=1, max_size=200))
def test_any_words(words: str) -> None:
    frame = understood(json.dumps({"type": "message", "text": words, "id": "1"}))
    if frame is not None:
        said: EventContent = (
            frame.said if isinstance(frame, MessageFrame) else TextContent(body="")
        )
        assert isinstance(said, TextContent)
        said.body.encode()
        assert "\0" not in said.body
    else:
        assert not words.strip()
