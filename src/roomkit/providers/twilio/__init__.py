"""Twilio: text messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from roomkit._lazy import lazy_exports

if TYPE_CHECKING:
    from roomkit.providers.twilio.config import TwilioConfig
    from roomkit.providers.twilio.sms import TwilioSMSProvider
    from roomkit.providers.twilio.webhook import parse_twilio_webhook
else:
    __getattr__, __dir__ = lazy_exports(
        __name__,
        {
            "TwilioConfig": "roomkit.providers.twilio.config",
            "TwilioSMSProvider": "roomkit.providers.twilio.sms",
            "parse_twilio_webhook": "roomkit.providers.twilio.webhook",
        },
    )

__all__ = [
    "TwilioConfig",
    "TwilioSMSProvider",
    "parse_twilio_webhook",
]
