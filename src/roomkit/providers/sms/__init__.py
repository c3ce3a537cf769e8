"""Text messages: the interface to vendors, its mock, and phone numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from roomkit._lazy import lazy_exports

if TYPE_CHECKING:
    from roomkit.providers.sms.base import SMSProvider
    from roomkit.providers.sms.meta import extract_sms_meta
    from roomkit.providers.sms.mock import MockSMSProvider
    from roomkit.providers.sms.phone import canonical_phone, is_valid_phone, normalize_phone
else:
    __getattr__, __dir__ = lazy_exports(
        __name__,
        {
            "MockSMSProvider": "roomkit.providers.sms.mock",
            "SMSProvider": "roomkit.providers.sms.base",
            "canonical_phone": "roomkit.providers.sms.phone",
            "extract_sms_meta": "roomkit.providers.sms.meta",
            "is_valid_phone": "roomkit.providers.sms.phone",
            "normalize_phone": "roomkit.providers.sms.phone",
        },
    )

__all__ = [
    "MockSMSProvider",
    "SMSProvider",
    "canonical_phone",
    "extract_sms_meta",
    "is_valid_phone",
    "normalize_phone",
]
