"""What an ephemeral event carries, and how it travels."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from roomkit.realtime import EphemeralEvent, EphemeralEventType

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=10,
)


def test_it_needs_only_who_where_and_what() -> None:
    first, second = (
        EphemeralEvent(type=EphemeralEventType.TYPING_START, room_id="r", user_id="ada")
        for _ in range(2)
    )
    assert (first.data, first.visibility, first.channel_id) == ({}, "all", None)
    assert first.timestamp.tzinfo is not None
    assert first.id != second.id


def test_it_cannot_be_changed() -> None:
    event = EphemeralEvent(
        type=EphemeralEventType.CUSTOM, room_id="r", user_id="ada", data={"a": 1}
    )
    with pytest.raises(ValidationError):
        event.user_id = "bob"
    with pytest.raises(TypeError):
        event.data["a"] = 2


@given(
    st.sampled_from(EphemeralEventType),
    st.dictionaries(st.text(max_size=5), JSON, max_size=4),
    st.sampled_from(["all", "transport", "ws-1"]),
)
def test_it_survives_a_journey_as_json(
    event_type: EphemeralEventType, data: dict[str, object], visibility: str
) -> None:
    event = EphemeralEvent(
        type=event_type, room_id="r", user_id="ada", data=data, visibility=visibility
    )
    assert EphemeralEvent.from_dict(json.loads(json.dumps(event.to_dict()))) == event


@pytest.mark.parametrize("data", [{}, {"type": "no such type", "room_id": "r", "user_id": "a"}])
def test_what_is_no_event_is_refused(data: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        EphemeralEvent.from_dict(data)
