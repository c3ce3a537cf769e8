"""What the rules are told with, and what a store may say about itself."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel

from roomkit.core.locks import InMemoryLockManager
from roomkit.models.channel import ChannelBinding
from roomkit.models.content import TextContent
from roomkit.models.enums import (
    Access,
    ChannelDirection,
    ChannelType,
    EventStatus,
    ParticipantStatus,
)
from roomkit.models.event import EventSource, RoomEvent
from roomkit.models.participant import Participant
from roomkit.models.room import Room
from roomkit.store.base import ConversationStore
from roomkit.store.records import CommitOutcome, TimelineCommit

NOON = datetime(2030, 5, 17, 12, 0, tzinfo=UTC)

ADA = "+15551234567"
SPELLINGS_OF_ADA = ["+1 (555) 123-4567", "001 555 123 4567", "15551234567", "+1.555.123.4567"]
BOB = "+15557654321"


class StoreRules:
    """The base of all rules. The attributes and methods here are for the author to override."""

    atomic: bool = True
    """Whether `commit` itself decides which of several simultaneous events comes first.

    False for a store that serves one process, leaves `commit` as it is and waits inside the
    methods that it is made of. The tests then hold the room's lock, as the framework always does.
    """

    finds_deliveries: bool = True
    """Whether `find_delivery` is implemented."""

    def another(self, store: ConversationStore) -> ConversationStore:
        """The same data as another process sees them: override it for a store on a server.

        It may be closed together with `store`.
        """
        return store

    async def commit_at_once(
        self, store: ConversationStore, events: Iterable[RoomEvent]
    ) -> list[CommitOutcome]:
        """Commit each event in a task of its own, through two processes in turn."""
        stores = [store, self.another(store)]
        locks = InMemoryLockManager()

        async def one(number: int, event: RoomEvent) -> CommitOutcome:
            if self.atomic:
                return await commit(stores[number % 2], event)
            async with locks.locked(event.room_id):
                return await commit(stores[number % 2], event)

        return await asyncio.gather(*(one(number, event) for number, event in enumerate(events)))


def an_event(
    body: str = "hello",
    *,
    room_id: str = "room",
    channel_id: str = "sms",
    sender: str | None = ADA,
    **values: Any,
) -> RoomEvent:
    """A message as a channel hands it in."""
    return RoomEvent.model_validate(
        {
            "room_id": room_id,
            "source": EventSource(
                channel_id=channel_id,
                channel_type=ChannelType.SMS,
                participant_id=sender,
                direction=ChannelDirection.INBOUND,
            ),
            "content": TextContent(body=body),
            "status": EventStatus.DELIVERED,
            "created_at": NOON,
            **values,
        }
    )


def a_binding(
    channel_id: str = "sms",
    *,
    room_id: str = "room",
    number: str | None = None,
    **values: Any,
) -> ChannelBinding:
    """A channel in a room; with a `number`, that of its recipient."""
    return ChannelBinding.model_validate(
        {
            "room_id": room_id,
            "channel_id": channel_id,
            "channel_type": ChannelType.SMS,
            "access": Access.READ_WRITE,
            "recipient_key": "phone_number",
            "metadata": {} if number is None else {"phone_number": number},
            "attached_at": NOON,
            **values,
        }
    )


def a_participant(
    participant_id: str = ADA,
    *,
    room_id: str = "room",
    channel_id: str = "sms",
    status: ParticipantStatus = ParticipantStatus.ACTIVE,
    **values: Any,
) -> Participant:
    """Somebody in a room."""
    return Participant(
        id=participant_id,
        room_id=room_id,
        channel_id=channel_id,
        status=status,
        joined_at=NOON,
        **values,
    )


async def open_room(store: ConversationStore, room_id: str = "room", **values: Any) -> Room:
    """A room in the store, with the time of its creation for all its times."""
    return await store.create_room(Room(id=room_id, created_at=NOON, updated_at=NOON, **values))


async def attach(store: ConversationStore, room_id: str, **values: Any) -> ChannelBinding:
    """A room, if need be, with a channel in it."""
    await open_room(store, room_id)
    return await store.add_binding(a_binding(room_id=room_id, **values))


async def commit(store: ConversationStore, event: RoomEvent, **values: Any) -> CommitOutcome:
    """Append an event as the framework does."""
    return await store.commit(
        TimelineCommit(event=event, **{"status": event.status, "updated_at": NOON, **values})
    )


async def say(store: ConversationStore, *bodies: str, **values: Any) -> list[RoomEvent]:
    """Append messages one after the other."""
    return [(await commit(store, an_event(body, **values))).event for body in bodies]


async def existing_room(store: ConversationStore, room_id: str = "room") -> Room:
    """The room, which has to be there."""
    room = await store.get_room(room_id)
    assert room is not None, f"room {room_id!r} is gone"
    return room


async def existing_event(store: ConversationStore, event_id: str) -> RoomEvent:
    """The event, which has to be there."""
    event = await store.get_event(event_id)
    assert event is not None, "the event is gone"
    return event


async def refused[E: Exception](call: Awaitable[object], error: type[E]) -> E:
    """What the call raises, which has to be this."""
    try:
        await call
    except error as caught:
        return caught
    raise AssertionError(f"no {error.__name__} was raised")


def bodies_of(events: Iterable[RoomEvent]) -> list[str]:
    """The words of text messages."""
    return [event.content.body for event in events if isinstance(event.content, TextContent)]


def scribble(value: object) -> None:
    """Write into every container in `value` that lets itself be written into."""
    if isinstance(value, BaseModel):
        for inner in value.__dict__.values():
            scribble(inner)
    elif isinstance(value, dict):
        for inner in list(value.values()):
            scribble(inner)
        with suppress(TypeError):
            value["scribbled"] = True
    elif isinstance(value, list | tuple):
        for inner in list(value):
            scribble(inner)
        if isinstance(value, list):
            with suppress(TypeError):
                value.append("scribbled")
