"""Facebook Messenger: the interface to vendors, Meta's own API, and a mock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from roomkit._lazy import lazy_exports

if TYPE_CHECKING:
    from roomkit.providers.messenger.base import MessengerProvider
    from roomkit.providers.messenger.config import MessengerConfig
    from roomkit.providers.messenger.facebook import FacebookMessengerProvider
    from roomkit.providers.messenger.mock import MockMessengerProvider
    from roomkit.providers.messenger.webhook import parse_messenger_webhook
else:
    __getattr__, __dir__ = lazy_exports(
        __name__,
        {
            "FacebookMessengerProvider": "roomkit.providers.messenger.facebook",
            "MessengerConfig": "roomkit.providers.messenger.config",
            "MessengerProvider": "roomkit.providers.messenger.base",
            "MockMessengerProvider": "roomkit.providers.messenger.mock",
            "parse_messenger_webhook": "roomkit.providers.messenger.webhook",
        },
    )

__all__ = [
    "FacebookMessengerProvider",
    "MessengerConfig",
    "MessengerProvider",
    "MockMessengerProvider",
    "parse_messenger_webhook",
]
