"""Mail that says what became of a mail: bounces (RFC 3464) and read receipts (RFC 8098)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from roomkit.models.delivery import DeliveryStatus
from roomkit.providers.email._message_ids import is_own
from roomkit.providers.email._mime_parts import Part, split_head
from roomkit.providers.email.headers import (
    Headers,
    is_address,
    one_line,
    read_headers,
    read_message_ids,
)

OWN_ID_HEADER = "X-RoomKit-Message-ID"
"""Repeats the ``Message-ID`` of mail sent from here: some relays give a mail another one."""

_MOST_RECIPIENTS = 20
_LONGEST_REASON = 500
_ENHANCED = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")
# What a mail server did about a recipient, and what that is called here.
_ACTIONS: Mapping[str, str] = {
    "failed": "failed",
    "delayed": "deferred",
    "delivered": "delivered",
    "relayed": "delivered",
    "expanded": "delivered",
}


def read_report(
    headers: Headers, parts: Sequence[Part], vendor: str, own_domain: str | None
) -> DeliveryStatus | None:
    """The report in a mail, None if it carries none about a mail that can be told.

    A bounce's ``message_id`` is the ``Message-ID`` of the mail that was sent; its status is
    ``failed`` (with the code ``bounced``), ``deferred`` or ``delivered``. A receipt's is ``read``.
    """
    if headers.content.get_content_type() != "multipart/report":
        return None
    for part in parts:
        if part.content_type in ("message/delivery-status", "message/global-delivery-status"):
            return _bounce(part, _original_id(parts, own_domain), vendor)
        if part.content_type == "message/disposition-notification":
            return _receipt(read_headers(part.content()), vendor)
    return None


def _original_id(parts: Iterable[Part], own_domain: str | None) -> str | None:
    """The id of the mail that came back: ours if there is one, whatever relays made of it."""
    for part in parts:
        if part.content_type in ("message/rfc822", "text/rfc822-headers", "message/global"):
            returned, _ = split_head(part.content())
            ids = read_message_ids(returned.first(OWN_ID_HEADER.lower()))
            known = [one for one in ids if own_domain is None or is_own(one, own_domain)]
            known += read_message_ids(returned.first("message-id"))
            if known:
                return known[0]
    return None


def _bounce(part: Part, message_id: str | None, vendor: str) -> DeliveryStatus | None:
    blocks = re.split(rb"\r?\n\r?\n", part.content().strip(), maxsplit=_MOST_RECIPIENTS)
    # The first block is about the whole mail, each of the others about one recipient.
    recipients = [it for it in map(read_headers, blocks) if "action" in it]
    if not recipients or message_id is None:
        return None
    told = [_ACTIONS.get(it.first("action").strip().lower(), "") for it in recipients]
    worst = told.index("failed") if "failed" in told else 0
    fields, status = recipients[worst], told[worst]
    if not status:
        return None
    code = _ENHANCED.search(fields.first("status"))
    address = _typed(fields.first("final-recipient") or fields.first("original-recipient"))
    return DeliveryStatus(
        provider=vendor,
        message_id=message_id,
        status=status,
        recipient=address if is_address(address) else "",
        error_code="bounced" if status == "failed" else None,
        error_message=_reason(fields, code[0] if code else "") if status != "delivered" else None,
        raw={"status": code[0]} if code else {},
    )


def _reason(fields: Headers, code: str) -> str:
    told = one_line(_typed(fields.first("diagnostic-code")))[:_LONGEST_REASON]
    return f"{code} {told}".strip() or "the mail came back"


def _typed(value: str) -> str:
    """The value in a field like ``rfc822; ada@example.com``."""
    return value.partition(";")[2].strip() if ";" in value else value.strip()


def _receipt(fields: Headers, vendor: str) -> DeliveryStatus | None:
    ids = read_message_ids(fields.first("original-message-id"))
    if not ids or "displayed" not in fields.first("disposition").lower():
        return None
    address = _typed(fields.first("final-recipient"))
    return DeliveryStatus(
        provider=vendor,
        message_id=ids[0],
        status="read",
        recipient=address if is_address(address) else "",
    )
