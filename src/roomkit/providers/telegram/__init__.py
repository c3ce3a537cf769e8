"""Telegram: the interface to vendors, its mock, and the Bot API."""

from __future__ import annotations

from typing import TYPE_CHECKING

from roomkit._lazy import lazy_exports

if TYPE_CHECKING:
    from roomkit.providers.telegram.base import TelegramProvider
    from roomkit.providers.telegram.bot import TelegramBotProvider
    from roomkit.providers.telegram.config import TelegramConfig
    from roomkit.providers.telegram.mentions import BotName
    from roomkit.providers.telegram.mock import MockTelegramProvider
    from roomkit.providers.telegram.webhook import (
        parse_telegram_webhook,
        read_telegram_webhook,
    )
else:
    __getattr__, __dir__ = lazy_exports(
        __name__,
        {
            "BotName": "roomkit.providers.telegram.mentions",
            "MockTelegramProvider": "roomkit.providers.telegram.mock",
            "TelegramBotProvider": "roomkit.providers.telegram.bot",
            "TelegramConfig": "roomkit.providers.telegram.config",
            "TelegramProvider": "roomkit.providers.telegram.base",
            "parse_telegram_webhook": "roomkit.providers.telegram.webhook",
            "read_telegram_webhook": "roomkit.providers.telegram.webhook",
        },
    )

__all__ = [
    "BotName",
    "MockTelegramProvider",
    "TelegramBotProvider",
    "TelegramConfig",
    "TelegramProvider",
    "parse_telegram_webhook",
    "read_telegram_webhook",
]
