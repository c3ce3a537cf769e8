"""WhatsApp: the interface to vendors, Meta's own API, personal accounts, and a mock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from roomkit._lazy import lazy_exports

if TYPE_CHECKING:
    from roomkit.providers.whatsapp.base import WhatsAppProvider
    from roomkit.providers.whatsapp.cloud import WhatsAppCloudProvider
    from roomkit.providers.whatsapp.config import WhatsAppConfig
    from roomkit.providers.whatsapp.media import media_reference
    from roomkit.providers.whatsapp.mock import MockWhatsAppProvider
    from roomkit.providers.whatsapp.personal import (
        WhatsAppPersonalConfig,
        WhatsAppPersonalProvider,
    )
    from roomkit.providers.whatsapp.webhook import parse_whatsapp_webhook
else:
    __getattr__, __dir__ = lazy_exports(
        __name__,
        {
            "MockWhatsAppProvider": "roomkit.providers.whatsapp.mock",
            "WhatsAppCloudProvider": "roomkit.providers.whatsapp.cloud",
            "WhatsAppConfig": "roomkit.providers.whatsapp.config",
            "WhatsAppPersonalConfig": "roomkit.providers.whatsapp.personal",
            "WhatsAppPersonalProvider": "roomkit.providers.whatsapp.personal",
            "WhatsAppProvider": "roomkit.providers.whatsapp.base",
            "media_reference": "roomkit.providers.whatsapp.media",
            "parse_whatsapp_webhook": "roomkit.providers.whatsapp.webhook",
        },
    )

__all__ = [
    "MockWhatsAppProvider",
    "WhatsAppCloudProvider",
    "WhatsAppConfig",
    "WhatsAppPersonalConfig",
    "WhatsAppPersonalProvider",
    "WhatsAppProvider",
    "media_reference",
    "parse_whatsapp_webhook",
]
