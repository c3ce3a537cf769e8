"""The live timeline: every row of a room as it stands, blocked ones included, and what goes on."""

from __future__ import annotations

import asyncio
import contextlib
from collections import defaultdict, deque
from typing import Any

from fastapi import WebSocket

from examples.support_desk.desk import Desk, Visitor
from examples.support_desk.telephone import TelephoneCompany, TextMessage
from roomkit import DeliveryStatus, FrameworkEvent, RoomEvent
from roomkit.channels.base import text_of
from roomkit.channels.streaming import StreamChunk, StreamEnd, StreamMessage, StreamStart
from roomkit.realtime.base import EphemeralEvent

Frame = dict[str, Any]

_PAGE = 200


class Watcher:
    """One open timeline: which rows to look up again, and what else to tell."""

    def __init__(self) -> None:
        self.changed: dict[str, None] = {}
        self.frames: deque[Frame] = deque(maxlen=1000)
        self.wake = asyncio.Event()

    def tell(self, frame: Frame) -> None:
        self.frames.append(frame)
        self.wake.set()


class Timelines:
    """Shows rooms to whoever watches, as they change."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._watchers: defaultdict[str, set[Watcher]] = defaultdict(set)
        self._streams: dict[str, str] = {}
        self._rooms_by_number: dict[str, str] = {}
        desk.timeline_channel.register_connection("timeline", self._on_event, self._on_stream)
        kit = desk.kit
        kit.on("event_blocked")(self._on_framework_event)
        kit.on("delivery_succeeded")(self._on_framework_event)
        kit.on("delivery_failed")(self._on_framework_event)
        kit.on("channel_connected")(self._on_framework_event)
        kit.on_delivery_status(self._on_report)

    async def serve(self, websocket: WebSocket, visitor: Visitor, phone: TelephoneCompany) -> None:
        """Show a visitor's room until the page goes away."""
        watcher = Watcher()
        room_id = visitor.room_id
        self._watchers[room_id].add(watcher)
        self._rooms_by_number[visitor.number] = room_id
        subscription = await self._desk.kit.subscribe_room(
            room_id, lambda event: self._on_live_event(watcher, event)
        )
        watcher.tell({"type": "room", "room_id": room_id, "number": visitor.number})
        for message in phone.messages(visitor.number):
            watcher.tell({"type": "sms", "message": message.as_json()})
        writing = asyncio.create_task(self._write(websocket, watcher, room_id))
        try:
            await _until_gone(websocket)
        finally:
            writing.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await writing
            self._watchers[room_id].discard(watcher)
            if not self._watchers[room_id]:
                del self._watchers[room_id]
            await self._desk.kit.unsubscribe_room(subscription)

    async def _write(self, websocket: WebSocket, watcher: Watcher, room_id: str) -> None:
        """Rows are looked up when they are sent, so that a row never goes back in time."""
        store = self._desk.kit.store
        seen = 0
        while True:
            watcher.wake.clear()
            frames, changed = list(watcher.frames), list(watcher.changed)
            watcher.frames.clear()
            watcher.changed.clear()
            while page := await store.list_events(room_id, offset=seen, limit=_PAGE):
                seen += len(page)
                frames += [{"type": "row", "row": row_of(event)} for event in page]
            for event_id in changed:
                event = await store.get_event(event_id)
                if event is not None:
                    frames.append({"type": "row", "row": row_of(event)})
            for frame in frames:
                await websocket.send_json(frame)
            await watcher.wake.wait()

    def show_text_message(self, number: str, message: TextMessage) -> None:
        """A telephone has a new or a changed message."""
        room_id = self._rooms_by_number.get(number, "")
        self._tell(room_id, {"type": "sms", "message": message.as_json()})

    def _tell(self, room_id: str, frame: Frame) -> None:
        for watcher in self._watchers.get(room_id, ()):
            watcher.tell(frame)

    def _look_again(self, room_id: str, event_id: str | None) -> None:
        for watcher in self._watchers.get(room_id, ()):
            if event_id is not None:
                watcher.changed[event_id] = None
            watcher.wake.set()

    async def _on_event(self, _connection_id: str, event: RoomEvent) -> None:
        self._look_again(event.room_id, event.id)

    async def _on_framework_event(self, event: FrameworkEvent) -> None:
        self._look_again(event.room_id or "", event.event_id)

    async def _on_report(self, status: DeliveryStatus) -> None:
        found = await self._desk.kit.store.find_delivery(status.message_id)
        if found is not None:
            self._look_again(found[0].room_id, found[0].id)

    async def _on_stream(self, _connection_id: str, message: StreamMessage) -> None:
        frame: Frame = {"type": message.type, "id": message.stream_id}
        match message:
            case StreamStart():
                self._streams[message.stream_id] = message.room_id
                frame["channel"] = message.source_channel_id
                room_id = message.room_id
            case StreamChunk():
                frame["delta"] = message.delta
                room_id = self._streams.get(message.stream_id, "")
            case StreamEnd():
                room_id = self._streams.pop(message.stream_id, "")
        self._tell(room_id, frame)

    def _on_live_event(self, watcher: Watcher, event: EphemeralEvent) -> None:
        watcher.tell({"type": event.type.value, "who": event.user_id, "data": dict(event.data)})


def row_of(event: RoomEvent) -> Frame:
    """An event as the timeline shows it."""
    source = event.source
    return {
        "id": event.id,
        "index": event.index,
        "type": event.type.value,
        "at": event.created_at.isoformat(),
        "who": source.participant_id or source.channel_id,
        "channel": source.channel_id,
        "text": text_of(event.content),
        "subject": event.data.get("participant_id"),
        "status": event.status.value,
        "blocked_by": event.blocked_by,
        "reason": event.metadata.get("block_reason"),
        "deliveries": [
            {
                "channel": result.channel_id,
                "success": result.success,
                "status": result.status,
                "error": result.error,
            }
            for result in event.delivery_results.values()
        ],
    }


async def _until_gone(websocket: WebSocket) -> None:
    while (await websocket.receive())["type"] != "websocket.disconnect":
        pass
