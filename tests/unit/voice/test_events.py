"""What hooks are told about calls."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from roomkit.models.enums import ChannelDirection
from roomkit.voice.base import AudioChunk, VoiceSession
from roomkit.voice.events import (
    AudioLevelEvent,
    BackchannelEvent,
    BargeInEvent,
    DTMFEvent,
    PartialTranscriptionEvent,
    SessionEvent,
    SpeakerChangeEvent,
    SpeechEndEvent,
    SpeechStartEvent,
    TTSCancelledEvent,
    TurnEvent,
    VADAudioLevelEvent,
    VADSilenceEvent,
)
from roomkit.voice.realtime.base import RealtimeSession
from roomkit.voice.realtime.events import RealtimeTextInjectedEvent

MOMENT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
SESSION = VoiceSession("call-1", "room", "caller", "voice")
REALTIME = RealtimeSession("call-2", "room", "caller", "realtime")


def test_an_interruption_says_what_was_heard() -> None:
    event = BargeInEvent(SESSION, "Your order will arrive on", 1200, MOMENT)
    assert event.session is SESSION
    assert event.interrupted_text == "Your order will arrive on"
    assert event.audio_position_ms == 1200
    assert event.timestamp == MOMENT


@pytest.mark.parametrize("reason", ["barge_in", "explicit", "disconnect", "error"])
def test_an_answer_is_cut_off_for_a_reason(reason: Any) -> None:
    event = TTSCancelledEvent(SESSION, reason, "Your order", 300, MOMENT)
    assert (event.reason, event.text, event.audio_position_ms) == (reason, "Your order", 300)


def test_a_pressed_key_is_found_in_the_data_too() -> None:
    event = DTMFEvent(SESSION, digit="1")
    assert event.data["digit"] == event.digit == "1"


def test_the_data_has_the_ids_of_the_session() -> None:
    event = SpeechEndEvent(SESSION, duration_ms=900, audio=AudioChunk(b"x"), timestamp=MOMENT)
    assert event.data == {
        "session_id": "call-1",
        "room_id": "room",
        "channel_id": "voice",
        "participant_id": "caller",
        "duration_ms": 900,
        "timestamp": "2026-01-02T03:04:05+00:00",
    }


def test_a_change_of_the_session_is_seen_through_its_events() -> None:
    session = VoiceSession("call-1", "room", "caller", "voice")
    event = SpeechStartEvent(session)
    session.metadata["on_hold"] = True
    assert event.session.metadata == {"on_hold": True}


def test_an_event_happens_now_unless_told_otherwise() -> None:
    before = datetime.now(UTC)
    assert before <= SpeechStartEvent(SESSION).timestamp <= datetime.now(UTC)


@pytest.mark.parametrize(
    ("event", "direction"),
    [
        (SpeechStartEvent(SESSION), "inbound"),
        (BargeInEvent(SESSION, "", 0), "inbound"),
        (TTSCancelledEvent(SESSION, "error", "", 0), "outbound"),
        (
            AudioLevelEvent(SESSION, level_db=-20, direction=ChannelDirection.INBOUND),
            "inbound",
        ),
        (
            AudioLevelEvent(SESSION, level_db=-20, direction=ChannelDirection.OUTBOUND),
            "outbound",
        ),
        (RealtimeTextInjectedEvent(REALTIME, text="Say hello", role="user"), "inbound"),
        (RealtimeTextInjectedEvent(REALTIME, text="Hello"), "outbound"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, SessionEvent) else str(value),
)
def test_hooks_can_be_filtered_by_who_speaks(event: SessionEvent, direction: str) -> None:
    assert event.source.direction == direction


WRONG: list[tuple[type[SessionEvent], dict[str, Any], str]] = [
    (BargeInEvent, {"interrupted_text": "", "audio_position_ms": -1}, "audio_position_ms"),
    (BargeInEvent, {"interrupted_text": None, "audio_position_ms": 0}, "interrupted_text"),
    (TTSCancelledEvent, {"reason": "bored", "text": "", "audio_position_ms": 0}, "reason"),
    (
        TTSCancelledEvent,
        {"reason": "error", "text": "", "audio_position_ms": -1},
        "audio_position_ms",
    ),
    (SpeechEndEvent, {"duration_ms": -1}, "duration_ms"),
    (SpeechEndEvent, {"duration_ms": 1, "audio": b"sound"}, "audio"),
    (PartialTranscriptionEvent, {"text": "", "confidence": 2}, "confidence"),
    (VADSilenceEvent, {"silence_duration_ms": -1}, "silence_duration_ms"),
    (VADAudioLevelEvent, {"level_db": float("-inf"), "is_speech": False}, "level_db"),
    (AudioLevelEvent, {"level_db": float("nan"), "direction": "inbound"}, "level_db"),
    (AudioLevelEvent, {"level_db": -20, "direction": "bidirectional"}, "direction"),
    (SpeakerChangeEvent, {"speaker_id": None}, "speaker_id"),
    (DTMFEvent, {"digit": "12"}, "digit"),
    (DTMFEvent, {"digit": ""}, "digit"),
    (DTMFEvent, {"digit": "1\n"}, "digit"),
    (DTMFEvent, {"digit": "a"}, "digit"),
    (DTMFEvent, {"digit": "1", "duration_ms": -1}, "duration_ms"),
    (TurnEvent, {"text": ""}, "is_complete"),
    (BackchannelEvent, {"text": "uh-huh", "confidence": -1}, "confidence"),
]


@pytest.mark.parametrize(("kind", "values", "field"), WRONG)
def test_an_event_names_the_field_that_is_wrong(
    kind: type[SessionEvent], values: dict[str, Any], field: str
) -> None:
    with pytest.raises(ValidationError, match=rf"for {kind.__name__}\n{field}\b"):
        kind(session=SESSION, **values)


def test_words_come_from_the_model_or_from_somebody_else() -> None:
    assert RealtimeTextInjectedEvent(REALTIME, text="Let me check that").role == "assistant"
    nobody: Any = "system"
    with pytest.raises(ValidationError, match="role"):
        RealtimeTextInjectedEvent(REALTIME, text="", role=nobody)


def test_a_call_is_not_a_conversation_with_a_model() -> None:
    call: Any = SESSION
    conversation: Any = REALTIME
    with pytest.raises(ValidationError, match="session"):
        RealtimeTextInjectedEvent(session=call, text="")
    with pytest.raises(ValidationError, match="session"):
        SpeechStartEvent(session=conversation)
