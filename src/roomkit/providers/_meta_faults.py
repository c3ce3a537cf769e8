"""What the numbers mean with which Meta's Graph API refuses.

What is not listed is judged by its HTTP status. A key is a code, or a code and its subcode.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from roomkit.providers._http import VendorFault
from roomkit.providers._webhook_items import mapping

OUTSIDE_WINDOW = "outside_window"
"""The code of a refusal because the person has not written for too long."""

_BAD_MESSAGE = VendorFault(code="rejected", retryable=False)
_BAD_RECIPIENT = VendorFault(code="invalid_recipient", retryable=False)
_BAD_SENDER = VendorFault(code="invalid_sender", retryable=False)
_BAD_MEDIA = VendorFault(code="invalid_media", retryable=False)
_BAD_TEMPLATE = VendorFault(code="invalid_template", retryable=False)
_BUSY = VendorFault(code="rate_limited", retryable=True)
_DOWN = VendorFault(code="unavailable", retryable=True)
_FORBIDDEN = VendorFault(code="forbidden", retryable=False)
_OUTSIDE = VendorFault(code=OUTSIDE_WINDOW, retryable=False)
_UNAUTHORIZED = VendorFault(code="unauthorized", retryable=False)
_UNREACHABLE = VendorFault(code="recipient_unavailable", retryable=False)
_WITHHELD = VendorFault(code="withheld", retryable=False)

# https://developers.facebook.com/docs/graph-api/guides/error-handling
_GRAPH: Mapping[str, VendorFault] = {
    "0": _UNAUTHORIZED,
    "1": _DOWN,
    "2": _DOWN,
    "3": _FORBIDDEN,
    "4": _BUSY,
    "10": _FORBIDDEN,
    "17": _BUSY,
    "32": _BUSY,
    "100": _BAD_MESSAGE,
    "102": _UNAUTHORIZED,
    "190": _UNAUTHORIZED,
    "200": _FORBIDDEN,
    "341": _BUSY,
    "368": _FORBIDDEN,
    "613": _BUSY,
}
# https://developers.facebook.com/documentation/business-messaging/whatsapp/support/error-codes
_WHATSAPP: Mapping[str, VendorFault] = {
    "33": _BAD_SENDER,
    "80007": _BUSY,
    "130429": _BUSY,
    "130472": _WITHHELD,
    "130497": _FORBIDDEN,
    "131000": _DOWN,
    "131005": _FORBIDDEN,
    "131008": _BAD_MESSAGE,
    "131009": _BAD_MESSAGE,
    "131016": _DOWN,
    "131021": _BAD_RECIPIENT,
    "131026": _BAD_RECIPIENT,
    "131030": _BAD_RECIPIENT,
    "131031": _FORBIDDEN,
    "131037": _BAD_SENDER,
    "131042": VendorFault(code="payment_required", retryable=False),
    "131045": _BAD_SENDER,
    "131047": _OUTSIDE,
    # Too much was taken for spam; waiting a few seconds does not help.
    "131048": VendorFault(code="rate_limited", retryable=False),
    "131049": _WITHHELD,
    "131050": VendorFault(code="opted_out", retryable=False),
    "131051": _BAD_MESSAGE,
    "131052": _BAD_MEDIA,
    "131053": _BAD_MEDIA,
    "131056": _BUSY,
    "131057": _DOWN,
    "132000": _BAD_TEMPLATE,
    "132001": _BAD_TEMPLATE,
    "132005": _BAD_TEMPLATE,
    "132007": _BAD_TEMPLATE,
    "132012": _BAD_TEMPLATE,
    "132015": _BAD_TEMPLATE,
    "132016": _BAD_TEMPLATE,
    "133004": _DOWN,
    "133010": _BAD_SENDER,
    "135000": _BAD_MESSAGE,
}
# https://developers.facebook.com/documentation/business-messaging/messenger-platform/error-codes
_MESSENGER: Mapping[str, VendorFault] = {
    "10/2018065": _OUTSIDE,
    "10/2018278": _OUTSIDE,
    "10/2018108": _UNREACHABLE,
    "100/2018001": _BAD_RECIPIENT,
    "100/2018047": _BAD_MEDIA,
    "100/2018109": _BAD_MEDIA,
    "200/1545041": _UNREACHABLE,
    "551": _UNREACHABLE,
    "1200": _DOWN,
}
FAULTS: Mapping[str, VendorFault] = {**_GRAPH, **_WHATSAPP, **_MESSENGER}


def meta_fault(answer: Mapping[str, Any]) -> VendorFault | None:
    """The reason in an answer of the Graph API; None if it gives none."""
    error = mapping(answer.get("error"))
    code, subcode = _number(error.get("code")), _number(error.get("error_subcode"))
    if not code:
        return None
    full = f"{code}/{subcode}" if subcode else code
    return replace(FAULTS.get(full) or FAULTS.get(code, VendorFault()), vendor_code=full)


def _number(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 10**10:
        return ""
    return str(value)
