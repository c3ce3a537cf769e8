"""Reading the webhooks of the WhatsApp Cloud API.

https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages
and the pages below it, one for each type of message, list the fields.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from typing import Any

from roomkit.errors import WebhookError
from roomkit.models.address import canonical_phone
from roomkit.models.delivery import InboundMessage, WebhookMeta
from roomkit.providers._chat_items import chat_message, message_meta
from roomkit.providers._meta_webhooks import entries, messages_in, moment, reaction_message
from roomkit.providers._webhook_items import mapping, mappings, status_meta, text, unknown_meta
from roomkit.providers.whatsapp.received import read_message

logger = logging.getLogger("roomkit.providers")

VENDOR = "whatsapp"


def parse_whatsapp_webhook(payload: Mapping[str, Any], channel_id: str) -> list[InboundMessage]:
    """The messages in a webhook; none for reports and for what is not WhatsApp's.

    Every message becomes one: a file is a `MediaContent`, `AudioContent` or `VideoContent` whose
    URL stands for it (see `WhatsAppCloudProvider.fetch_media`), a place a `LocationContent`, a
    tap on a button or a choice from a list its label, a reaction an event of the type
    ``reaction``, and what cannot be shown a `SystemContent` that says so. Edits and deletions name
    the message's WhatsApp id as their target. Messages that were sent from the business's own
    phone (echoes) are left out.

    The sender is the phone number or, if WhatsApp withholds that, the business-scoped user id. For
    a message in a group, ``metadata["phone_number"]`` is the group's id, where answers go. The
    message's id is its ``provider_message_id``, so that redeliveries do no harm. ``metadata``
    holds, if known: ``recipient`` (your number), ``phone_number_id``, ``display_name``,
    ``username``, ``user_id``, ``sent_at``, ``reply_to_message_id``, ``target_message_id`` (of a
    reaction, edit or deletion), ``reactions_added``, ``postback_data`` (of a button),
    ``media_id``, ``voice``, ``sticker``, ``forwarded``, ``contacts``, ``order`` and ``referral``
    (the advertisement that led here).

    Args:
        payload: the decoded body. What is missing or of the wrong kind counts as empty, a message
            without a sender or an id is left out.
    """
    try:
        return messages_in(read_whatsapp_webhook(payload), channel_id)
    except WebhookError:
        return []


def read_whatsapp_webhook(
    payload: Mapping[str, Any], *, phone_number_id: str | None = None
) -> list[WebhookMeta]:
    """A batch in normal form: messages, reports, and what is to be acknowledged and ignored.

    Args:
        phone_number_id: leave out what is about other numbers: an app has one webhook for all.

    Raises:
        WebhookError: the payload is not one of Meta's.
    """
    changes = [change for entry in entries(payload) for change in mappings(entry.get("changes"))]
    return [meta for change in changes for meta in _change(change, phone_number_id)]


def _change(change: Mapping[str, Any], phone_number_id: str | None) -> Iterator[WebhookMeta]:
    value = mapping(change.get("value"))
    ours = mapping(value.get("metadata"))
    number_id = text(ours.get("phone_number_id"))
    if text(change.get("field")) != "messages":
        # Among them the echoes of what was sent with the WhatsApp Business app.
        yield unknown_meta(VENDOR, raw=change)
        return
    if phone_number_id is not None and number_id not in ("", phone_number_id):
        logger.warning("a WhatsApp webhook is about number %s, which is not ours", number_id)
        yield unknown_meta(VENDOR, raw={"phone_number_id": number_id})
        return
    facts = {
        "recipient": canonical_phone(text(ours.get("display_phone_number"))),
        "phone_number_id": number_id,
    }
    people = mappings(value.get("contacts"))
    for position, message in enumerate(mappings(value.get("messages"))):
        yield _message(message, _person(message, people, position), facts)
    for status in mappings(value.get("statuses")):
        yield _report(status, facts["recipient"])
    for error in mappings(value.get("errors")):
        code = text(error.get("code"))
        logger.error("WhatsApp reports error %s for number %s", code, number_id)
        yield unknown_meta(VENDOR, raw=error)


def _person(
    message: Mapping[str, Any], people: list[Mapping[str, Any]], position: int
) -> Mapping[str, Any]:
    """What is known about a message's sender."""
    given = text(message.get("from")), text(message.get("from_user_id"))
    named = [name for name in given if name]
    for person in people:
        if text(person.get("wa_id")) in named or text(person.get("user_id")) in named:
            return person
    # Where the message names nobody, and only there, people and messages stand in the same order.
    return people[position] if not named and position < len(people) else {}


def _message(
    message: Mapping[str, Any], person: Mapping[str, Any], ours: Mapping[str, str]
) -> WebhookMeta:
    """Read a message.

    Args:
        person: what is known about who sent it.
        ours: what is known about who got it, for the metadata.
    """
    message_id = text(message.get("id"))
    number = canonical_phone(text(message.get("from")) or text(person.get("wa_id")))
    user_id = text(message.get("from_user_id")) or text(person.get("user_id"))
    group = text(message.get("group_id"))
    sender = number or user_id or group
    if not sender or not message_id:
        logger.warning("a WhatsApp message has no sender or no id: %s", message_id)
        return unknown_meta(VENDOR, external_id=message_id, raw=message)
    profile = mapping(person.get("profile"))
    facts = {
        **ours,
        "phone_number": group,
        "display_name": text(profile.get("name")),
        "username": text(profile.get("username")),
        "user_id": user_id,
        "sent_at": moment(message.get("timestamp")),
        **_context(message),
    }
    known = _inbound(message, sender, message_id, facts)
    return message_meta(VENDOR, known, recipient=ours["recipient"], raw=message)


def _inbound(
    message: Mapping[str, Any], sender: str, message_id: str, facts: Mapping[str, Any]
) -> InboundMessage:
    if text(message.get("type")) == "reaction":
        part = mapping(message.get("reaction"))
        return reaction_message(
            sender=sender,
            target=text(part.get("message_id")),
            key=message_id,
            emoji=text(part.get("emoji")),
            metadata=facts,
        )
    received = read_message(message)
    return chat_message(
        sender=sender,
        content=received.content,
        message_id=message_id,
        metadata={**facts, **received.facts},
    )


def _context(message: Mapping[str, Any]) -> dict[str, Any]:
    if "context" not in message and "referral" not in message:
        return {}
    context = mapping(message.get("context"))
    referral = mapping(message.get("referral"))
    names = ("source_id", "source_type", "source_url", "headline", "ctwa_clid")
    forwarded = context.get("forwarded") is True or context.get("frequently_forwarded") is True
    return {
        "reply_to_message_id": text(context.get("id")),
        "forwarded": forwarded or None,
        "referral": {name: found for name in names if (found := text(referral.get(name)))},
    }


def _report(status: Mapping[str, Any], sender: str) -> WebhookMeta:
    message_id, word = text(status.get("id")), text(status.get("status")).lower()
    if not message_id or not word:
        logger.warning("a WhatsApp report names no message or no status")
        return unknown_meta(VENDOR, external_id=message_id, raw=status)
    errors = mappings(status.get("errors"))
    error = errors[0] if errors else {}
    recipient = text(status.get("recipient_id")) or text(status.get("recipient_user_id"))
    return status_meta(
        VENDOR,
        message_id=message_id,
        status="read" if word == "played" else word,  # a voice note that was listened to
        sender=sender,
        recipient=canonical_phone(recipient),
        error_code=text(error.get("code")),
        error_message=text(error.get("title")) or text(error.get("message")),
        timestamp=moment(status.get("timestamp")),
        raw=status,
    )
