"""The generic webhook: how it is written, signed, checked and read.

What RoomKit posts, it also understands, so that two kits can talk to each other.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter, ValidationError

from roomkit._clock import Clock
from roomkit.channels.base import text_of
from roomkit.errors import WebhookError
from roomkit.models._base import FrozenModel
from roomkit.models._frozen import clean_text
from roomkit.models.content import (
    CompositeContent,
    EditContent,
    EventContent,
    SystemContent,
    TextContent,
)
from roomkit.models.delivery import InboundMessage, WebhookMeta
from roomkit.models.enums import ChannelType, EventType
from roomkit.models.event import RoomEvent
from roomkit.providers._webhook_items import assembled_meta, kept_mapping, mapping

SIGNATURE_HEADER = "X-RoomKit-Signature"
TOLERANCE_SECONDS = 300
"""How far a signature's time may be from ours, in either direction."""

_CONTENT: TypeAdapter[EventContent] = TypeAdapter(EventContent)
_LARGEST_ID = 10**30


class WebhookBody(FrozenModel):
    """What is posted for an event.

    ``sender`` is the participant who wrote it, or the channel if nobody did; ``text`` holds the
    words of ``content``, for receivers that look no further. The event's metadata stays inside of
    the room.
    """

    id: str
    room_id: str
    type: EventType
    to: str
    sender: str
    channel_id: str
    channel_type: ChannelType | None
    content: EventContent
    text: str
    parent_event_id: str | None
    created_at: datetime

    @classmethod
    def of(cls, event: RoomEvent, to: str) -> WebhookBody:
        """The body for an event."""
        return cls(
            id=event.id,
            room_id=event.room_id,
            type=event.type,
            to=to,
            sender=event.source.participant_id or event.source.channel_id,
            channel_id=event.source.channel_id,
            channel_type=event.source.channel_type,
            content=event.content,
            text=text_of(event.content),
            parent_event_id=event.parent_event_id,
            created_at=event.created_at,
        )


def sign_webhook(secret: str, body: bytes, now: datetime) -> str:
    """The value of the `SIGNATURE_HEADER` for a body that is sent now."""
    moment = str(int(now.timestamp()))
    return f"t={moment},v1={_digest(secret, moment, body)}"


def verify_http_signature(
    secret: str, body: bytes | str, signature: str | None, clock: Clock
) -> bool:
    """Whether a body was signed with this secret within the last five minutes (or the next five).

    Never raises: what cannot be read is False. Several ``v1`` values are allowed, so that a sender
    can sign with an old and a new secret while they are exchanged.
    """
    try:
        raw = body.encode() if isinstance(body, str) else bytes(memoryview(body))
        fields = [part.strip().partition("=") for part in (signature or "").split(",")]
        moments = [value for name, _, value in fields if name == "t"]
        given = [value for name, _, value in fields if name == "v1"]
        if not secret or len(moments) != 1 or not given:
            return False
        moment = moments[0]
        if not (moment.isascii() and moment.isdigit() and len(moment) <= 12):
            return False
        if abs(clock.now().timestamp() - int(moment)) > TOLERANCE_SECONDS:
            return False
        expected = _digest(secret, moment, raw).encode()
        return any([hmac.compare_digest(expected, value.encode()) for value in given])
    except (TypeError, ValueError, AttributeError):
        return False


def _digest(secret: str, moment: str, body: bytes) -> str:
    return hmac.digest(secret.encode(), moment.encode() + b"." + body, "sha256").hex()


def parse_http_webhook(payload: Mapping[str, Any], channel_id: str) -> InboundMessage:
    """The message in a generic webhook.

    ``sender`` (or ``sender_id``, ``from``) is required. The message is ``content``, in the form
    that RoomKit posts, or else ``text`` (or ``body``, ``message``), a string. ``id`` (or
    ``message_id``) makes a second delivery harmless, unless ``idempotency_key`` names something
    else; ``metadata`` is a mapping. Anything else is ignored, and so is an optional part that
    makes no sense.

    Raises:
        WebhookError: there is no sender, or no message.
    """
    return read_http_webhook(payload).to_inbound(channel_id)


def read_http_webhook(payload: Mapping[str, Any]) -> WebhookMeta:
    """A generic webhook in normal form.

    Raises:
        WebhookError: see `parse_http_webhook`.
    """
    if not isinstance(payload, Mapping):
        raise WebhookError("the webhook is not an object")
    sender = _first_id(payload, "sender", "sender_id", "from")
    if not sender:
        raise WebhookError("the webhook names no sender")
    content = _content(payload)
    if content is None:
        raise WebhookError("the webhook holds no message")
    external_id = _first_id(payload, "id", "message_id")
    message = InboundMessage.assembled(
        channel_id="",
        sender_id=sender,
        content=content,
        idempotency_key=_first_id(payload, "idempotency_key"),
        provider_message_id=external_id,
        event_type=None,
        metadata=kept_mapping(mapping(payload.get("metadata"))),
    )
    return assembled_meta(
        payload,
        provider="http",
        sender=sender,
        recipient=_first_id(payload, "to") or "",
        body=text_of(content),
        external_id=external_id or "",
        message=message,
    )


def _content(payload: Mapping[str, Any]) -> EventContent | None:
    given = payload.get("content")
    if isinstance(given, Mapping):
        try:
            content = _CONTENT.validate_python(given)
        except (ValidationError, RecursionError):
            content = None
        if content is not None and not _speaks_for_the_system(content):
            return content
    for name in ("content", "text", "body", "message"):
        text = payload.get(name)
        if isinstance(text, str) and text:
            return TextContent(body=text)
    return None


def _speaks_for_the_system(content: EventContent) -> bool:
    """Whether a content says something that only the application itself may say."""
    match content:
        case SystemContent():
            return True
        case CompositeContent():
            return any(_speaks_for_the_system(part) for part in content.parts)
        case EditContent():
            return _speaks_for_the_system(content.new_content)
    return False


def _first_id(payload: Mapping[str, Any], *names: str) -> str | None:
    for name in names:
        value = payload.get(name)
        if isinstance(value, int) and not isinstance(value, bool) and abs(value) < _LARGEST_ID:
            value = str(value)
        if isinstance(value, str) and value.strip():
            return str(clean_text(value.strip()))
    return None
