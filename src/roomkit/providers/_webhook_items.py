"""What the readers of phone vendors' webhooks have in common.

A reader takes what it can use and leaves out the rest: each of these functions answers with
something empty where the payload holds something else than it should.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from roomkit.models._frozen import EMPTY_DICT, EMPTY_LIST, clean_text, freeze
from roomkit.models.content import (
    AudioContent,
    CompositeContent,
    EventContent,
    LocationContent,
    MediaContent,
    TextContent,
    VideoContent,
)
from roomkit.models.delivery import DeliveryStatus, InboundMessage, WebhookMeta
from roomkit.providers._content import File
from roomkit.providers.sms.opt_out import OptOutAction, opt_out_action, opt_out_facts

logger = logging.getLogger("roomkit.providers")

_LARGEST_ID = 10**30
_UNKNOWN_TYPE = "application/octet-stream"


def text(value: Any) -> str:
    """A text as it can be stored; a whole number as its digits; "" for anything else."""
    if value is None:
        return ""
    if isinstance(value, str):
        if value.isascii() and "\x00" not in value:
            return value
        cleaned: str = clean_text(value)
        return cleaned
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < _LARGEST_ID:
        return str(value)
    return ""


def mapping(value: Any) -> Mapping[str, Any]:
    """A JSON object."""
    if value is None:  # most fields are not there, and an ABC takes its time to say so
        return {}
    return value if type(value) is dict or isinstance(value, Mapping) else {}


def mappings(value: Any) -> list[Mapping[str, Any]]:
    """The objects in a JSON array; a lone object is an array of one."""
    if value is None:
        return []
    if isinstance(value, list):
        return [item for item in value if type(item) is dict or isinstance(item, Mapping)]
    return [value] if isinstance(value, Mapping) else []


def file_from(url: str, mime_type: str, *, filename: str | None = None) -> File | None:
    """A file behind a URL of the web; None, with a warning, if there is no such URL."""
    url = url.strip()
    if not url.lower().startswith(("https://", "http://")):
        logger.warning("a file in a message has no usable URL")
        return None
    kind = mime_type.partition(";")[0].strip().lower() or _UNKNOWN_TYPE
    if kind.startswith("audio/"):
        return AudioContent(url=url, mime_type=kind)
    if kind.startswith("video/"):
        return VideoContent(url=url, mime_type=kind)
    return MediaContent(url=url, mime_type=kind, filename=filename or None)


def location_from(
    latitude: Any, longitude: Any, *, label: str = "", address: str = ""
) -> LocationContent | None:
    """A point on the map, if the two are one."""
    try:
        return LocationContent(
            latitude=latitude, longitude=longitude, label=label or None, address=address or None
        )
    except ValidationError:
        return None


def text_content(body: str) -> TextContent:
    """What somebody wrote; cleaned here, and not validated once more."""
    return TextContent.assembled(type="text", body=clean_text(body), language=None)


def content_of(body: str, items: Sequence[EventContent]) -> EventContent:
    """One content for a text and what came with it: a composite if there are several."""
    if not items:
        return text_content(body)
    parts: list[EventContent] = [text_content(body)] if body.strip() else []
    parts += items
    return parts[0] if len(parts) == 1 else CompositeContent(parts=parts)


def inbound_meta(
    provider: str,
    *,
    sender: str,
    recipient: str,
    body: str,
    items: Sequence[EventContent] = (),
    external_id: str = "",
    extras: Mapping[str, Any] | None = None,
    raw: Mapping[str, Any],
    opt_out: OptOutAction | None = None,
) -> WebhookMeta:
    """A message in normal form.

    Its metadata holds ``recipient``, those `extras` that are not empty, and ``opt_out`` if it asks
    for one, with ``no_reply`` where an answer is out of place.

    Args:
        opt_out: what the vendor has already recognised and answered by itself; otherwise the words
            decide.
    """
    metadata: dict[str, Any] = {"recipient": recipient, **(extras or {})}
    metadata = {key: value for key, value in metadata.items() if value}
    action = opt_out or opt_out_action(body)
    if action is not None:
        metadata |= opt_out_facts(action, answered=opt_out is not None)
    files = [
        {"url": item.url, "mime_type": item.mime_type}
        for item in items
        if isinstance(item, MediaContent | AudioContent | VideoContent)
    ]
    # Unvalidated, as in `assembled_meta`: it would be a third of a webhook's cost.
    message = InboundMessage.assembled(
        channel_id="",
        sender_id=sender,
        content=content_of(body, items),
        idempotency_key=None,
        provider_message_id=external_id or None,
        event_type=None,
        metadata=freeze(metadata),
    )
    return assembled_meta(
        raw,
        provider=provider,
        sender=sender,
        recipient=recipient,
        body=body,
        external_id=external_id,
        media_urls=freeze(files) if files else EMPTY_LIST,
        message=message,
    )


def status_meta(
    provider: str,
    *,
    message_id: str,
    status: str,
    sender: str = "",
    recipient: str = "",
    error_code: str = "",
    error_message: str = "",
    timestamp: str = "",
    raw: Mapping[str, Any],
) -> WebhookMeta:
    """A report about a message in normal form."""
    meta = assembled_meta(
        raw,
        provider=provider,
        sender=sender,
        recipient=recipient,
        event_type="status",
        external_id=message_id,
    )
    report = DeliveryStatus(
        provider=provider,
        message_id=message_id,
        status=status,
        recipient=recipient,
        sender=sender,
        error_code=error_code or None,
        error_message=error_message or None,
        timestamp=timestamp or None,
    )
    return meta.evolve(status=report.evolve(raw=meta.raw))


def unknown_meta(provider: str, *, external_id: str = "", raw: Mapping[str, Any]) -> WebhookMeta:
    """Something of the vendor's to acknowledge and ignore."""
    return assembled_meta(raw, provider=provider, event_type="unknown", external_id=external_id)


def assembled_meta(
    raw: Mapping[str, Any],
    *,
    provider: str,
    sender: str = "",
    recipient: str = "",
    body: str = "",
    event_type: str = "inbound",
    external_id: str = "",
    media_urls: list[dict[str, Any]] = EMPTY_LIST,
    message: InboundMessage | None = None,
) -> WebhookMeta:
    """A webhook in normal form, unvalidated, for everything in it was made here: text is clean,
    and lists are frozen."""
    return WebhookMeta.assembled(
        provider=provider,
        sender=sender,
        recipient=recipient,
        body=body,
        event_type=event_type,
        external_id=external_id or None,
        media_urls=media_urls,
        status=None,
        message=message,
        raw=kept_mapping(raw),
    )


def kept_mapping(given: Mapping[str, Any]) -> dict[str, Any]:
    """A read-only copy of somebody else's object; an empty one if it is not JSON or nested without
    end: then it is not worth keeping."""
    if not given:
        return EMPTY_DICT
    try:
        kept: dict[str, Any] = freeze(given if isinstance(given, dict) else dict(given))
    except (ValueError, RecursionError):
        return EMPTY_DICT
    return kept if set(map(type, kept)) == {str} else EMPTY_DICT
