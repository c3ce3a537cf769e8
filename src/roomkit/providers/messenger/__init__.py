"""Facebook Messenger: the interface to vendors and its mock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from roomkit._lazy import lazy_exports

if TYPE_CHECKING:
    from roomkit.providers.messenger.base import MessengerProvider
    from roomkit.providers.messenger.mock import MockMessengerProvider
else:
    __getattr__, __dir__ = lazy_exports(
        __name__,
        {
            "MessengerProvider": "roomkit.providers.messenger.base",
            "MockMessengerProvider": "roomkit.providers.messenger.mock",
        },
    )

__all__ = [
    "MessengerProvider",
    "MockMessengerProvider",
]
