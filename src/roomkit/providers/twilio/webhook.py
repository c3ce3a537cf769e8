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
from roomkit.models.address import canonical_phone
from roomkit.models.content import EventContent
from roomkit.models.delivery import InboundMessage, WebhookMeta
from roomkit.providers._webhook_items import (
    file_from,
    inbound_meta,
    location_from,
    status_meta,
    text,
    unknown_meta,
)
from roomkit.providers.sms.meta import message_or_none
from roomkit.providers.sms.opt_out import OptOutAction

logger = logging.getLogger("roomkit.providers")

VENDOR = "twilio"

_FIELD = (str, int)
_MEDIA_URL = re.compile(r"MediaUrl(0|[1-9][0-9]{0,3})")
_INBOUND_STATUSES = frozenset({"received", "receiving"})
# Twilio's word for "accepted by the carrier, then not delivered" is a failure to everybody else.
_STATUSES: Mapping[str, str] = {"undelivered": "failed"}
_OPT_OUTS: Mapping[str, OptOutAction] = {"STOP": "stop", "START": "start", "HELP": "help"}
RCS_PREFIX = "rcs:"
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
    "63036": "the phone cannot receive RCS",
    "30034": "the sender's number is not registered for this kind of traffic",
}


def parse_twilio_webhook(payload: Mapping[str, Any], channel_id: str) -> InboundMessage | None:
    """The message in a webhook; None if there is none in it, as in a status report.

    Text and files become one content: a composite if there are several.

    The message's SID is its ``provider_message_id``, so that Twilio's redeliveries do no harm.
    ``metadata`` holds ``recipient`` (your number) and, if they came along,
    ``messaging_service_sid`` and ``opt_out_type`` (``STOP``, ``START`` or ``HELP``; sent for the
    keywords of a messaging service with Advanced Opt-Out). An opt-out also has ``opt_out`` and
    ``no_reply``.

    Args:
        payload: the fields of the form. Those that are missing or not text count as empty, a file
            without a usable URL is left out; so is, with a warning, a message without a sender.
    """
    meta = message_or_none(read_twilio_webhook, payload)
    return None if meta is None else meta.to_inbound(channel_id)


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
    sender = _address(fields.get("From", ""))
    if sender:
        return _message(fields, sender, sid)
    if sid or fields.get("AccountSid"):
        if status:
            logger.warning("a Twilio message has no sender")
        return unknown_meta(VENDOR, external_id=sid, raw=fields)
    raise WebhookError("this is not a Twilio webhook: it has neither sender nor message SID")


def _message(fields: Mapping[str, str], sender: str, sid: str) -> WebhookMeta:
    """A message by SMS, MMS or RCS; one by RCS may hold a place, or a button that was tapped:
    https://www.twilio.com/docs/rcs/send-an-rcs-message"""
    opt_out_type = fields.get("OptOutType", "").upper()
    return inbound_meta(
        VENDOR,
        sender=sender,
        recipient=_address(fields.get("To", "")),
        body=fields.get("Body", "") or fields.get("ButtonText", ""),
        items=_items(fields),
        external_id=sid,
        extras={
            "messaging_service_sid": fields.get("MessagingServiceSid", ""),
            "opt_out_type": opt_out_type,
            "postback_data": fields.get("ButtonPayload", ""),
        },
        raw=fields,
        opt_out=_OPT_OUTS.get(opt_out_type),
    )


def _report(fields: Mapping[str, str], sid: str, status: str) -> WebhookMeta:
    code = fields.get("ErrorCode", "").strip()
    code = "" if code == "0" else code
    return status_meta(
        VENDOR,
        message_id=sid,
        status=_STATUSES.get(status, status),
        sender=_address(fields.get("From", "")),
        recipient=_address(fields.get("To", "")),
        error_code=code,
        error_message=fields.get("ErrorMessage") or _REASONS.get(code, ""),
        raw=fields,
    )


def _address(given: str) -> str:
    return canonical_phone(given.strip().removeprefix(RCS_PREFIX))


def _items(fields: Mapping[str, str]) -> list[EventContent]:
    """The files by their number, and the place. ``NumMedia`` is not needed to find the files, and
    may not fit."""
    named = [_MEDIA_URL.fullmatch(name) for name in fields if name.startswith("MediaUrl")]
    numbers = sorted(int(match[1]) for match in named if match)
    found: list[EventContent | None] = [
        file_from(fields[f"MediaUrl{number}"], fields.get(f"MediaContentType{number}", ""))
        for number in numbers
    ]
    if "Latitude" in fields:
        place = location_from(
            fields["Latitude"],
            fields.get("Longitude"),
            label=fields.get("Label", ""),
            address=fields.get("Address", ""),
        )
        found.append(place)
    return [item for item in found if item is not None]


def _text_fields(payload: Mapping[str, Any]) -> dict[str, str]:
    """The fields whose name and value are text; of a field that occurs twice, the first."""
    if not isinstance(payload, Mapping):
        raise WebhookError("a Twilio webhook is a form, not " + type(payload).__name__)
    items: Mapping[Any, Any] = payload
    fields: dict[str, str] = {}
    for name, value in items.items():
        if isinstance(value, (list, tuple)) and value:
            value = value[0]
        if isinstance(name, str) and isinstance(value, _FIELD) and not isinstance(value, bool):
            fields[name] = text(value)
    return fields


def _first(fields: Mapping[str, str], *names: str) -> str:
    return next((found for name in names if (found := fields.get(name, "").strip())), "")
