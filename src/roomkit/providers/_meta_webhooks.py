"""Meta's webhooks, whatever product they are about: signature, subscription, and their items.

https://developers.facebook.com/documentation/business-messaging/messenger-platform/webhooks
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

from roomkit.channels.base import text_of
from roomkit.errors import WebhookError
from roomkit.models._frozen import freeze
from roomkit.models.content import (
    AudioContent,
    CompositeContent,
    EventContent,
    MediaContent,
    VideoContent,
)
from roomkit.models.delivery import InboundMessage, WebhookMeta
from roomkit.models.enums import EventType
from roomkit.providers._webhook_items import mapping, mappings, unknown_meta
from roomkit.providers.base import WebhookReply

SIGNATURE_HEADER = "X-Hub-Signature-256"
_LONGEST_CHALLENGE = 1000
_NO = WebhookReply(status=403)


def meta_signature(app_secret: str, body: bytes) -> str:
    """What Meta puts into the header for a body: the HMAC-SHA256, keyed with the app's secret."""
    return "sha256=" + hmac.digest(app_secret.encode(), body, "sha256").hex()


def verify_meta_signature(app_secret: str, payload: bytes | str, signature: str | None) -> bool:
    """Whether Meta signed this body. Never raises: what cannot be read is False.

    The scheme has no time in it, so a captured request stays valid for ever; processing it again
    is harmless, because a message's id is also its idempotency key.
    """
    if not app_secret or not isinstance(signature, str):
        return False
    try:
        body = payload.encode() if isinstance(payload, str) else bytes(memoryview(payload))
        given = signature.encode()
    except (TypeError, ValueError):
        return False
    return hmac.compare_digest(meta_signature(app_secret, body).encode(), given)


def challenge_reply(url: str, verify_token: str | None) -> WebhookReply:
    """The answer to the GET with which Meta makes sure of a webhook's address.

    Args:
        url: the one that was called, with its query.
        verify_token: the word that was given to Meta; None refuses everybody.
    """
    try:
        query = parse_qs(urlsplit(url).query, keep_blank_values=True)
    except ValueError:
        return _NO
    mode, token, challenge = (
        query.get(f"hub.{name}", [""])[0] for name in ("mode", "verify_token", "challenge")
    )
    known = (verify_token or "").encode("utf-8", "replace")
    same = hmac.compare_digest(token.encode("utf-8", "replace"), known)
    # It is sent back, so it must not be able to mean anything.
    harmless = challenge.isascii() and challenge.isalnum() and len(challenge) < _LONGEST_CHALLENGE
    if not verify_token or mode != "subscribe" or not same or not harmless:
        return _NO
    return WebhookReply(body=challenge.encode(), content_type="text/plain")


def entries(payload: Any) -> list[Mapping[str, Any]]:
    """The entries of a batch.

    Raises:
        WebhookError: this is not one of Meta's webhooks.
    """
    given = mapping(payload).get("entry")
    if not isinstance(given, list):
        raise WebhookError("this is not a webhook of Meta's: it has no list of entries")
    return mappings(given)


def moment(value: Any, *, milliseconds: bool = False) -> str:
    """A Unix time, as a number or in digits, in ISO 8601; "" for anything else."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return ""
    try:
        return datetime.fromtimestamp(value / 1000 if milliseconds else value, UTC).isoformat()
    except (ValueError, OverflowError, OSError):
        return ""


def chat_meta(
    provider: str,
    *,
    sender: str,
    recipient: str,
    content: EventContent,
    message_id: str = "",
    key: str | None = None,
    event_type: EventType | None = None,
    facts: Mapping[str, Any],
    raw: Mapping[str, Any],
) -> WebhookMeta:
    """A message from a chat in normal form.

    Args:
        key: what tells it from others if it has no id of its own.
        facts: what becomes its metadata; empty ones are left out.
    """
    metadata = {"recipient": recipient, **facts}
    message = InboundMessage(
        channel_id="",
        sender_id=sender,
        content=content,
        provider_message_id=message_id or None,
        idempotency_key=key,
        event_type=event_type,
        metadata={name: value for name, value in metadata.items() if value},
    )
    parts: Sequence[EventContent] = [content]
    if isinstance(content, CompositeContent):
        parts = content.parts
    files = [
        {"url": part.url, "mime_type": part.mime_type}
        for part in parts
        if isinstance(part, MediaContent | AudioContent | VideoContent)
    ]
    return unknown_meta(provider, external_id=message_id, raw=raw).evolve(
        event_type="inbound",
        sender=sender,
        recipient=recipient,
        body=text_of(content),
        media_urls=freeze(files),
        message=message,
    )


def messages_in(metas: Sequence[WebhookMeta], channel_id: str) -> list[InboundMessage]:
    """The messages among what a webhook says, for one channel."""
    return [meta.to_inbound(channel_id) for meta in metas if meta.message is not None]
