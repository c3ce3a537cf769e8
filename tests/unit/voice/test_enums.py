"""The closed sets of names, word by word: stored data and other people's code depend on them."""

from __future__ import annotations

from enum import StrEnum
from functools import reduce
from operator import or_

import pytest

from roomkit.voice.base import VoiceCapability, VoiceSessionState
from roomkit.voice.interruption import InterruptionStrategy
from roomkit.voice.pipeline import VADEventType
from roomkit.voice.realtime.base import RealtimeSessionState

VALUES: dict[type[StrEnum], str] = {
    VoiceSessionState: "connecting active paused ended",
    RealtimeSessionState: "connecting active reconnecting ended",
    VADEventType: "speech_start speech_end silence audio_level",
    InterruptionStrategy: "immediate confirmed semantic disabled",
}
CAPABILITIES = [
    "INTERRUPTION",
    "PARTIAL_STT",
    "VAD_SILENCE",
    "VAD_AUDIO_LEVEL",
    "BARGE_IN",
    "NATIVE_AEC",
    "NATIVE_AGC",
]


@pytest.mark.parametrize("enum", VALUES, ids=lambda enum: enum.__name__)
def test_the_values_are_exactly_these(enum: type[StrEnum]) -> None:
    assert [member.value for member in enum] == VALUES[enum].split()


@pytest.mark.parametrize("enum", VALUES, ids=lambda enum: enum.__name__)
def test_a_member_is_its_value_in_capitals(enum: type[StrEnum]) -> None:
    for member in enum:
        assert member == member.value == member.name.lower()


def test_the_capabilities_are_exactly_these() -> None:
    assert [member.name for member in VoiceCapability] == CAPABILITIES


def test_a_backend_without_capabilities_has_none_of_them() -> None:
    nothing = VoiceCapability.NONE
    assert nothing.value == 0
    assert not nothing
    assert not any(member in nothing for member in VoiceCapability)


def test_capabilities_are_combined_and_asked_for_one_by_one() -> None:
    offered = VoiceCapability.INTERRUPTION | VoiceCapability.NATIVE_AEC
    assert VoiceCapability.NATIVE_AEC in offered
    assert VoiceCapability.NATIVE_AGC not in offered
    assert offered | VoiceCapability.NONE == offered


def test_no_two_capabilities_share_a_bit() -> None:
    everything = reduce(or_, VoiceCapability)
    assert everything.value.bit_count() == len(CAPABILITIES)
