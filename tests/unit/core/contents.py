"""Hypothesis strategies for contents and capabilities."""

from __future__ import annotations

from hypothesis import strategies as st

from roomkit.models.channel import ChannelBinding, ChannelCapabilities
from roomkit.models.content import (
    AudioContent,
    CompositeContent,
    DeleteContent,
    EditContent,
    EventContent,
    LocationContent,
    MediaContent,
    RichContent,
    SystemContent,
    TemplateContent,
    TextContent,
    VideoContent,
)
from roomkit.models.enums import ChannelMediaType, ChannelType

TEXT = st.text(max_size=60)
MAYBE_TEXT = st.none() | TEXT
URL = st.just("https://example.com/file")
MIME = st.sampled_from(["image/png", "IMAGE/JPEG; q=1", "audio/ogg", "video/mp4", "nonsense", ""])
CONTROLS = st.lists(
    st.dictionaries(
        st.sampled_from(["text", "title", "url", "payload"]),
        st.text(max_size=8) | st.integers() | st.none(),
    ),
    max_size=5,
)

LEAVES: st.SearchStrategy[EventContent] = st.one_of(
    st.builds(TextContent, body=TEXT),
    st.builds(SystemContent, body=TEXT),
    st.builds(
        RichContent,
        body=TEXT,
        format=st.sampled_from(["markdown", "html"]),
        plain_text=MAYBE_TEXT,
        buttons=CONTROLS,
        cards=CONTROLS,
        quick_replies=CONTROLS,
    ),
    st.builds(
        MediaContent,
        url=URL,
        mime_type=MIME,
        filename=MAYBE_TEXT,
        size_bytes=st.none() | st.integers(0, 5000),
        caption=MAYBE_TEXT,
    ),
    st.builds(AudioContent, url=URL, mime_type=MIME, transcript=MAYBE_TEXT),
    st.builds(VideoContent, url=URL, mime_type=MIME),
    st.builds(
        LocationContent,
        latitude=st.floats(-90, 90),
        longitude=st.floats(-180, 180),
        label=MAYBE_TEXT,
    ),
    st.builds(TemplateContent, template_id=TEXT, body=MAYBE_TEXT),
    st.builds(DeleteContent, target_event_id=TEXT),
)


def _edits(inner: st.SearchStrategy[EventContent]) -> st.SearchStrategy[EventContent]:
    return st.builds(EditContent, target_event_id=TEXT, new_content=inner)


def _nested(depth: int) -> st.SearchStrategy[EventContent]:
    if depth == 0:
        return LEAVES | _edits(LEAVES)
    inner = _nested(depth - 1)
    composites = st.builds(CompositeContent, parts=st.lists(inner, max_size=4))
    return LEAVES | composites | _edits(composites)


CONTENTS = _nested(5)

MESSAGES: st.SearchStrategy[EventContent] = LEAVES | st.builds(
    CompositeContent, parts=st.lists(LEAVES, max_size=4)
)
"""Contents without edits in them."""

CAPABILITIES = st.builds(
    ChannelCapabilities,
    media_types=st.lists(st.sampled_from(list(ChannelMediaType)), unique=True),
    max_length=st.none() | st.integers(1, 80),
    overflow=st.sampled_from(["truncate", "split"]),
    supports_buttons=st.booleans(),
    max_buttons=st.none() | st.integers(0, 3),
    supports_cards=st.booleans(),
    supports_quick_replies=st.booleans(),
    supported_media_types=st.lists(
        st.sampled_from(["image/*", "audio/ogg", "*/*", "video/mp4"]), max_size=2
    ),
    max_media_size_bytes=st.none() | st.integers(0, 4000),
    supports_edit=st.booleans(),
    supports_delete=st.booleans(),
)


def binding(capabilities: ChannelCapabilities) -> ChannelBinding:
    """Some channel's seat in some room."""
    return ChannelBinding(
        channel_id="target",
        room_id="room-1",
        channel_type=ChannelType.WEBHOOK,
        capabilities=capabilities,
    )
