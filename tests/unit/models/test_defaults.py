"""What a record is when it is given only what it needs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from pydantic import BaseModel, ValidationError

from roomkit.models.channel import ChannelBinding, ChannelCapabilities, RateLimit, RetryPolicy
from roomkit.models.delivery import DeliveryResult, DeliveryStatus, ProviderResult, RCSResult
from roomkit.models.enums import (
    Access,
    ChannelCategory,
    ChannelDirection,
    ChannelMediaType,
    ChannelType,
    DeliveryMode,
    EventStatus,
    EventType,
    IdentificationStatus,
    ParticipantRole,
    ParticipantStatus,
    RoomStatus,
    TaskStatus,
)
from roomkit.models.event import ChannelData, EventSource, RoomEvent, TextContent
from roomkit.models.framework_event import FrameworkEvent
from roomkit.models.identity import Identity
from roomkit.models.participant import Participant
from roomkit.models.room import Room, RoomTimers
from roomkit.models.task import Observation, Task

SOURCE = EventSource(channel_id="a")
TEXT = TextContent(body="x")

DEFAULTS: list[tuple[BaseModel, dict[str, Any]]] = [
    (
        Room(),
        {
            "organization_id": None,
            "status": RoomStatus.ACTIVE,
            "closed_at": None,
            "timers": RoomTimers(),
            "metadata": {},
            "event_count": 0,
            "latest_index": 0,
        },
    ),
    (
        RoomTimers(),
        {"inactive_after_seconds": None, "closed_after_seconds": None, "last_activity_at": None},
    ),
    (
        RoomEvent(room_id="r", source=SOURCE, content=TEXT),
        {
            "type": EventType.MESSAGE,
            "status": EventStatus.PENDING,
            "blocked_by": None,
            "visibility": "all",
            "response_visibility": None,
            "index": 0,
            "chain_depth": 0,
            "parent_event_id": None,
            "correlation_id": None,
            "idempotency_key": None,
            "metadata": {},
            "channel_data": ChannelData(),
            "delivery_results": {},
        },
    ),
    (
        SOURCE,
        {"channel_type": None, "participant_id": None, "direction": ChannelDirection.INBOUND},
    ),
    (ChannelData(), {"provider": None, "external_id": None, "raw": {}}),
    (
        ChannelBinding(channel_id="a", room_id="r", channel_type=ChannelType.SMS),
        {
            "category": ChannelCategory.TRANSPORT,
            "direction": ChannelDirection.BIDIRECTIONAL,
            "access": Access.READ_WRITE,
            "muted": False,
            "output_muted": False,
            "visibility": "all",
            "participant_id": None,
            "last_read_index": None,
            "rate_limit": None,
            "retry_policy": None,
            "metadata": {},
        },
    ),
    (
        ChannelCapabilities(),
        {
            "media_types": [ChannelMediaType.TEXT],
            "max_length": None,
            "overflow": "truncate",
            "supports_threading": False,
            "supports_reactions": False,
            "supports_read_receipts": False,
            "supports_typing": False,
            "supports_templates": False,
            "supports_rich_text": False,
            "supports_buttons": False,
            "max_buttons": None,
            "supports_cards": False,
            "supports_quick_replies": False,
            "supports_media": False,
            "supported_media_types": [],
            "max_media_size_bytes": None,
            "supports_audio": False,
            "supports_video": False,
            "supports_edit": False,
            "supports_delete": False,
            "delivery_mode": DeliveryMode.BROADCAST,
        },
    ),
    (RateLimit(), {"max_per_second": None, "max_per_minute": None, "max_per_hour": None}),
    (
        RetryPolicy(),
        {
            "max_retries": 3,
            "base_delay_seconds": 1.0,
            "max_delay_seconds": 60.0,
            "exponential_base": 2.0,
        },
    ),
    (
        Participant(id="u", room_id="r", channel_id="a"),
        {
            "display_name": None,
            "role": ParticipantRole.MEMBER,
            "status": ParticipantStatus.ACTIVE,
            "identification": IdentificationStatus.PENDING,
            "identity_id": None,
            "candidates": [],
            "metadata": {},
        },
    ),
    (Identity(), {"organization_id": None, "display_name": None, "addresses": {}}),
    (
        Task(title="t"),
        {"description": "", "status": TaskStatus.PENDING, "assigned_to": None, "metadata": {}},
    ),
    (Observation(category="c"), {"content": "", "confidence": 1.0, "metadata": {}}),
    (
        ProviderResult(success=True),
        {"provider_message_id": None, "error": None, "retryable": False, "metadata": {}},
    ),
    (RCSResult(success=True), {"fallback": False}),
    (
        DeliveryResult(channel_id="a", success=True),
        {"provider_message_id": None, "error": None, "parts": 1, "truncated": False},
    ),
    (
        DeliveryStatus(provider="acme", message_id="m", status="sent"),
        {
            "recipient": "",
            "sender": "",
            "error_code": None,
            "error_message": None,
            "timestamp": None,
            "raw": {},
        },
    ),
    (FrameworkEvent(type="room_created"), {"room_id": None, "channel_id": None, "data": {}}),
]


@pytest.mark.parametrize(
    ("record", "expected"), DEFAULTS, ids=[type(one).__name__ for one, _ in DEFAULTS]
)
def test_what_is_not_said_is_this(record: BaseModel, expected: dict[str, Any]) -> None:
    assert {name: getattr(record, name) for name in expected} == expected


@pytest.mark.parametrize(
    "make",
    [
        Room,
        lambda: RoomEvent(room_id="r", source=SOURCE, content=TEXT),
        Identity,
        lambda: Task(title="t"),
        lambda: Observation(category="c"),
    ],
    ids=["room", "event", "identity", "task", "observation"],
)
def test_ids_are_made_up_and_never_the_same(make: Any) -> None:
    ids = {make().id for _ in range(50)}
    assert len(ids) == 50
    for one in ids:
        assert len(one) == 32
        assert UUID(one).version == 4
        assert UUID(one).hex == one


def test_times_are_those_of_now_with_their_zone() -> None:
    now = datetime.now(UTC)
    for moment in (
        Room().created_at,
        RoomEvent(room_id="r", source=SOURCE, content=TEXT).created_at,
        Task(title="t").created_at,
    ):
        assert moment.utcoffset() == timedelta(0)
        assert abs(moment - now) < timedelta(minutes=1)


@pytest.mark.parametrize(
    ("key", "metadata", "recipient"),
    [
        (None, {"phone_number": "+1"}, None),
        ("phone_number", {}, None),
        ("phone_number", {"phone_number": None}, None),
        ("phone_number", {"phone_number": ""}, None),
        ("phone_number", {"phone_number": "+1"}, "+1"),
        ("telegram_chat_id", {"telegram_chat_id": 42}, "42"),
    ],
)
def test_a_bindings_recipient_is_found_under_its_key(
    key: str | None, metadata: dict[str, Any], recipient: str | None
) -> None:
    binding = ChannelBinding(
        channel_id="a",
        room_id="r",
        channel_type=ChannelType.SMS,
        recipient_key=key,
        metadata=metadata,
    )
    assert binding.recipient == recipient


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: RateLimit(max_per_second=0),
        lambda: RateLimit(max_per_minute=-1),
        lambda: RetryPolicy(max_retries=-1),
        lambda: RetryPolicy(exponential_base=0.5),
        lambda: RoomTimers(inactive_after_seconds=-1),
        lambda: ChannelCapabilities(max_length=0),
        lambda: ChannelCapabilities(max_buttons=-1),
        lambda: Room(id=""),
    ],
)
def test_values_that_make_no_sense_are_refused(wrong: Any) -> None:
    with pytest.raises(ValidationError):
        wrong()
