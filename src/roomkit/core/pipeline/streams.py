"""Answers that go out while they are being written."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from roomkit._tasks import bounded, is_failure
from roomkit.channels.base import Channel
from roomkit.channels.streaming import StreamSink, StreamStart
from roomkit.core.pipeline.answers import answer_to
from roomkit.core.pipeline.cascade import Cascade
from roomkit.core.pipeline.held import holds_back
from roomkit.core.pipeline.routes import Route, RouteTables
from roomkit.core.runtime import KitRuntime
from roomkit.core.visibility import may_write
from roomkit.models.channel import ChannelBinding, ChannelOutput
from roomkit.models.content import TextContent
from roomkit.models.enums import HookTrigger
from roomkit.models.event import EventSource, RoomEvent
from roomkit.store.records import RoomSnapshot
from roomkit.store.rules import OPEN_STATUSES

if TYPE_CHECKING:
    from roomkit.core.pipeline.reentry import Reentry

logger = logging.getLogger("roomkit")

_END = object()


@dataclass(slots=True, eq=False, repr=False)
class _Growing:
    """An answer that is being written.

    Attributes:
        draft: the answer as it will be, without its words.
        author: the seat of the channel that writes.
        sinks: where it is shown, by channel.
        outdated: the room has changed since it was last looked at.
    """

    draft: RoomEvent
    author: ChannelBinding
    sinks: dict[str, StreamSink]
    outdated: bool = False


class StreamRelay:
    """Shows the pieces of an answer to those who may see it, then posts the whole.

    The pieces bypass the lanes: they belong to no event yet. The finished answer takes its turn
    like any other and may still be blocked or changed by a hook; the end of the stream says what
    was stored. Where a hook that withholds on failure is registered, no piece is shown before it
    has seen the whole.
    """

    def __init__(self, runtime: KitRuntime, routes: RouteTables) -> None:
        self._rt = runtime
        self._routes = routes
        self._growing: dict[str, list[_Growing]] = {}

    async def review(self, room_id: str) -> None:
        """Stop showing answers to channels that may not see them any more, now that something
        about a room has changed. If that cannot be found out, nobody sees them."""
        growing = self._growing.get(room_id)
        if not growing:
            return
        for answer in growing:
            answer.outdated = True
        snapshot: RoomSnapshot | None = None
        try:
            snapshot = await self._rt.store.snapshot(room_id)
        except Exception as error:
            logger.error("reading room %s failed: %s", room_id, type(error).__name__)
        for answer in list(growing):
            shown = {route.binding.channel_id for route in self._shown(answer, snapshot)}
            gone = [answer.sinks.pop(channel_id) for channel_id in set(answer.sinks) - shown]
            for sink in gone:
                # In the background: a slow client must not hold up whoever changes the room.
                self._rt.scope.spawn(sink.end(None, "blocked"), name="stream_end")

    async def relay(
        self,
        stream: AsyncIterator[Any],
        channel: Channel,
        binding: ChannelBinding,
        trigger: RoomEvent,
        cascade: Cascade,
        reentry: Reentry,
    ) -> None:
        """Consume a channel's `ChannelOutput.response_stream`.

        It yields pieces of text and may yield, last, a `ChannelOutput` whose first event is the
        answer with its metadata, also one that its ``error`` has cut short. If it raises after
        the first piece instead, or makes wait longer than the channel's ``reaction_timeout`` for
        the next one, what there is of the answer is stored, marked as partial.
        """
        draft = answer_to(
            trigger,
            RoomEvent(
                room_id=trigger.room_id,
                source=EventSource(channel_id=channel.channel_id),
                content=TextContent(body=""),
                created_at=self._rt.clock.now(),
            ),
            channel,
        )
        growing = _Growing(draft, binding, {})
        together = self._growing.setdefault(draft.room_id, [])
        together.append(growing)
        reason = "cancelled"
        ends: list[asyncio.Task[None]] = []

        def tell(stored: RoomEvent | None) -> None:
            """Once: with the answer before it goes out, or else without."""
            if not ends:
                ends.extend(self._end(growing.sinks.values(), stored, reason))

        try:
            try:
                await self._open(growing)
                answer, ended = await self._collect(stream, growing, trigger, cascade, channel)
            finally:
                # Before anything else: a generator may still hold a time limit on this task.
                await _close(stream)
            reason = ended
            if answer is not None:
                answer = answer_to(trigger, answer, channel).evolve(id=draft.id)
                stored = await reentry.post(answer, cascade, tell)
                reason = "blocked" if stored is None else ended
        except BaseException:
            if reason != "cancelled":  # it was all there, and could not be posted
                reason = "error"
            raise
        finally:
            together.remove(growing)
            if not together:
                del self._growing[draft.room_id]
            tell(None)
            if waiting := [end for end in ends if not end.done()]:
                await asyncio.wait(waiting)

    async def _collect(
        self,
        stream: AsyncIterator[Any],
        growing: _Growing,
        trigger: RoomEvent,
        cascade: Cascade,
        channel: Channel,
    ) -> tuple[RoomEvent | None, str]:
        """Show the pieces as they come; returns the answer they make and how it ended."""
        draft, sinks = growing.draft, growing.sinks
        pieces: list[str] = []
        answer: RoomEvent | None = None
        clock, patience = self._rt.clock, channel.reaction_timeout
        try:
            source = aiter(stream)
            while True:
                if patience is None:
                    item = await anext(source, _END)
                else:
                    item = await bounded(clock, patience, _next(source))
                if isinstance(item, str):
                    if item:
                        pieces.append(item)
                        for sink in sinks.values():
                            sink.feed(item)
                elif item is _END:
                    break
                elif isinstance(item, ChannelOutput):
                    cascade.effects.tasks.extend(item.tasks)
                    cascade.effects.observations.extend(item.observations)
                    answer = item.response_events[0] if item.response_events else None
                    if item.error is not None:
                        raise item.error
                else:
                    raise TypeError(f"the stream yielded {type(item).__name__}, not str")
        except BaseException as error:  # the channel's own code; what it had said is kept
            if not is_failure(error):
                raise
            channel_id = draft.source.channel_id
            cascade.effects.errors.append(f"{channel_id}: {type(error).__name__}")
            await self._rt.report_error(trigger.room_id, channel_id, error, event=trigger)
            return _ended(answer or _partial(draft, pieces), "error")
        if answer is None and pieces:
            answer = draft.evolve(content=TextContent(body="".join(pieces)))
        return _ended(answer, "completed")

    def _end(
        self, sinks: Iterable[StreamSink], stored: RoomEvent | None, reason: str
    ) -> list[asyncio.Task[None]]:
        """Tell all of them at once: a slow client does not hold up the others, and whoever cancels
        this leaves none without an end."""
        spawn = self._rt.scope.spawn
        return [spawn(sink.end(stored, reason), name="stream_end") for sink in sinks]

    async def _open(self, answer: _Growing) -> None:
        draft = answer.draft
        if self._rt.hooks.withholds(HookTrigger.BEFORE_BROADCAST, draft.room_id):
            return
        start = StreamStart(
            stream_id=draft.id,
            room_id=draft.room_id,
            source_channel_id=draft.source.channel_id,
            parent_event_id=draft.parent_event_id,
        )
        snapshot = await self._rt.store.snapshot(draft.room_id)
        while answer.outdated:  # something has changed while this was read
            answer.outdated = False
            snapshot = await self._rt.store.snapshot(draft.room_id)
        for route in self._shown(answer, snapshot):
            if route.channel is not None and route.delivers and route.channel.accepts_streams:
                sink = route.channel.open_stream(start, route.binding)
                if sink is not None:
                    answer.sinks[route.binding.channel_id] = sink

    def _shown(self, answer: _Growing, snapshot: RoomSnapshot | None) -> list[Route]:
        """Where an answer may be seen to grow, as the room is now."""
        draft, author = answer.draft, answer.author
        if (
            snapshot is None
            or snapshot.room.status not in OPEN_STATUSES
            or holds_back(snapshot.room)
        ):
            return []
        seat = snapshot.binding(author.channel_id)
        if seat is None or seat.muted or seat.output_muted or not may_write(seat):
            return []
        if seat.visibility != "all" and draft.visibility == "all":
            draft = draft.evolve(visibility=seat.visibility)
        return self._routes.select(draft, draft.room_id, snapshot.bindings)


def _ended(answer: RoomEvent | None, otherwise: str) -> tuple[RoomEvent | None, str]:
    """The answer, and how it ended by its own account."""
    reason = otherwise if answer is None else answer.metadata.get("end_reason", otherwise)
    return answer, str(reason)


def _partial(draft: RoomEvent, pieces: list[str]) -> RoomEvent | None:
    """What there is of an answer that broke off; None if there is nothing."""
    if not pieces:
        return None
    return draft.model_copy(
        update={
            "content": TextContent(body="".join(pieces)),
            "metadata": {"end_reason": "error", "partial": True},
        }
    )


async def _next(source: AsyncIterator[Any]) -> Any:
    return await anext(source, _END)


async def _close(stream: AsyncIterator[Any]) -> None:
    closer = getattr(stream, "aclose", None)
    if closer is None:
        return
    try:
        await closer()
    except Exception as error:  # the channel's own code; its answer is complete by now
        logger.warning("closing a stream failed: %s", type(error).__name__)
