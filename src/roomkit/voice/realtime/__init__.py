"""Conversations with speech-to-speech models."""

from __future__ import annotations

from typing import TYPE_CHECKING

from roomkit._lazy import lazy_exports

if TYPE_CHECKING:
    from roomkit.voice.realtime.base import RealtimeSession, RealtimeSessionState
    from roomkit.voice.realtime.events import RealtimeTextInjectedEvent

__all__ = ["RealtimeSession", "RealtimeSessionState", "RealtimeTextInjectedEvent"]

# Type checkers would take `__getattr__` as leave to import any name at all.
if not TYPE_CHECKING:
    __getattr__, __dir__ = lazy_exports(
        __name__,
        {
            "RealtimeSession": "roomkit.voice.realtime.base",
            "RealtimeSessionState": "roomkit.voice.realtime.base",
            "RealtimeTextInjectedEvent": "roomkit.voice.realtime.events",
        },
    )
