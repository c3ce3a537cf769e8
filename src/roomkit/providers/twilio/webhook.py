"""Reading Twilio's webhooks: messages that come in, and reports about messages that went out.

https://www.twilio.com/docs/messaging/guides/webhook-request and
https://www.twilio.com/docs/messaging/guides/track-outbound-message-status list the fields.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from typing import Any

from roomkit.errors import WebhookError
from roomkit.models._frozen import clean_text
from roomkit.models.address import canonical_phone
from roomkit.models.content import (
    AudioContent,
    CompositeContent,
    EventContent,
    MediaContent,
    TextContent,
    VideoContent,
)
from roomkit.models.delivery import DeliveryStatus, InboundMessage, WebhookMeta
from roomkit.providers._content import File

logger = logging.getLogger("roomkit.providers")

VENDOR = "twilio"

_MEDIA_URL = re.compile(r"MediaUrl(0|[1-9][0-9]{0,3})")
_INBOUND_STATUSES = frozenset({"received", "receiving"})
# Twilio's word for "accepted by the carrier, then not delivered" is a failure to everybody else.
_STATUSES: Mapping[str, str] = {"undelivered": "failed"}
# https://www.twilio.com/docs/api/errors has them all; these are the carriers' usual reasons.
_REASONS: Mapping[str, str] = {
    "21610": "the recipient has opted out",
    "30001": "the queue is full",
    "30002": "the account is suspended",
    "30003": "the phone is out of reach or switched off",
    "30004": "the recipient or the carrier blocks the message",
    "30005": "the number does not exist",
    "30006": "the number is a landline or its carrier is out of reach",
    "30007": "the carrier takes the message for spam",
    "30008": "the carrier gave no reason",
    "30034": "the sender's number is not registered for this kind of traffic",
}


def parse_twilio_webhook(payload: Mapping[str, Any], channel_id: str) -> InboundMessage:
    """The message in a webhook. Text and files become one content: a composite if there are
    several.

    The message's SID is its ``provider_message_id``, so that Twilio's redeliveries do no harm.
    ``metadata`` holds ``recipient`` (your number) and, if they came along,
    ``messaging_service_sid`` and ``opt_out_type`` (``STOP``, ``START`` or ``HELP``; sent for the
    keywords of a messaging service with Advanced Opt-Out).

    Args:
        payload: the fields of the form. Those that are missing or not text count as empty, a file
            without a usable URL is left out.

    Raises:
        WebhookError: there is no sender, or this is a status report (see `read_twilio_webhook`).
    """
    meta = read_twilio_webhook(payload)
    if meta.message is None:
        raise WebhookError("this Twilio webhook carries no message")
    return meta.to_inbound(channel_id)


def read_twilio_webhook(payload: Mapping[str, Any]) -> WebhookMeta:
    """A webhook in normal form: a message, a status report, or something to acknowledge and
    ignore.

    Raises:
        WebhookError: the payload is not one of Twilio's.
    """
    fields = _text_fields(payload)
    sid = _first(fields, "MessageSid", "SmsMessageSid", "SmsSid")
    status = _first(fields, "MessageStatus", "SmsStatus").lower()
    if status and status not in _INBOUND_STATUSES:
        if not sid:
            raise WebhookError("this Twilio status report names no message")
        return _report(fields, sid, status)
    if fields.get("From", "").strip():
        return _message(fields, sid)
    if sid or fields.get("AccountSid"):
        return WebhookMeta(
            provider=VENDOR, event_type="unknown", external_id=sid or None, raw=fields
        )
    raise WebhookError("this is not a Twilio webhook: it has neither sender nor message SID")


def _message(fields: Mapping[str, str], sid: str) -> WebhookMeta:
    sender = canonical_phone(fields["From"])
    recipient = canonical_phone(fields.get("To", ""))
    body = fields.get("Body", "")
    files = _files(fields, sid)
    extras = {
        "recipient": recipient,
        "messaging_service_sid": fields.get("MessagingServiceSid", ""),
        "opt_out_type": fields.get("OptOutType", "").upper(),
    }
    message = InboundMessage(
        channel_id="",
        sender_id=sender,
        content=_content(body, files),
        provider_message_id=sid or None,
        metadata={key: value for key, value in extras.items() if value},
    )
    return WebhookMeta(
        provider=VENDOR,
        sender=sender,
        recipient=recipient,
        body=body,
        external_id=sid or None,
        media_urls=[{"url": file.url, "mime_type": file.mime_type} for file in files],
        message=message,
        raw=dict(fields),
    )


def _report(fields: Mapping[str, str], sid: str, status: str) -> WebhookMeta:
    sender = canonical_phone(fields.get("From", ""))
    recipient = canonical_phone(fields.get("To", ""))
    code = fields.get("ErrorCode", "").strip()
    code = "" if code == "0" else code
    raw = dict(fields)
    return WebhookMeta(
        provider=VENDOR,
        sender=sender,
        recipient=recipient,
        event_type="status",
        external_id=sid,
        status=DeliveryStatus(
            provider=VENDOR,
            message_id=sid,
            status=_STATUSES.get(status, status),
            recipient=recipient,
            sender=sender,
            error_code=code or None,
            error_message=fields.get("ErrorMessage") or _REASONS.get(code),
            raw=raw,
        ),
        raw=raw,
    )


def _content(body: str, files: list[File]) -> EventContent:
    if not files:
        return TextContent(body=body)
    parts: list[EventContent] = [TextContent(body=body)] if body.strip() else []
    parts += files
    return parts[0] if len(parts) == 1 else CompositeContent(parts=parts)


def _files(fields: Mapping[str, str], sid: str) -> list[File]:
    """The files by their number. ``NumMedia`` is not needed to find them, and may not fit."""
    numbers = sorted(int(match[1]) for name in fields if (match := _MEDIA_URL.fullmatch(name)))
    files: list[File] = []
    for number in numbers:
        url = fields[f"MediaUrl{number}"].strip()
        if not url.lower().startswith(("https://", "http://")):
            logger.warning("file %d of message %s has no usable URL", number, sid)
            continue
        mime_type = fields.get(f"MediaContentType{number}", "").strip().lower()
        files.append(_file(url, mime_type or "application/octet-stream"))
    return files


def _file(url: str, mime_type: str) -> File:
    if mime_type.startswith("audio/"):
        return AudioContent(url=url, mime_type=mime_type)
    if mime_type.startswith("video/"):
        return VideoContent(url=url, mime_type=mime_type)
    return MediaContent(url=url, mime_type=mime_type)


def _text_fields(payload: Mapping[str, Any]) -> dict[str, str]:
    """The fields whose name and value are text; of a field that occurs twice, the first."""
    if not isinstance(payload, Mapping):
        raise WebhookError("a Twilio webhook is a form, not " + type(payload).__name__)
    items: Mapping[Any, Any] = payload
    fields: dict[str, str] = {}
    for name, value in items.items():
        if isinstance(value, list | tuple) and value:
            value = value[0]
        if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**30:
            value = str(value)
        if isinstance(name, str) and isinstance(value, str):
            fields[clean_text(name)] = clean_text(value)
    return fields


def _first(fields: Mapping[str, str], *names: str) -> str:
    return next((text for name in names if (text := fields.get(name, "").strip())), "")
