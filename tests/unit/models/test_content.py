"""What a message can consist of."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError

from roomkit import TextContent as RootTextContent
from roomkit.models import event as event_module
from roomkit.models.event import (
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

ANY: TypeAdapter[Any] = TypeAdapter(EventContent)
TEXT = TextContent(body="x")
URL = "https://example.com/a"

# The type's name, its class, the least it needs, and what the rest is then.
KINDS: list[tuple[str, type[BaseModel], dict[str, Any], dict[str, Any]]] = [
    ("text", TextContent, {"body": "x"}, {"language": None}),
    (
        "rich",
        RichContent,
        {"body": "x"},
        {
            "format": "markdown",
            "plain_text": None,
            "buttons": [],
            "cards": [],
            "quick_replies": [],
        },
    ),
    (
        "media",
        MediaContent,
        {"url": URL, "mime_type": "image/png"},
        {"filename": None, "size_bytes": None, "caption": None},
    ),
    (
        "audio",
        AudioContent,
        {"url": URL, "mime_type": "audio/ogg"},
        {"duration_seconds": None, "transcript": None},
    ),
    (
        "video",
        VideoContent,
        {"url": URL, "mime_type": "video/mp4"},
        {"duration_seconds": None, "thumbnail_url": None},
    ),
    (
        "location",
        LocationContent,
        {"latitude": 40.7128, "longitude": -74.006},
        {"label": None, "address": None},
    ),
    ("composite", CompositeContent, {"parts": [TEXT]}, {}),
    (
        "template",
        TemplateContent,
        {"template_id": "welcome"},
        {"language": "en", "parameters": {}, "body": None},
    ),
    ("system", SystemContent, {"body": "x"}, {"code": None, "data": {}}),
    (
        "edit",
        EditContent,
        {"target_event_id": "e1", "new_content": TEXT},
        {"edit_source": None},
    ),
    (
        "delete",
        DeleteContent,
        {"target_event_id": "e1"},
        {"delete_type": "sender", "reason": None},
    ),
]
every_kind = pytest.mark.parametrize(
    ("name", "model", "least", "defaults"), KINDS, ids=[kind[0] for kind in KINDS]
)


@every_kind
def test_the_type_names_the_class(
    name: str, model: type[BaseModel], least: dict[str, Any], defaults: dict[str, Any]
) -> None:
    content = ANY.validate_python({"type": name, **least})
    assert content.type == name
    assert type(content) is model
    assert {key: getattr(content, key) for key in defaults} == defaults
    assert set(model.model_fields) == {"type", *least, *defaults}


@every_kind
def test_a_content_is_imported_from_where_events_are(
    name: str, model: type[BaseModel], least: dict[str, Any], defaults: dict[str, Any]
) -> None:
    assert getattr(event_module, model.__name__) is model
    assert model.__name__ in event_module.__all__


def test_text_is_imported_from_the_root_as_well() -> None:
    assert RootTextContent is TextContent


@pytest.mark.parametrize("value", [{}, {"type": "poem", "body": "x"}, {"body": "x"}, "x", None])
def test_what_is_no_content_is_refused(value: object) -> None:
    with pytest.raises(ValidationError):
        ANY.validate_python(value)


def test_buttons_are_plain_mappings() -> None:
    buttons = [{"text": "A", "payload": "a"}]
    assert RichContent(body="x", buttons=buttons).buttons == buttons


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: RichContent.model_validate({"body": "x", "format": "rtf"}),
        lambda: LocationContent(latitude=91, longitude=0),
        lambda: LocationContent(latitude=0, longitude=-181),
        lambda: MediaContent(url=URL, mime_type="image/png", size_bytes=-1),
        lambda: AudioContent(url=URL, mime_type="audio/ogg", duration_seconds=-1),
        lambda: VideoContent(url=URL, mime_type="video/mp4", duration_seconds=-1),
    ],
)
def test_values_out_of_range_are_refused(wrong: Any) -> None:
    with pytest.raises(ValidationError):
        wrong()


def nested(levels: int) -> dict[str, Any]:
    """A composite in a composite in a …, as a client would send it."""
    content: dict[str, Any] = {"type": "text", "body": "x"}
    for _ in range(levels):
        content = {"type": "composite", "parts": [content]}
    return content


def test_composites_may_be_nested_five_deep() -> None:
    assert isinstance(ANY.validate_python(nested(5)), CompositeContent)
    with pytest.raises(ValidationError, match="nested 6 levels deep; at most 5"):
        ANY.validate_python(nested(6))


def test_an_edit_is_no_way_around_the_limit() -> None:
    edit = {"type": "edit", "target_event_id": "e1", "new_content": nested(5)}
    with pytest.raises(ValidationError, match="nested 6 levels deep"):
        CompositeContent.model_validate({"parts": [edit]})


def test_siblings_do_not_add_up() -> None:
    content = CompositeContent.model_validate({"parts": [nested(4), nested(4), nested(1)]})
    assert len(content.parts) == 3


def test_an_empty_composite_is_allowed() -> None:
    assert CompositeContent(parts=[]).parts == []
