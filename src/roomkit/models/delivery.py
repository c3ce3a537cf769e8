"""Messages coming in, and what became of messages going out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from roomkit.models._base import (
    EMPTY_DICT,
    EMPTY_LIST,
    READ_ONLY,
    FrozenModel,
    JsonList,
    Key,
    Metadata,
    Text,
)
from roomkit.models.content import CompositeContent, EventContent, MediaContent, TextContent
from roomkit.models.enums import EventType

if TYPE_CHECKING:
    from roomkit.models.event import RoomEvent
    from roomkit.models.task import Observation, Task


class InboundMessage(FrozenModel):
    """A message as a vendor's webhook, a WebSocket or the host application hands it in.

    ``idempotency_key`` (or, without one, ``provider_message_id``) makes a redelivery harmless: a
    second message of the same channel with the same key is answered with the event that the first
    one became.
    ``event_type`` is normally derived from the content: edits and deletes have types of their own.
    """

    channel_id: str
    sender_id: Text
    content: EventContent
    idempotency_key: Key | None = None
    provider_message_id: Key | None = None
    event_type: EventType | None = None
    metadata: Metadata = EMPTY_DICT


class ProviderResult(FrozenModel):
    """What a vendor answered to one send.

    ``retryable`` tells whether the same request may succeed later; a refusal such as "no such
    number" leaves it False and is not tried again. ``retry_after`` is the vendor's own wish, in
    seconds.
    """

    success: bool
    provider_message_id: str | None = None
    error: str | None = None
    error_code: str | None = None
    retryable: bool = False
    retry_after: float | None = None
    metadata: Metadata = EMPTY_DICT


class RCSResult(ProviderResult):
    """A `ProviderResult` that also tells whether the message went out as SMS instead."""

    fallback: bool = False


class DeliveryResult(FrozenModel):
    """The outcome of one event for one channel.

    ``error`` is a stable code (``no_recipient``, ``circuit_open``, ``transcoding_failed`` …) or
    the vendor's words. ``parts`` counts the messages that a long text was split into,
    ``truncated`` tells that it was cut. ``status`` follows the vendor's later reports; for a
    message in parts it says what holds for all of them, or that one has failed.
    """

    channel_id: str
    success: bool
    provider_message_id: str | None = None
    error: str | None = None
    error_code: str | None = None
    status: str | None = None
    parts: int = 1
    truncated: bool = False
    metadata: Metadata = EMPTY_DICT

    @property
    def message_ids(self) -> tuple[str, ...]:
        """The vendor's ids of all parts, in their order."""
        several = self.metadata.get("provider_message_ids")
        if several:
            return tuple(several)
        return () if self.provider_message_id is None else (self.provider_message_id,)


class DeliveryStatus(FrozenModel):
    """A vendor's later report about a message that was sent: "sent", "delivered", "read", "failed"
    …"""

    provider: str
    message_id: str
    status: str
    recipient: str = ""
    sender: str = ""
    error_code: str | None = None
    error_message: Text | None = None
    timestamp: str | None = None
    raw: Metadata = EMPTY_DICT


class HookFailure(FrozenModel):
    """A hook that raised, timed out or returned something it must not."""

    hook: str
    trigger: str
    error: str


class InboundResult(FrozenModel):
    """What became of an inbound message and of everything it set in motion.

    Attributes:
        blocked: the message was not broadcast.
        reason: why it was blocked: a hook's reason, or ``duplicate``, ``room_closed``,
            ``rate_limited``, ``process_timeout``, ``participant_banned``,
            ``channel_not_writable``, ``muted`` …
        event: the event as stored; for a duplicate the one that was stored the first time. None if
            nothing was stored.
        response_events: the answers that the message caused, in the order in which they were
            committed.
        delivery_results: the outcome per channel for the message itself.
        delivery_errors: the same, failures only, as text.
        hook_errors: hooks that failed on the way.
        error: the first failure of a channel that should have reacted, such as an AI provider's.
    """

    blocked: bool = False
    reason: str | None = None
    event: RoomEvent | None = None
    response_events: Annotated[list[RoomEvent], READ_ONLY] = EMPTY_LIST
    delivery_results: Annotated[dict[str, DeliveryResult], READ_ONLY] = EMPTY_DICT
    hook_errors: Annotated[list[HookFailure], READ_ONLY] = EMPTY_LIST
    tasks: Annotated[list[Task], READ_ONLY] = EMPTY_LIST
    observations: Annotated[list[Observation], READ_ONLY] = EMPTY_LIST
    error: str | None = None

    @property
    def delivery_errors(self) -> dict[str, str]:
        return {
            channel_id: result.error or "failed"
            for channel_id, result in self.delivery_results.items()
            if not result.success
        }

    @property
    def room_id(self) -> str | None:
        """The room that the message landed in, if it was stored."""
        return self.event.room_id if self.event is not None else None


_ANY_FILE = "application/octet-stream"


def _message_of(fields: dict[str, Any]) -> InboundMessage | None:
    """The message that the other fields of a webhook amount to; None if nobody wrote."""
    if fields["event_type"] != "inbound" or fields["status"] is not None or not fields["sender"]:
        return None
    parts: list[EventContent] = []
    for file in fields["media_urls"]:
        url, mime_type = file.get("url"), file.get("mime_type")
        if isinstance(url, str):
            known = isinstance(mime_type, str)
            parts.append(MediaContent(url=url, mime_type=mime_type if known else _ANY_FILE))
    if fields["body"] or not parts:
        parts.insert(0, TextContent(body=fields["body"]))
    return InboundMessage(
        channel_id="",
        sender_id=fields["sender"],
        content=parts[0] if len(parts) == 1 else CompositeContent(parts=parts),
        provider_message_id=fields["external_id"],
    )


class WebhookMeta(FrozenModel):
    """A vendor's webhook in normal form, whichever vendor it was.

    Exactly one of the three holds: `is_inbound` (somebody wrote), `is_status` (a report about a
    message sent earlier), or neither (something to acknowledge and ignore). Unless it is given,
    the ``message`` is made of ``sender``, ``body``, ``media_urls`` (each with ``url`` and
    ``mime_type``) and ``external_id``.
    """

    provider: str
    sender: Text = ""
    recipient: str = ""
    body: Text = ""
    event_type: str = "inbound"
    external_id: str | None = None
    media_urls: JsonList = EMPTY_LIST
    status: DeliveryStatus | None = None
    message: InboundMessage | None = Field(default_factory=_message_of)
    raw: Metadata = EMPTY_DICT

    @property
    def is_inbound(self) -> bool:
        return self.event_type == "inbound" and self.status is None

    @property
    def is_status(self) -> bool:
        return self.status is not None

    def to_inbound(self, channel_id: str) -> InboundMessage:
        """The message for `RoomKit.process_inbound`.

        Raises:
            ValueError: the webhook carries no message.
        """
        if self.message is None:
            raise ValueError(f"this {self.provider} webhook carries no message")
        return self.message.evolve(channel_id=channel_id)


WebhookPayload = WebhookMeta | Mapping[str, Any] | bytes | str
"""What `RoomKit.process_webhook` accepts: a parsed webhook, a mapping, or the raw JSON body."""
