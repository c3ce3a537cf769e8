"""Sources: messages that the application goes and gets."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest

from roomkit import (
    FrameworkEvent,
    HookResult,
    HookTrigger,
    InboundMessage,
    InboundResult,
    RoomContext,
    RoomEvent,
    RoomKit,
    TextContent,
    WebSocketChannel,
)
from roomkit.errors import (
    ChannelNotRegisteredError,
    DeliveryError,
    SourceAlreadyAttachedError,
    SourceNotFoundError,
)
from roomkit.models.channel import RateLimit
from roomkit.models.framework_event import FrameworkEventType
from roomkit.sources.base import Emit, SourceProvider
from roomkit.testing import VirtualClock
from tests.helpers import join_room


class Feed(SourceProvider):
    """Delivers some texts, then ends, fails or stays connected."""

    def __init__(self, *texts: str, then: str = "stay", failures: int = 0) -> None:
        self.texts = list(texts)
        self.then = then
        self.failures = failures
        self.starts: list[float] = []
        self.stopped = 0
        self.clock: VirtualClock | None = None

    async def start(self, emit: Emit) -> None:
        if self.clock is not None:
            self.starts.append(self.clock.monotonic())
        if self.failures > 0:
            self.failures -= 1
            raise ConnectionError("refused")
        while self.texts:
            text = self.texts.pop(0)
            await emit(
                InboundMessage(channel_id="a", sender_id="feed", content=TextContent(body=text))
            )
        if self.then == "fail":
            raise ConnectionError("lost")
        if self.then == "stay":
            await asyncio.Event().wait()

    async def stop(self) -> None:
        self.stopped += 1


def told(kit: RoomKit) -> list[tuple[str, str]]:
    """The framework events about sources, as they come."""
    seen: list[tuple[str, str]] = []

    def note(event: FrameworkEvent) -> None:
        seen.append((event.type, event.data.get("reason") or event.data.get("error") or ""))

    for event_type in ("source_attached", "source_detached", "source_error", "source_exhausted"):
        kit.on(event_type)(note)
    return seen


async def test_messages_of_a_source_reach_the_room() -> None:
    async with RoomKit() as kit:
        inboxes = await join_room(kit, "r", "a", "b")
        await kit.attach_source("a", Feed("one", "two"))
        assert inboxes["b"].texts == ["one", "two"]
        health = kit.source_health("a")
        assert (health.status, health.messages) == ("running", 2)


class Flood(SourceProvider):
    """Always has another message, and never waits for one."""

    def __init__(self) -> None:
        self.sent = 0

    async def start(self, emit: Emit) -> None:
        while True:
            self.sent += 1
            content = TextContent(body=f"number {self.sent}")
            await emit(InboundMessage(channel_id="a", sender_id="feed", content=content))


async def test_source_that_never_waits_leaves_room_for_others() -> None:
    """The end of the kit comes in the midst of it, and is no failure."""
    source = Flood()
    async with asyncio.timeout(10), RoomKit() as kit:
        seen = told(kit)
        await join_room(kit, "r", "a")
        await kit.attach_source("a", source)
        sent = source.sent
        await asyncio.sleep(0)
        assert sent < source.sent < sent + 200
    assert [name for name, _ in seen] == ["source_attached"]


async def test_channel_has_one_source() -> None:
    async with RoomKit() as kit:
        await join_room(kit, "r", "a")
        await kit.attach_source("a", Feed())
        with pytest.raises(SourceAlreadyAttachedError, match="'a'"):
            await kit.attach_source("a", Feed())


async def test_detached_source_is_stopped_and_gone() -> None:
    async with RoomKit() as kit:
        seen = told(kit)
        await join_room(kit, "r", "a")
        feed = Feed()
        await kit.attach_source("a", feed)
        await kit.detach_source("a")
        assert feed.stopped == 1
        assert [name for name, _ in seen] == ["source_attached", "source_detached"]
        with pytest.raises(SourceNotFoundError, match="'a'"):
            await kit.detach_source("a")
        with pytest.raises(SourceNotFoundError, match="'a'"):
            kit.source_health("a")


async def test_unknown_channel_is_refused() -> None:
    async with RoomKit() as kit:
        with pytest.raises(ChannelNotRegisteredError, match="'ghost'"):
            await kit.attach_source("ghost", Feed())


async def test_failing_source_is_started_again_after_growing_delays() -> None:
    clock = VirtualClock()
    async with RoomKit(clock=clock) as kit:
        seen = told(kit)
        inboxes = await join_room(kit, "r", "a", "b")
        feed = Feed("at last", failures=3)
        feed.clock = clock
        await kit.attach_source("a", feed)
        assert kit.source_health("a").status == "waiting"
        await clock.advance(10)
        pauses = [later - earlier for earlier, later in pairwise(feed.starts)]
        for pause, longest in zip(pauses, (1, 2, 4), strict=True):
            assert 0 <= pause < longest
        assert inboxes["b"].texts == ["at last"]
        assert [name for name, _ in seen].count("source_error") == 3
        assert kit.source_health("a").restarts == 0


async def test_many_who_lost_the_same_server_do_not_come_back_together() -> None:
    clock = VirtualClock()
    async with RoomKit(clock=clock) as kit:
        channel_ids = [f"c{number}" for number in range(60)]
        await join_room(kit, "r", *channel_ids)
        for channel_id in channel_ids:
            await kit.attach_source(channel_id, Feed(failures=1), restart_delay=10)
        back: list[int] = []
        for _ in range(10):
            await clock.advance(1)
            statuses = [kit.source_health(channel_id).status for channel_id in channel_ids]
            back.append(statuses.count("running"))
        assert back[-1] == 60
        assert back[1] > 0
        assert back[4] < 60


async def test_longest_delay_holds_for_wishes_too() -> None:
    clock = VirtualClock()
    async with RoomKit(clock=clock) as kit:
        await join_room(kit, "r", "a")
        busy = DeliveryError("busy", retryable=True, retry_after=3600)
        await kit.attach_source("a", Steps(clock, busy), max_restart_delay=30)
        await clock.advance(29.9)
        assert kit.source_health("a").status == "waiting"
        await clock.advance(0.2)
        assert kit.source_health("a").status == "running"


async def test_source_is_given_up_after_the_allowed_restarts() -> None:
    clock = VirtualClock()
    async with RoomKit(clock=clock) as kit:
        seen = told(kit)
        await join_room(kit, "r", "a")
        await kit.attach_source("a", Feed(failures=99), max_restarts=2)
        await clock.advance(60)
        assert kit.source_health("a").status == "failed"
        assert seen[-1] == ("source_exhausted", "failed")
        assert [name for name, _ in seen].count("source_error") == 3


async def test_source_that_ends_is_not_started_again() -> None:
    async with RoomKit() as kit:
        seen = told(kit)
        await join_room(kit, "r", "a")
        await kit.attach_source("a", Feed("only", then="end"))
        assert kit.source_health("a").status == "ended"
        assert seen[-1] == ("source_exhausted", "ended")


async def test_closing_the_kit_stops_its_sources() -> None:
    kit = RoomKit()
    await join_room(kit, "r", "a")
    feed = Feed()
    await kit.attach_source("a", feed)
    await kit.close()
    assert feed.stopped == 1
    assert [task for task in asyncio.all_tasks() if task is not asyncio.current_task()] == []


class Steps(SourceProvider):
    """Goes through a list: an exception is raised, a number is a time to stay connected for, and
    a text is handed in."""

    def __init__(self, clock: VirtualClock, *steps: Exception | float | str) -> None:
        self.clock = clock
        self.steps = list(steps)
        self.up = False
        self.results: list[InboundResult] = []

    @property
    def connected(self) -> bool:
        return self.up

    async def start(self, emit: Emit) -> None:
        self.up = False
        while self.steps:
            match self.steps.pop(0):
                case Exception() as error:
                    raise error
                case str() as text:
                    content = TextContent(body=text)
                    message = InboundMessage(channel_id="", sender_id="feed", content=content)
                    self.results.append(await emit(message))
                case seconds:
                    self.up = True
                    await self.clock.sleep(seconds)
        self.up = True
        await asyncio.Event().wait()


async def test_failure_that_is_final_is_not_tried_again() -> None:
    clock = VirtualClock()
    async with RoomKit(clock=clock) as kit:
        seen = told(kit)
        await join_room(kit, "r", "a")
        refused = DeliveryError("the key is wrong", code="unauthorized", retryable=False)
        await kit.attach_source("a", Steps(clock, refused))
        assert kit.source_health("a").status == "failed"
        assert seen[1:] == [
            ("source_error", "the key is wrong"),
            ("source_exhausted", "failed"),
        ]


async def test_first_failure_is_the_last_without_restarts() -> None:
    clock = VirtualClock()
    async with RoomKit(clock=clock) as kit:
        seen = told(kit)
        await join_room(kit, "r", "a")
        await kit.attach_source("a", Steps(clock, ConnectionError("lost")), auto_restart=False)
        assert (kit.source_health("a").status, seen[-1][1]) == ("failed", "failed")


async def test_wish_of_the_other_side_is_not_undercut() -> None:
    clock = VirtualClock()
    async with RoomKit(clock=clock) as kit:
        await join_room(kit, "r", "a")
        busy = DeliveryError("busy", retryable=True, retry_after=20)
        await kit.attach_source("a", Steps(clock, busy))
        await clock.advance(19.9)
        assert kit.source_health("a").status == "waiting"
        await clock.advance(10.1)
        assert kit.source_health("a").status == "running"


async def test_source_that_stayed_connected_has_recovered_without_a_message() -> None:
    clock = VirtualClock()
    async with RoomKit(clock=clock) as kit:
        await join_room(kit, "r", "a")
        lost = ConnectionError("lost")
        steps = Steps(clock, *[step for _ in range(20) for step in (3600.0, lost)])
        await kit.attach_source("a", steps, max_restarts=2)
        await clock.advance(21 * 3600)
        health = kit.source_health("a")
        assert (health.status, health.restarts) == ("running", 1)
        assert health.error == "ConnectionError: lost"


async def test_source_that_never_gets_through_has_not_recovered() -> None:
    class Blackhole(SourceProvider):
        connected = False

        async def start(self, emit: Emit) -> None:
            await clock.sleep(127)
            raise TimeoutError

    clock = VirtualClock()
    async with RoomKit(clock=clock) as kit:
        await join_room(kit, "r", "a")
        await kit.attach_source("a", Blackhole(), max_restarts=2)
        assert kit.source_health("a").status == "connecting"
        await clock.advance(1000)
        assert kit.source_health("a").status == "failed"


async def test_message_waits_for_its_turn() -> None:
    clock = VirtualClock()
    limit = RateLimit(max_per_minute=1)
    async with RoomKit(clock=clock, inbound_rate_limit=limit) as kit:
        inboxes = await join_room(kit, "r", "a", "b")
        await kit.attach_source("a", Steps(clock, *"12345"))
        assert inboxes["b"].texts == ["1"]
        await clock.advance(500)
        assert inboxes["b"].texts == list("12345")
        health = kit.source_health("a")
        assert (health.messages, health.dropped, health.error) == (5, 0, None)


async def test_message_is_handed_in_again_after_a_passing_failure() -> None:
    class Shaky(WebSocketChannel):
        failures = 3

        async def handle_inbound(self, message: InboundMessage, context: RoomContext) -> RoomEvent:
            if self.failures:
                self.failures -= 1
                raise ConnectionError("the database is away")
            return await super().handle_inbound(message, context)

    clock = VirtualClock()
    async with RoomKit(clock=clock) as kit:
        kit.register_channel(Shaky("a"))
        inboxes = await join_room(kit, "r", "a", "b")
        await kit.attach_source("a", Steps(clock, "one", "two"))
        await clock.advance(10)
        assert inboxes["b"].texts == ["one", "two"]
        health = kit.source_health("a")
        assert (health.messages, health.dropped, health.error) == (2, 0, None)


@pytest.mark.parametrize("error", [ValueError("a bug"), ConnectionError("gone for good")])
async def test_message_that_cannot_be_processed_is_dropped_and_counted(error: Exception) -> None:
    class Picky(WebSocketChannel):
        async def handle_inbound(self, message: InboundMessage, context: RoomContext) -> RoomEvent:
            if isinstance(message.content, TextContent) and message.content.body == "bad":
                raise error
            return await super().handle_inbound(message, context)

    clock = VirtualClock()
    async with RoomKit(clock=clock) as kit:
        seen = told(kit)
        kit.register_channel(Picky("a"))
        inboxes = await join_room(kit, "r", "a", "b")
        source = Steps(clock, "one", "bad", "two")
        await kit.attach_source("a", source)
        await clock.advance(120)
        assert inboxes["b"].texts == ["one", "two"]
        health = kit.source_health("a")
        assert (health.status, health.messages, health.dropped) == ("running", 3, 1)
        assert [result.reason for result in source.results] == [None, "dropped", None]
        assert seen[1:] == [("source_error", f"{type(error).__name__}: {error}")]


async def test_message_that_a_hook_blocks_was_taken() -> None:
    clock = VirtualClock()
    async with RoomKit(clock=clock) as kit:
        await join_room(kit, "r", "a")

        @kit.hook(HookTrigger.BEFORE_BROADCAST)
        async def block(_event: RoomEvent, _context: RoomContext) -> HookResult:
            return HookResult.block("no")

        source = Steps(clock, "one")
        await kit.attach_source("a", source)
        assert [result.reason for result in source.results] == ["no"]
        assert kit.source_health("a").dropped == 0


@pytest.mark.parametrize("moment", ["source_attached", "source_error", "source_exhausted"])
async def test_source_may_be_detached_by_whoever_hears_of_it(
    moment: FrameworkEventType,
) -> None:
    clock = VirtualClock()
    async with RoomKit(clock=clock) as kit:
        await join_room(kit, "r", "a")
        feed = Feed("late", failures=99)

        @kit.on(moment)
        async def detach(_event: FrameworkEvent) -> None:
            await kit.detach_source("a")

        await kit.attach_source("a", feed, max_restarts=1)
        await clock.advance(100)
        assert feed.stopped == 1
        assert feed.failures == {"source_attached": 99, "source_error": 98}.get(moment, 97)
        with pytest.raises(SourceNotFoundError):
            kit.source_health("a")


class Queue(SourceProvider):
    """Hands in what it is given, one after the other, for as long as it runs."""

    def __init__(self, *texts: str) -> None:
        self.waiting: asyncio.Queue[str] = asyncio.Queue()
        for text in texts:
            self.waiting.put_nowait(text)
        self.running = False
        self.cleaned_up = False
        self.stopped = asyncio.Event()

    async def start(self, emit: Emit) -> None:
        self.running = True
        try:
            while True:
                content = TextContent(body=await self.waiting.get())
                await emit(InboundMessage(channel_id="", sender_id="feed", content=content))
        finally:
            self.running = False
            await asyncio.sleep(0.01)
            self.cleaned_up = True

    async def stop(self) -> None:
        self.stopped.set()


@pytest.mark.parametrize("trigger", [HookTrigger.BEFORE_BROADCAST, HookTrigger.AFTER_BROADCAST])
async def test_source_may_be_detached_by_what_it_hands_in(trigger: HookTrigger) -> None:
    """The message is processed to its end, and no other comes after it."""
    async with RoomKit() as kit:
        seen = told(kit)
        inboxes = await join_room(kit, "r", "a", "b")
        source = Queue("one", "stop", "three")
        finished: list[str] = []

        @kit.hook(trigger)
        async def obey(event: RoomEvent, _context: RoomContext) -> HookResult:
            if isinstance(event.content, TextContent) and event.content.body == "stop":
                await kit.detach_source("a")
                await asyncio.sleep(0)
                finished.append("stop")
            return HookResult.allow()

        await kit.attach_source("a", source)
        await asyncio.wait_for(source.stopped.wait(), 5)
        assert inboxes["b"].texts == ["one", "stop"]
        assert (finished, source.running, source.cleaned_up) == (["stop"], False, True)
        assert seen[-1][0] == "source_detached"


async def test_message_on_its_way_survives_the_detaching_of_its_source() -> None:
    async with RoomKit() as kit:
        inboxes = await join_room(kit, "r", "a", "b")
        gate = asyncio.Event()

        @kit.hook(HookTrigger.BEFORE_BROADCAST)
        async def wait(_event: RoomEvent, _context: RoomContext) -> HookResult:
            await gate.wait()
            return HookResult.allow()

        source = Queue("one", "two")
        await kit.attach_source("a", source)
        detaching = asyncio.create_task(kit.detach_source("a"))
        await asyncio.sleep(0)
        gate.set()
        await detaching
        assert inboxes["b"].texts == ["one"]
        assert source.cleaned_up


async def test_detaching_goes_on_if_its_caller_goes_away() -> None:
    class Slow(Queue):
        async def start(self, emit: Emit) -> None:
            try:
                await super().start(emit)
            finally:
                await letting_go.wait()

    letting_go = asyncio.Event()
    async with RoomKit() as kit:
        seen = told(kit)
        await join_room(kit, "r", "a")
        source = Slow()
        await kit.attach_source("a", source)
        detaching = asyncio.create_task(kit.detach_source("a"))
        await asyncio.sleep(0)
        detaching.cancel()
        with pytest.raises(asyncio.CancelledError):
            await detaching
        with pytest.raises(ValueError, match="not quite detached"):
            await kit.attach_source("a", source)
        letting_go.set()
        await asyncio.wait_for(source.stopped.wait(), 5)
        assert seen[-1][0] == "source_detached"
        await kit.attach_source("a", source)
        assert kit.source_health("a").status == "running"


async def test_attaching_that_is_cancelled_leaves_nothing_attached() -> None:
    async with RoomKit() as kit:
        await join_room(kit, "r", "a")

        @kit.on("source_attached")
        async def wait(_event: FrameworkEvent) -> None:
            await asyncio.Event().wait()

        attaching = asyncio.create_task(kit.attach_source("a", Feed("one")))
        await asyncio.sleep(0)
        attaching.cancel()
        with pytest.raises(asyncio.CancelledError):
            await attaching
        with pytest.raises(SourceNotFoundError):
            kit.source_health("a")


async def test_one_source_serves_one_channel() -> None:
    async with RoomKit() as kit:
        await join_room(kit, "r", "a", "b")
        feed = Feed()
        await kit.attach_source("a", feed)
        with pytest.raises(ValueError, match="attached already"):
            await kit.attach_source("b", feed)


@pytest.mark.parametrize(
    "delays",
    [
        {"restart_delay": 0.0},
        {"restart_delay": -1.0},
        {"restart_delay": float("nan")},
        {"restart_delay": 100.0, "max_restart_delay": 50.0},
    ],
)
async def test_delays_that_make_no_sense_are_refused(delays: dict[str, float]) -> None:
    async with RoomKit() as kit:
        await join_room(kit, "r", "a")
        with pytest.raises(ValueError, match="restart_delay"):
            await kit.attach_source("a", Feed(), **delays)  # type: ignore[arg-type]


async def test_source_that_fails_to_stop_does_not_keep_the_others_from_it() -> None:
    class Stuck(Feed):
        async def stop(self) -> None:
            raise RuntimeError("stuck")

    kit = RoomKit()
    await join_room(kit, "r", "a", "b")
    other = Feed()
    await kit.attach_source("a", Stuck())
    await kit.attach_source("b", other)
    with pytest.raises(ExceptionGroup):
        await kit.close()
    assert other.stopped == 1
