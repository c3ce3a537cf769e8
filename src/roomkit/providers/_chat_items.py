"""What the readers of chat vendors' webhooks have in common, besides `_webhook_items`."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from roomkit.channels.base import text_of
from roomkit.models._frozen import EMPTY_LIST, clean_text, freeze
from roomkit.models.content import EventContent, SystemContent
from roomkit.models.delivery import InboundMessage, WebhookMeta
from roomkit.models.enums import EventType
from roomkit.providers._content import files_of
from roomkit.providers._webhook_items import assembled_meta


def chat_message(
    *,
    sender: str,
    content: EventContent,
    message_id: str,
    key: str | None = None,
    event_type: EventType | None = None,
    metadata: Mapping[str, Any],
) -> InboundMessage:
    """A message whose channel is not known yet.

    Args:
        message_id: the vendor's id, unique among all messages of the account.
        key: what makes a redelivery harmless; None if the id does.
        metadata: entries that are None or empty are left out.
    """
    known = {
        name: value for name, value in metadata.items() if value or value is False or value == 0
    }
    # Unvalidated, which would be a third of a webhook's cost: nothing else could be wrong with it.
    return InboundMessage.assembled(
        channel_id="",
        sender_id=clean_text(sender),
        content=content,
        idempotency_key=clean_text(key or message_id),
        provider_message_id=clean_text(message_id),
        event_type=event_type,
        metadata=freeze(known),
    )


def reaction(
    *,
    sender: str,
    target: str,
    key: str,
    added: Sequence[str],
    removed: Sequence[str],
    metadata: Mapping[str, Any],
) -> InboundMessage | None:
    """Somebody's reactions to a message, as an event of the type ``reaction``.

    ``metadata`` then also holds ``reactions_added``, ``reactions_removed`` and
    ``target_message_id``, the vendor's id of that message. None if nothing has changed.
    """
    if not added and not removed:
        return None
    words = [f"[Reaction: {one}]" for one in added]
    words += [f"[Reaction removed: {one}]" for one in removed]
    return chat_message(
        sender=sender,
        content=SystemContent(body=" ".join(words), code="reaction"),
        message_id=key,
        event_type=EventType.REACTION,
        metadata={
            **metadata,
            "target_message_id": target,
            "reactions_added": list(added),
            "reactions_removed": list(removed),
        },
    )


def message_meta(
    provider: str, message: InboundMessage, *, recipient: str, raw: Mapping[str, Any]
) -> WebhookMeta:
    """A message in the form of any webhook.

    Args:
        recipient: the conversation that it was written in.
    """
    files = [{"url": file.url, "mime_type": file.mime_type} for file in files_of(message.content)]
    return assembled_meta(
        raw,
        provider=provider,
        external_id=message.provider_message_id or "",
        sender=message.sender_id,
        recipient=recipient,
        body=text_of(message.content),
        media_urls=freeze(files) if files else EMPTY_LIST,
        message=message,
    )


def notice_meta(
    provider: str,
    event_type: str,
    *,
    sender: str = "",
    recipient: str = "",
    raw: Mapping[str, Any],
) -> WebhookMeta:
    """Something that is not a message: a kit ignores it, an application may look at it."""
    return assembled_meta(
        raw, provider=provider, event_type=event_type, sender=sender, recipient=recipient
    )


def kept(value: Any) -> Any:
    """A value of somebody else's making, for metadata; None if it is nested without end."""
    try:
        return freeze(value)
    except (ValueError, RecursionError):
        return None


def amount(value: Any) -> float | None:
    """A number that is not negative."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) and number >= 0 else None


def size(value: Any) -> int | None:
    """A number of bytes, or of anything else that is counted."""
    known = amount(value)
    return None if known is None or known > 2**53 else int(known)
