"""What hooks are told about a call.

ON_TRANSCRIPTION, BEFORE_TTS and AFTER_TTS are about messages, and their hooks get a `RoomEvent`.
"""

from __future__ import annotations

from dataclasses import field, fields
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from roomkit.models._base import Text, utc_now
from roomkit.models.enums import ChannelDirection
from roomkit.models.event import EventSource
from roomkit.voice.audio_frame import VOICE_DATA, Milliseconds
from roomkit.voice.base import AudioChunk, Confidence, Decibels, LiveSession, VoiceSession

__all__ = [
    "AudioLevelEvent",
    "BackchannelEvent",
    "BargeInEvent",
    "DTMFEvent",
    "PartialTranscriptionEvent",
    "SessionEvent",
    "SpeakerChangeEvent",
    "SpeechEndEvent",
    "SpeechStartEvent",
    "TTSCancelReason",
    "TTSCancelledEvent",
    "TurnEvent",
    "VADAudioLevelEvent",
    "VADSilenceEvent",
    "VoiceEvent",
]

type TTSCancelReason = Literal["barge_in", "explicit", "disconnect", "error"]
"""Why an answer was cut off: somebody spoke over it, the application asked for it, the call ended,
or something failed."""


@dataclass(frozen=True, slots=True, config=VOICE_DATA)
class SessionEvent:
    """The base of what happens in a live session.

    Attributes:
        session: where it happened. The one object that the session has, not a copy.

    Raises:
        pydantic.ValidationError: (a `ValueError`) a field is not as it should be.
    """

    session: LiveSession

    @property
    def source(self) -> EventSource:
        """The session's participant and channel, for the filters of hooks."""
        return self.session.source()

    @property
    def data(self) -> dict[str, Any]:
        """What happened in plain JSON types, without sound, and with the session as its ids."""
        told = {
            item.name: _plain(getattr(self, item.name))
            for item in fields(self)
            if item.name != "session" and not isinstance(getattr(self, item.name), AudioChunk)
        }
        session = self.session
        return {
            "session_id": session.id,
            "room_id": session.room_id,
            "channel_id": session.channel_id,
            "participant_id": session.participant_id,
            **told,
        }


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


@dataclass(frozen=True, slots=True, config=VOICE_DATA)
class VoiceEvent(SessionEvent):
    """The base of what happens in a call."""

    session: VoiceSession


@dataclass(frozen=True, slots=True, kw_only=True, config=VOICE_DATA)
class SpeechStartEvent(VoiceEvent):
    """ON_SPEECH_START: the participant begins to speak."""

    timestamp: datetime = field(default_factory=utc_now)


@dataclass(frozen=True, slots=True, kw_only=True, config=VOICE_DATA)
class SpeechEndEvent(VoiceEvent):
    """ON_SPEECH_END: the participant has stopped speaking.

    Attributes:
        duration_ms: how long the speech was.
        audio: what was said, if the detector keeps it.
        timestamp: when.
    """

    duration_ms: Milliseconds
    audio: AudioChunk | None = None
    timestamp: datetime = field(default_factory=utc_now)


@dataclass(frozen=True, slots=True, kw_only=True, config=VOICE_DATA)
class PartialTranscriptionEvent(VoiceEvent):
    """ON_PARTIAL_TRANSCRIPTION: a guess at what the participant is saying, while they say it.

    Attributes:
        text: all of it so far; replaces the guess before.
        confidence: how sure the recogniser is, from 0 to 1; None if it does not say.
        language: what is spoken, as a BCP 47 tag; None if the recogniser does not say.
        timestamp: when.
    """

    text: Text = field(repr=False)
    confidence: Confidence | None = None
    language: str | None = None
    timestamp: datetime = field(default_factory=utc_now)


@dataclass(frozen=True, slots=True, kw_only=True, config=VOICE_DATA)
class VADSilenceEvent(VoiceEvent):
    """ON_VAD_SILENCE: the participant has been silent.

    Attributes:
        silence_duration_ms: for how long.
        timestamp: when.
    """

    silence_duration_ms: Milliseconds
    timestamp: datetime = field(default_factory=utc_now)


@dataclass(frozen=True, slots=True, kw_only=True, config=VOICE_DATA)
class VADAudioLevelEvent(VoiceEvent):
    """ON_VAD_AUDIO_LEVEL: how loud it is, from the detector that looks for speech.

    Attributes:
        level_db: in dBFS: 0 is the loudest there is.
        is_speech: whether the detector takes it for speech.
        timestamp: when.
    """

    level_db: Decibels
    is_speech: bool
    timestamp: datetime = field(default_factory=utc_now)


@dataclass(frozen=True, slots=True, kw_only=True, config=VOICE_DATA)
class AudioLevelEvent(VoiceEvent):
    """ON_INPUT_AUDIO_LEVEL and ON_OUTPUT_AUDIO_LEVEL: how loud the participant is, or what they
    hear.

    Attributes:
        level_db: in dBFS: 0 is the loudest there is.
        direction: `INBOUND` from the participant, `OUTBOUND` to them.
        timestamp: when.
    """

    level_db: Decibels
    direction: Literal[ChannelDirection.INBOUND, ChannelDirection.OUTBOUND]
    timestamp: datetime = field(default_factory=utc_now)

    @property
    def source(self) -> EventSource:
        return self.session.source(self.direction)


@dataclass(frozen=True, slots=True, kw_only=True, config=VOICE_DATA)
class SpeakerChangeEvent(VoiceEvent):
    """ON_SPEAKER_CHANGE: another voice at the same end of the call.

    Attributes:
        speaker_id: the diarizer's name for who speaks now; means something within the session.
        previous_speaker_id: who spoke before; None for the first.
        confidence: how sure the diarizer is, from 0 to 1; None if it does not say.
        timestamp: when.
    """

    speaker_id: str
    previous_speaker_id: str | None = None
    confidence: Confidence | None = None
    timestamp: datetime = field(default_factory=utc_now)


@dataclass(frozen=True, slots=True, config=VOICE_DATA)
class BargeInEvent(VoiceEvent):
    """ON_BARGE_IN: the participant speaks while an answer is being played.

    Attributes:
        interrupted_text: the answer.
        audio_position_ms: how much of it had been played.
        timestamp: when.
    """

    interrupted_text: Text = field(repr=False)
    audio_position_ms: Milliseconds
    timestamp: datetime = field(default_factory=utc_now)


@dataclass(frozen=True, slots=True, config=VOICE_DATA)
class TTSCancelledEvent(VoiceEvent):
    """ON_TTS_CANCELLED: an answer was cut off.

    Attributes:
        reason: why.
        text: the answer.
        audio_position_ms: how much of it had been played.
        timestamp: when.
    """

    reason: TTSCancelReason
    text: Text = field(repr=False)
    audio_position_ms: Milliseconds
    timestamp: datetime = field(default_factory=utc_now)

    @property
    def source(self) -> EventSource:
        return self.session.source(ChannelDirection.OUTBOUND)


@dataclass(frozen=True, slots=True, kw_only=True, config=VOICE_DATA)
class DTMFEvent(VoiceEvent):
    """ON_DTMF: the participant pressed a key of their telephone.

    Attributes:
        digit: ``0`` to ``9``, ``*``, ``#`` or ``A`` to ``D``. People dial secrets.
        duration_ms: how long they pressed it; None if the detector does not say.
        timestamp: when.
    """

    digit: Annotated[str, Field(pattern=r"^[0-9*#A-D]$")] = field(repr=False)
    duration_ms: Milliseconds | None = None
    timestamp: datetime = field(default_factory=utc_now)


@dataclass(frozen=True, slots=True, kw_only=True, config=VOICE_DATA)
class TurnEvent(VoiceEvent):
    """ON_TURN_COMPLETE and ON_TURN_INCOMPLETE: whether the participant has said all they wanted.

    Attributes:
        text: what they have said in this turn so far.
        is_complete: True once it is their counterpart's turn.
        confidence: how sure the detector is, from 0 to 1; None if it does not say.
        timestamp: when.
    """

    text: Text = field(repr=False)
    is_complete: bool
    confidence: Confidence | None = None
    timestamp: datetime = field(default_factory=utc_now)


@dataclass(frozen=True, slots=True, kw_only=True, config=VOICE_DATA)
class BackchannelEvent(VoiceEvent):
    """ON_BACKCHANNEL: the participant says "uh-huh" or the like, which means to go on.

    Attributes:
        text: what they said.
        confidence: how sure the detector is, from 0 to 1; None if it does not say.
        timestamp: when.
    """

    text: Text = field(repr=False)
    confidence: Confidence | None = None
    timestamp: datetime = field(default_factory=utc_now)
