"""VoiceMeUp: text messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from roomkit._lazy import lazy_exports

if TYPE_CHECKING:
    from roomkit.providers.voicemeup.config import VoiceMeUpConfig
    from roomkit.providers.voicemeup.sms import (
        VoiceMeUpSMSProvider,
        configure_voicemeup_mms,
        parse_voicemeup_webhook,
    )
else:
    __getattr__, __dir__ = lazy_exports(
        __name__,
        {
            "VoiceMeUpConfig": "roomkit.providers.voicemeup.config",
            "VoiceMeUpSMSProvider": "roomkit.providers.voicemeup.sms",
            "configure_voicemeup_mms": "roomkit.providers.voicemeup.sms",
            "parse_voicemeup_webhook": "roomkit.providers.voicemeup.sms",
        },
    )

__all__ = [
    "VoiceMeUpConfig",
    "VoiceMeUpSMSProvider",
    "configure_voicemeup_mms",
    "parse_voicemeup_webhook",
]
