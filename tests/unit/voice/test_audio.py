"""Sound: frames on their way through a call, and chunks of streams."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from roomkit.voice.audio_frame import AudioFrame
from roomkit.voice.base import AudioChunk, TranscriptionResult

ANY: dict[str, Any] = {"data": b"", "sample_rate": 16000}


def test_a_frame_is_16_bit_mono_unless_told_otherwise() -> None:
    frame = AudioFrame(data=b"", sample_rate=16000)
    assert (frame.channels, frame.sample_width, frame.timestamp_ms) == (1, 2, 0.0)
    assert frame.metadata == {}


def test_a_frame_knows_how_long_it_sounds() -> None:
    frame = AudioFrame(
        data=b"\x00" * 320,
        sample_rate=16000,
        channels=1,
        sample_width=2,
        timestamp_ms=0.0,
    )
    assert frame.sample_count == 160
    assert frame.duration_ms == 10.0


@given(
    samples=st.integers(0, 50),
    channels=st.integers(1, 2),
    width=st.integers(1, 4),
    rate=st.integers(1, 192_000),
)
def test_both_channels_sound_at_once(samples: int, channels: int, width: int, rate: int) -> None:
    frame = AudioFrame(
        data=bytes(samples * channels * width),
        sample_rate=rate,
        channels=channels,
        sample_width=width,
    )
    assert frame.sample_count == samples
    assert frame.duration_ms == pytest.approx(samples / rate * 1000)


@given(
    size=st.integers(0, 64),
    channels=st.integers(1, 2),
    width=st.integers(1, 4),
)
def test_a_frame_holds_whole_samples_only(size: int, channels: int, width: int) -> None:
    def make() -> AudioFrame:
        return AudioFrame(
            data=bytes(size), sample_rate=8000, channels=channels, sample_width=width
        )

    if size % (channels * width) == 0:
        assert len(make().data) == size
    else:
        with pytest.raises(ValueError, match=rf"data: {size} bytes .* {channels * width} bytes"):
            make()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("data", "text"),
        ("data", bytearray(b"ab")),
        ("data", memoryview(b"ab")),
        ("data", None),
        ("sample_rate", 0),
        ("sample_rate", -16000),
        ("sample_rate", None),
        ("channels", 0),
        ("channels", 3),
        ("sample_width", 0),
        ("sample_width", 5),
        ("timestamp_ms", -1.0),
        ("timestamp_ms", float("nan")),
        ("timestamp_ms", float("inf")),
        ("metadata", None),
        ("metadata", [("vad", "speech")]),
    ],
)
def test_a_frame_names_the_field_that_is_wrong(field: str, value: object) -> None:
    with pytest.raises(ValueError, match=rf"for AudioFrame\n{field}\n"):
        AudioFrame(**{**ANY, field: value})


def test_a_stage_notes_what_it_found_for_the_next_one() -> None:
    frame = AudioFrame(data=b"\x00\x01", sample_rate=16000)
    frame.metadata["vad"] = {"speech": True}
    louder = replace(frame, data=b"\x00\x02")
    louder.metadata["agc"] = {"gain_db": 6}
    assert frame.data == b"\x00\x01"
    assert frame.metadata == louder.metadata == {"vad": {"speech": True}, "agc": {"gain_db": 6}}


def test_frames_of_their_own_have_notes_of_their_own() -> None:
    first, second = (AudioFrame(data=b"", sample_rate=16000) for _ in range(2))
    first.metadata["vad"] = True
    assert second.metadata == {}
    copied = replace(first, metadata=dict(first.metadata))
    copied.metadata["agc"] = True
    assert first.metadata == {"vad": True}


def test_notes_make_no_other_key_of_a_frame() -> None:
    frame = AudioFrame(data=b"", sample_rate=16000)
    seen = {frame}
    frame.metadata["vad"] = True
    assert frame in seen


def test_a_replaced_field_is_checked_too() -> None:
    frame = AudioFrame(data=b"\x00\x01", sample_rate=16000)
    with pytest.raises(ValueError, match="data: 1 bytes"):
        replace(frame, data=b"\x00")


def test_sound_is_base64_in_json() -> None:
    adapter = TypeAdapter(AudioFrame)
    frame = AudioFrame(data=bytes(range(256)), sample_rate=8000)
    written = adapter.dump_python(frame, mode="json")
    assert isinstance(written["data"], str)
    assert written["data"].startswith("AAECAwQF")
    assert adapter.validate_json(adapter.dump_json(frame)) == frame


def test_what_comes_as_json_is_checked_too() -> None:
    with pytest.raises(ValidationError, match="sample_rate"):
        TypeAdapter(AudioFrame).validate_json('{"data": "", "sample_rate": 0}')


def test_an_error_does_not_show_the_sound() -> None:
    no_sound: Any = "a secret"
    with pytest.raises(ValidationError) as caught:
        AudioFrame(data=no_sound, sample_rate=16000)
    assert "secret" not in str(caught.value)


def test_a_chunk_is_16_khz_mono_pcm_unless_told_otherwise() -> None:
    chunk = AudioChunk(data=b"sound")
    assert (chunk.sample_rate, chunk.channels, chunk.format) == (16000, 1, "pcm_s16le")
    assert chunk.timestamp_ms is None
    assert not chunk.is_final


def test_a_chunk_may_end_in_the_middle_of_a_sample() -> None:
    assert AudioChunk(data=b"\x00\x01\x02").data == b"\x00\x01\x02"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("data", "text"),
        ("data", bytearray(b"ab")),
        ("sample_rate", 0),
        ("channels", 0),
        ("channels", 3),
        ("format", ""),
        ("timestamp_ms", -1),
        ("timestamp_ms", 0.5),
    ],
)
def test_a_chunk_names_the_field_that_is_wrong(field: str, value: Any) -> None:
    values: dict[str, Any] = {"data": b"", field: value}
    with pytest.raises(ValueError, match=rf"for AudioChunk\n{field}\n"):
        AudioChunk(**values)


def test_a_result_is_final_unless_it_is_a_guess() -> None:
    result = TranscriptionResult(text="Hello")
    assert (result.is_final, result.confidence, result.language) == (True, None, None)
    assert not TranscriptionResult("Hel", False, 0.4, "en").is_final


@pytest.mark.parametrize("confidence", [-0.1, 1.1, float("nan")])
def test_confidence_is_a_share(confidence: float) -> None:
    with pytest.raises(ValueError, match=r"for TranscriptionResult\nconfidence\n"):
        TranscriptionResult(text="", confidence=confidence)


def test_what_was_understood_can_be_stored() -> None:
    """PostgreSQL refuses NUL, and half of a character cannot be encoded."""
    assert TranscriptionResult(text="a\x00b\ud83d").text == "a\ufffdb\ufffd"
