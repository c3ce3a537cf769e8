"""What the parts of a call share: the session, what a backend can do, sound, and what was said."""

from __future__ import annotations

from dataclasses import field
from datetime import datetime
from enum import Flag, StrEnum, auto
from typing import Annotated, Any

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from roomkit.models._base import Text, utc_now
from roomkit.models.enums import ChannelDirection, ChannelType
from roomkit.models.event import EventSource
from roomkit.voice.audio_frame import (
    VOICE_DATA,
    AudioBytes,
    ChannelCount,
    Milliseconds,
    SampleRate,
)

__all__ = [
    "AudioChunk",
    "Confidence",
    "Decibels",
    "FixedId",
    "LiveSession",
    "TranscriptionResult",
    "VoiceCapability",
    "VoiceSession",
    "VoiceSessionState",
]

FixedId = Annotated[str, Field(min_length=1, frozen=True)]
"""An id that is never empty and stays as it is."""

Confidence = Annotated[float, Field(ge=0, le=1)]
"""How sure a model is, from 0 to 1."""

Decibels = Annotated[float, Field(allow_inf_nan=False)]
"""A level in dBFS: 0 is the loudest there is, quieter is negative. Silence has no level on this
scale: whoever measures puts a number as its floor."""


class VoiceSessionState(StrEnum):
    """How far a call is. `PAUSED` is on hold; no session leaves `ENDED`."""

    CONNECTING = "connecting"
    ACTIVE = "active"
    PAUSED = "paused"
    ENDED = "ended"


class VoiceCapability(Flag):
    """What a voice backend does by itself; combine with ``|``.

    Attributes:
        NONE: it moves audio and nothing else.
        INTERRUPTION: it can stop audio that is being played.
        PARTIAL_STT: it transcribes while somebody speaks.
        VAD_SILENCE: it tells of silence.
        VAD_AUDIO_LEVEL: it tells how loud it is.
        BARGE_IN: it notices that somebody speaks while audio is being played.
        NATIVE_AEC: it cancels echo; an echo canceller of the pipeline is skipped.
        NATIVE_AGC: it levels the volume; the gain control of the pipeline is skipped.
    """

    NONE = 0
    INTERRUPTION = auto()
    PARTIAL_STT = auto()
    VAD_SILENCE = auto()
    VAD_AUDIO_LEVEL = auto()
    BARGE_IN = auto()
    NATIVE_AEC = auto()
    NATIVE_AGC = auto()


_SESSION = ConfigDict(**VOICE_DATA, validate_assignment=True)


@dataclass(config=_SESSION)
class LiveSession:
    """The base of `VoiceSession` and of `roomkit.voice.realtime.base.RealtimeSession`: one
    participant in one room, by way of one channel, for as long as a call lasts.

    There is one object per session, and all who have to do with it hold that one. ``state`` and
    ``metadata`` change during a session, who takes part where does not, so that it can be a key of
    sets and dicts, weak ones included.

    Attributes:
        id: the session's; unique in the application.
        room_id: the room that it takes part in.
        participant_id: who is at the other end.
        channel_id: the channel that carries it.
        state: how far it is.
        created_at: when it began.
        metadata: whatever else is known, such as the backend's own address of the call. May be
            written to; the session has a copy of the mapping that it was made with.
        channel_type: the channel's, for the filters of hooks.

    Raises:
        pydantic.ValidationError: (a `ValueError`) one of these is not as it should be. Assigning
            to a field checks it, too.
    """

    id: FixedId
    room_id: FixedId
    participant_id: FixedId
    channel_id: FixedId
    state: StrEnum
    created_at: Annotated[datetime, Field(frozen=True)] = field(default_factory=utc_now)
    metadata: dict[str, Any] = field(default_factory=dict, repr=False)
    channel_type: Annotated[ChannelType, Field(frozen=True)] = field(
        default=ChannelType.VOICE, kw_only=True
    )

    def __hash__(self) -> int:
        return hash(self.id)

    def source(self, direction: ChannelDirection = ChannelDirection.INBOUND) -> EventSource:
        """The participant as the source of an event, or with `OUTBOUND` as whom it goes to."""
        return EventSource(
            channel_id=self.channel_id,
            channel_type=self.channel_type,
            participant_id=self.participant_id,
            direction=direction,
        )


@dataclass(config=_SESSION)
class VoiceSession(LiveSession):
    """One call of a `VoiceChannel`: somebody who speaks and listens in a room.

    ``metadata`` has ``input_sample_rate`` and ``output_sample_rate``, both in Hz, where the
    backend knows them. See `LiveSession` for the rest.
    """

    state: VoiceSessionState = VoiceSessionState.CONNECTING

    __hash__ = LiveSession.__hash__


@dataclass(frozen=True, slots=True, config=VOICE_DATA)
class AudioChunk:
    """A piece of sound as it goes to a recogniser or comes from a synthesiser.

    Unlike an `AudioFrame` it may be of any length and encoding, and end in the middle of a sample:
    the pieces of a stream are cut where the network cut them.

    Attributes:
        data: the sound, encoded as ``format`` says.
        sample_rate: in Hz.
        channels: 1 or 2.
        format: the encoding, by the name that FFmpeg has for it: ``pcm_s16le`` is signed 16-bit
            PCM, little-endian.
        timestamp_ms: when the piece begins, from the beginning of its stream; None if nobody says.
        is_final: no piece of the same stream comes after this one.

    Raises:
        pydantic.ValidationError: (a `ValueError`) one of these is not as it should be.
    """

    data: AudioBytes = field(repr=False)
    sample_rate: SampleRate = 16000
    channels: ChannelCount = 1
    format: Annotated[str, Field(min_length=1)] = "pcm_s16le"
    timestamp_ms: Milliseconds | None = None
    is_final: bool = False


@dataclass(frozen=True, slots=True, config=VOICE_DATA)
class TranscriptionResult:
    """What a recogniser has understood.

    Attributes:
        text: the words; empty if there were none.
        is_final: False for a guess that later results for the same speech replace.
        confidence: how sure the recogniser is, from 0 to 1; None if it does not say.
        language: what was spoken, as a BCP 47 tag such as ``en`` or ``pt-BR``; None if the
            recogniser does not say.

    Raises:
        pydantic.ValidationError: (a `ValueError`) one of these is not as it should be.
    """

    text: Text = field(repr=False)
    is_final: bool = True
    confidence: Confidence | None = None
    language: str | None = None
