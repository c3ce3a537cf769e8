"""The way of an inbound message, from the webhook to the room.

`InboundPipeline` goes through them in the order that the documentation promises; each is one
method here or in `Poster`, over one `InboundTurn`.
"""

from __future__ import annotations

from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any

from roomkit._tasks import DeadlineExceededError, finish_within, first_step
from roomkit.channels.base import Channel
from roomkit.core.pipeline.admission import REVISIONS
from roomkit.core.pipeline.cascade import Hold
from roomkit.core.pipeline.driver import Driver
from roomkit.core.pipeline.posting import Posting
from roomkit.core.pipeline.reception import Arrival, is_regular
from roomkit.core.runtime import KitRuntime
from roomkit.core.services.identity import IdentityService, Verdict
from roomkit.core.services.rooms import RoomService
from roomkit.errors import RoomNotFoundError
from roomkit.models.address import canonical_address
from roomkit.models.channel import ChannelBinding
from roomkit.models.content import TextContent
from roomkit.models.delivery import InboundMessage, InboundResult
from roomkit.models.enums import (
    EventStatus,
    HookTrigger,
    IdentificationStatus,
    ParticipantStatus,
)
from roomkit.models.event import EventSource, RoomEvent
from roomkit.models.participant import Participant
from roomkit.store.records import RoomSnapshot
from roomkit.telemetry.base import SpanKind

_REROUTES = 3
_NOTHING_HAPPENED = InboundResult.constant()


@dataclass(slots=True, eq=False, repr=False)
class InboundTurn:
    """One inbound message on its way, and what each step found out about it.

    `snapshot` and `event` are there from `route` and `handle_inbound` on, `posting` from
    `acquire_lock` on. A `result` ends the turn early.
    """

    message: InboundMessage
    channel: Channel
    explicit_room: str | None
    room_id: str = ""
    snapshot: RoomSnapshot = field(init=False)
    event: RoomEvent = field(init=False)
    verdict: Verdict | None = None
    posting: Posting | None = None
    outermost: bool = True
    result: InboundResult | None = None


class InboundPipeline:
    """Processes inbound messages. Messages of different rooms, and of one room up to its lock,
    overlap."""

    def __init__(
        self,
        runtime: KitRuntime,
        driver: Driver,
        rooms: RoomService,
        identity: IdentityService,
    ) -> None:
        self._rt = runtime
        self._driver = driver
        self._rooms = rooms
        self._identity = identity

    def process(
        self, message: InboundMessage, room_id: str | None
    ) -> Coroutine[Any, Any, InboundResult]:
        """Take a message all the way; see `RoomKit.process_inbound`."""
        rt = self._rt
        rt.check_open()
        if type(message) is not InboundMessage and not isinstance(message, InboundMessage):
            raise TypeError(f"an InboundMessage is processed, not {type(message).__name__}")
        channel = rt.channel(message.channel_id)
        sender = canonical_address(channel.channel_type, message.sender_id)
        if sender != message.sender_id:
            message = message.evolve(sender_id=sender)
        process = self._process_traced if rt.telemetry.enabled else self._process
        return process(message, channel, room_id)

    async def _process_traced(
        self, message: InboundMessage, channel: Channel, room_id: str | None
    ) -> InboundResult:
        with self._rt.telemetry.span(SpanKind.INBOUND_PIPELINE, channel.channel_id) as span:
            result = await self._process(message, channel, room_id)
            span.set(blocked=result.blocked)
            return result

    async def _process(
        self, message: InboundMessage, channel: Channel, room_id: str | None
    ) -> InboundResult:
        """Try again, with another room, if the one that was found is closed by the time."""
        limiter = self._rt.inbound_limiter
        if limiter is not None and not limiter.try_acquire():
            return InboundResult(blocked=True, reason="rate_limited")
        for _ in range(_REROUTES):
            turn = InboundTurn(message, channel, room_id)
            try:
                done, posting = first_step(steps := self._until_commit(turn))
                if not done:
                    limit = self._rt.limits.process_timeout
                    posting = await finish_within(self._rt.clock, limit, steps, posting)
            except BaseException as error:
                await self._give_up(turn)
                if not isinstance(error, DeadlineExceededError):
                    raise
                return await self._timed_out(turn)
            if posting is None:
                result = _known(turn.result)
                closed = result.reason == "room_closed"
            else:
                await self._driver.carry_through(posting, outermost=turn.outermost)
                result = _result_of(posting)
                closed = posting.status == "closed" and not posting.closed_within
            if not closed or room_id is not None:
                break
        return result

    async def _until_commit(self, turn: InboundTurn) -> Posting | None:
        """The steps in the order that the documentation promises; a `result` ends them early."""
        await self.route(turn)
        if turn.result is not None:
            return None
        await self.handle_inbound(turn)
        if self._identity.applies_to(turn.channel.channel_type):
            await self.resolve_identity(turn)
        posting = await self.acquire_lock(turn)
        await self.check_idempotency(turn, posting)
        if self._rt.hooks.any_for(turn.room_id):
            await self._driver.poster.run_gates(posting)
        return posting

    async def _give_up(self, turn: InboundTurn) -> None:
        if turn.posting is not None:
            await self._driver.let_go(turn.posting, outermost=turn.outermost)

    async def _timed_out(self, turn: InboundTurn) -> InboundResult:
        await self._rt.events.emit(
            "process_timeout",
            room_id=turn.room_id or None,
            channel_id=turn.message.channel_id,
            timeout=self._rt.limits.process_timeout,
        )
        return InboundResult(blocked=True, reason="process_timeout")

    async def route(self, turn: InboundTurn) -> None:
        """Find the room, or open one."""
        rt, message, channel = self._rt, turn.message, turn.channel
        room_id = turn.explicit_room or await self._rooms.find(message, channel)
        if room_id is None:
            if await self._is_redelivered(turn):
                return
            room_id = await self._rooms.open_for(message, channel)
        snapshot = await rt.store.snapshot(room_id)
        if snapshot is None:
            if turn.explicit_room is not None:
                raise RoomNotFoundError(room_id)
            await self._rooms.open(room_id)
            snapshot = _known(await rt.store.snapshot(room_id))
        turn.room_id = room_id
        if snapshot.binding(channel.channel_id) is None:
            if not self._rooms.is_open(snapshot.room):
                turn.result = InboundResult(blocked=True, reason="room_closed")
                return
            await self._rooms.attach_for(room_id, message, channel)
            snapshot = _known(await rt.store.snapshot(room_id))
        turn.snapshot = snapshot

    async def _is_redelivered(self, turn: InboundTurn) -> bool:
        """Whether the message was stored before its conversation ended; no new one is opened for
        it then."""
        message, key = turn.message, message_key(turn.message)
        if key is None:
            return False
        first = await self._rt.store.find_redelivery(message.channel_id, key, message.sender_id)
        if first is None or not self._driver.poster.admission.is_recent(first):
            return False
        turn.result = InboundResult(
            blocked=True,
            reason="duplicate",
            event=first,
            delivery_results=first.delivery_results,
        )
        return True

    async def handle_inbound(self, turn: InboundTurn) -> None:
        """Have the channel turn the message into an event."""
        message, channel = turn.message, turn.channel
        try:
            event = await channel.handle_inbound(message, turn.snapshot.context)
            if not isinstance(event, RoomEvent):
                raise TypeError(
                    f"{type(channel).__name__}.handle_inbound returned {type(event).__name__}, "
                    "not RoomEvent"
                )
        except Exception as error:
            await self._rt.report_error(turn.room_id, channel.channel_id, error)
            raise
        event = event.sealed()
        if event.source.participant_id is None or event.source.channel_type is None:
            event = event.evolve(source=_source_of(event.source, message, channel))
        key = message.idempotency_key or event.idempotency_key
        if key is None and message.provider_message_id is not None:
            key = message_key(message)
        if not _is_as_built(event, turn.room_id, key):
            event = event.evolve(
                room_id=turn.room_id,
                status=EventStatus.PENDING,
                chain_depth=0,
                correlation_id=event.correlation_id or event.id,
                idempotency_key=key,
                created_at=self._rt.clock.now(),
            )
        turn.event = event

    async def resolve_identity(self, turn: InboundTurn) -> None:
        """Work out who the sender is: the resolver, then the identity hooks. Holds no lock."""
        message, channel, event = turn.message, turn.channel, turn.event
        context = turn.snapshot.context
        known = turn.snapshot.members.writing_from(channel.channel_id, message.sender_id)
        if known is not None and _needs_no_asking(known):
            turn.verdict = Verdict(known.id, known.identification)
        else:
            result, answered = await self._identity.resolve(message, context)
            if not answered:
                await self._rt.events.emit(
                    "identity_timeout",
                    room_id=turn.room_id,
                    channel_id=channel.channel_id,
                    timeout=self._rt.limits.identity_timeout,
                )
            turn.verdict = await self._identity.decide(result, message.sender_id, event, context)
        if turn.verdict.participant_id != event.source.participant_id:
            source = event.source.evolve(
                participant_id=turn.verdict.participant_id, address=message.sender_id
            )
            turn.event = event.evolve(source=source)

    async def acquire_lock(self, turn: InboundTurn) -> Posting:
        """Wait until nobody else writes to the room."""
        cascade, turn.outermost = self._driver.cascade_for(turn.room_id)
        turn.posting = posting = Posting(turn.event, cascade)
        if turn.explicit_room is None:
            posting.sender = turn.message.sender_id
        if turn.outermost and cascade.outer is None:  # nothing around this call holds a lock
            posting.hold = Hold(await self._rt.locks.acquire(turn.room_id))
        else:
            await self._driver.poster.lock(posting)
        return posting

    async def check_idempotency(self, turn: InboundTurn, posting: Posting) -> None:
        """Look at the room again, now that it stands still: redeliveries, closed rooms, rights."""
        poster = self._driver.poster
        await poster.load(posting, known=turn.snapshot)
        admission = poster.admission
        admission.check_idempotency(posting)
        if posting.status == "open":
            binding = posting.binding
            if binding is not None and (
                turn.verdict is not None
                or not is_regular(posting.snapshot, binding, turn.message.sender_id)
            ):
                await self._welcome(turn, posting, binding)
            admission.check_rights(posting)
            admission.check_bounds(posting, outermost=turn.outermost)
            if posting.event.type in REVISIONS or type(posting.event.content) is not TextContent:
                await admission.check_revision(posting)
            if turn.verdict is not None:
                self._apply(turn.verdict, posting)

    async def _welcome(self, turn: InboundTurn, posting: Posting, binding: ChannelBinding) -> None:
        """Let the room know of the sender, if there is anything new to know."""
        arrival = Arrival(turn.channel, turn.message, turn.verdict)
        if arrival.is_at_home(posting.snapshot, binding):
            return
        called = arrival.participant_id
        await arrival.receive(self._rt, posting.snapshot, binding)
        if arrival.participant_id != called:
            event = posting.event
            source = event.source.evolve(
                participant_id=arrival.participant_id, address=arrival.message.sender_id
            )
            posting.event = event.evolve(source=source)
        await self._driver.poster.load(posting)

    def _apply(self, verdict: Verdict, posting: Posting) -> None:
        if verdict.failures:
            self._driver.poster.report_failures(posting, verdict.failures)
        if verdict.trigger is not None:
            self._tell(verdict.trigger, posting)
        if verdict.blocked_by is not None and posting.status == "open":
            posting.block(verdict.blocked_by, verdict.reason or "identity_rejected")
            posting.injected = verdict.injected
        elif verdict.resolved_by is not None and verdict.identity is not None:
            self._tell(HookTrigger.ON_PARTICIPANT_IDENTIFIED, posting)

    def _tell(self, trigger: HookTrigger, posting: Posting) -> None:
        """Run a trigger's observers beside the turn."""
        rt, room_id = self._rt, posting.event.room_id
        if rt.hooks.listens(trigger, room_id):
            observing = rt.observe(trigger, posting.event, room_id)
            rt.in_background(posting.cascade, observing, trigger.value)


def message_key(message: InboundMessage) -> str | None:
    """By what a message is known when it comes again."""
    if message.idempotency_key is None and message.provider_message_id is not None:
        return f"{message.channel_id}:{message.provider_message_id}"
    return message.idempotency_key


def _is_as_built(event: RoomEvent, room_id: str, key: str | None) -> bool:
    """Whether an event is as `Channel.event_from` makes it, so that there is nothing to put
    right."""
    return (
        event.room_id == room_id
        and event.idempotency_key == key
        and event.correlation_id is not None
        and event.chain_depth == 0
        and event.status is EventStatus.PENDING
    )


def _source_of(source: EventSource, message: InboundMessage, channel: Channel) -> EventSource:
    """The source with what its channel has left out: rights and filters go by it."""
    return source.evolve(
        participant_id=source.participant_id or message.sender_id,
        channel_type=source.channel_type or channel.channel_type,
    )


def _needs_no_asking(known: Participant) -> bool:
    """Whether it is settled who somebody is, or does not matter any more."""
    return (
        known.identification is IdentificationStatus.IDENTIFIED
        or known.status is ParticipantStatus.BANNED
    )


def _result_of(posting: Posting) -> InboundResult:
    """What the caller learns once the cascade has come to rest."""
    cascade, status, effects = posting.cascade, posting.status, posting.cascade.known_effects
    event = posting.event
    found: dict[str, Any] = {
        "blocked": status not in ("stored", "pending"),
        "reason": posting.reason,
    }
    if status != "closed":
        found["event"] = event = cascade.current.get(event.id, event)
        found["delivery_results"] = event.delivery_results
    if cascade.responses:
        found["response_events"] = [cascade.current[answer] for answer in cascade.responses]
    if effects is not None:
        found["hook_errors"] = [*effects.failures]
        found["tasks"] = [*effects.saved_tasks]
        found["observations"] = [*effects.saved_observations]
        found["error"] = effects.errors[0] if effects.errors else None
    return _NOTHING_HAPPENED.evolve(**found)


def _known[T](value: T | None) -> T:
    """A value that an earlier step has set."""
    if value is None:
        raise RuntimeError("the steps of a turn were run out of order")
    return value
