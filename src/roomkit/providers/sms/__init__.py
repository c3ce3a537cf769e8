"""Text messages: the interface to vendors, its mock, phone numbers, segments and opt-outs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from roomkit._lazy import lazy_exports

if TYPE_CHECKING:
    from roomkit.providers.sms.base import SMSProvider
    from roomkit.providers.sms.meta import extract_sms_meta
    from roomkit.providers.sms.mock import MockSMSProvider
    from roomkit.providers.sms.opt_out import (
        InMemoryOptOutRegistry,
        OptOutRegistry,
        opt_out_action,
    )
    from roomkit.providers.sms.phone import canonical_phone, is_valid_phone, normalize_phone
    from roomkit.providers.sms.segments import SegmentCount, count_segments
    from roomkit.providers.sms.vendor import OutgoingSMS, VendorSMSProvider
else:
    __getattr__, __dir__ = lazy_exports(
        __name__,
        {
            "InMemoryOptOutRegistry": "roomkit.providers.sms.opt_out",
            "MockSMSProvider": "roomkit.providers.sms.mock",
            "OptOutRegistry": "roomkit.providers.sms.opt_out",
            "OutgoingSMS": "roomkit.providers.sms.vendor",
            "SMSProvider": "roomkit.providers.sms.base",
            "SegmentCount": "roomkit.providers.sms.segments",
            "VendorSMSProvider": "roomkit.providers.sms.vendor",
            "canonical_phone": "roomkit.providers.sms.phone",
            "count_segments": "roomkit.providers.sms.segments",
            "extract_sms_meta": "roomkit.providers.sms.meta",
            "is_valid_phone": "roomkit.providers.sms.phone",
            "normalize_phone": "roomkit.providers.sms.phone",
            "opt_out_action": "roomkit.providers.sms.opt_out",
        },
    )

__all__ = [
    "InMemoryOptOutRegistry",
    "MockSMSProvider",
    "OptOutRegistry",
    "OutgoingSMS",
    "SMSProvider",
    "SegmentCount",
    "VendorSMSProvider",
    "canonical_phone",
    "count_segments",
    "extract_sms_meta",
    "is_valid_phone",
    "normalize_phone",
    "opt_out_action",
]
