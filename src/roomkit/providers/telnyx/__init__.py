"""Telnyx: text messages and RCS."""

from __future__ import annotations

from typing import TYPE_CHECKING

from roomkit._lazy import lazy_exports

if TYPE_CHECKING:
    from roomkit.providers.telnyx.config import TelnyxConfig, TelnyxRCSConfig
    from roomkit.providers.telnyx.rcs import TelnyxRCSProvider
    from roomkit.providers.telnyx.sms import TelnyxSMSProvider
    from roomkit.providers.telnyx.webhook import parse_telnyx_rcs_webhook, parse_telnyx_webhook
else:
    __getattr__, __dir__ = lazy_exports(
        __name__,
        {
            "TelnyxConfig": "roomkit.providers.telnyx.config",
            "TelnyxRCSConfig": "roomkit.providers.telnyx.config",
            "TelnyxRCSProvider": "roomkit.providers.telnyx.rcs",
            "TelnyxSMSProvider": "roomkit.providers.telnyx.sms",
            "parse_telnyx_rcs_webhook": "roomkit.providers.telnyx.webhook",
            "parse_telnyx_webhook": "roomkit.providers.telnyx.webhook",
        },
    )

__all__ = [
    "TelnyxConfig",
    "TelnyxRCSConfig",
    "TelnyxRCSProvider",
    "TelnyxSMSProvider",
    "parse_telnyx_rcs_webhook",
    "parse_telnyx_webhook",
]
