"""Sinch: text messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from roomkit._lazy import lazy_exports

if TYPE_CHECKING:
    from roomkit.providers.sinch.config import SinchConfig
    from roomkit.providers.sinch.sms import SinchSMSProvider
    from roomkit.providers.sinch.webhook import parse_sinch_webhook
else:
    __getattr__, __dir__ = lazy_exports(
        __name__,
        {
            "SinchConfig": "roomkit.providers.sinch.config",
            "SinchSMSProvider": "roomkit.providers.sinch.sms",
            "parse_sinch_webhook": "roomkit.providers.sinch.webhook",
        },
    )

__all__ = [
    "SinchConfig",
    "SinchSMSProvider",
    "parse_sinch_webhook",
]
