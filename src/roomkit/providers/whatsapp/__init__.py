"""WhatsApp: the interface to vendors and its mock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from roomkit._lazy import lazy_exports

if TYPE_CHECKING:
    from roomkit.providers.whatsapp.base import WhatsAppProvider
    from roomkit.providers.whatsapp.mock import MockWhatsAppProvider
else:
    __getattr__, __dir__ = lazy_exports(
        __name__,
        {
            "MockWhatsAppProvider": "roomkit.providers.whatsapp.mock",
            "WhatsAppProvider": "roomkit.providers.whatsapp.base",
        },
    )

__all__ = [
    "MockWhatsAppProvider",
    "WhatsAppProvider",
]
