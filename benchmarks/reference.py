"""The reference loop: what RoomKit does to a message, written out with nothing pluggable.

No abstract store, no registry of channels, no choice of lock, router, hook engine or transcoder:
one class, a few dicts and one straight line from the message to its deliveries. It keeps every
duty that an application would notice the lack of:

- what enters is a validated, frozen pydantic model with all the fields that the documentation
  gives it, and so is every hook's verdict;
- whoever speaks for the first time becomes a participant;
- the room is found by its channel; its gates run under its own lock and within a time limit;
- a message that comes twice is answered with the event it became the first time;
- hooks are filtered by channel and may block or replace the event; a blocked one is stored so;
- the commit is one call that gives out a dense index, claims the key and keeps the counters;
- each target is checked for access, direction, mute and visibility, gets content that it can
  carry, and a slow one does not hold up the others;
- answers of an AI re-enter through the same gates, at most `MAX_CHAIN_DEPTH` deep;
- observers run when all of it is done.

It is the yardstick of the benchmarks and must stay honest in both directions: nothing here may be
slower than careful code has to be, and no duty may be dropped to make it faster.
"""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

MAX_CHAIN_DEPTH = 5
CONTEXT_EVENTS = 50


def new_id() -> str:
    return os.urandom(16).hex()


def utc_now() -> datetime:
    return datetime.now(UTC)


class Model(BaseModel):
    model_config = ConfigDict(frozen=True)

    def evolve(self, **changes: object) -> Self:
        """`model_copy` for values known to be right, at half its time and a fifth less memory."""
        cls = type(self)
        new = cls.__new__(cls)
        object.__setattr__(new, "__dict__", {**self.__dict__, **changes})
        object.__setattr__(new, "__pydantic_fields_set__", self.__pydantic_fields_set__)
        object.__setattr__(new, "__pydantic_extra__", None)
        object.__setattr__(new, "__pydantic_private__", None)
        return new


class Nothing(dict[str, Any]):
    """An empty dict that pydantic does not copy into each model, because it can be hashed."""

    __hash__ = object.__hash__  # type: ignore[assignment]


EMPTY = Nothing()
"""Shared by all that have no metadata; nothing here writes into it."""


class TextContent(Model):
    type: Literal["text"] = "text"
    body: str
    language: str | None = None


class InboundMessage(Model):
    channel_id: str
    sender_id: str
    content: TextContent
    idempotency_key: str | None = None
    provider_message_id: str | None = None
    metadata: dict[str, Any] = EMPTY


class Participant(Model):
    id: str
    room_id: str
    channel_id: str
    display_name: str | None = None
    role: Literal["owner", "agent", "member", "observer", "bot"] = "member"
    status: Literal["active", "inactive", "left", "banned"] = "active"
    identity_id: str | None = None
    metadata: dict[str, Any] = EMPTY


class EventSource(Model):
    channel_id: str
    channel_type: Literal["websocket", "sms", "email", "ai"] = "websocket"
    participant_id: str | None = None
    direction: Literal["inbound", "outbound"] = "inbound"


class ChannelData(Model):
    provider: str | None = None
    external_id: str | None = None
    raw: dict[str, Any] = EMPTY


NO_DATA = ChannelData()


class Event(Model):
    id: str = Field(default_factory=new_id)
    room_id: str
    type: Literal["message", "system"] = "message"
    source: EventSource
    content: TextContent
    status: Literal["pending", "delivered", "blocked"] = "pending"
    blocked_by: str | None = None
    visibility: str = "all"
    response_visibility: str | None = None
    index: int = 0
    chain_depth: int = 0
    parent_event_id: str | None = None
    correlation_id: str | None = None
    idempotency_key: str | None = None
    created_at: datetime = Field(default_factory=utc_now)
    metadata: dict[str, Any] = EMPTY
    channel_data: ChannelData = NO_DATA
    delivery_results: dict[str, bool] = EMPTY


class Binding(Model):
    channel_id: str
    category: Literal["transport", "intelligence"] = "transport"
    direction: Literal["inbound", "outbound", "bidirectional"] = "bidirectional"
    access: Literal["read_write", "read_only", "write_only", "none"] = "read_write"
    muted: bool = False
    visibility: str = "all"
    media_types: tuple[str, ...] = ("text",)
    max_length: int | None = None


class HookResult(Model):
    action: Literal["allow", "block", "modify"] = "allow"
    event: Event | None = None
    reason: str | None = None


class Result(Model):
    blocked: bool = False
    reason: str | None = None
    event: Event | None = None
    responses: tuple[Event, ...] = ()
    delivery_results: dict[str, bool] = EMPTY
    error: str | None = None


class AIMessage(Model):
    role: Literal["user", "assistant"]
    content: str


class AIContext(Model):
    messages: list[AIMessage]
    system_prompt: str | None = None


class AIResponse(Model):
    content: str


class MockAI:
    """An AI provider that answers at once, in turn from a list."""

    def __init__(self, responses: list[str]) -> None:
        self._responses = responses
        self.call_count = 0
        self.last_context: AIContext | None = None

    async def generate(self, context: AIContext) -> AIResponse:
        answer = self._responses[self.call_count % len(self._responses)]
        self.call_count += 1
        self.last_context = context
        return AIResponse(content=answer)


@dataclass(slots=True)
class Context:
    """The room as one turn sees it: made once, handed to hooks, AIs and observers."""

    room: Room
    bindings: tuple[Binding, ...]
    participants: tuple[Participant, ...]
    recent_events: tuple[Event, ...]


Deliver = Callable[[str, Event], Awaitable[None]]
BeforeHook = Callable[[Event, Context], Awaitable[HookResult]]
AfterHook = Callable[[Event, Context], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Hook:
    name: str
    call: BeforeHook
    channel_ids: frozenset[str] | None = None
    timeout: float = 30.0


@dataclass(slots=True)
class Endpoint:
    """A seat in a room with what stands behind it: the callback of a transport, or an AI."""

    binding: Binding
    deliver: Deliver | None = None
    ai: MockAI | None = None


@dataclass(slots=True)
class Room:
    id: str
    closed: bool = False
    seats: dict[str, Endpoint] = field(default_factory=dict)
    participants: dict[str, Participant] = field(default_factory=dict)
    people: tuple[Participant, ...] = ()
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    events: list[Event] = field(default_factory=list)
    tail: deque[Event] = field(default_factory=lambda: deque(maxlen=CONTEXT_EVENTS))
    claims: dict[tuple[str, str], Event] = field(default_factory=dict)
    event_count: int = 0
    latest_index: int = -1
    updated_at: datetime = field(default_factory=utc_now)


@dataclass(slots=True)
class Turn:
    """An event that passed the gates, or why it did not."""

    event: Event
    context: Context
    refused: str | None = None


class Reference:
    """One straight line from `process_inbound` to the deliveries."""

    def __init__(self, *, process_timeout: float = 30.0) -> None:
        self.rooms: dict[str, Room] = {}
        self.hooks: list[Hook] = []
        self.after_hooks: list[AfterHook] = []
        self.delivered = 0
        self._room_of: dict[str, Room] = {}
        self._room_of_sender: dict[tuple[str, str], Room] = {}
        self._process_timeout = process_timeout

    def create_room(self, room_id: str) -> Room:
        return self.rooms.setdefault(room_id, Room(room_id))

    def attach(
        self,
        room_id: str,
        binding: Binding,
        *,
        deliver: Deliver | None = None,
        ai: MockAI | None = None,
    ) -> None:
        room = self.rooms[room_id]
        room.seats[binding.channel_id] = Endpoint(binding, deliver, ai)
        self._room_of[binding.channel_id] = room

    def _join(self, room: Room, channel_id: str, sender_id: str) -> None:
        room.participants[sender_id] = Participant(
            id=sender_id, room_id=room.id, channel_id=channel_id
        )
        room.people = tuple(room.participants.values())
        self._room_of_sender[channel_id, sender_id] = room

    async def process_inbound(
        self, message: InboundMessage, *, room_id: str | None = None
    ) -> Result:
        room = await self._route(message) if room_id is None else self.rooms[room_id]
        turn = await self._admit(
            room,
            Event(
                room_id=room.id,
                source=EventSource(
                    channel_id=message.channel_id, participant_id=message.sender_id
                ),
                content=message.content,
                idempotency_key=message.idempotency_key,
            ),
        )
        if turn.refused is not None:
            return Result(blocked=True, reason=turn.refused, event=turn.event)
        delivered, pending = await self._broadcast(room, turn)
        responses: list[Event] = []
        while pending:
            answer = await self._admit(room, pending.pop(0))
            if answer.refused is None:
                responses.append(answer.event)
                pending += (await self._broadcast(room, answer))[1]
        for observe in self.after_hooks:
            await observe(turn.event, turn.context)
        return Result(event=turn.event, responses=tuple(responses), delivery_results=delivered)

    async def _route(self, message: InboundMessage) -> Room:
        """The sender's own room on the channel, else the channel's."""
        room = self._room_of_sender.get((message.channel_id, message.sender_id))
        return room if room is not None else self._room_of[message.channel_id]

    async def _admit(self, room: Room, event: Event) -> Turn:
        """The gates and the commit."""
        async with asyncio.timeout(self._process_timeout), room.lock:
            context = _context(room)
            if room.closed:
                return Turn(event, context, "room_closed")
            seat = room.seats.get(event.source.channel_id)
            if seat is None or seat.binding.muted or seat.binding.access in ("read_only", "none"):
                return Turn(event, context, "not_writable")
            sender = event.source.participant_id
            if sender is not None:
                if sender not in room.participants:
                    self._join(room, event.source.channel_id, sender)
                elif room.participants[sender].status == "banned":
                    return Turn(event, context, "banned")
            if event.chain_depth > MAX_CHAIN_DEPTH:
                return Turn(event, context, "chain_depth")
            first = await self._first_with_key(room, event)
            if first is not None:
                return Turn(first, context, "duplicate")
            if seat.binding.visibility != "all" and event.visibility == "all":
                event = event.evolve(visibility=seat.binding.visibility)
            if self.hooks:
                event, blocked_by, reason = await self._run_hooks(event, context)
                if blocked_by is not None:
                    return Turn(
                        await self._commit(room, event, "blocked", blocked_by), context, reason
                    )
            return Turn(await self._commit(room, event, "delivered"), context)

    async def _first_with_key(self, room: Room, event: Event) -> Event | None:
        if event.idempotency_key is None:
            return None
        return room.claims.get((event.source.channel_id, event.idempotency_key))

    async def _run_hooks(
        self, event: Event, context: Context
    ) -> tuple[Event, str | None, str | None]:
        for hook in self.hooks:
            if hook.channel_ids is not None and event.source.channel_id not in hook.channel_ids:
                continue
            verdict = await hook.call(event, context)
            if verdict.action == "block":
                return event, hook.name, verdict.reason or "blocked"
            if verdict.action == "modify" and verdict.event is not None:
                event = verdict.event
        return event, None, None

    async def _commit(
        self,
        room: Room,
        event: Event,
        status: Literal["delivered", "blocked"],
        blocked_by: str | None = None,
    ) -> Event:
        """The store: the next index, the claim and the counters, in one go."""
        index = room.latest_index + 1
        stored = event.evolve(index=index, status=status, blocked_by=blocked_by)
        room.events.append(stored)
        if status != "blocked":
            room.tail.append(stored)
        if stored.idempotency_key is not None:
            room.claims[stored.source.channel_id, stored.idempotency_key] = stored
        room.event_count += 1
        room.latest_index = index
        room.updated_at = stored.created_at
        return stored

    async def _broadcast(self, room: Room, turn: Turn) -> tuple[dict[str, bool], list[Event]]:
        """Deliver to each seat that may get the event; the answers of AIs come back."""
        event = turn.event
        source_id = event.source.channel_id
        targets = [
            seat
            for channel_id, seat in room.seats.items()
            if channel_id != source_id and _may_receive(seat.binding, event)
        ]
        answers: list[Event] = []
        if len(targets) == 1:
            return {
                targets[0].binding.channel_id: await self._reach(targets[0], turn, answers)
            }, answers
        loop = asyncio.get_running_loop()
        tasks = [
            asyncio.Task(self._reach(seat, turn, answers), loop=loop, eager_start=True)
            for seat in targets
        ]
        waiting = [task for task in tasks if not task.done()]
        if waiting:
            await asyncio.gather(*waiting)
        return {
            seat.binding.channel_id: task.result()
            for seat, task in zip(targets, tasks, strict=True)
        }, answers

    async def _reach(self, seat: Endpoint, turn: Turn, answers: list[Event]) -> bool:
        binding = seat.binding
        event = turn.event
        if seat.ai is not None:
            answers.append(await self._ask(seat.ai, binding, turn))
            return True
        content = _transcode(event.content, binding)
        if content is None or seat.deliver is None:
            return False
        if content is not event.content:
            event = event.evolve(content=content)
        await seat.deliver(binding.channel_id, event)
        self.delivered += 1
        return True

    async def _ask(self, ai: MockAI, binding: Binding, turn: Turn) -> Event:
        channel_id = binding.channel_id
        event = turn.event
        history = (*turn.context.recent_events, event)[-CONTEXT_EVENTS:]
        response = await ai.generate(
            AIContext(
                messages=[
                    AIMessage(
                        role="assistant" if past.source.channel_id == channel_id else "user",
                        content=past.content.body,
                    )
                    for past in history
                    if _may_see(binding, past)
                ]
            )
        )
        return Event(
            room_id=event.room_id,
            source=EventSource(channel_id=channel_id, direction="outbound"),
            content=TextContent(body=response.content),
            visibility=event.response_visibility or "all",
            chain_depth=event.chain_depth + 1,
            parent_event_id=event.id,
            correlation_id=event.correlation_id or event.id,
        )


def _context(room: Room) -> Context:
    return Context(
        room,
        tuple([seat.binding for seat in room.seats.values()]),
        room.people,
        tuple(room.tail),
    )


def _may_receive(binding: Binding, event: Event) -> bool:
    if binding.access in ("write_only", "none") or binding.direction == "inbound":
        return False
    return _may_see(binding, event)


def _may_see(binding: Binding, event: Event) -> bool:
    visibility = event.visibility
    if visibility == "all" or event.source.channel_id == binding.channel_id:
        return True
    if visibility == "none":
        return False
    return visibility == binding.category or binding.channel_id in visibility.split(",")


def _transcode(content: TextContent, binding: Binding) -> TextContent | None:
    """The content in a form that the channel carries, the same object if it can; None if none."""
    if content.type not in binding.media_types:
        return None
    limit = binding.max_length
    if limit is not None and len(content.body) > limit:
        return TextContent(body=content.body[:limit])
    return content
