"""`Agent`: an AI channel with a part to play."""

from __future__ import annotations

from typing import Any, Unpack

from roomkit.channels.ai import AIChannel, AIChannelOptions
from roomkit.errors import VoiceBackendNotConfiguredError
from roomkit.providers.ai.base import AIProvider


class Agent(AIChannel):
    """A language model with a role, among others.

    The role and the description stand before the system prompt, and say to other agents what this
    one is for.

    Args:
        channel_id: its id.
        provider: the model.
        role: what it is, such as ``"Customer support specialist"``.
        description: what it is for, such as ``"Handles billing and account questions"``.
        greeting: what it says first. `RoomKit.send_greeting` says it.
        stt: for an agent that is spoken to, like the three below. This version has no voice.
        tts: see `stt`.
        backend: see `stt`.
        pipeline: see `stt`.
        options: those of `AIChannel`.

    Raises:
        VoiceBackendNotConfiguredError: a part of a voice was given.
    """

    def __init__(
        self,
        channel_id: str,
        provider: AIProvider,
        *,
        role: str | None = None,
        description: str | None = None,
        greeting: str | None = None,
        stt: Any = None,
        tts: Any = None,
        backend: Any = None,
        pipeline: Any = None,
        **options: Unpack[AIChannelOptions],
    ) -> None:
        if any(part is not None for part in (stt, tts, backend, pipeline)):
            raise VoiceBackendNotConfiguredError(channel_id)
        self.role = role
        self.description = description
        self.greeting = greeting
        super().__init__(channel_id, provider, **options)

    @property
    def persona(self) -> str | None:
        """Who the model is told to be."""
        parts = [f"You are: {self.role}" if self.role else "", self.description or ""]
        return "\n".join(part for part in parts if part) or None
