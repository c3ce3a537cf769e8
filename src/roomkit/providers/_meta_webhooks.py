"""Meta's webhooks, whatever product they are about: signature, subscription, and their items.

https://developers.facebook.com/documentation/business-messaging/messenger-platform/webhooks
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

from roomkit.errors import WebhookError
from roomkit.models.content import SystemContent
from roomkit.models.delivery import InboundMessage, WebhookMeta
from roomkit.models.enums import EventType
from roomkit.providers._chat_items import chat_message, reaction
from roomkit.providers._webhook_items import mapping, mappings
from roomkit.providers.base import WebhookReply

SIGNATURE_HEADER = "X-Hub-Signature-256"
_LONGEST_CHALLENGE = 1000
# Larger times are in milliseconds: in seconds this is the year 5138.
_SECONDS = 10**11
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


def moment(value: Any) -> str:
    """A Unix time in seconds or milliseconds, as a number or in digits, in ISO 8601.

    It is "" for anything else.
    """
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return ""
    try:
        return datetime.fromtimestamp(value / 1000 if value > _SECONDS else value, UTC).isoformat()
    except (ValueError, OverflowError, OSError):
        return ""


def reaction_message(
    *, sender: str, target: str, key: str, emoji: str, metadata: Mapping[str, Any]
) -> InboundMessage:
    """Somebody's reaction to a message; without an `emoji` it was taken back."""
    known = reaction(
        sender=sender,
        target=target,
        key=key,
        added=[emoji] if emoji else [],
        removed=[],
        metadata=metadata,
    )
    if known is not None:
        return known
    return chat_message(
        sender=sender,
        content=SystemContent(body="[Reaction removed]", code="reaction"),
        message_id=key,
        event_type=EventType.REACTION,
        metadata={**metadata, "target_message_id": target},
    )


def unsupported(kind: str) -> SystemContent:
    """What stands for a message that cannot be shown, so that nobody thinks that nothing came."""
    data = {"type": kind} if kind else {}
    named = f": {kind}" if kind else ""
    return SystemContent(body=f"[Unsupported message{named}]", code="unsupported", data=data)


def messages_in(metas: Sequence[WebhookMeta], channel_id: str) -> list[InboundMessage]:
    """The messages among what a webhook says, for one channel."""
    return [meta.to_inbound(channel_id) for meta in metas if meta.message is not None]
