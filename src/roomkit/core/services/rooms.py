"""Rooms: opening, finding, pausing, closing, and the people in them."""

from __future__ import annotations

from collections.abc import Awaitable, Coroutine, Mapping
from contextvars import ContextVar
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from roomkit.channels.base import Channel
from roomkit.core.pipeline.driver import Driver, Operation
from roomkit.core.pipeline.timers import due_status
from roomkit.core.runtime import KitRuntime
from roomkit.core.services.bindings import BindingService
from roomkit.core.services.transitions import Transitions, system_event
from roomkit.errors import RoomClosedError, RoomNotFoundError
from roomkit.models._base import new_id
from roomkit.models.delivery import InboundMessage
from roomkit.models.enums import HookTrigger, RoomStatus
from roomkit.models.room import Room, RoomTimers
from roomkit.store.rules import OPEN_STATUSES

if TYPE_CHECKING:
    from roomkit.core.framework import RoomKit

_PAGE = 200


class RoomOrchestrator(Protocol):
    """What a kit asks of an orchestration strategy: to furnish a new room."""

    async def install(self, kit: RoomKit, room_id: str) -> None: ...


def _without_timers(metadata: Mapping[str, Any]) -> tuple[dict[str, Any], RoomTimers | None]:
    """Metadata, and the timers that came with them."""
    values = dict(metadata)
    given = values.pop("timers", None)
    return values, None if given is None else RoomTimers.model_validate(given)


class _Opening:
    """A room that is being opened for a message: who else finds it before it is ready."""

    __slots__ = ("key", "outer", "room_id", "under_way")

    def __init__(self, key: str, outer: _Opening | None) -> None:
        self.key = key
        self.outer = outer
        self.room_id: str | None = None
        self.under_way = True


_opening: ContextVar[_Opening | None] = ContextVar("roomkit_opening", default=None)
"""The opening that the running code is part of: the hooks and strategies that furnish the room."""


def _being_opened(key: str) -> str | None:
    opening = _opening.get()
    while opening is not None:
        if opening.key == key and opening.under_way:
            return opening.room_id
        opening = opening.outer
    return None


class RoomService:
    """The life of rooms. Changes to one room are serialised with its messages by the room's
    lock."""

    def __init__(
        self,
        runtime: KitRuntime,
        driver: Driver,
        transitions: Transitions,
        bindings: BindingService,
        orchestration: RoomOrchestrator | None,
    ) -> None:
        self._rt = runtime
        self._driver = driver
        self._transitions = transitions
        self._bindings = bindings
        self._orchestration = orchestration
        self._kit: RoomKit | None = None

    def connect(self, kit: RoomKit) -> None:
        """Name the kit that orchestration strategies get to see."""
        self._kit = kit

    async def open(
        self,
        room_id: str | None = None,
        *,
        orchestration: RoomOrchestrator | None = None,
        metadata: Mapping[str, Any] | None = None,
        timers: RoomTimers | None = None,
        organization_id: str | None = None,
    ) -> Room:
        """Create a room and have it furnished, unless its id is in use."""
        creation = self._create(
            room_id, metadata=metadata, timers=timers, organization_id=organization_id
        )
        strategy = orchestration or self._orchestration
        if strategy is None:
            return (await creation)[0]
        return await self._driver.see_through(self._furnish(creation, strategy), "open_room")

    async def _furnish(
        self, creation: Coroutine[Any, Any, tuple[Room, bool]], strategy: RoomOrchestrator
    ) -> Room:
        room, created = await creation
        if not created or self._kit is None:
            return room
        await strategy.install(self._kit, room.id)
        return await self.get(room.id)

    async def _create(
        self,
        room_id: str | None,
        *,
        metadata: Mapping[str, Any] | None = None,
        timers: RoomTimers | None = None,
        organization_id: str | None = None,
    ) -> tuple[Room, bool]:
        """Store a room and tell about it; an id in use gives the existing room, untouched, and
        False."""
        rt = self._rt
        rt.check_open()
        now = rt.clock.now()
        values, in_metadata = _without_timers(metadata or {})
        timers = timers or in_metadata
        room = Room(
            id=room_id if room_id is not None else new_id(),
            organization_id=organization_id,
            created_at=now,
            updated_at=now,
            timers=timers or RoomTimers(),
            metadata=values,
        )

        opening = _opening.get()
        if opening is not None and opening.under_way and opening.room_id is None:
            opening.room_id = room.id

        async def body(operation: Operation) -> tuple[Room, bool]:
            known = await rt.store.get_room(room.id) if room_id is not None else None
            if known is not None:
                return known, False
            stored = await rt.store.create_room(room)
            # Another process, with locks of its own, may have been faster. It will hardly have
            # created the room within the same microsecond.
            created = stored == room and stored.event_count == 0
            if created:
                rt.notify(operation.cascade, "room_created", room_id=room.id)
                notice = system_event(room.id, "room_created", "The room was created.")
                operation.tell(HookTrigger.ON_ROOM_CREATED, notice)
            return stored, created

        existing = await rt.store.get_room(room.id) if room_id is not None else None
        if existing is not None:
            return existing, False
        return await self._driver.operate(room.id, body)

    async def get(self, room_id: str) -> Room:
        """The room.

        Raises:
            RoomNotFoundError: there is none.
        """
        room = await self._rt.store.get_room(room_id)
        if room is None:
            raise RoomNotFoundError(room_id)
        return room

    def is_open(self, room: Room) -> bool:
        return room.status in OPEN_STATUSES

    def find(self, message: InboundMessage, channel: Channel) -> Awaitable[str | None]:
        """The room that the router names for a message."""
        return self._rt.inbound_router.route(
            channel.channel_id, channel.channel_type, channel.reply_address(message)
        )

    async def open_for(self, message: InboundMessage, channel: Channel) -> str:
        """A new room for a message that belongs nowhere yet.

        Messages that arrive together from one sender share the room: the first one opens it, and
        the others find it when their turn comes. One that comes from inside, from a hook that
        furnishes the room, does not wait for that to end.
        """
        key = f"open-room:{channel.channel_id}:{channel.reply_address(message)}"
        room_id = _being_opened(key)
        if room_id is not None:
            return room_id

        async def open_room() -> str:
            opening = _Opening(key, _opening.get())
            async with self._rt.locks.locked(key):
                room_id = await self.find(message, channel)
                if room_id is None:
                    _opening.set(opening)
                    try:
                        room_id = (await self.open()).id
                    finally:
                        opening.under_way = False
                    await self.attach_for(room_id, message, channel, opened=True)
                return room_id

        # Cut short, it would leave a room behind that no message ever finds.
        return await self._driver.see_through(open_room(), "open_room")

    async def attach_for(
        self, room_id: str, message: InboundMessage, channel: Channel, *, opened: bool = False
    ) -> None:
        """Attach the channel that a message came through, with where answers go as recipient."""
        metadata: dict[str, Any] = {}
        opened_for: str | None = None
        if channel.recipient_key is not None:
            metadata[channel.recipient_key] = channel.reply_address(message)
        elif opened:
            opened_for = channel.reply_address(message)
        await self._bindings.attach(
            room_id, channel.channel_id, metadata=metadata, opened_for=opened_for
        )

    async def update_metadata(self, room_id: str, metadata: Mapping[str, Any]) -> Room:
        """Merge keys into a room's metadata; ``timers`` among them become the room's."""
        values, timers = _without_timers(metadata)

        async def body(_operation: Operation) -> Room:
            room = await self.get(room_id)
            if room.status is RoomStatus.ARCHIVED:
                raise RoomClosedError(room_id, room.status.value)
            changed = room.evolve(
                metadata={**room.metadata, **values}, updated_at=self._rt.clock.now()
            )
            if timers is not None:
                last = timers.last_activity_at or room.timers.last_activity_at
                changed = changed.evolve(timers=timers.evolve(last_activity_at=last))
            return await self._rt.store.update_room(changed)

        return await self._driver.operate(room_id, body)

    async def close(self, room_id: str) -> Room:
        """Close a room. Closing it again does nothing."""

        async def body(operation: Operation) -> Room:
            room = await self.get(room_id)
            if room.status not in OPEN_STATUSES:
                return room
            return await self._transitions.to_closed(room, operation.cascade)

        return await self._driver.operate(room_id, body)

    async def archive(self, room_id: str) -> Room:
        """Put a room away for good."""

        async def body(operation: Operation) -> Room:
            room = await self.get(room_id)
            if room.status is RoomStatus.ARCHIVED:
                return room
            return await self._transitions.to_archived(room, operation.cascade)

        return await self._driver.operate(room_id, body)

    async def pause(self, room_id: str) -> Room:
        """Hold a room's messages back until `resume`."""

        async def body(operation: Operation) -> Room:
            room = await self.get(room_id)
            if room.status not in OPEN_STATUSES:
                raise RoomClosedError(room_id, room.status.value)
            if room.status is RoomStatus.PAUSED and room.paused_by == "request":
                return room
            return await self._transitions.to_paused(room, operation.cascade, "request")

        return await self._driver.operate(room_id, body)

    async def resume(self, room_id: str) -> Room:
        """Take a room up again and send out what was held back, in order."""

        async def body(operation: Operation) -> Room:
            room = await self.get(room_id)
            if room.status not in OPEN_STATUSES:
                raise RoomClosedError(room_id, room.status.value)
            if room.status is RoomStatus.PAUSED:
                room = await self._transitions.to_active(room, operation.cascade)
            # Also where it is active already: an earlier attempt may have failed half way.
            await self._driver.release_pending(operation)
            return room

        return await self._driver.operate(room_id, body)

    async def check_timers(self, room_id: str) -> tuple[Room, bool]:
        """Do what a room's timers are due to do; also tells whether that was anything."""

        async def body(operation: Operation) -> tuple[Room, bool]:
            room = await self.get(room_id)
            recent = await self._rt.store.list_recent_events(room_id, 1)
            last_message_at = recent[-1].created_at if recent else None
            due = due_status(room, self._rt.clock.now(), last_message_at)
            if due is RoomStatus.CLOSED:
                return await self._transitions.to_closed(room, operation.cascade), True
            if due is RoomStatus.PAUSED:
                return await self._transitions.to_paused(room, operation.cascade, "timer"), True
            return room, False

        return await self._driver.operate(room_id, body)

    async def check_all_timers(self) -> list[Room]:
        """Do so for all rooms; returns those that changed.

        Raises:
            Exception: what a room has raised, after the others were seen to. If it was several, an
                `ExceptionGroup` of them.
        """
        due: list[str] = []
        now = self._rt.clock.now()
        for status in OPEN_STATUSES:
            due += await self._due_rooms(status, now)
        changed: list[Room] = []
        failures: list[Exception] = []
        for room_id in dict.fromkeys(due):
            try:
                room, moved = await self.check_timers(room_id)
            except RoomNotFoundError:  # deleted since it was listed
                continue
            except Exception as error:  # one room must not keep the others from their turn
                failures.append(error)
                continue
            if moved:
                changed.append(room)
        if len(failures) == 1:
            raise failures[0]
        if failures:
            raise ExceptionGroup(f"the timers of {len(failures)} rooms failed", failures)
        return changed

    async def _due_rooms(self, status: RoomStatus, now: datetime) -> list[str]:
        due: list[str] = []
        offset = 0
        while rooms := await self._rt.store.find_rooms(status=status, offset=offset, limit=_PAGE):
            offset += len(rooms)
            due += [room.id for room in rooms if due_status(room, now) is not None]
        return due
