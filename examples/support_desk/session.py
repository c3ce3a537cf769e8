"""One open console: what it is shown, and what it asks for."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Annotated, Any, Literal

from fastapi import WebSocket, WebSocketDisconnect
from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from examples.support_desk.desk import OWNERS, Desk, Visitor
from examples.support_desk.feed import Feed
from examples.support_desk.feeds import Feeds
from examples.support_desk.telephone import TelephoneCompany, TextMessage
from examples.support_desk.views import LATEST, Frame, row_of, state_of, summary_of

MAX_FRAMES = 1000
CLOSE_SECONDS = 3
TRY_AGAIN_LATER = 1013
INVALID_FRAME = 1008

# What sending raises once the page has gone, depending on when it went.
_GONE = (WebSocketDisconnect, RuntimeError)


class Watch(BaseModel):
    """Show this room. A console that had it before says how many rows it has seen of it, and up
    to which change."""

    type: Literal["watch"]
    room_id: str = Field(max_length=64)
    epoch: str = Field(default="", max_length=64)
    revision: int = -1
    seen: int = Field(default=0, ge=0)


class Ping(BaseModel):
    """Is anybody there?"""

    type: Literal["ping"]


Request = Annotated[Watch | Ping, Field(discriminator="type")]
_REQUESTS: TypeAdapter[Watch | Ping] = TypeAdapter(Request)


class ConsoleSession:
    """Keeps a page up to date about the visitor's rooms and telephones.

    What changes is looked up when it is sent, so that nothing that is shown ever goes back in
    time. A page that does not keep up is sent away, and catches up when it comes back.

    Args:
        epoch: names this run of the server; revisions of another mean nothing.
    """

    def __init__(
        self, epoch: str, desk: Desk, feeds: Feeds, visitor: Visitor, websocket: WebSocket
    ) -> None:
        self._epoch = epoch
        self._kit = desk.kit
        self._feeds = feeds
        self.visitor = visitor
        self._websocket = websocket
        self._rooms: dict[str, Feed] = {}
        self._wanted: Watch | None = None
        self._watched: Feed | None = None
        self._revision = -1
        self._seen = 0
        self._state: Frame = {}
        self._summaries: dict[str, Frame] = {}
        self._changed: dict[str, Feed] = {}
        self._frames: deque[Frame] = deque()
        self._wake = asyncio.Event()
        self._ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def look(self, feed: Feed) -> None:
        self._rooms.setdefault(feed.room_id, feed)
        self._changed[feed.room_id] = feed
        self._wake.set()

    def hear(self, feed: Feed, frame: Frame) -> None:
        if feed is self._watched:
            self._put({**frame, "room_id": feed.room_id})

    def show_text_message(self, number: str, message: TextMessage) -> None:
        """A telephone of the visitor's has a new or a changed message."""
        self._put({"type": "sms", "number": number, "message": message.as_json()})

    async def run(self, phones: TelephoneCompany) -> None:
        """Serve the page until either side ends it."""
        audience = self._feeds.audience(self.visitor.id)
        audience.add(self)
        tasks: list[asyncio.Task[None]] = []
        try:
            for feed in (await self._feeds.of_visitor(self.visitor)).values():
                self.look(feed)
            await self._greet(phones)
            tasks = [asyncio.create_task(self._read()), asyncio.create_task(self._write())]
            ends: list[asyncio.Future[Any]] = [*tasks, self._ended]
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            audience.discard(self)
            for task in tasks:
                task.cancel()
            for outcome in await asyncio.gather(*tasks, return_exceptions=True):
                if isinstance(outcome, Exception) and not isinstance(outcome, _GONE):
                    raise outcome
        if self._ended.done():
            async with asyncio.timeout(CLOSE_SECONDS):
                await self._websocket.close(self._ended.result())

    async def _greet(self, phones: TelephoneCompany) -> None:
        telephones = [
            {
                "number": number,
                "owner": owner.name,
                "customer_number": owner.customer_number,
                "on": phones.is_on(number),
            }
            for number, owner in zip(self.visitor.numbers, OWNERS, strict=True)
        ]
        await self._websocket.send_json(
            {
                "type": "hello",
                "epoch": self._epoch,
                "expert": self.visitor.expert_id,
                "room_id": self.visitor.room_id,
                "rooms": list(self._rooms),
                "telephones": telephones,
            }
        )
        for number in self.visitor.numbers:
            for message in phones.messages(number):
                self.show_text_message(number, message)

    def _put(self, frame: Frame) -> None:
        self._frames.append(frame)
        self._wake.set()
        if len(self._frames) > MAX_FRAMES:
            self._end(TRY_AGAIN_LATER)

    def _end(self, code: int) -> None:
        if not self._ended.done():
            self._ended.set_result(code)

    async def _read(self) -> None:
        """Take requests until there are no more."""
        while (message := await self._websocket.receive())["type"] != "websocket.disconnect":
            try:
                request = _REQUESTS.validate_json(message.get("text") or "")
            except ValidationError:
                self._end(INVALID_FRAME)
                return
            if isinstance(request, Ping):
                self._put({"type": "pong"})
            elif request.room_id in self._rooms:
                self._wanted = request
                self._wake.set()

    async def _write(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            wanted, self._wanted = self._wanted, None
            changed, self._changed = self._changed, {}
            frames: list[Frame] = []
            if wanted is not None:
                frames.append(await self._open(wanted))
            for feed in changed.values():
                frames += await self._news(feed)
            # What is said comes last: a finished answer takes the place of its half-written self.
            frames += self._frames
            self._frames.clear()
            for frame in frames:
                await self._websocket.send_json(frame)

    async def _open(self, wanted: Watch) -> Frame:
        """A room for the page to show, or what it has missed of it since it was here."""
        self._watched = feed = self._rooms[wanted.room_id]
        live = feed.live()
        self._seen, self._revision = wanted.seen, wanted.revision
        if wanted.epoch != self._epoch:
            self._seen, self._revision = 0, -1
        resumed, rows = await self._rows(feed)
        self._state = await state_of(self._kit, feed.room_id)
        return {
            "type": "room",
            "room_id": feed.room_id,
            "resumed": resumed,
            "revision": self._revision,
            "rows": rows,
            "state": self._state,
            "live": live,
        }

    async def _news(self, feed: Feed) -> list[Frame]:
        """What has changed in a room, as far as the page shows it."""
        room = await self._kit.get_room(feed.room_id)
        frames: list[Frame] = []
        summary = await summary_of(self._kit, room)
        if summary != self._summaries.get(feed.room_id):
            self._summaries[feed.room_id] = summary
            frames.append({"type": "summary", "summary": summary})
        if feed is self._watched:
            _, rows = await self._rows(feed)
            told = {"room_id": feed.room_id, "revision": self._revision}
            frames.append({"type": "rows", "rows": rows, **told})
            state = await state_of(self._kit, feed.room_id)
            if state != self._state:
                self._state = state
                frames.append({"type": "state", "state": state, "room_id": feed.room_id})
        return frames

    async def _rows(self, feed: Feed) -> tuple[bool, list[Frame]]:
        """The watched room's rows that are new or have changed since the page was last told.

        If that cannot be told any more, or if they are too many, it is the latest ones, and the
        page is to forget what it has.
        """
        store, room_id = self._kit.store, feed.room_id
        revision, changed = feed.revision, feed.changed_since(self._revision)
        count = await store.get_event_count(room_id)
        resumed = changed is not None and 0 < self._seen <= count <= self._seen + LATEST
        start = self._seen if resumed else max(0, count - LATEST)
        events = await store.list_events(room_id, start, count - start)
        new = {event.id for event in events}
        for event_id in changed if resumed and changed is not None else ():
            event = None if event_id in new else await store.get_event(event_id)
            if event is not None:
                events.append(event)
        self._seen, self._revision = count, revision
        return resumed, [row_of(event) for event in events]
