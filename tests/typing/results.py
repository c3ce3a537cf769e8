"""What a type checker knows about what the kit returns."""

from __future__ import annotations

from typing import assert_never, assert_type

from roomkit import (
    ChannelBinding,
    DeliveryResult,
    InboundMessage,
    InboundResult,
    Observation,
    Participant,
    Room,
    RoomEvent,
    RoomKit,
    RoomStatus,
    Task,
    TextContent,
)
from roomkit.channels.base import Channel
from roomkit.models.delivery import HookFailure
from roomkit.models.event import (
    AudioContent,
    CompositeContent,
    DeleteContent,
    EditContent,
    EventContent,
    LocationContent,
    MediaContent,
    RichContent,
    SystemContent,
    TemplateContent,
    VideoContent,
)
from roomkit.realtime.base import RealtimeBackend
from roomkit.store.base import ConversationStore


async def processing(kit: RoomKit, message: InboundMessage) -> None:
    result = await kit.process_inbound(message)
    assert_type(result, InboundResult)
    assert_type(result.blocked, bool)
    assert_type(result.reason, str | None)
    assert_type(result.event, RoomEvent | None)
    assert_type(result.room_id, str | None)
    assert_type(result.response_events, list[RoomEvent])
    assert_type(result.delivery_results, dict[str, DeliveryResult])
    assert_type(result.delivery_errors, dict[str, str])
    assert_type(result.hook_errors, list[HookFailure])
    assert_type(result.tasks, list[Task])
    assert_type(result.observations, list[Observation])
    assert_type(await kit.process_webhook({}, "sms"), InboundMessage | None)


async def rooms(kit: RoomKit) -> None:
    room = await kit.create_room("room", {"topic": "bicycles"})
    assert_type(room, Room)
    assert_type(room.status, RoomStatus)
    assert_type(await kit.check_all_timers(), list[Room])
    assert_type(await kit.get_timeline("room"), list[RoomEvent])
    assert_type(await kit.list_tasks("room", "pending"), list[Task])
    assert_type(await kit.ensure_participant("room", "web", "ada"), Participant)
    assert_type(await kit.attach_channel("room", "web"), ChannelBinding)
    assert_type(await kit.detach_channel("room", "web"), bool)
    assert_type(await kit.submit_feedback("room", 5), Observation)
    assert_type(await kit.subscribe_room("room", print), str)
    async with RoomKit() as opened:
        assert_type(opened, RoomKit)


async def sending(kit: RoomKit) -> None:
    event = await kit.send_event("room", "web", TextContent(body="Hello"))
    assert_type(event, RoomEvent)
    assert_type(event.delivery_results["sms"].provider_message_id, str | None)
    assert_type(Channel.extract_text(event), str)


def collaborators(kit: RoomKit) -> None:
    assert_type(kit.store, ConversationStore)
    assert_type(kit.realtime, RealtimeBackend)
    assert_type(kit.get_channel("web"), Channel | None)


def every_content_is_known(content: EventContent) -> str:
    """A match over all content types is complete: a twelfth would be an error here."""
    match content:
        case TextContent() | RichContent() | SystemContent():
            return assert_type(content.body, str)
        case MediaContent() | AudioContent() | VideoContent():
            return assert_type(content.url, str)
        case LocationContent():
            return str(assert_type(content.latitude, float))
        case TemplateContent():
            return assert_type(content.template_id, str)
        case EditContent() | DeleteContent():
            return assert_type(content.target_event_id, str)
        case CompositeContent():
            return str(len(content.parts))
    assert_never(content)
