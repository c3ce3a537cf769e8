"""Reading Elastic Email's webhooks: mail that comes in, and events about mail that went out.

https://github.com/ElasticEmail/elasticemail-examples/blob/main/docs/webhooks.md and
https://github.com/ElasticEmail/elasticemail-examples/blob/main/docs/inbound-email.md list the
fields.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from roomkit.errors import WebhookError
from roomkit.models.delivery import InboundMessage, WebhookMeta
from roomkit.providers._webhook_items import status_meta, text, unknown_meta
from roomkit.providers.email._mime_parts import decode_base64
from roomkit.providers.email.headers import Headers, read_headers
from roomkit.providers.email.html_text import html_to_text
from roomkit.providers.email.received import (
    DEFAULT_LIMITS,
    InboundLimits,
    ReceivedEmail,
    ReceivedFile,
    received_file,
)

VENDOR = "elasticemail"

_ATTACHMENT = re.compile(r"att([1-9][0-9]{0,3})_(?:name|content)")
# Saving a webhook makes Elastic Email call it with this message, which was never sent.
_TEST_MESSAGE = "abc1234"
_TEST_RECIPIENT = "test@test.com"

# What happened → the word for it. "Sent" means that the recipient's server took it.
_EVENTS: Mapping[str, str] = {
    "sent": "delivered",
    "opened": "opened",
    "clicked": "clicked",
    "error": "failed",
    "abusereport": "complained",
    "unsubscribed": "unsubscribed",
}


def parse_elasticemail_webhook(
    payload: Mapping[str, Any],
    channel_id: str,
    *,
    own_domain: str | None = None,
    limits: InboundLimits = DEFAULT_LIMITS,
) -> InboundMessage | None:
    """The message in the webhook of an inbound route, as `parse_email` describes it.

    Args:
        payload: the fields of the form. Those that are missing or not text count as empty.

    Returns:
        None for our own mail.

    Raises:
        WebhookError: this is an event (see `read_elasticemail_webhook`), or nobody's mail.
    """
    meta = read_elasticemail_webhook(payload, own_domain=own_domain, limits=limits)
    if meta.is_status:
        raise WebhookError("this Elastic Email webhook carries no mail")
    return None if meta.message is None else meta.to_inbound(channel_id)


def read_elasticemail_webhook(
    payload: Mapping[str, Any],
    *,
    own_domain: str | None = None,
    limits: InboundLimits = DEFAULT_LIMITS,
) -> WebhookMeta:
    """A webhook in normal form: a mail, an event, or something to acknowledge and ignore.

    Raises:
        WebhookError: the payload is not one of Elastic Email's.
    """
    fields = _text_fields(payload)
    if fields.get("from_email") or fields.get("header_list"):
        mail = _mail(fields)
        return mail.to_meta(vendor=VENDOR, own_domain=own_domain, limits=limits)
    if fields.get("status"):
        return _event(fields)
    if not fields:
        return unknown_meta(VENDOR, raw={})  # a call that only asks whether anybody is there
    raise WebhookError("this is not an Elastic Email webhook: it has neither sender nor status")


def _event(fields: Mapping[str, str]) -> WebhookMeta:
    message_id = fields.get("messageid") or fields.get("msgid") or fields.get("transaction", "")
    status = fields["status"].strip().lower()
    is_test = message_id == _TEST_MESSAGE and fields.get("to") == _TEST_RECIPIENT
    if is_test or not message_id or status not in _EVENTS:
        return unknown_meta(VENDOR, external_id=message_id, raw=fields)
    failed = status == "error"
    return status_meta(
        VENDOR,
        message_id=message_id,
        status=_EVENTS[status],
        sender=fields.get("from", ""),
        recipient=fields.get("to", ""),
        error_code=(fields.get("category") or "bounced") if failed else "",
        timestamp=fields.get("date", ""),
        raw=fields,
    )


def _mail(fields: Mapping[str, str]) -> ReceivedEmail:
    headers = read_headers(fields.get("header_list", ""))
    envelope_from = fields.get("env_from")
    return ReceivedEmail(
        headers=_completed(headers, fields),
        text=(fields.get("body_text") or html_to_text(fields.get("body_html", ""))).replace(
            "\r\n", "\n"
        ),
        files=_files(fields),
        envelope_from=envelope_from,
    )


def _completed(headers: Headers, fields: Mapping[str, str]) -> Headers:
    """The mail's header; what is not in it, the other fields say."""
    address, name = fields.get("from_email", "").strip(), fields.get("from_name", "").strip()
    quoted = name.replace("\\", "").replace('"', "")
    known = {
        "from": f'"{quoted}" <{address}>' if quoted else address,
        "to": fields.get("to_list") or fields.get("env_to_list", ""),
        "subject": fields.get("subject", ""),
    }
    missing = {name: (value,) for name, value in known.items() if value and name not in headers}
    return Headers({**headers.fields, **missing})


def _files(fields: Mapping[str, str]) -> list[ReceivedFile]:
    numbers = {int(found[1]) for name in fields if (found := _ATTACHMENT.fullmatch(name))}
    return [
        received_file(
            fields.get(f"att{number}_name"),
            fields.get(f"att{number}_type", ""),
            decode_base64(fields.get(f"att{number}_content", "").encode("ascii", "ignore")),
        )
        for number in sorted(numbers)
    ]


def _text_fields(payload: Mapping[str, Any]) -> dict[str, str]:
    """The fields whose name and value are text. Names are in lower case: Elastic Email has written
    some of them both ways."""
    if not isinstance(payload, Mapping):
        raise WebhookError("an Elastic Email webhook is a form")
    items: Mapping[Any, Any] = payload
    return {
        name.lower(): text(value)
        for name, value in items.items()
        if isinstance(name, str) and text(value)
    }
