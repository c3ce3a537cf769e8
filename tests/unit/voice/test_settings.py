"""What a detector tells, and what detectors and interruptions can be told."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from roomkit.voice.interruption import InterruptionConfig, InterruptionStrategy
from roomkit.voice.pipeline import VADConfig, VADEvent, VADEventType


def test_a_script_of_detections() -> None:
    script = [
        VADEvent(type=VADEventType.SPEECH_START),
        None,
        VADEvent(type=VADEventType.SPEECH_END, audio_bytes=b"speech-data"),
    ]
    assert [event and event.audio_bytes for event in script] == [None, None, b"speech-data"]


def test_a_detector_need_not_say_more_than_what_it_is() -> None:
    event = VADEvent(VADEventType.SILENCE)
    assert (event.duration_ms, event.level_db, event.confidence) == (None, None, None)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("type", "cough"),
        ("audio_bytes", "text"),
        ("audio_bytes", bytearray(b"ab")),
        ("duration_ms", -1),
        ("level_db", float("-inf")),
        ("confidence", 1.5),
    ],
)
def test_a_detection_names_the_field_that_is_wrong(field: str, value: Any) -> None:
    values: dict[str, Any] = {"type": VADEventType.SPEECH_END, field: value}
    with pytest.raises(ValidationError, match=rf"for VADEvent\n{field}\n"):
        VADEvent(**values)


def test_the_threshold_of_silence() -> None:
    assert VADConfig(silence_threshold_ms=700).silence_threshold_ms == 700
    with pytest.raises(ValidationError, match="silence_threshold_ms"):
        VADConfig(silence_threshold_ms=-1)


def test_speech_interrupts_once_it_is_confirmed_unless_told_otherwise() -> None:
    assert InterruptionConfig() == InterruptionConfig(
        strategy=InterruptionStrategy.CONFIRMED, min_speech_ms=300
    )


@pytest.mark.parametrize(
    ("field", "value"), [("strategy", "rude"), ("min_speech_ms", -1), ("min_speech_ms", None)]
)
def test_a_setting_that_is_wrong_is_named(field: str, value: object) -> None:
    with pytest.raises(ValidationError, match=field):
        InterruptionConfig.model_validate({field: value})
