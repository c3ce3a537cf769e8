"""What a tool returns becomes something that a model can read."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import Any

import pytest
from pydantic import BaseModel

from roomkit.models._frozen import freeze
from roomkit.providers.ai.base import AIImagePart, AITextPart
from roomkit.tools.output import as_tool_output

PICTURE = AIImagePart(url="data:image/png;base64,AAAA", mime_type="image/png")


class Unit(Enum):
    CELSIUS = "C"


class Weather(BaseModel):
    day: date
    unit: Unit = Unit.CELSIUS


@dataclass
class Point:
    x: float


def test_text_stays_as_it_is() -> None:
    assert as_tool_output('{"already": "json"}') == '{"already": "json"}'
    assert as_tool_output("") == ""


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        (3, 3),
        (float("nan"), None),
        ([1, "é"], [1, "é"]),
        ({"a": (1, 2)}, {"a": [1, 2]}),
        (freeze({"a": [1]}), {"a": [1]}),
        (Weather(day=date(2026, 5, 1)), {"day": "2026-05-01", "unit": "C"}),
        ([Point(1.5)], [{"x": 1.5}]),
        (b"text", "text"),
    ],
    ids=repr,
)
def test_data_becomes_json(value: Any, expected: Any) -> None:
    output = as_tool_output(value)
    assert isinstance(output, str)
    assert json.loads(output) == expected
    assert "\\u" not in output


def test_pictures_pass_through() -> None:
    assert as_tool_output(PICTURE) == [PICTURE]
    assert as_tool_output(["a map", PICTURE, {"zoom": 3}]) == [
        AITextPart(text="a map"),
        PICTURE,
        AITextPart(text='{"zoom":3}'),
    ]


@pytest.mark.parametrize("value", [object(), b"\xff", [PICTURE, object()]], ids=["a", "b", "c"])
def test_what_is_no_json_is_said_to_be_none(value: Any) -> None:
    with pytest.raises(TypeError, match="cannot be written as JSON"):
        as_tool_output(value)
