"""Sources: connections that the application opens itself and that messages come in through."""

from __future__ import annotations

from typing import TYPE_CHECKING

from roomkit._lazy import lazy_exports
from roomkit.sources.base import Emit, SourceHealth, SourceProvider, SourceStatus

if TYPE_CHECKING:
    from roomkit.sources.neonize import NeonizeSource
    from roomkit.sources.sse import SSESource
    from roomkit.sources.websocket import WebSocketSource

__all__ = [
    "Emit",
    "NeonizeSource",
    "SSESource",
    "SourceHealth",
    "SourceProvider",
    "SourceStatus",
    "WebSocketSource",
]

# Type checkers would take `__getattr__` as leave to import any name at all.
if not TYPE_CHECKING:
    __getattr__, __dir__ = lazy_exports(
        __name__,
        {
            "NeonizeSource": "roomkit.sources.neonize",
            "SSESource": "roomkit.sources.sse",
            "WebSocketSource": "roomkit.sources.websocket",
        },
    )
