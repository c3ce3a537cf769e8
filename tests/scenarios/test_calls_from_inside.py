"""Hooks, channels and their tasks that use the kit: nobody waits for themselves."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from roomkit import (
    ChannelOutput,
    EventStatus,
    HookExecution,
    HookResult,
    HookTrigger,
    RoomContext,
    RoomEvent,
    RoomKit,
    RoomStatus,
    Task,
    TextContent,
)
from roomkit.channels.base import text_of
from roomkit.store.memory import InMemoryStore
from roomkit.store.records import CommitOutcome, TimelineCommit
from roomkit.testing import VirtualClock
from tests.helpers import join_room, say
from tests.scenarios.actors import Thinker, Transport, Witness, said, seat, timeline
from tests.scenarios.conftest import KitFactory

type Post = Callable[[RoomKit, str], Awaitable[RoomEvent | None]]


async def by_send_event(kit: RoomKit, text: str) -> RoomEvent | None:
    return await kit.send_event("r", "bot", TextContent(body=text))


async def by_process_inbound(kit: RoomKit, text: str) -> RoomEvent | None:
    return (await say(kit, "bot", text, sender="bot")).event


@pytest.fixture(params=[by_send_event, by_process_inbound])
def post(request: pytest.FixtureRequest) -> Post:
    chosen: Post = request.param
    return chosen


@pytest.fixture
async def b(kit: RoomKit) -> Transport:
    """A room with the channels `a`, `b` and `bot`; what `b` receives is looked at."""
    channel = Transport("b")
    await seat(kit, "r", Transport("a"), channel, Transport("bot"))
    return channel


@pytest.mark.parametrize("trigger", [HookTrigger.BEFORE_BROADCAST, HookTrigger.AFTER_BROADCAST])
@pytest.mark.parametrize("execution", list(HookExecution))
async def test_hook_posts(
    kit: RoomKit, b: Transport, post: Post, trigger: HookTrigger, execution: HookExecution
) -> None:
    """The event is committed when the inner call returns and out when the outer one does."""
    inner: list[RoomEvent | None] = []

    async def hook(event: RoomEvent, _context: RoomContext) -> None:
        if text_of(event.content) == "outer":
            posted = await post(kit, "inner")
            assert posted is not None
            inner.append(await kit.store.get_event(posted.id))

    kit.hook_engine.register(trigger, hook, execution=execution)
    witness = Witness(kit).hook(HookTrigger.AFTER_BROADCAST)

    result = await say(kit, "a", "outer")

    assert not result.hook_errors
    assert [event and event.status for event in inner] == [EventStatus.DELIVERED]
    assert sorted(b.texts) == ["inner", "outer"]
    assert b.texts == await said(kit)
    told = [text_of(event.content) for event in witness.of("after_broadcast")]
    assert sorted(told) == ["inner", "outer"]


async def test_channel_posts_while_it_reacts(kit: RoomKit, b: Transport, post: Post) -> None:
    async def react(event: RoomEvent, _context: RoomContext) -> str | None:
        if text_of(event.content) != "outer":
            return None
        await post(kit, "inner")
        return "answer"

    await seat(kit, "r", Thinker("ai", react))
    await say(kit, "a", "outer")
    assert b.texts == ["outer", "inner", "answer"]


async def test_channel_posts_while_it_delivers(kit: RoomKit, b: Transport, post: Post) -> None:
    async def deliver(event: RoomEvent) -> None:
        if text_of(event.content) == "outer":
            await post(kit, "inner")

    c = Transport("c", deliver)
    await seat(kit, "r", c)
    await say(kit, "a", "outer")
    assert b.texts == c.texts == ["outer", "inner"]


async def test_handler_of_framework_events_posts(kit: RoomKit, b: Transport, post: Post) -> None:
    @kit.on("event_processed")
    async def handler(_event: object) -> None:
        if len(b.received) < 2:
            await post(kit, "inner")

    await say(kit, "a", "outer")
    assert b.texts == ["outer", "inner"]


async def test_task_of_a_hook_posts_once_the_room_is_free(
    kit: RoomKit, b: Transport, post: Post
) -> None:
    """A task does not inherit the lease: it queues for the room like everybody else."""
    tasks: list[asyncio.Task[RoomEvent | None]] = []
    entered = asyncio.Event()

    @kit.hook(HookTrigger.BEFORE_BROADCAST)
    async def hook(event: RoomEvent, _context: RoomContext) -> None:
        if text_of(event.content) == "outer":
            tasks.append(asyncio.create_task(_post_from_task()))
            await entered.wait()
            for _ in range(20):
                await asyncio.sleep(0)
            assert await said(kit) == []

    async def _post_from_task() -> RoomEvent | None:
        entered.set()
        return await post(kit, "inner")

    witness = Witness(kit).hook(HookTrigger.AFTER_BROADCAST)
    result = await say(kit, "a", "outer")
    await asyncio.gather(*tasks)

    assert not result.hook_errors
    assert b.texts == await said(kit) == ["outer", "inner"]
    told = [text_of(event.content) for event in witness.of("after_broadcast")]
    assert sorted(told) == ["inner", "outer"]


async def test_task_that_gets_its_turn_late_still_sees_its_event_through(
    kit: RoomKit, b: Transport
) -> None:
    """The call that the task came from has ended: observers and side effects are not lost."""
    tasks: list[asyncio.Task[RoomEvent]] = []

    @kit.hook(HookTrigger.BEFORE_BROADCAST)
    async def hook(event: RoomEvent, _context: RoomContext) -> HookResult:
        if text_of(event.content) == "outer":
            post = kit.send_event("r", "bot", TextContent(body="inner"))
            tasks.append(asyncio.create_task(post))
            for _ in range(5):
                await asyncio.sleep(0)
        return HookResult.allow(tasks=[Task(title=text_of(event.content))])

    witness = Witness(kit).hook(HookTrigger.AFTER_BROADCAST)
    await say(kit, "a", "outer")
    await asyncio.gather(*tasks)

    told = [text_of(event.content) for event in witness.of("after_broadcast")]
    assert sorted(told) == ["inner", "outer"]
    assert sorted(task.title for task in await kit.list_tasks("r")) == ["inner", "outer"]


async def test_hook_that_waits_for_its_own_task_costs_its_time_limit_and_no_more(
    kit: RoomKit, b: Transport, clock: VirtualClock
) -> None:
    """The one way to wait for oneself is bounded, and the room is free afterwards."""

    @kit.hook(HookTrigger.BEFORE_BROADCAST, timeout=2)
    async def hook(event: RoomEvent, _context: RoomContext) -> None:
        if text_of(event.content) == "outer":
            await asyncio.gather(kit.send_event("r", "bot", TextContent(body="inner")))

    async with clock.auto():
        result = await say(kit, "a", "outer")
    assert [error.hook for error in result.hook_errors] == ["hook"]
    assert clock.monotonic() == pytest.approx(2)
    assert not (await say(kit, "a", "next")).blocked
    assert b.texts == ["outer", "next"]


async def test_hook_may_change_the_room_it_guards(kit: RoomKit, b: Transport) -> None:
    """Everything that takes the room's lock works on the lease of the gate."""

    @kit.hook(HookTrigger.BEFORE_BROADCAST)
    async def hook(event: RoomEvent, _context: RoomContext) -> None:
        await kit.mute("r", "bot")
        await kit.unmute("r", "bot")
        await kit.set_visibility("r", "bot", "none")
        await kit.update_binding_metadata("r", "bot", {"k": "v"})
        await kit.update_room_metadata("r", {"topic": "x"})
        await kit.ensure_participant("r", "a", "guest")
        await kit.create_room("r")
        await kit.create_room("another")
        await kit.detach_channel("r", "bot")
        await kit.attach_channel("r", "bot")
        await kit.pause_room("r")
        await kit.resume_room("r")

    result = await say(kit, "a", "hello")

    assert not result.hook_errors
    assert b.texts == ["hello"]
    assert (await kit.get_room("r")).metadata == {"topic": "x"}
    indices = [event.index for event in await timeline(kit)]
    assert indices == list(range(len(indices)))


async def test_hook_that_closes_the_room_stops_its_message(kit: RoomKit, b: Transport) -> None:
    @kit.hook(HookTrigger.BEFORE_BROADCAST)
    async def hook(event: RoomEvent, _context: RoomContext) -> None:
        await kit.close_room("r")

    result = await say(kit, "a", "too late", room_id="r")
    assert (result.blocked, result.reason, result.event) == (True, "room_closed", None)
    assert (await kit.get_room("r")).status is RoomStatus.CLOSED
    assert b.texts == await said(kit) == []


async def test_observer_may_close_the_room(kit: RoomKit, b: Transport) -> None:
    witness = Witness(kit).hook(HookTrigger.ON_ROOM_CLOSED)

    @kit.hook(HookTrigger.AFTER_BROADCAST, HookExecution.ASYNC)
    async def hook(event: RoomEvent, _context: RoomContext) -> None:
        await kit.close_room("r")

    await say(kit, "a", "goodbye")
    assert b.texts == ["goodbye"]
    assert len(witness.of("on_room_closed")) == 1


async def test_event_sent_by_a_hook_whose_message_times_out_is_seen_through(
    make_kit: KitFactory, clock: VirtualClock
) -> None:
    """What was committed goes out with all that follows, whatever becomes of the outer call."""
    kit = make_kit(process_timeout=3)
    b = Transport("b")
    await seat(kit, "r", Transport("a"), b, Transport("bot"))
    await seat(kit, "r", Thinker("ai", lambda *_: ChannelOutput(tasks=[Task(title="t")])))
    witness = Witness(kit).hook(HookTrigger.AFTER_BROADCAST)

    @kit.hook(HookTrigger.BEFORE_BROADCAST)
    async def hook(event: RoomEvent, _context: RoomContext) -> None:
        if text_of(event.content) == "outer":
            await kit.send_event("r", "bot", TextContent(body="inner"))
            await clock.sleep(60)

    async with clock.auto():
        result = await say(kit, "a", "outer")
    assert result.reason == "process_timeout"
    await clock.settle()

    assert b.texts == await said(kit) == ["inner"]
    assert [text_of(event.content) for event in witness.of("after_broadcast")] == ["inner"]
    assert [task.title for task in await kit.list_tasks("r")] == ["t"]


@pytest.mark.parametrize("slow", ["before", "after"])
async def test_event_of_a_hook_that_is_cut_short_meanwhile_is_not_half_done(
    clock: VirtualClock, slow: str
) -> None:
    """A hook's time limit strikes while its event is being committed: that is finished first."""

    class SlowStore(InMemoryStore):
        async def commit(self, commit: TimelineCommit) -> CommitOutcome:
            inner = commit.event.content == TextContent(body="inner")
            if inner and slow == "before":
                await clock.sleep(5)
            outcome = await super().commit(commit)
            if inner and slow == "after":
                await clock.sleep(5)
            return outcome

    kit = RoomKit(store=SlowStore(), clock=clock)
    b = Transport("b")
    await seat(kit, "r", Transport("a"), b, Transport("bot"))

    @kit.hook(HookTrigger.BEFORE_BROADCAST, timeout=1)
    async def hook(event: RoomEvent, _context: RoomContext) -> None:
        if text_of(event.content) == "outer":
            await kit.send_event("r", "bot", TextContent(body="inner"))

    async with clock.auto():
        result = await say(kit, "a", "outer")
    assert [error.hook for error in result.hook_errors] == ["hook"]
    assert b.texts == await said(kit) == ["inner", "outer"]
    await kit.close()


async def test_rooms_that_forward_to_each_other_do_not_wait_for_each_other(kit: RoomKit) -> None:
    """A bridge in both directions: from inside a room, through another one, back into it."""

    def forward(room_id: str, channel_id: str) -> Callable[[RoomEvent], Awaitable[None]]:
        async def deliver(event: RoomEvent) -> None:
            if "forwarded" not in event.metadata:
                await kit.send_event(
                    room_id, channel_id, event.content, metadata={"forwarded": True}
                )

        return deliver

    b = Transport("b")
    await seat(kit, "left", Transport("a"), Transport("to-right", forward("right", "to-left")))
    await seat(kit, "right", b, Transport("to-left", forward("left", "to-right")))
    await asyncio.gather(*(say(kit, "a", f"{n}") for n in range(5)))
    await asyncio.gather(*(say(kit, "b", f"{n}") for n in range(5, 10)))
    assert len(await said(kit, "left")) == len(await said(kit, "right")) == 10


async def test_way_back_into_a_room_does_not_depend_on_who_started_a_lane(
    kit: RoomKit, clock: VirtualClock
) -> None:
    """The lane of the other room is busy with something else: the event that waits there still
    belongs to the room it came from, and what it sends back joins that."""
    busy, go_on = asyncio.Event(), asyncio.Event()

    async def far(event: RoomEvent) -> None:
        if text_of(event.content) == "unrelated":
            busy.set()
            await go_on.wait()
        else:
            await kit.send_event("near", "a", TextContent(body="back"))

    async def bridge(event: RoomEvent) -> None:
        if text_of(event.content) == "out":
            await kit.send_event("far", "far-bot", TextContent(body="over"))

    await seat(kit, "near", Transport("a"), Transport("near-bot", bridge))
    await seat(kit, "far", Transport("x"), Transport("far-bot"), Transport("far-end", far))

    unrelated = asyncio.create_task(say(kit, "x", "unrelated"))
    await busy.wait()
    related = asyncio.create_task(say(kit, "a", "out"))
    for _ in range(50):
        await asyncio.sleep(0)
    go_on.set()
    async with asyncio.timeout(5):
        await asyncio.gather(unrelated, related)
    assert await said(kit, "near") == ["out", "back"]


async def test_message_is_not_charged_for_another_that_came_before_it_in_a_lane(
    make_kit: KitFactory,
) -> None:
    """Contexts: an event that waited behind another one starts with a budget of its own."""
    kit = make_kit(cascade_budget=3)
    started, go_on = asyncio.Event(), asyncio.Event()

    async def reply(event: RoomEvent, _context: RoomContext) -> list[str]:
        if text_of(event.content) == "first":
            started.set()
            await go_on.wait()
        return ["1", "2", "3"]

    await seat(kit, "r", Transport("a"), Thinker("ai", reply))
    first = asyncio.create_task(say(kit, "a", "first"))
    await started.wait()
    second = asyncio.create_task(say(kit, "a", "second"))
    for _ in range(50):
        await asyncio.sleep(0)
    go_on.set()
    results = await asyncio.gather(first, second)
    assert [len(result.response_events) for result in results] == [3, 3]


async def test_outer_result_reports_what_inner_calls_caused(kit: RoomKit) -> None:
    inboxes = await join_room(kit, "r", "a", "b")
    await seat(kit, "r", Transport("bot"))

    async def answer(event: RoomEvent, _context: RoomContext) -> str | None:
        return "answer to the bot" if event.source.channel_id == "bot" else None

    await seat(kit, "r", Thinker("ai", answer))

    @kit.hook(HookTrigger.AFTER_BROADCAST, HookExecution.ASYNC)
    async def hook(event: RoomEvent, _context: RoomContext) -> None:
        if text_of(event.content) == "outer":
            await kit.send_event("r", "bot", TextContent(body="inner"))

    result = await say(kit, "a", "outer")
    assert [text_of(event.content) for event in result.response_events] == ["answer to the bot"]
    assert inboxes["b"].texts == ["outer", "inner", "answer to the bot"]
