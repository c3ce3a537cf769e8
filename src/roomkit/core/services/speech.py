"""Turning speech into text and text into speech, outside of any call."""

from __future__ import annotations

from typing import Protocol

from roomkit.errors import VoiceNotConfiguredError
from roomkit.models.content import AudioContent


class Transcriber(Protocol):
    """The part of an STT provider that the kit itself uses."""

    async def transcribe(self, audio: AudioContent) -> str: ...


class Synthesizer(Protocol):
    """The part of a TTS provider that the kit itself uses."""

    async def synthesize(self, text: str, *, voice: str | None = None) -> AudioContent: ...


class SpeechService:
    """The kit's own STT and TTS providers, if it was given any."""

    def __init__(self, stt: Transcriber | None, tts: Synthesizer | None) -> None:
        self._stt = stt
        self._tts = tts

    async def transcribe(self, audio: AudioContent) -> str:
        """The words in a recording.

        Raises:
            VoiceNotConfiguredError: the kit has no STT provider.
        """
        if self._stt is None:
            raise VoiceNotConfiguredError("stt")
        return await self._stt.transcribe(audio)

    async def synthesize(self, text: str, voice: str | None) -> AudioContent:
        """A recording of the words.

        Raises:
            VoiceNotConfiguredError: the kit has no TTS provider.
        """
        if self._tts is None:
            raise VoiceNotConfiguredError("tts")
        return await self._tts.synthesize(text, voice=voice)
