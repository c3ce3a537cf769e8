"""What holds for everything that describes a call."""

from __future__ import annotations

import copy
import dataclasses
import json
import pickle
from datetime import datetime
from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, TypeAdapter, ValidationError

import roomkit
from roomkit.models.event import EventSource
from roomkit.voice.base import LiveSession
from roomkit.voice.events import SessionEvent
from tests.unit.voice.examples import BASES, EXAMPLES, all_models

few = settings(max_examples=15)

EVENTS = [model for model in EXAMPLES if issubclass(model, SessionEvent)]
DATACLASSES = [model for model in EXAMPLES if dataclasses.is_dataclass(model)]
FROZEN = [model for model in EXAMPLES if not issubclass(model, LiveSession)]


def each(models: list[type[Any]]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("model", models, ids=lambda model: model.__name__)


def fields_of(model: type[Any]) -> list[str]:
    if issubclass(model, BaseModel):
        return list(model.model_fields)
    return [item.name for item in dataclasses.fields(model)]


def test_there_are_examples_of_all() -> None:
    assert set(all_models()) == EXAMPLES.keys() | BASES


@each(list(EXAMPLES))
def test_it_can_be_imported_from_the_top_level(model: type[Any]) -> None:
    assert getattr(roomkit, model.__name__) is model


@each(list(EXAMPLES))
@few
@given(data=st.data())
def test_it_survives_a_journey_as_json(model: type[Any], data: st.DataObject) -> None:
    value = data.draw(EXAMPLES[model])
    adapter: TypeAdapter[Any] = TypeAdapter(model)
    arrived = adapter.validate_json(adapter.dump_json(value))
    assert type(arrived) is model
    assert arrived == value


@each(list(EXAMPLES))
@pytest.mark.parametrize("mode", ["validation", "serialization"])
def test_it_has_a_json_schema(
    model: type[Any], mode: Literal["validation", "serialization"]
) -> None:
    """A host may show it in an OpenAPI. Pydantic warns of what it leaves out."""
    schema = TypeAdapter(model).json_schema(mode=mode)
    properties = schema.get("$defs", {}).get(model.__name__, schema)["properties"]
    assert list(properties) == fields_of(model)


@each(list(EXAMPLES))
@few
@given(data=st.data())
def test_it_can_be_copied_and_pickled(model: type[Any], data: st.DataObject) -> None:
    value = data.draw(EXAMPLES[model])
    assert copy.deepcopy(value) == value
    assert pickle.loads(pickle.dumps(value)) == value


@each(FROZEN)
@few
@given(data=st.data())
def test_its_fields_cannot_be_assigned(model: type[Any], data: st.DataObject) -> None:
    value = data.draw(EXAMPLES[model])
    refusal = ValidationError if issubclass(model, BaseModel) else dataclasses.FrozenInstanceError
    for name in fields_of(model):
        with pytest.raises(refusal):
            setattr(value, name, getattr(value, name))


@each(list(EXAMPLES))
def test_a_misspelt_field_is_refused(model: type[Any]) -> None:
    with pytest.raises(ValidationError, match="no_such_field"):
        model(no_such_field=1)


@each(FROZEN)
@few
@given(data=st.data())
def test_it_can_be_a_key(model: type[Any], data: st.DataObject) -> None:
    value = data.draw(EXAMPLES[model])
    assert copy.deepcopy(value) in {value}


@each(DATACLASSES)
def test_its_representation_shows_neither_sound_nor_words(model: type[Any]) -> None:
    """Representations end up in logs, with whatever a session or an event is part of."""
    shown = {item.name for item in dataclasses.fields(model) if item.repr}
    assert not shown & {"data", "audio_bytes", "text", "interrupted_text", "digit", "metadata"}


@each(EVENTS)
@few
@given(data=st.data())
def test_an_event_names_its_session_to_filters_and_logs(
    model: type[Any], data: st.DataObject
) -> None:
    event = data.draw(EXAMPLES[model])
    session = event.session
    assert isinstance(event.source, EventSource)
    assert event.source.channel_id == session.channel_id
    assert event.source.channel_type is session.channel_type
    assert event.source.participant_id == session.participant_id
    told = event.data
    assert told["session_id"] == session.id
    assert told["room_id"] == session.room_id
    assert told["channel_id"] == session.channel_id
    assert told["participant_id"] == session.participant_id
    assert datetime.fromisoformat(told["timestamp"]) == event.timestamp


@each(EVENTS)
@few
@given(data=st.data())
def test_the_data_of_an_event_is_json_and_has_all_but_sound(
    model: type[Any], data: st.DataObject
) -> None:
    event = data.draw(EXAMPLES[model])
    arrived = json.loads(json.dumps(event.data))
    own = set(fields_of(model)) - {"session", "audio", "timestamp"}
    assert own <= arrived.keys()
    for name in own:
        assert arrived[name] == getattr(event, name)
