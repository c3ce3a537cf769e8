"""The session: one object for as long as a call lasts."""

from __future__ import annotations

import dataclasses
import gc
from typing import Any, cast
from weakref import WeakKeyDictionary

import pytest
from pydantic import ValidationError

from roomkit.models._base import utc_now
from roomkit.models.enums import ChannelDirection, ChannelType
from roomkit.voice.base import LiveSession, VoiceSession, VoiceSessionState
from roomkit.voice.realtime.base import RealtimeSession, RealtimeSessionState

WHO: dict[str, Any] = {
    "id": "call-1",
    "room_id": "room",
    "participant_id": "caller",
    "channel_id": "voice",
}
both = pytest.mark.parametrize(
    "kind", [VoiceSession, RealtimeSession], ids=lambda kind: kind.__name__
)


@both
def test_it_is_a_dataclass(kind: type[LiveSession]) -> None:
    session = kind(**WHO)
    assert dataclasses.is_dataclass(session)
    assert dataclasses.replace(session, metadata={"a": 1}).metadata == {"a": 1}
    assert session.metadata == {}


def test_it_has_the_documented_fields_in_the_documented_order() -> None:
    moment = utc_now()
    session = VoiceSession(
        "call-1",
        "room",
        "caller",
        "voice",
        VoiceSessionState.ACTIVE,
        moment,
        {"input_sample_rate": 48000, "output_sample_rate": 24000},
    )
    assert session == VoiceSession(
        id="call-1",
        room_id="room",
        participant_id="caller",
        channel_id="voice",
        state=VoiceSessionState.ACTIVE,
        created_at=moment,
        metadata={"input_sample_rate": 48000, "output_sample_rate": 24000},
    )


@both
def test_it_begins_with_connecting(kind: type[LiveSession]) -> None:
    session = kind(**WHO)
    assert session.state == "connecting"
    assert session.created_at.tzinfo is not None
    assert session.metadata == {}


@pytest.mark.parametrize(
    ("kind", "channel_type"),
    [(VoiceSession, ChannelType.VOICE), (RealtimeSession, ChannelType.REALTIME_VOICE)],
)
def test_it_is_a_source_for_the_filters_of_hooks(
    kind: type[LiveSession], channel_type: ChannelType
) -> None:
    source = kind(**WHO).source()
    assert (source.channel_id, source.participant_id) == ("voice", "caller")
    assert source.channel_type is channel_type
    assert source.direction is ChannelDirection.INBOUND
    outbound = kind(**WHO).source(ChannelDirection.OUTBOUND)
    assert outbound == source.model_copy(update={"direction": ChannelDirection.OUTBOUND})


def test_another_channel_may_carry_it() -> None:
    session = VoiceSession(**WHO, channel_type=ChannelType.AUDIO_VIDEO)
    assert session.source().channel_type is ChannelType.AUDIO_VIDEO


def test_its_state_changes() -> None:
    session = VoiceSession(**WHO)
    for state in (VoiceSessionState.ACTIVE, VoiceSessionState.PAUSED, VoiceSessionState.ENDED):
        session.state = state
        assert session.state is state


def test_a_realtime_session_outlives_the_connection_to_its_model() -> None:
    session = RealtimeSession(**WHO, state=RealtimeSessionState.ACTIVE)
    session.state = RealtimeSessionState.RECONNECTING
    session.state = RealtimeSessionState.ACTIVE
    assert session.id == "call-1"


@both
def test_there_is_no_state_of_any_other_name(kind: type[LiveSession]) -> None:
    session, gone = kind(**WHO), cast("Any", "gone")
    with pytest.raises(ValidationError, match="state"):
        session.state = gone
    assert session.state == "connecting"
    with pytest.raises(ValidationError, match="state"):
        kind(**WHO, state=gone)


@both
@pytest.mark.parametrize("field", [*WHO, "created_at", "channel_type"])
def test_who_takes_part_where_stays_as_it_is(kind: type[LiveSession], field: str) -> None:
    session = kind(**WHO)
    with pytest.raises(ValidationError, match=rf"{field}\n.*frozen"):
        setattr(session, field, getattr(session, field))


@both
def test_a_misspelt_attribute_is_not_set(kind: type[LiveSession]) -> None:
    session: Any = kind(**WHO)
    with pytest.raises(ValidationError, match="stat\n"):
        session.stat = "active"


@both
@pytest.mark.parametrize("field", WHO)
@pytest.mark.parametrize("value", ["", None])
def test_it_needs_all_its_ids(kind: type[LiveSession], field: str, value: str | None) -> None:
    with pytest.raises(ValidationError, match=rf"for {kind.__name__}\n{field}\n"):
        kind(**{**WHO, field: value})


@both
def test_its_metadata_is_its_own(kind: type[LiveSession]) -> None:
    given = {"input_sample_rate": 8000}
    first, second = (kind(**WHO, metadata=given) for _ in range(2))
    first.metadata["output_sample_rate"] = 24000
    assert given == second.metadata == {"input_sample_rate": 8000}


@both
def test_it_is_a_key_while_it_changes(kind: type[LiveSession]) -> None:
    session = kind(**WHO)
    playing = {session: "hello"}
    session.metadata["muted"] = True
    session.state = type(session.state)("ended")
    assert playing[session] == "hello"


@both
def test_what_is_kept_for_it_can_go_when_it_goes(kind: type[LiveSession]) -> None:
    session = kind(**WHO)
    kept = WeakKeyDictionary({session: "state of a detector"})
    assert session in kept
    del session
    gc.collect()
    assert not kept
