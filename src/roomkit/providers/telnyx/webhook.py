"""Reading Telnyx's webhooks: messages that come in, and reports about messages that went out.

https://developers.telnyx.com/docs/messaging/messages/receiving-webhooks for SMS and MMS,
https://developers.telnyx.com/docs/messaging/messages/receiving-rcs-webhooks for RCS, whose words
and files are in ``payload.body``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from roomkit.errors import WebhookError
from roomkit.models.address import canonical_phone
from roomkit.models.content import EventContent
from roomkit.models.delivery import InboundMessage, WebhookMeta
from roomkit.providers._content import File
from roomkit.providers._webhook_items import (
    file_from,
    inbound_meta,
    location_from,
    mapping,
    mappings,
    status_meta,
    text,
    unknown_meta,
)
from roomkit.providers.sms.meta import message_or_none

VENDOR = "telnyx"

_REPORTS = frozenset({"message.sent", "message.finalized", "message.read"})
_STATUSES: Mapping[str, str] = {
    "sending_failed": "failed",
    "delivery_failed": "failed",
    # The carrier will not say any more than that it took the message.
    "delivery_unconfirmed": "sent",
}


def parse_telnyx_webhook(payload: Mapping[str, Any], channel_id: str) -> InboundMessage | None:
    """The message in a webhook; None if there is none in it, as in a status report.

    Text and files become one content: a composite if there are several.

    The message's id is its ``provider_message_id``, so that Telnyx's redeliveries do no harm.
    ``metadata`` holds ``recipient`` (your number) and, if they came along,
    ``messaging_profile_id``, the ``subject`` of an MMS and ``cc``, the other recipients of a group
    message. An opt-out also has ``opt_out`` and ``no_reply``.

    Args:
        payload: the decoded body. What is missing or of the wrong kind counts as empty, a file
            without a usable URL is left out; so is, with a warning, a message without a sender.
    """
    meta = message_or_none(read_one_telnyx_webhook, payload)
    return None if meta is None else meta.to_inbound(channel_id)


def parse_telnyx_rcs_webhook(payload: Mapping[str, Any], channel_id: str) -> InboundMessage | None:
    """The message in a webhook of an RCS agent; None if there is none in it.

    Like `parse_telnyx_webhook`, which reads these too. ``recipient`` is the agent's id. A place
    that was shared is a `LocationContent`; a suggestion that was tapped is a text, whose
    ``metadata["postback_data"]`` is the suggestion's payload.
    """
    return parse_telnyx_webhook(payload, channel_id)


def read_telnyx_webhook(payload: Mapping[str, Any]) -> list[WebhookMeta]:
    """A webhook in normal form: a message, one report for each recipient, or something to
    acknowledge and ignore. Never empty.

    Raises:
        WebhookError: the payload is not one of Telnyx's.
    """
    event = mapping(mapping(payload).get("data"))
    kind = text(event.get("event_type"))
    details = mapping(event.get("payload"))
    message_id = text(details.get("id")).strip()
    if kind in _REPORTS:
        if not message_id:
            raise WebhookError("this Telnyx status report names no message")
        return _reports(payload, event, details, message_id)
    if kind == "message.received":
        return [_message(payload, details, message_id)]
    if kind:
        return [unknown_meta(VENDOR, external_id=message_id, raw=payload)]
    raise WebhookError("this is not a Telnyx webhook: it has no event type")


def read_one_telnyx_webhook(payload: Mapping[str, Any]) -> WebhookMeta:
    """The first of what `read_telnyx_webhook` gives: all of it, but for group messages."""
    return read_telnyx_webhook(payload)[0]


def _message(
    payload: Mapping[str, Any], details: Mapping[str, Any], message_id: str
) -> WebhookMeta:
    sender = _address(details.get("from"))
    if not sender:
        raise WebhookError("this Telnyx message has no sender")
    recipients = _addresses(details.get("to"))
    body = mapping(details.get("body"))
    tapped = mapping(body.get("suggestion_response"))
    words = text(details.get("text")) or text(body.get("text")) or text(tapped.get("text"))
    return inbound_meta(
        VENDOR,
        sender=sender,
        recipient=recipients[0] if recipients else "",
        body=words,
        items=_items(details, body),
        external_id=message_id,
        extras={
            "messaging_profile_id": text(details.get("messaging_profile_id")),
            "subject": text(details.get("subject")),
            "cc": recipients[1:] + _addresses(details.get("cc")),
            "postback_data": text(tapped.get("postback_data")),
        },
        raw=payload,
    )


def _reports(
    payload: Mapping[str, Any],
    event: Mapping[str, Any],
    details: Mapping[str, Any],
    message_id: str,
) -> list[WebhookMeta]:
    errors = mappings(details.get("errors"))
    error = errors[0] if errors else {}
    read = text(event.get("event_type")) == "message.read"
    recipients = mappings(details.get("to")) or [{}]
    reports = []
    for recipient in recipients:
        status = text(recipient.get("status")).strip().lower()
        status = "read" if read else status or "sent"
        reports.append(
            status_meta(
                VENDOR,
                message_id=message_id,
                status=_STATUSES.get(status, status),
                sender=_address(details.get("from")),
                recipient=_address(recipient),
                error_code=text(error.get("code")),
                error_message=text(error.get("title")),
                timestamp=text(event.get("occurred_at")),
                raw=payload,
            )
        )
    return reports


def _items(details: Mapping[str, Any], body: Mapping[str, Any]) -> list[EventContent]:
    found: list[EventContent | None] = [
        file_from(text(media.get("url")), text(media.get("content_type")))
        for media in mappings(details.get("media"))
    ]
    if "user_file" in body:
        found.append(_rcs_file(mapping(mapping(body["user_file"]).get("payload"))))
    if "location" in body:
        place = mapping(body["location"])
        found.append(location_from(place.get("latitude"), place.get("longitude")))
    return [item for item in found if item is not None]


def _rcs_file(file: Mapping[str, Any]) -> File | None:
    name = text(file.get("file_name"))
    return file_from(text(file.get("file_uri")), text(file.get("mime_type")), filename=name)


def _addresses(value: Any) -> list[str]:
    given = value if isinstance(value, list) else [value]
    return [address for address in map(_address, given) if address]


def _address(value: Any) -> str:
    """A number, or the id of an RCS agent, which stands in an object or alone."""
    named = mapping(value)
    address = text(named.get("phone_number")) or text(named.get("agent_id")) or text(value)
    return canonical_phone(address)
