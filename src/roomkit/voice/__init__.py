"""Calls: what they consist of, and what hooks are told about them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from roomkit._lazy import lazy_exports

if TYPE_CHECKING:
    from roomkit.voice.audio_frame import AudioFrame
    from roomkit.voice.base import (
        AudioChunk,
        TranscriptionResult,
        VoiceCapability,
        VoiceSession,
        VoiceSessionState,
    )
    from roomkit.voice.events import BargeInEvent, TTSCancelledEvent
    from roomkit.voice.interruption import InterruptionConfig, InterruptionStrategy

__all__ = [
    "AudioChunk",
    "AudioFrame",
    "BargeInEvent",
    "InterruptionConfig",
    "InterruptionStrategy",
    "TTSCancelledEvent",
    "TranscriptionResult",
    "VoiceCapability",
    "VoiceSession",
    "VoiceSessionState",
]

# Type checkers would take `__getattr__` as leave to import any name at all.
if not TYPE_CHECKING:
    __getattr__, __dir__ = lazy_exports(
        __name__,
        {
            "AudioChunk": "roomkit.voice.base",
            "AudioFrame": "roomkit.voice.audio_frame",
            "BargeInEvent": "roomkit.voice.events",
            "InterruptionConfig": "roomkit.voice.interruption",
            "InterruptionStrategy": "roomkit.voice.interruption",
            "TTSCancelledEvent": "roomkit.voice.events",
            "TranscriptionResult": "roomkit.voice.base",
            "VoiceCapability": "roomkit.voice.base",
            "VoiceSession": "roomkit.voice.base",
            "VoiceSessionState": "roomkit.voice.base",
        },
    )
