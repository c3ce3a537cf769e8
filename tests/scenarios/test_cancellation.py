"""Callers that go away, and hooks that are cut short, in the middle of something."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import suppress
from typing import Any

import pytest

from roomkit import (
    EditContent,
    EventType,
    HookResult,
    HookTrigger,
    InboundResult,
    RoomContext,
    RoomEvent,
    RoomKit,
    RoomStatus,
    RoomTimers,
    TextContent,
)
from roomkit.channels.base import text_of
from roomkit.core.locks import InMemoryLockManager, RoomLease
from roomkit.store.base import ConversationStore
from roomkit.testing import VirtualClock
from roomkit.testing.stores import YieldingStore
from tests.helpers import say
from tests.scenarios.actors import Thinker, Transport, Witness, said, seat, timeline
from tests.scenarios.conftest import KitFactory
from tests.scenarios.stores import StepwiseStore


class YieldingLocks(InMemoryLockManager):
    """Lets others run around every acquisition, as locks on a server do."""

    async def acquire(self, room_id: str) -> RoomLease:
        await asyncio.sleep(0)
        lease = await super().acquire(room_id)
        try:
            await asyncio.sleep(0)
        except BaseException:
            await super().release(lease)
            raise
        return lease


async def cancel_at(step: int, call: Coroutine[Any, Any, Any], times: int = 1) -> bool:
    """Run a call and cancel it at its `step`-th wait; False if it was done before.

    With `times` it is cancelled again at each of the following turns of the loop.
    """
    task = asyncio.ensure_future(call)
    for _ in range(step):
        await asyncio.sleep(0)
        if task.done():
            break
    if task.done():
        await task
        return False
    for _ in range(times):
        task.cancel()
        await asyncio.sleep(0)
    with pytest.raises(asyncio.CancelledError):
        await task
    return True


async def at_rest() -> None:
    """Let everything come to its end that goes on by itself."""
    for _ in range(300):
        await asyncio.sleep(0)


@pytest.fixture(params=[YieldingStore, StepwiseStore], ids=["yielding", "stepwise"])
def store(request: pytest.FixtureRequest) -> ConversationStore:
    """Only stores that can be cancelled in the middle of something."""
    made: ConversationStore = request.param()
    return made


class Story:
    """A room in which everything waits at least once, to be cancelled there."""

    def __init__(self, kit: RoomKit) -> None:
        self.kit = kit
        self.b = Transport("b", self.wait)
        self.witness = Witness(kit).hook(HookTrigger.AFTER_BROADCAST)
        kit.hook_engine.register(HookTrigger.BEFORE_BROADCAST, self.wait)

    async def wait(self, *_: object) -> None:
        await asyncio.sleep(0)

    async def answer(self, *_: object) -> str:
        await asyncio.sleep(0)
        return "answer"

    async def begin(self) -> None:
        await seat(self.kit, "r", Transport("a"), self.b, Thinker("ai", self.answer))

    async def check(self, first: str) -> bool:
        """Either there is no trace of the message, or it was seen through; tells which."""
        await at_rest()
        texts = await said(self.kit)
        assert texts in ([], [first, "answer"])
        assert self.b.texts == texts
        told = [text_of(event.content) for event in self.witness.of("after_broadcast")]
        assert told == texts
        indices = [event.index for event in await timeline(self.kit)]
        assert indices == list(range(len(indices)))
        return bool(texts)


@pytest.fixture
async def yielding_kit(make_kit: KitFactory, clock: VirtualClock) -> AsyncIterator[KitFactory]:
    def make(**options: Any) -> RoomKit:
        return make_kit(lock_manager=YieldingLocks(), **options)

    yield make


@pytest.mark.parametrize("times", [1, 2, 3])
async def test_caller_may_go_away_at_any_moment(
    store: ConversationStore, clock: VirtualClock, times: int
) -> None:
    """The cancellation surfaces, the room is not stuck, and the message is either not there
    or seen through."""
    outcomes: set[bool] = set()
    step, cancelled = 0, True
    while cancelled:
        kit = RoomKit(store=type(store)(), clock=clock, lock_manager=YieldingLocks())
        story = Story(kit)
        await story.begin()
        cancelled = await cancel_at(step, say(kit, "a", "hello"), times)
        outcomes.add(await story.check("hello"))
        # The room takes the next message.
        result: InboundResult = await say(kit, "a", "next")
        assert not result.blocked
        await kit.close()
        step += 1
    assert outcomes == {True, False}
    assert step > 20


async def test_caller_of_the_first_message_may_go_away_at_any_moment(
    store: ConversationStore, clock: VirtualClock
) -> None:
    """No room is left behind that nobody finds again."""
    step, cancelled = 0, True
    while cancelled:
        kit = RoomKit(store=type(store)(), clock=clock, lock_manager=YieldingLocks())
        kit.register_channel(Transport("a"))
        cancelled = await cancel_at(step, say(kit, "a", "hello"))
        await at_rest()
        await say(kit, "a", "next")
        rooms = await kit.store.list_rooms()
        assert len(rooms) == 1, f"cancelled at step {step}"
        assert (await said(kit, rooms[0].id))[-1] == "next"
        await kit.close()
        step += 1


class Meddler:
    """A room whose gate changes the room and speaks in it."""

    def __init__(self, kit: RoomKit) -> None:
        self.kit = kit
        self.b = Transport("b")

    async def begin(self) -> None:
        await seat(self.kit, "r", Transport("a"), self.b, Transport("bot"))

    async def meddle(self) -> None:
        await self.kit.mute("r", "bot")
        await self.kit.send_event("r", "a", TextContent(body="inner"))
        await self.kit.unmute("r", "bot")

    async def check(self, *texts: list[str]) -> None:
        """What was begun under the lock is complete, and the next message gets through."""
        await at_rest()
        assert await said(self.kit) in texts
        assert self.b.texts == await said(self.kit)
        notices = [event.type for event in await timeline(self.kit)]
        muted = notices.count(EventType.CHANNEL_MUTED) - notices.count(EventType.CHANNEL_UNMUTED)
        assert muted == (await self.kit.get_binding("r", "bot")).muted
        assert not (await say(self.kit, "a", "next")).blocked


async def test_hook_may_run_out_of_time_at_any_moment_of_what_it_does_to_the_room(
    store: ConversationStore, clock: VirtualClock
) -> None:
    """Nothing that was begun under the lock is left half done."""
    cancelled: list[bool] = [True]
    while cancelled[-1]:
        kit = RoomKit(store=type(store)(), clock=clock, lock_manager=YieldingLocks())
        story = Meddler(kit)
        await story.begin()

        @kit.hook(HookTrigger.BEFORE_BROADCAST)
        async def gate(
            event: RoomEvent, _context: RoomContext, story: Meddler = story
        ) -> HookResult:
            if text_of(event.content) == "outer":
                cancelled.append(await cancel_inside(len(cancelled), story.meddle()))
            return HookResult.allow()

        await say(kit, "a", "outer")
        await story.check(["outer"], ["inner", "outer"])
        await kit.close()
    assert len(cancelled) > 5


@pytest.mark.parametrize("times", [1, 2, 3])
async def test_caller_may_go_away_at_any_moment_of_what_a_hook_does_to_the_room(
    store: ConversationStore, clock: VirtualClock, times: int
) -> None:
    """Also when it is cancelled again while that is being finished."""
    step, cancelled = 0, True
    while cancelled:
        kit = RoomKit(store=type(store)(), clock=clock, lock_manager=YieldingLocks())
        story = Meddler(kit)
        await story.begin()

        @kit.hook(HookTrigger.BEFORE_BROADCAST)
        async def gate(event: RoomEvent, _context: RoomContext, story: Meddler = story) -> None:
            if text_of(event.content) == "outer":
                await story.meddle()

        cancelled = await cancel_at(step, say(kit, "a", "outer"), times)
        await story.check([], ["inner"], ["inner", "outer"])
        await kit.close()
        step += 1
    assert step > 20


async def cancel_inside(step: int, call: Coroutine[Any, Any, Any]) -> bool:
    """Await a call in this very task, and have it cancelled at its `step`-th wait."""
    task = asyncio.current_task()
    assert task is not None
    turns = 0

    def tick() -> None:
        nonlocal turns
        if turns == step:
            task.cancel()
        else:
            turns += 1
            handles.append(asyncio.get_running_loop().call_soon(tick))

    handles = [asyncio.get_running_loop().call_soon(tick)]
    try:
        await call
    except asyncio.CancelledError:
        task.uncancel()
        return True
    finally:
        handles[-1].cancel()
    return False


@pytest.mark.parametrize("what", ["send_event", "edit", "close_room", "attach", "resume"])
async def test_other_calls_may_be_cancelled_at_any_moment(
    store: ConversationStore, clock: VirtualClock, what: str
) -> None:
    """A change and the record of it go together."""
    step, cancelled = 0, True
    while cancelled:
        kit = RoomKit(store=type(store)(), clock=clock, lock_manager=YieldingLocks())
        b, late = Transport("b"), Transport("late")
        await seat(kit, "r", Transport("a"), b)
        kit.register_channel(late)
        original = (await say(kit, "a", "hello")).event
        assert original is not None
        if what == "resume":
            await kit.pause_room("r")
            await say(kit, "a", "held")
        calls: dict[str, Any] = {
            "send_event": lambda kit=kit: kit.send_event("r", "a", TextContent(body="sent")),
            "edit": lambda kit=kit, original=original: say(
                kit, "a", EditContent(target_event_id=original.id, new_content=NEW)
            ),
            "close_room": lambda kit=kit: kit.close_room("r"),
            "attach": lambda kit=kit: kit.attach_channel("r", "late"),
            "resume": lambda kit=kit: kit.resume_room("r"),
        }
        cancelled = await cancel_at(step, calls[what]())
        await at_rest()
        await check_consistency(kit, what, b, original)
        with suppress(Exception):
            await say(kit, "a", "next", room_id="r")
        await kit.close()
        step += 1
    assert step > 3


NEW = TextContent(body="better")


async def check_consistency(kit: RoomKit, what: str, b: Transport, original: RoomEvent) -> None:
    types = [event.type for event in await timeline(kit)]
    if what == "send_event":
        assert b.texts == await said(kit)
    elif what == "edit":
        stored = await kit.store.get_event(original.id)
        assert stored is not None
        assert (stored.content == NEW) == (EventType.EDIT in types) == (len(b.received) == 2)
    elif what == "close_room":
        room = await kit.get_room("r")
        assert (room.status is RoomStatus.CLOSED) == (room.closed_at is not None)
    elif what == "attach":
        attached = [binding.channel_id for binding in await kit.list_bindings("r")]
        assert types.count(EventType.CHANNEL_ATTACHED) == len(attached)
    elif (await kit.get_room("r")).status is RoomStatus.ACTIVE:
        assert b.texts == ["hello", "held"]
    else:
        assert b.texts == ["hello"]


async def test_cancelled_caller_does_not_hold_up_the_next(kit: RoomKit) -> None:
    """A message that waits for the room leaves the line without a trace."""
    inside, go_on = asyncio.Event(), asyncio.Event()
    b = Transport("b")
    await seat(kit, "r", Transport("a"), b)

    @kit.hook(HookTrigger.BEFORE_BROADCAST)
    async def gate(event: RoomEvent, _context: RoomContext) -> None:
        if text_of(event.content) == "first":
            inside.set()
            await go_on.wait()

    first = asyncio.create_task(say(kit, "a", "first"))
    await inside.wait()
    second = asyncio.create_task(say(kit, "a", "second"))
    third = asyncio.create_task(say(kit, "a", "third"))
    await at_rest()
    second.cancel()
    await at_rest()
    go_on.set()
    await asyncio.gather(first, third)
    assert second.cancelled()
    assert b.texts == await said(kit) == ["first", "third"]


async def test_room_that_is_due_to_close_is_closed_with_all_that_belongs_to_it(
    store: ConversationStore, clock: VirtualClock
) -> None:
    """The message that finds it due may be cancelled; the hooks hear of it anyway."""
    step, cancelled = 0, True
    while cancelled:
        kit = RoomKit(store=type(store)(), clock=clock, lock_manager=YieldingLocks())
        witness = Witness(kit).hook(HookTrigger.ON_ROOM_CLOSED).on("room_closed")
        await kit.create_room("r", timers=RoomTimers(closed_after_seconds=1))
        await seat(kit, "r", Transport("a"))
        await clock.advance(1)
        cancelled = await cancel_at(step, say(kit, "a", "hello", room_id="r"))
        await at_rest()
        closed = (await kit.get_room("r")).status is RoomStatus.CLOSED
        assert len(witness.heard) == (2 if closed else 0), f"cancelled at step {step}"
        await kit.close()
        step += 1
    assert closed
