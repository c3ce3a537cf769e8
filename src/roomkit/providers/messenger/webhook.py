"""Reading Messenger's webhooks.

https://developers.facebook.com/documentation/business-messaging/messenger-platform/webhooks/webhook-events
and the pages below it, one for each kind of event, list the fields.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from typing import Any

from roomkit.errors import WebhookError
from roomkit.models.content import EditContent, TextContent
from roomkit.models.delivery import InboundMessage, WebhookMeta
from roomkit.providers._chat_items import chat_message, message_meta, notice_meta
from roomkit.providers._meta_webhooks import entries, messages_in, moment, reaction_message
from roomkit.providers._webhook_items import mapping, mappings, status_meta, text, unknown_meta
from roomkit.providers.messenger.received import message_content

logger = logging.getLogger("roomkit.providers")

VENDOR = "messenger"
READ_UP_TO = "read_up_to"
"""The `WebhookMeta.event_type` of a receipt that names a moment instead of messages."""


def parse_messenger_webhook(payload: Mapping[str, Any], channel_id: str) -> list[InboundMessage]:
    """The messages in a webhook; none for receipts and for what is not Messenger's.

    Every message becomes one: a file is a `MediaContent`, `AudioContent` or `VideoContent`, a
    place a `LocationContent`, a tap on a button or a quick reply its label, a reaction an event of
    the type ``reaction``, and what cannot be shown a `SystemContent` that says so. An edit names
    the message's Messenger id as its target. What the page itself has sent (echoes), and what
    another app of the page is answering, is left out.

    The sender is the page-scoped user id. The message's id is its ``provider_message_id``, so that
    redeliveries do no harm. ``metadata`` holds, if known: ``recipient`` (the page's id),
    ``sent_at``, ``reply_to_message_id``, ``target_message_id`` (of a reaction or edit),
    ``reactions_added``, ``postback_data`` (of a button or quick reply), ``sticker_id`` and
    ``referral`` (the link or advertisement that led here).

    Args:
        payload: the decoded body. What is missing or of the wrong kind counts as empty, a message
            without a sender or an id is left out.
    """
    try:
        return messages_in(read_messenger_webhook(payload), channel_id)
    except WebhookError:
        return []


def read_messenger_webhook(
    payload: Mapping[str, Any], *, page_id: str | None = None
) -> list[WebhookMeta]:
    """A batch in normal form: messages, reports, and what is to be acknowledged and ignored.

    A read receipt names no messages but a moment, up to which all were read: its `event_type` is
    `READ_UP_TO`, its ``external_id`` the moment in milliseconds.

    Args:
        page_id: leave out what is about other pages: an app has one webhook for all.

    Raises:
        WebhookError: the payload is not one of Meta's.
    """
    return [meta for entry in entries(payload) for meta in _entry(entry, page_id)]


def _entry(entry: Mapping[str, Any], page_id: str | None) -> Iterator[WebhookMeta]:
    about = text(entry.get("id"))
    if page_id is not None and about not in ("", page_id):
        logger.warning("a Messenger webhook is about page %s, which is not ours", about)
        yield unknown_meta(VENDOR, raw={"page_id": about})
        return
    for event in mappings(entry.get("messaging")):
        yield from _event(event)
    # The form in which the console sends examples.
    for change in mappings(entry.get("changes")):
        yield from _event(mapping(change.get("value")))
    for event in mappings(entry.get("standby")):
        yield unknown_meta(VENDOR, raw=event)


def _event(event: Mapping[str, Any]) -> Iterator[WebhookMeta]:
    sender = text(mapping(event.get("sender")).get("id"))
    for name, read in _READERS.items():
        part = event.get(name)
        if isinstance(part, Mapping):
            if sender:
                yield from read(event, part, sender)
                return
            logger.warning("a Messenger event has no sender: %s", name)
            break
    yield unknown_meta(VENDOR, raw=event)


def _facts(event: Mapping[str, Any], **facts: Any) -> dict[str, Any]:
    """The metadata of a message."""
    when = moment(event.get("timestamp"))
    return {"recipient": _page(event), "sent_at": when, **facts}


def _meta(event: Mapping[str, Any], message: InboundMessage) -> WebhookMeta:
    recipient = message.metadata.get("recipient", "")
    return message_meta(VENDOR, message, recipient=recipient, raw=event)


def _page(event: Mapping[str, Any]) -> str:
    return text(mapping(event.get("recipient")).get("id"))


def _message(
    event: Mapping[str, Any], message: Mapping[str, Any], sender: str
) -> Iterator[WebhookMeta]:
    message_id = text(message.get("mid"))
    if message.get("is_echo") is True or not message_id:
        yield unknown_meta(VENDOR, external_id=message_id, raw=event)
        return
    content, sticker_id = message_content(message)
    facts = _facts(
        event,
        reply_to_message_id=text(mapping(message.get("reply_to")).get("mid")),
        postback_data=text(mapping(message.get("quick_reply")).get("payload")),
        sticker_id=sticker_id,
        referral=_referral(message.get("referral") or event.get("referral")),
    )
    known = chat_message(sender=sender, content=content, message_id=message_id, metadata=facts)
    yield _meta(event, known)


def _postback(
    event: Mapping[str, Any], postback: Mapping[str, Any], sender: str
) -> Iterator[WebhookMeta]:
    payload, when = text(postback.get("payload")), text(event.get("timestamp"))
    known = chat_message(
        sender=sender,
        content=TextContent(body=text(postback.get("title")) or payload),
        message_id=text(postback.get("mid")) or f"postback:{sender}:{when}:{payload[:100]}",
        metadata=_facts(
            event, postback_data=payload, referral=_referral(postback.get("referral"))
        ),
    )
    yield _meta(event, known)


def _reaction(
    event: Mapping[str, Any], part: Mapping[str, Any], sender: str
) -> Iterator[WebhookMeta]:
    target = text(part.get("mid"))
    if not target:
        yield unknown_meta(VENDOR, raw=event)
        return
    taken_back = text(part.get("action")) == "unreact"
    emoji = "" if taken_back else text(part.get("emoji")) or text(part.get("reaction"))
    known = reaction_message(
        sender=sender,
        target=target,
        key=f"reaction:{target}:{sender}:{text(event.get('timestamp'))}:{emoji}",
        emoji=emoji,
        metadata=_facts(event),
    )
    yield _meta(event, known)


def _edit(event: Mapping[str, Any], edit: Mapping[str, Any], sender: str) -> Iterator[WebhookMeta]:
    target = text(edit.get("mid"))
    if not target:
        yield unknown_meta(VENDOR, raw=event)
        return
    new = TextContent(body=text(edit.get("text")))
    known = chat_message(
        sender=sender,
        content=EditContent(target_event_id=target, new_content=new, edit_source="sender"),
        message_id=target,
        key=f"{target}:edit:{text(edit.get('num_edit'))}",
        metadata=_facts(event, target_message_id=target),
    )
    yield _meta(event, known)


def _delivery(
    event: Mapping[str, Any], delivery: Mapping[str, Any], sender: str
) -> Iterator[WebhookMeta]:
    given = delivery.get("mids")
    ids = [text(one) for one in given] if isinstance(given, list) else []
    for message_id in filter(None, ids):
        yield _report(event, message_id, "delivered", sender, delivery)
    if not any(ids):
        yield unknown_meta(VENDOR, raw=event)


def _read(event: Mapping[str, Any], read: Mapping[str, Any], sender: str) -> Iterator[WebhookMeta]:
    message_id, watermark = text(read.get("mid")), text(read.get("watermark"))
    if message_id:
        yield _report(event, message_id, "read", sender, read)
        return
    numeric = watermark.isascii() and watermark.isdigit() and len(watermark) < 20
    kind = READ_UP_TO if numeric else "unknown"
    notice = notice_meta(VENDOR, kind, sender=sender, recipient=_page(event), raw=event)
    yield notice.evolve(external_id=watermark or None)


def _report(
    event: Mapping[str, Any],
    message_id: str,
    status: str,
    reader: str,
    part: Mapping[str, Any],
) -> WebhookMeta:
    when = event.get("timestamp") or part.get("watermark")
    return status_meta(
        VENDOR,
        message_id=message_id,
        status=status,
        sender=_page(event),
        recipient=reader,
        timestamp=moment(when),
        raw=event,
    )


def _referral(value: Any) -> dict[str, str]:
    if value is None:
        return {}
    referral = mapping(value)
    names = ("ref", "source", "type", "ad_id")
    return {name: found for name in names if (found := text(referral.get(name)))}


_READERS = {
    "message": _message,
    "postback": _postback,
    "reaction": _reaction,
    "message_edit": _edit,
    "delivery": _delivery,
    "read": _read,
}
