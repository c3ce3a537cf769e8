"""Reading SendGrid's webhooks: mail that comes in, and events about mail that went out.

https://www.twilio.com/docs/sendgrid/for-developers/parsing-email/setting-up-the-inbound-parse-webhook
and https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event list the fields.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from roomkit.errors import WebhookError
from roomkit.models.delivery import InboundMessage, WebhookMeta
from roomkit.providers._webhook_items import mapping, mappings, status_meta, text, unknown_meta
from roomkit.providers.email.headers import Headers, decode_bytes, read_headers
from roomkit.providers.email.html_text import html_to_text
from roomkit.providers.email.inbound import open_email
from roomkit.providers.email.received import (
    DEFAULT_LIMITS,
    InboundLimits,
    ReceivedEmail,
    ReceivedFile,
    received_file,
)
from roomkit.providers.sendgrid._form import FormField

logger = logging.getLogger("roomkit.providers")

VENDOR = "sendgrid"
EVENTS = "events"
"""Under this name `decode_webhook` puts the list that is the body of an event webhook."""

_ATTACHMENT = re.compile(r"attachment([1-9][0-9]{0,3})")
# SendGrid adds where a mail went through to the id that it was accepted with.
_ROUTE = re.compile(r"\.(?:filter|recvd).*", re.DOTALL)
_FACTS = ("SPF", "dkim", "spam_score", "sender_ip")
_LONGEST_FACT = 500

# What happened → the word for it, and the code if it is a failure. Opens and clicks are no proof
# that anybody has read a mail (servers load pictures and follow links), so they keep their names.
_EVENTS: Mapping[str, tuple[str, str]] = {
    "processed": ("sent", ""),
    "deferred": ("deferred", ""),
    "delivered": ("delivered", ""),
    "bounce": ("failed", "bounced"),
    "dropped": ("failed", "dropped"),
    "open": ("opened", ""),
    "click": ("clicked", ""),
    "spamreport": ("complained", ""),
    "unsubscribe": ("unsubscribed", ""),
    "group_unsubscribe": ("unsubscribed", ""),
    "group_resubscribe": ("resubscribed", ""),
}


def parse_sendgrid_webhook(
    payload: Mapping[str, Any],
    channel_id: str,
    *,
    own_domain: str | None = None,
    limits: InboundLimits = DEFAULT_LIMITS,
) -> InboundMessage | None:
    """The message in an Inbound Parse webhook, as `parse_email` describes it.

    Its metadata also holds what SendGrid found out, if it came along: ``spf``, ``dkim``,
    ``spam_score`` and ``sender_ip``.

    Args:
        payload: the fields of the form, decoded by `SendGridEmailProvider.decode_webhook` or by a
            web framework. A framework's upload objects are not read; what is not text or bytes
            counts as empty.

    Returns:
        None for our own mail, bounces and receipts.

    Raises:
        WebhookError: this is not an Inbound Parse webhook.
    """
    metas = read_sendgrid_webhook(payload, own_domain=own_domain, limits=limits)
    if EVENTS in payload or "event" in payload:
        raise WebhookError("this SendGrid webhook carries events and no mail")
    return None if metas[0].message is None else metas[0].to_inbound(channel_id)


def read_sendgrid_webhook(
    payload: Mapping[str, Any],
    *,
    own_domain: str | None = None,
    limits: InboundLimits = DEFAULT_LIMITS,
) -> list[WebhookMeta]:
    """A webhook in normal form: one mail, or the events of a batch. Bad events are left out.

    Raises:
        WebhookError: the payload is not one of SendGrid's.
    """
    if not isinstance(payload, Mapping):
        raise WebhookError("a SendGrid webhook is a form or a list of events")
    if EVENTS in payload:
        return [meta for event in mappings(payload[EVENTS]) if (meta := _event(event)) is not None]
    if "event" in payload:
        lone = _event(payload)
        return [] if lone is None else [lone]
    if not _is_mail(payload):
        raise WebhookError("this is not a SendGrid webhook: it has neither events nor a mail")
    if "email" in payload and "headers" in payload:
        # SendGrid sends a mail whole or in parts. One of the two was written by the mail's sender.
        raise WebhookError("a mail comes both whole and in parts")
    mail = _mail(payload, own_domain)
    return [mail.to_meta(vendor=VENDOR, own_domain=own_domain, limits=limits)]


def _is_mail(payload: Mapping[str, Any]) -> bool:
    return any(name in payload for name in ("email", "headers", "envelope", "from"))


def _event(event: Mapping[str, Any]) -> WebhookMeta | None:
    kind = text(event.get("event")).lower()
    given = text(event.get("sg_message_id"))
    message_id = _ROUTE.sub("", given) or text(event.get("smtp-id"))
    if not kind or not message_id:
        logger.warning("a SendGrid event has no type or names no message")
        return None
    if kind not in _EVENTS:
        return unknown_meta(VENDOR, external_id=message_id, raw=event)
    status, code = _EVENTS[kind]
    if code and text(event.get("type")).lower() == "blocked":
        code = "blocked"
    return status_meta(
        VENDOR,
        message_id=message_id,
        status=status,
        recipient=text(event.get("email")),
        error_code=code,
        error_message=text(event.get("reason")) if code else "",
        timestamp=_moment(event.get("timestamp")),
        raw=event,
    )


def _moment(seconds: Any) -> str:
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        return ""
    try:
        return datetime.fromtimestamp(seconds, UTC).isoformat()
    except (ValueError, OverflowError, OSError):
        return ""


def _mail(payload: Mapping[str, Any], own_domain: str | None) -> ReceivedEmail:
    envelope = _object(payload.get("envelope"))
    facts = {name.lower(): _text(payload.get(name))[:_LONGEST_FACT] for name in _FACTS}
    raw = payload.get("email")
    if raw is not None:  # the whole mail: "POST the raw, full MIME message"
        mail = open_email(_bytes(raw), own_domain=own_domain, vendor=VENDOR)
        headers, words, files, report = mail.headers, mail.text, mail.files, mail.report
    else:
        charsets = _object(payload.get("charsets"))
        headers, report = _headers(payload), None
        words = _text(payload.get("text"), charsets.get("text"))
        words = words or html_to_text(_text(payload.get("html"), charsets.get("html")))
        files = _files(payload)
    envelope_from = envelope.get("from")
    return ReceivedEmail(
        headers=headers,
        text=words.replace("\r\n", "\n"),
        files=files,
        envelope_from=envelope_from if isinstance(envelope_from, str) else None,
        report=report,
        facts=facts,
    )


def _headers(payload: Mapping[str, Any]) -> Headers:
    """The mail's header; where it does not come along, what the fields say."""
    headers = read_headers(_bytes(payload.get("headers")))
    missing = {
        name: (_text(payload.get(name)),)
        for name in ("from", "to", "cc", "subject")
        if name not in headers and name in payload
    }
    return Headers({**headers.fields, **missing})


def _files(payload: Mapping[str, Any]) -> list[ReceivedFile]:
    described = _object(payload.get("attachment-info"))
    numbers = sorted(int(found[1]) for name in payload if (found := _ATTACHMENT.fullmatch(name)))
    files: list[ReceivedFile] = []
    for number in numbers:
        name = f"attachment{number}"
        value = payload[name]
        if not isinstance(value, FormField | bytes | str):
            logger.warning("attachment %d of a mail cannot be read", number)
            continue
        info = mapping(described.get(name))
        upload = value if isinstance(value, FormField) else FormField(content=_bytes(value))
        files.append(
            received_file(
                text(info.get("filename")) or text(info.get("name")) or upload.filename,
                text(info.get("type")) or upload.content_type,
                upload.content,
            )
        )
    return files


def _object(value: Any) -> Mapping[str, Any]:
    """A JSON object that is written in a field."""
    try:
        return mapping(json.loads(_text(value) or "{}"))
    except (ValueError, RecursionError):
        return {}


def _text(value: Any, charset: Any = None) -> str:
    if isinstance(value, str):
        return text(value)
    return decode_bytes(_bytes(value), charset if isinstance(charset, str) else None)


def _bytes(value: Any) -> bytes:
    if isinstance(value, FormField):
        return value.content
    if isinstance(value, str):
        return value.encode("utf-8", "replace")
    return value if isinstance(value, bytes) else b""
