"""What holds for every model, whatever is in it."""

from __future__ import annotations

import copy
import json
import pickle
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from roomkit.models._base import FrozenModel
from roomkit.models.channel import ChannelOutput
from roomkit.models.event import RoomEvent
from tests.unit.models.examples import CONTENTS, MODELS, containers, instances, wild_text

# One test for each of forty models: a few examples of each are many.
few = settings(max_examples=15)
every_model = pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)


@every_model
@few
@given(data=st.data())
def test_it_survives_a_journey_as_json(model: type[BaseModel], data: st.DataObject) -> None:
    value = data.draw(instances(model))
    assert model.model_validate_json(value.model_dump_json()) == value
    assert model.model_validate(value.model_dump()) == value


@every_model
@few
@given(data=st.data())
def test_its_fields_cannot_be_assigned(model: type[BaseModel], data: st.DataObject) -> None:
    value = data.draw(instances(model))
    for name in model.model_fields:
        with pytest.raises(ValidationError, match="frozen"):
            setattr(value, name, getattr(value, name))


@every_model
@few
@given(data=st.data())
def test_its_containers_are_read_only(model: type[BaseModel], data: st.DataObject) -> None:
    value = data.draw(instances(model))
    for container in containers(value):
        with pytest.raises(TypeError, match="read-only"):
            container.clear()


@every_model
@few
@given(data=st.data())
def test_what_it_was_made_from_is_not_part_of_it(
    model: type[BaseModel], data: st.DataObject
) -> None:
    given_values = data.draw(instances(model)).model_dump()
    value = model.model_validate(given_values)
    before = value.model_dump_json()
    for container in list(containers(given_values)):
        container.clear()
    assert value.model_dump_json() == before


@every_model
@few
@given(data=st.data())
def test_detached_it_is_the_callers_own(model: type[FrozenModel], data: st.DataObject) -> None:
    value = data.draw(instances(model))
    before = value.model_dump_json()
    detached = value.detached()
    assert type(detached) is model
    assert detached == value
    if not any(isinstance(getattr(value, name), tuple) for name in model.model_fields):
        for container in list(containers(detached)):
            assert type(container) in (dict, list)
            container.clear()
    assert value.model_dump_json() == before


@every_model
@few
@given(data=st.data())
def test_it_can_be_copied_and_pickled(model: type[BaseModel], data: st.DataObject) -> None:
    value = data.draw(instances(model))
    assert copy.deepcopy(value) == value
    assert value.model_copy() == value
    assert pickle.loads(pickle.dumps(value)) == value


# What a channel gives back may hold an exception and a stream; neither is JSON.
sendable = pytest.mark.parametrize(
    "model", [one for one in MODELS if one is not ChannelOutput], ids=lambda model: model.__name__
)


@sendable
@pytest.mark.parametrize("mode", ["validation", "serialization"])
def test_it_has_a_json_schema_with_its_defaults(
    model: type[BaseModel], mode: Literal["validation", "serialization"]
) -> None:
    """A host may show it in an OpenAPI. Pydantic warns of every default that it leaves out."""
    schema = model.model_json_schema(by_alias=False, mode=mode)
    properties = schema.get("$defs", {}).get(model.__name__, schema)["properties"]
    for name, field in model.model_fields.items():
        if isinstance(field.default, list | dict):
            assert properties[name]["default"] == field.default


@pytest.mark.parametrize("content", CONTENTS, ids=lambda content: content.__name__)
@few
@given(data=st.data())
def test_no_content_holds_what_a_database_refuses(
    content: type[BaseModel], data: st.DataObject
) -> None:
    """A client may send anything that is JSON."""
    value = data.draw(instances(content)).model_dump()
    text = data.draw(wild_text)
    for name, field in content.model_fields.items():
        if name != "type" and field.annotation in (str, str | None):
            value[name] = text
    stored = content.model_validate(value).model_dump_json()
    assert "\\u0000" not in stored
    assert json.loads(stored.encode()) is not None


@given(st.dictionaries(wild_text, st.dictionaries(wild_text, wild_text)))
def test_no_metadata_holds_it_either(metadata: dict[str, dict[str, str]]) -> None:
    event = RoomEvent.model_validate(
        {
            "room_id": "r",
            "source": {"channel_id": "a"},
            "content": {"type": "text", "body": "hello"},
            "metadata": metadata,
        }
    )
    stored = event.model_dump_json()
    stored.encode()
    assert "\\u0000" not in stored
