"""What sound passes on its way between a backend and speech recognition or synthesis."""

from __future__ import annotations

from typing import TYPE_CHECKING

from roomkit._lazy import lazy_exports

if TYPE_CHECKING:
    from roomkit.voice.pipeline.vad.base import VADConfig, VADEvent, VADEventType

__all__ = ["VADConfig", "VADEvent", "VADEventType"]

# Type checkers would take `__getattr__` as leave to import any name at all.
if not TYPE_CHECKING:
    __getattr__, __dir__ = lazy_exports(
        __name__,
        {
            "VADConfig": "roomkit.voice.pipeline.vad.base",
            "VADEvent": "roomkit.voice.pipeline.vad.base",
            "VADEventType": "roomkit.voice.pipeline.vad.base",
        },
    )
