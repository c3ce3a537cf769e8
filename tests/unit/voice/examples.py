"""Any value of whatever describes a call."""

from __future__ import annotations

import dataclasses
import importlib
import pkgutil
from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from pydantic import BaseModel

from roomkit import voice
from roomkit.models.enums import ChannelDirection, ChannelType
from roomkit.voice.audio_frame import AudioFrame
from roomkit.voice.base import (
    AudioChunk,
    LiveSession,
    TranscriptionResult,
    VoiceSession,
    VoiceSessionState,
)
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
    VoiceEvent,
)
from roomkit.voice.interruption import InterruptionConfig, InterruptionStrategy
from roomkit.voice.pipeline import VADConfig, VADEvent, VADEventType
from roomkit.voice.realtime import (
    RealtimeSession,
    RealtimeSessionState,
    RealtimeTextInjectedEvent,
)
from tests.unit.models.examples import clean_text, fractions, moments, objects, words

# Nobody makes one of these: they are what others begin with.
BASES = {LiveSession, SessionEvent, VoiceEvent}

ids = st.sampled_from(["room-1", "caller", "+4712345678", "é"])
sound = st.binary(max_size=12)
rates = st.sampled_from([8000, 16000, 24000, 44100, 48000])
milliseconds = st.integers(0, 10**9)
confidences = st.none() | st.floats(0, 1)
notes = st.dictionaries(st.sampled_from(["denoiser", "vad", "agc"]), words)


@st.composite
def frames(draw: st.DrawFn) -> AudioFrame:
    channels, width = draw(st.integers(1, 2)), draw(st.integers(1, 4))
    return AudioFrame(
        data=draw(sound) * channels * width,
        sample_rate=draw(rates),
        channels=channels,
        sample_width=width,
        timestamp_ms=draw(st.floats(0, 1e9)),
        metadata=draw(notes),
    )


chunks = st.builds(
    AudioChunk,
    data=sound,
    sample_rate=rates,
    channels=st.integers(1, 2),
    format=st.sampled_from(["pcm_s16le", "pcm_mulaw", "mp3"]),
    timestamp_ms=st.none() | milliseconds,
    is_final=st.booleans(),
)
_whose = {
    "id": ids,
    "room_id": ids,
    "participant_id": ids,
    "channel_id": ids,
    "created_at": moments,
    "metadata": objects,
    "channel_type": st.sampled_from(ChannelType),
}
sessions = st.builds(VoiceSession, state=st.sampled_from(VoiceSessionState), **_whose)
realtime_sessions = st.builds(
    RealtimeSession, state=st.sampled_from(RealtimeSessionState), **_whose
)


def events[Event: VoiceEvent](
    kind: type[Event], **values: SearchStrategy[Any]
) -> SearchStrategy[Event]:
    return st.builds(kind, session=sessions, timestamp=moments, **values)


EXAMPLES: dict[type[Any], SearchStrategy[Any]] = {
    AudioFrame: frames(),
    AudioChunk: chunks,
    VoiceSession: sessions,
    RealtimeSession: realtime_sessions,
    TranscriptionResult: st.builds(
        TranscriptionResult,
        text=clean_text,
        is_final=st.booleans(),
        confidence=confidences,
        language=st.none() | words,
    ),
    SpeechStartEvent: events(SpeechStartEvent),
    SpeechEndEvent: events(SpeechEndEvent, duration_ms=milliseconds, audio=st.none() | chunks),
    PartialTranscriptionEvent: events(
        PartialTranscriptionEvent,
        text=clean_text,
        confidence=confidences,
        language=st.none() | words,
    ),
    VADSilenceEvent: events(VADSilenceEvent, silence_duration_ms=milliseconds),
    VADAudioLevelEvent: events(VADAudioLevelEvent, level_db=fractions, is_speech=st.booleans()),
    AudioLevelEvent: events(
        AudioLevelEvent,
        level_db=fractions,
        direction=st.sampled_from([ChannelDirection.INBOUND, ChannelDirection.OUTBOUND]),
    ),
    SpeakerChangeEvent: events(
        SpeakerChangeEvent,
        speaker_id=words,
        previous_speaker_id=st.none() | words,
        confidence=confidences,
    ),
    BargeInEvent: events(
        BargeInEvent, interrupted_text=clean_text, audio_position_ms=milliseconds
    ),
    TTSCancelledEvent: events(
        TTSCancelledEvent,
        reason=st.sampled_from(["barge_in", "explicit", "disconnect", "error"]),
        text=clean_text,
        audio_position_ms=milliseconds,
    ),
    DTMFEvent: events(
        DTMFEvent,
        digit=st.sampled_from("0123456789*#ABCD"),
        duration_ms=st.none() | milliseconds,
    ),
    TurnEvent: events(
        TurnEvent, text=clean_text, is_complete=st.booleans(), confidence=confidences
    ),
    BackchannelEvent: events(BackchannelEvent, text=clean_text, confidence=confidences),
    RealtimeTextInjectedEvent: st.builds(
        RealtimeTextInjectedEvent,
        session=realtime_sessions,
        text=clean_text,
        role=st.sampled_from(["assistant", "user"]),
        timestamp=moments,
    ),
    VADEvent: st.builds(
        VADEvent,
        type=st.sampled_from(VADEventType),
        audio_bytes=st.none() | sound,
        duration_ms=st.none() | milliseconds,
        level_db=st.none() | fractions,
        confidence=confidences,
    ),
    VADConfig: st.builds(VADConfig, silence_threshold_ms=milliseconds),
    InterruptionConfig: st.builds(
        InterruptionConfig,
        strategy=st.sampled_from(InterruptionStrategy),
        min_speech_ms=milliseconds,
    ),
}


def all_models() -> Iterator[type[Any]]:
    """Every dataclass and every pydantic model of the package `roomkit.voice`."""
    for info in pkgutil.walk_packages(voice.__path__, f"{voice.__name__}."):
        module = importlib.import_module(info.name)
        for value in vars(module).values():
            if (
                isinstance(value, type)
                and value.__module__ == module.__name__
                and (dataclasses.is_dataclass(value) or issubclass(value, BaseModel))
            ):
                yield value
