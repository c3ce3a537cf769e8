"""`AudioFrame`: a short piece of sound on its way through a call, and the types that everything
which describes sound shares.
"""

from __future__ import annotations

from dataclasses import field
from typing import Annotated, Any

from pydantic import ConfigDict, Field, InstanceOf
from pydantic.dataclasses import dataclass

__all__ = [
    "VOICE_DATA",
    "AudioBytes",
    "AudioFrame",
    "ChannelCount",
    "Milliseconds",
    "SampleRate",
]

# Sound and speech are personal: errors name the field and do not show what was in it.
VOICE_DATA = ConfigDict(
    extra="forbid",
    defer_build=True,
    hide_input_in_errors=True,
    ser_json_bytes="base64",
    val_json_bytes="base64",
)
"""How the dataclasses of `roomkit.voice` are checked, and written as JSON by a
`pydantic.TypeAdapter`: bytes become URL-safe base64."""

# Strict: otherwise text would be encoded and a buffer copied without a word.
AudioBytes = Annotated[bytes, Field(strict=True)]
"""Sound. A `bytearray`, a `memoryview` or an array is refused: ``bytes(...)`` copies it."""

SampleRate = Annotated[int, Field(gt=0)]
"""Samples per second and channel, in Hz."""

ChannelCount = Annotated[int, Field(ge=1, le=2)]
"""1 for mono, 2 for stereo. Samples of the two alternate, left first."""

Milliseconds = Annotated[int, Field(ge=0)]
"""A length of time, or how far into a sound something happened."""


@dataclass(frozen=True, slots=True, config=VOICE_DATA)
class AudioFrame:
    """A short piece of uncompressed sound, usually 10 to 30 ms of a call.

    A stage that changes the sound makes a new frame of it with
    ``dataclasses.replace(frame, data=...)``, so that nobody else who holds the old one hears the
    change. The new frame shares the old one's ``metadata``: what one stage notes there, the next
    ones read, and so does whoever made the first frame. Frames that go separate ways need a copy:
    ``replace(frame, metadata=dict(frame.metadata))``.

    Attributes:
        data: PCM as in a WAV file: little-endian and signed, or unsigned with one byte a sample.
            Only whole samples of all channels; a backend that gets less keeps the rest for the
            next frame.
        sample_rate: in Hz.
        channels: 1 or 2, which alternate.
        sample_width: bytes of one sample of one channel, from 1 to 4.
        timestamp_ms: when the frame begins, from the beginning of its stream.
        metadata: notes of the stages that it passed, under ``denoiser``, ``vad``, ``aec``,
            ``agc``, ``diarization`` and ``dtmf``. May be written to.

    Raises:
        pydantic.ValidationError: (a `ValueError`) one of these is not as it should be.
    """

    data: AudioBytes = field(repr=False)
    sample_rate: SampleRate
    channels: ChannelCount = 1
    sample_width: Annotated[int, Field(ge=1, le=4)] = 2
    timestamp_ms: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0
    # An ordinary field would be given a copy, and the stages' notes would be lost on the way.
    metadata: InstanceOf[dict[str, Any]] = field(default_factory=dict, repr=False, hash=False)

    def __post_init__(self) -> None:
        unit = self.channels * self.sample_width
        if len(self.data) % unit:
            raise ValueError(
                f"data: {len(self.data)} bytes are no whole number of samples, which take {unit} "
                f"bytes with channels={self.channels} and sample_width={self.sample_width}"
            )

    @property
    def sample_count(self) -> int:
        """How many samples there are of each channel."""
        return len(self.data) // (self.channels * self.sample_width)

    @property
    def duration_ms(self) -> float:
        """How long the frame sounds."""
        return self.sample_count * 1000 / self.sample_rate
