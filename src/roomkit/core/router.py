"""What decides where events go and in which form: the names under which applications import it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from roomkit._lazy import lazy_exports
from roomkit.core.transcoder import ContentTranscoder, DefaultContentTranscoder

if TYPE_CHECKING:
    from roomkit.core.event_router import EventRouter

__all__ = ["ContentTranscoder", "DefaultContentTranscoder", "EventRouter"]

# Type checkers would take `__getattr__` as leave to import any name at all.
if not TYPE_CHECKING:
    __getattr__, __dir__ = lazy_exports(__name__, {"EventRouter": "roomkit.core.event_router"})
