"""What makes an event an answer to another."""

from __future__ import annotations

from roomkit.channels.base import Channel
from roomkit.models.enums import ChannelDirection, EventStatus
from roomkit.models.event import EventSource, RoomEvent


def answer_to(trigger: RoomEvent, answer: RoomEvent, channel: Channel) -> RoomEvent:
    """The answer as an event of the trigger's room, one generation further down.

    A channel speaks for itself only, and the trigger decides who may see the answer.
    """
    visibility = trigger.response_visibility or answer.visibility
    return answer.sealed().evolve(
        room_id=trigger.room_id,
        source=EventSource(
            channel_id=channel.channel_id,
            channel_type=channel.channel_type,
            participant_id=answer.source.participant_id,
            direction=ChannelDirection.OUTBOUND,
            provider=answer.source.provider,
        ),
        status=EventStatus.PENDING,
        visibility=visibility,
        chain_depth=trigger.chain_depth + 1,
        parent_event_id=trigger.id,
        correlation_id=trigger.correlation_id or trigger.id,
    )
