"""Telegram: the interface to vendors and its mock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from roomkit._lazy import lazy_exports

if TYPE_CHECKING:
    from roomkit.providers.telegram.base import TelegramProvider
    from roomkit.providers.telegram.mock import MockTelegramProvider
else:
    __getattr__, __dir__ = lazy_exports(
        __name__,
        {
            "MockTelegramProvider": "roomkit.providers.telegram.mock",
            "TelegramProvider": "roomkit.providers.telegram.base",
        },
    )

__all__ = [
    "MockTelegramProvider",
    "TelegramProvider",
]
