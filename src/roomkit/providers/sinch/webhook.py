"""Reading Sinch's webhooks: messages that come in, and reports about messages that went out.

https://developers.sinch.com/docs/sms/api-reference/sms/webhooks
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from roomkit.errors import WebhookError
from roomkit.models.address import canonical_phone
from roomkit.models.content import EventContent, MediaContent
from roomkit.models.delivery import InboundMessage, WebhookMeta
from roomkit.providers._webhook_items import (
    file_from,
    inbound_meta,
    mapping,
    mappings,
    status_meta,
    text,
    unknown_meta,
)
from roomkit.providers.sms.meta import message_or_none

VENDOR = "sinch"

_MESSAGES = frozenset({"mo_text", "mo_media", "mo_binary"})
_RECIPIENT_REPORTS = frozenset({"recipient_delivery_report_sms", "recipient_delivery_report_mms"})
_BATCH_REPORTS = frozenset({"delivery_report_sms", "delivery_report_mms"})
# https://developers.sinch.com/docs/sms/api-reference/sms/tag/Delivery-reports/
_STATUSES: Mapping[str, str] = {
    "dispatched": "sent",
    "aborted": "failed",
    "rejected": "failed",
    "deleted": "failed",
    "cancelled": "failed",
}
_REASONS: Mapping[str, str] = {
    "402": "there is no route to the number",
    "403": "an internal error at Sinch",
    "404": "the message could not be delivered for now",
    "406": "the message was too old before it could be sent",
    "407": "the message was cancelled",
    "408": "Sinch rejected the message",
    "411": "the message has too many parts",
    "412": "the account is not set up for the number's region",
    "413": "the account is blocked",
    "414": "a file could not be fetched",
    "416": "the number cannot receive such messages",
    "417": "the phone is out of reach",
}


def parse_sinch_webhook(payload: Mapping[str, Any], channel_id: str) -> InboundMessage | None:
    """The message in a webhook; None if there is none in it, as in a delivery report.

    Text and files become one content: a composite if there are several.

    The message's id is its ``provider_message_id``, so that Sinch's redeliveries do no harm.
    ``metadata`` holds ``recipient`` (your number) and, if they came along, the ``subject`` of an
    MMS, ``client_reference`` (the id of the event that is answered) and ``operator_id``. An
    opt-out also has ``opt_out`` and ``no_reply``.

    Args:
        payload: the decoded body. What is missing or of the wrong kind counts as empty, a file
            that Sinch could not fetch is left out; so is, with a warning, a message without a
            sender.
    """
    meta = message_or_none(read_one_sinch_webhook, payload)
    return None if meta is None else meta.to_inbound(channel_id)


def read_sinch_webhook(payload: Mapping[str, Any]) -> list[WebhookMeta]:
    """A webhook in normal form: a message, one report for each recipient, or something to
    acknowledge and ignore. Never empty.

    Raises:
        WebhookError: the payload is not one of Sinch's.
    """
    payload = mapping(payload)
    kind = text(payload.get("type"))
    if kind in _MESSAGES:
        return [_message(payload, kind)]
    batch_id = text(payload.get("batch_id")).strip()
    if kind in _RECIPIENT_REPORTS | _BATCH_REPORTS and not batch_id:
        raise WebhookError("this Sinch delivery report names no batch")
    if kind in _RECIPIENT_REPORTS:
        return [_report(payload, batch_id, payload, text(payload.get("recipient")))]
    if kind in _BATCH_REPORTS:
        return _batch_reports(payload, batch_id)
    if kind:
        return [unknown_meta(VENDOR, external_id=batch_id, raw=payload)]
    raise WebhookError("this is not a Sinch webhook: it has no type")


def read_one_sinch_webhook(payload: Mapping[str, Any]) -> WebhookMeta:
    """The first of what `read_sinch_webhook` gives: all of it, but for reports about batches."""
    return read_sinch_webhook(payload)[0]


def _message(payload: Mapping[str, Any], kind: str) -> WebhookMeta:
    sender = canonical_phone(text(payload.get("from")))
    if not sender:
        raise WebhookError("this Sinch message has no sender")
    body = mapping(payload.get("body"))
    items: list[EventContent] = []
    words = text(payload.get("body"))
    if kind == "mo_media":
        words = text(body.get("message"))
        items = _files(body)
    elif kind == "mo_binary":
        items = [_binary(words)]
        words = ""
    return inbound_meta(
        VENDOR,
        sender=sender,
        recipient=canonical_phone(text(payload.get("to"))),
        body=words,
        items=items,
        external_id=text(payload.get("id")).strip(),
        extras={
            "subject": text(body.get("subject")),
            "client_reference": text(payload.get("client_reference")),
            "operator_id": text(payload.get("operator_id")),
        },
        raw=payload,
    )


def _files(body: Mapping[str, Any]) -> list[EventContent]:
    found = [
        file_from(text(media.get("url")), text(media.get("content_type")))
        for media in mappings(body.get("media"))
    ]
    return [file for file in found if file is not None]


def _binary(encoded: str) -> EventContent:
    """A binary message, such as a ring tone or a business card: base64 that nobody has read."""
    kind = "application/octet-stream"
    return MediaContent(url=f"data:{kind};base64,{encoded}", mime_type=kind)


def _batch_reports(payload: Mapping[str, Any], batch_id: str) -> list[WebhookMeta]:
    reports = []
    for group in mappings(payload.get("statuses")):
        named = group.get("recipients")
        recipients = [text(it) for it in named] if isinstance(named, list) else []
        reports += [_report(payload, batch_id, group, it) for it in recipients or [""]]
    return reports or [unknown_meta(VENDOR, external_id=batch_id, raw=payload)]


def _report(
    payload: Mapping[str, Any], batch_id: str, outcome: Mapping[str, Any], recipient: str
) -> WebhookMeta:
    status = text(outcome.get("status")).strip().lower() or "unknown"
    status = _STATUSES.get(status, status)
    code = text(outcome.get("code"))
    failed = status in ("failed", "expired")
    return status_meta(
        VENDOR,
        message_id=batch_id,
        status=status,
        recipient=canonical_phone(recipient),
        error_code=code if failed else "",
        error_message=_REASONS.get(code, "") if failed else "",
        timestamp=text(payload.get("at")),
        raw=payload,
    )
