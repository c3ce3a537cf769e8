"""Everything at once, in an order that chance decides: what must hold then as well."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any

import pytest

from roomkit import (
    ChannelOutput,
    DeleteContent,
    EditContent,
    EventStatus,
    EventType,
    HookExecution,
    HookResult,
    HookTrigger,
    InjectedEvent,
    RoomContext,
    RoomEvent,
    RoomKit,
    RoomKitError,
    RoomStatus,
    Task,
    TextContent,
)
from roomkit.models.content import EventContent
from roomkit.store.base import ConversationStore
from tests.helpers import say
from tests.scenarios.actors import Thinker, Transport, seat, timeline
from tests.scenarios.test_cancellation import YieldingLocks

ROOMS = ("one", "two")
CALLS = 50


class Chaos:
    """Two rooms, people, agents and hooks that do whatever comes to their mind."""

    def __init__(self, seed: int, store: ConversationStore) -> None:
        self.random = random.Random(seed)
        self.kit = RoomKit(store=store, lock_manager=YieldingLocks(), cascade_budget=30)
        self.told: list[str] = []
        self.steady: dict[str, Transport] = {}
        self.background: list[asyncio.Task[Any]] = []
        self.calls = 0

    async def waver(self) -> None:
        for _ in range(self.random.randrange(4)):
            await asyncio.sleep(0)

    def happens(self, probability: float) -> bool:
        return self.random.random() < probability

    async def begin(self) -> None:
        kit = self.kit
        for room_id in ROOMS:
            steady = self.steady[room_id] = Transport(f"steady-{room_id}", self.listen)
            await seat(kit, room_id, Transport(f"a-{room_id}", self.fail), steady)
            await seat(kit, room_id, Transport(f"b-{room_id}", self.fail))
            await seat(kit, room_id, Thinker(f"x-{room_id}", self.answer))
            await seat(kit, room_id, Thinker(f"y-{room_id}", self.answer))
        kit.hook(HookTrigger.BEFORE_BROADCAST)(self.gate)
        kit.hook(HookTrigger.AFTER_BROADCAST, HookExecution.ASYNC)(self.observe)

    async def listen(self, _event: RoomEvent) -> None:
        await self.waver()

    async def fail(self, event: RoomEvent) -> None:
        await self.waver()
        if self.happens(0.1):
            raise RuntimeError("no")
        if self.happens(0.05):
            raise asyncio.CancelledError
        if self.happens(0.05):
            await self.post(event.room_id)

    async def answer(self, event: RoomEvent, _context: RoomContext) -> Any:
        await self.waver()
        if self.happens(0.1):
            raise RuntimeError("no")
        if self.happens(0.4):
            return None
        if self.happens(0.2):
            return ChannelOutput(tasks=[Task(title="t")])
        return ["answer"] * self.random.randrange(1, 3)

    async def gate(self, event: RoomEvent, context: RoomContext) -> Any:
        await self.waver()
        if self.happens(0.05):
            raise RuntimeError("no")
        if self.happens(0.05):
            raise asyncio.CancelledError
        if self.happens(0.05):
            await self.post(event.room_id)
        if self.happens(0.05):
            self.background.append(asyncio.create_task(self.post(event.room_id)))
        if self.happens(0.05):
            await self.kit.update_room_metadata(event.room_id, {str(self.random.random()): 1})
        if self.happens(0.1):
            return HookResult.block()
        if self.happens(0.1) and context.room.status is RoomStatus.ACTIVE:
            note = InjectedEvent(
                content=TextContent(body="note"),
                target_channel_ids=[f"steady-{event.room_id}", f"a-{event.room_id}"],
            )
            return HookResult.allow(injected_events=[note])
        return None

    async def observe(self, event: RoomEvent, _context: RoomContext) -> None:
        await self.waver()
        self.told.append(event.id)
        if self.happens(0.05):
            await self.post(event.room_id)

    async def post(self, room_id: str) -> None:
        await self.waver()
        if self.calls < CALLS * 3:
            self.calls += 1
            await self.kit.send_event(room_id, f"b-{room_id}", TextContent(body="posted"))

    async def revise(self, room_id: str) -> None:
        events = [event for event in await timeline(self.kit, room_id) if event.index % 3 == 0]
        target = self.random.choice(events)
        edited = EditContent(target_event_id=target.id, new_content=TextContent(body="edited"))
        deleted = DeleteContent(target_event_id=target.id)
        content: EventContent = edited if self.happens(0.5) else deleted
        await say(self.kit, f"a-{room_id}", content, room_id=room_id)

    def one_call(self) -> Coroutine[Any, Any, Any]:
        kit, room_id = self.kit, self.random.choice(ROOMS)
        key = f"k{self.random.randrange(40)}"
        choices = [
            lambda: say(kit, f"a-{room_id}", "said", key=key, room_id=room_id),
            lambda: say(kit, f"b-{room_id}", "said", room_id=room_id),
            lambda: self.post(room_id),
            lambda: self.revise(room_id),
            lambda: kit.mute(room_id, f"x-{room_id}"),
            lambda: kit.unmute(room_id, f"x-{room_id}"),
            lambda: kit.detach_channel(room_id, f"a-{room_id}"),
            lambda: kit.attach_channel(room_id, f"a-{room_id}"),
            lambda: kit.ensure_participant(room_id, f"a-{room_id}", f"p{key}"),
            lambda: kit.pause_room(room_id),
            lambda: kit.resume_room(room_id),
        ]
        weights = [6, 6, 3, 3, 1, 1, 1, 2, 1, 1, 3]
        chosen: Any = self.random.choices(choices, weights)[0]
        return self.guarded(chosen)

    async def guarded(self, call: Callable[[], Awaitable[Any]]) -> None:
        with suppress(RoomKitError):
            await call()

    async def run(self) -> None:
        calls = []
        for _ in range(CALLS):
            calls.append(asyncio.create_task(self.one_call()))
            await self.waver()
            if self.happens(0.15):
                self.random.choice(calls).cancel()
        await asyncio.gather(*calls, return_exceptions=True)
        while pending := [task for task in self.background if not task.done()]:
            await asyncio.wait(pending)
        for room_id in ROOMS:
            await self.kit.resume_room(room_id)
        for _ in range(2000):
            await asyncio.sleep(0)

    async def run_until_closed(self) -> None:
        calls = [asyncio.create_task(self.one_call()) for _ in range(CALLS)]
        for _ in range(self.random.randrange(200)):
            await asyncio.sleep(0)
        await self.kit.close()
        await asyncio.gather(*calls, *self.background, return_exceptions=True)

    async def check_counters(self, room_id: str) -> list[RoomEvent]:
        events = await timeline(self.kit, room_id)
        room = await self.kit.get_room(room_id)
        assert [event.index for event in events] == list(range(len(events)))
        assert (room.event_count, room.latest_index) == (len(events), len(events) - 1)
        return events

    async def check(self, room_id: str) -> None:
        events = await self.check_counters(room_id)
        sent = [
            event
            for event in events
            if event.type in (EventType.MESSAGE, EventType.EDIT, EventType.DELETE)
            and event.status is not EventStatus.BLOCKED
        ]
        assert all(event.status is not EventStatus.PENDING for event in sent)
        # A channel that was there all the time got everything, once, in order.
        steady = self.steady[room_id]
        assert [event.id for event in steady.received] == [event.id for event in sent]
        assert all(event.delivery_results[steady.channel_id].success for event in sent)
        # Whoever observes heard of everything, once.
        here = {event.id for event in events}
        assert sorted(one for one in self.told if one in here) == sorted(one.id for one in sent)


@pytest.mark.parametrize("seed", range(5))
async def test_whatever_happens(store: ConversationStore, seed: int) -> None:
    chaos = Chaos(seed, store)
    await chaos.begin()
    await chaos.run()
    for room_id in ROOMS:
        await chaos.check(room_id)
    assert asyncio.all_tasks() == {asyncio.current_task()}
    await chaos.kit.close()


@pytest.mark.parametrize("seed", range(5))
async def test_whenever_it_is_closed(store: ConversationStore, seed: int) -> None:
    """Nothing hangs, nothing is left, and what is stored is consistent."""
    chaos = Chaos(seed, store)
    await chaos.begin()
    await chaos.run_until_closed()
    assert asyncio.all_tasks() == {asyncio.current_task()}
    for room_id in ROOMS:
        await chaos.check_counters(room_id)
