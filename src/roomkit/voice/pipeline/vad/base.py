"""Voice activity detection: what a detector tells, and how it is set."""

from __future__ import annotations

from dataclasses import KW_ONLY, field
from enum import StrEnum

from pydantic import Field
from pydantic.dataclasses import dataclass

from roomkit.models._base import Settings
from roomkit.voice.audio_frame import VOICE_DATA, AudioBytes, Milliseconds
from roomkit.voice.base import Confidence, Decibels

__all__ = ["VADConfig", "VADEvent", "VADEventType"]


class VADEventType(StrEnum):
    """What a detector has noticed."""

    SPEECH_START = "speech_start"
    SPEECH_END = "speech_end"
    SILENCE = "silence"
    AUDIO_LEVEL = "audio_level"


@dataclass(frozen=True, slots=True, config=VOICE_DATA)
class VADEvent:
    """What a detector has noticed in the frames that it was given so far.

    Attributes:
        type: what it is.
        audio_bytes: with `SPEECH_END` the sound of the whole utterance, as it was in the frames;
            None if the detector keeps none.
        duration_ms: how long the speech or the silence was; None if the detector does not say.
        level_db: how loud it is in dBFS, where 0 is the loudest there is; None if the detector
            does not say.
        confidence: how sure the detector is, from 0 to 1; None if it does not say.

    Raises:
        pydantic.ValidationError: (a `ValueError`) one of these is not as it should be.
    """

    type: VADEventType
    audio_bytes: AudioBytes | None = field(default=None, repr=False)
    _: KW_ONLY
    duration_ms: Milliseconds | None = None
    level_db: Decibels | None = None
    confidence: Confidence | None = None


class VADConfig(Settings):
    """What every detector can be told.

    Attributes:
        silence_threshold_ms: how long it has to be silent for the speech to have ended.

    Raises:
        pydantic.ValidationError: (a `ValueError`) it is negative, or there is no such setting.
    """

    silence_threshold_ms: int = Field(default=500, ge=0)
