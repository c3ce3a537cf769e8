"""What makes an event an answer to another."""

from __future__ import annotations

from roomkit.channels.base import Channel
from roomkit.models._base import EMPTY_DICT, new_id
from roomkit.models.enums import ChannelDirection, EventStatus
from roomkit.models.event import EventSource, RoomEvent


def answer_to(trigger: RoomEvent, answer: RoomEvent, channel: Channel) -> RoomEvent:
    """The answer as an event of the trigger's room, one generation further down.

    A channel speaks for itself only, and the trigger decides who may see the answer, and the
    answers to that. An answer that was made of a copy of the trigger is an event of its own all
    the same.
    """
    visibility = trigger.response_visibility or answer.visibility
    return answer.sealed().evolve(
        id=new_id() if answer.id == trigger.id else answer.id,
        room_id=trigger.room_id,
        source=EventSource(
            channel_id=channel.channel_id,
            channel_type=channel.channel_type,
            participant_id=answer.source.participant_id,
            direction=ChannelDirection.OUTBOUND,
            provider=answer.source.provider,
        ),
        status=EventStatus.PENDING,
        blocked_by=None,
        delivery_results=EMPTY_DICT,
        visibility=visibility,
        response_visibility=answer.response_visibility or trigger.response_visibility,
        chain_depth=trigger.chain_depth + 1,
        parent_event_id=trigger.id,
        correlation_id=trigger.correlation_id or trigger.id,
    )
