"""Follows all rooms from outside: framework events, hooks, streams, reports, ephemeral events."""

from __future__ import annotations

import asyncio
from functools import partial

from examples.support_desk.desk import Desk, Visitor
from examples.support_desk.feed import Feed, Listener
from roomkit import (
    AIThinkingEvent,
    DeliveryStatus,
    EphemeralEvent,
    FrameworkEvent,
    HookExecution,
    HookTrigger,
    Room,
    RoomContext,
    RoomEvent,
)
from roomkit.channels.streaming import StreamMessage, StreamStart
from roomkit.models.enums import EventType
from roomkit.models.framework_event import FrameworkEventType

_NOTICES: tuple[FrameworkEventType, ...] = (
    "event_processed",
    "event_blocked",
    "delivery_succeeded",
    "delivery_failed",
    "room_channel_attached",
)
_FAILURES: tuple[FrameworkEventType, ...] = ("channel_error", "hook_error")


class Feeds:
    """The feeds of all rooms that belong to visitors, and who listens to them."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._feeds: dict[str, Feed] = {}
        self._audiences: dict[str, set[Listener]] = {}
        self._stream_feeds: dict[str, Feed] = {}
        self._opening = asyncio.Lock()
        # The expert's channel gets everything that the desk may see, for all rooms at once.
        desk.expert_channel.register_connection("console", self._on_event, self._on_stream)
        kit = desk.kit
        kit.on("room_created")(self._on_room_created)
        for notice in _NOTICES:
            kit.on(notice)(self._on_framework_event)
        for failure in _FAILURES:
            kit.on(failure)(self._on_failure)
        kit.on_delivery_status(self._on_report)
        beside = HookExecution.ASYNC
        kit.hook(HookTrigger.ON_AI_THINKING, beside)(self._on_thinking)
        kit.hook(HookTrigger.ON_PARTICIPANT_IDENTIFIED, beside)(self._on_identified)
        kit.hook(HookTrigger.ON_TASK_CREATED, beside)(self._on_notice)
        kit.hook(HookTrigger.ON_CHANNEL_MUTED, beside)(self._on_notice)
        kit.hook(HookTrigger.ON_CHANNEL_UNMUTED, beside)(self._on_notice)

    async def of_visitor(self, visitor: Visitor) -> dict[str, Feed]:
        """The feeds of a visitor's rooms, by the rooms' ids."""
        rooms = await self._desk.rooms(visitor)
        return {room.id: await self._follow(room) for room in rooms}

    def known(self, room_id: str | None) -> Feed | None:
        """The feed of a room that is followed."""
        return self._feeds.get(room_id or "")

    def audience(self, visitor_id: str) -> set[Listener]:
        """Who listens to a visitor's rooms: to be added to and taken from."""
        return self._audiences.setdefault(visitor_id, set())

    async def _follow(self, room: Room) -> Feed:
        async with self._opening:
            feed = self._feeds.get(room.id)
            if feed is None:
                feed = Feed(room.id, self.audience(room.organization_id or ""))
                await self._desk.kit.subscribe_room(room.id, partial(self._on_live, feed))
                self._feeds[room.id] = feed
        return feed

    async def _on_room_created(self, notice: FrameworkEvent) -> None:
        room = await self._desk.kit.get_room(str(notice.room_id))
        if room.organization_id is not None:
            (await self._follow(room)).touch()

    async def _on_event(self, _connection_id: str, event: RoomEvent) -> None:
        feed = self.known(event.room_id)
        if feed is not None:
            feed.touch(event.id, getattr(event.content, "target_event_id", None))

    async def _on_framework_event(self, notice: FrameworkEvent) -> None:
        feed = self.known(notice.room_id)
        if feed is not None:
            feed.touch(notice.event_id)

    async def _on_notice(self, event: RoomEvent, _context: RoomContext) -> None:
        feed = self.known(event.room_id)
        if feed is not None:
            feed.touch()

    async def _on_report(self, report: DeliveryStatus) -> None:
        found = await self._desk.kit.store.find_delivery(report.message_id)
        feed = None if found is None else self.known(found[0].room_id)
        if found is not None and feed is not None:
            feed.touch(found[0].id)

    async def _on_stream(self, _connection_id: str, message: StreamMessage) -> None:
        if isinstance(message, StreamStart):
            feed = self.known(message.room_id)
            if feed is not None:
                self._stream_feeds[message.stream_id] = feed
        feed = self._stream_feeds.get(message.stream_id)
        if feed is not None:
            feed.take_stream(message)
        if message.type == "stream_end":
            self._stream_feeds.pop(message.stream_id, None)

    async def _on_live(self, feed: Feed, event: EphemeralEvent) -> None:
        feed.take_live(event, await self._position(feed))

    async def _on_thinking(self, event: AIThinkingEvent, context: RoomContext) -> None:
        """What the assistant thought. One that is muted keeps it to itself."""
        feed, who = self.known(event.room_id), event.channel_id
        muted = any(one.channel_id == who and one.muted for one in context.bindings)
        if feed is not None and not muted:
            feed.add_thought(who, event.round, event.thinking, await self._position(feed))

    async def _on_identified(self, event: RoomEvent, context: RoomContext) -> None:
        """Whoever was a stranger until this message. (Other ways leave a row of their own.)"""
        feed = self.known(event.room_id) if event.type is EventType.MESSAGE else None
        wanted = event.source.participant_id
        person = next((one for one in context.participants if one.id == wanted), None)
        if feed is not None and person is not None:
            title = f"{person.display_name} was identified by {person.resolved_by}"
            position = await self._position(feed)
            feed.trace("identity", event.id, position, running=False, title=title)
            feed.touch()

    async def _on_failure(self, notice: FrameworkEvent) -> None:
        feed = self.known(notice.room_id)
        if feed is not None:
            what = notice.channel_id or notice.data.get("hook")
            title = f"{what} failed: {notice.data.get('error')}"
            position = await self._position(feed)
            feed.trace("failure", title, position, running=False, title=title)

    async def _position(self, feed: Feed) -> int:
        return await self._desk.kit.store.get_event_count(feed.room_id)
