"""Twilio: text messages and RCS."""

from __future__ import annotations

from typing import TYPE_CHECKING

from roomkit._lazy import lazy_exports

if TYPE_CHECKING:
    from roomkit.providers.twilio.config import TwilioConfig, TwilioRCSConfig
    from roomkit.providers.twilio.rcs import TwilioRCSProvider, parse_twilio_rcs_webhook
    from roomkit.providers.twilio.sms import TwilioSMSProvider
    from roomkit.providers.twilio.webhook import parse_twilio_webhook
else:
    __getattr__, __dir__ = lazy_exports(
        __name__,
        {
            "TwilioConfig": "roomkit.providers.twilio.config",
            "TwilioRCSConfig": "roomkit.providers.twilio.config",
            "TwilioRCSProvider": "roomkit.providers.twilio.rcs",
            "TwilioSMSProvider": "roomkit.providers.twilio.sms",
            "parse_twilio_rcs_webhook": "roomkit.providers.twilio.rcs",
            "parse_twilio_webhook": "roomkit.providers.twilio.webhook",
        },
    )

__all__ = [
    "TwilioConfig",
    "TwilioRCSConfig",
    "TwilioRCSProvider",
    "TwilioSMSProvider",
    "parse_twilio_rcs_webhook",
    "parse_twilio_webhook",
]
