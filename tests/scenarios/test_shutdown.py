"""Closing a kit: every step is taken, nothing is left, and nothing hangs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from roomkit import (
    Channel,
    ChannelHost,
    HookExecution,
    HookTrigger,
    InMemoryLockManager,
    InMemoryRealtime,
    KitClosedError,
    MockIdentityResolver,
    RoomContext,
    RoomEvent,
    RoomKit,
    SMSChannel,
    TextContent,
    WebSocketChannel,
)
from roomkit.core.status_bus import InMemoryStatusBus
from roomkit.providers.sms.mock import MockSMSProvider
from roomkit.store.base import ConversationStore
from roomkit.store.memory import InMemoryStore
from roomkit.telemetry.mock import MockTelemetryProvider
from roomkit.testing import VirtualClock
from tests.helpers import join_room, say
from tests.scenarios.actors import Thinker, Transport, said, seat, streaming
from tests.scenarios.conftest import KitFactory


class Closing(Transport):
    """A channel whose `close` does as it is told."""

    def __init__(self, channel_id: str, close: Callable[[], object]) -> None:
        super().__init__(channel_id)
        self._close = close

    async def close(self) -> None:
        self.closed = True
        outcome = self._close()
        if asyncio.iscoroutine(outcome):
            await outcome


def fail() -> None:
    raise OSError("the connection is gone")


def others() -> set[asyncio.Task[Any]]:
    return {task for task in asyncio.all_tasks() if task is not asyncio.current_task()}


async def test_everything_that_the_kit_was_given_is_closed(clock: VirtualClock) -> None:
    closed: list[str] = []

    class NotingStore(InMemoryStore):
        async def close(self) -> None:
            closed.append("store")

    class NotingRealtime(InMemoryRealtime):
        async def close(self) -> None:
            closed.append("realtime")
            await super().close()

    class NotingLocks(InMemoryLockManager):
        async def close(self) -> None:
            closed.append("locks")

    class NotingBus(InMemoryStatusBus):
        async def close(self) -> None:
            closed.append("status bus")

    telemetry, resolver = MockTelemetryProvider(clock=clock), MockIdentityResolver()
    provider = MockSMSProvider()
    async with RoomKit(
        store=NotingStore(),
        realtime=NotingRealtime(),
        lock_manager=NotingLocks(),
        status_bus=NotingBus(),
        telemetry=telemetry,
        identity_resolver=resolver,
        clock=clock,
    ) as kit:
        kit.register_channel(SMSChannel("sms", provider=provider))
    assert sorted(closed) == ["locks", "realtime", "status bus", "store"]
    assert closed[-1] == "store"
    assert provider.closed
    assert telemetry.closed
    assert resolver.closed


@pytest.mark.parametrize(
    "failure", [OSError("gone"), asyncio.CancelledError()], ids=["error", "cancelled"]
)
async def test_step_that_fails_does_not_spare_the_others(
    clock: VirtualClock, failure: BaseException
) -> None:
    """All steps, then one group of what went wrong. A channel that cancels its own work and
    awaits it has failed; nobody has cancelled the closing."""

    def close() -> None:
        raise failure

    store_closed: list[bool] = []

    class NotingStore(InMemoryStore):
        async def close(self) -> None:
            store_closed.append(True)

    kit = RoomKit(store=NotingStore(), clock=clock)
    channels = [Closing("first", close), Closing("second", lambda: None), Closing("third", fail)]
    for channel in channels:
        kit.register_channel(channel)
    with pytest.raises(ExceptionGroup) as caught:
        await kit.close()
    assert len(caught.value.exceptions) == 2
    assert all(channel.closed for channel in channels)
    assert store_closed == [True]


async def test_closing_again_does_nothing(clock: VirtualClock) -> None:
    """Also when it happens at the same time."""
    closings = 0

    async def close() -> None:
        nonlocal closings
        closings += 1
        await asyncio.sleep(0)

    kit = RoomKit(clock=clock)
    kit.register_channel(Closing("a", close))
    await asyncio.gather(kit.close(), kit.close())
    await kit.close()
    assert closings == 1


async def test_closing_goes_on_when_its_caller_is_cancelled(clock: VirtualClock) -> None:
    entered, go_on = asyncio.Event(), asyncio.Event()

    async def close() -> None:
        entered.set()
        await go_on.wait()

    kit = RoomKit(clock=clock)
    second = Closing("second", lambda: None)
    kit.register_channel(Closing("first", close))
    kit.register_channel(second)
    caller = asyncio.create_task(kit.close())
    await entered.wait()
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    go_on.set()
    await kit.close()
    assert second.closed
    assert others() == set()


async def test_nothing_is_left_running(store: ConversationStore, clock: VirtualClock) -> None:
    kit = RoomKit(store=store, clock=clock)
    await join_room(kit, "r", "a", "b")
    await seat(kit, "r", Thinker("ai", lambda *_: streaming(["an", "swer"])))
    await asyncio.gather(*(say(kit, "a", str(number)) for number in range(20)))
    await kit.close()
    assert others() == set()


async def test_hung_work_is_given_up(store: ConversationStore, clock: VirtualClock) -> None:
    """What does not end by itself is cancelled, and whoever waits for it learns why."""
    kit = RoomKit(store=store, clock=clock, close_timeout=0.05)
    entered = asyncio.Event()

    async def hang(*_: object) -> None:
        entered.set()
        await asyncio.Event().wait()

    await seat(kit, "r", Transport("a"), Transport("b", hang), Thinker("ai", hang))
    kit.hook_engine.register(HookTrigger.AFTER_BROADCAST, hang, execution=HookExecution.ASYNC)
    calls = [asyncio.create_task(say(kit, "a", str(number))) for number in range(3)]
    await entered.wait()
    await kit.close()
    outcomes = await asyncio.gather(*calls, return_exceptions=True)
    assert all(isinstance(outcome, KitClosedError) for outcome in outcomes)
    assert others() == set()


async def test_work_that_ends_soon_is_waited_for(
    store: ConversationStore, clock: VirtualClock
) -> None:
    kit = RoomKit(store=store, clock=clock)
    entered, go_on = asyncio.Event(), asyncio.Event()

    async def deliver(_event: RoomEvent) -> None:
        entered.set()
        await go_on.wait()

    b = Transport("b", deliver)
    await seat(kit, "r", Transport("a"), b)
    call = asyncio.create_task(say(kit, "a", "last words"))
    await entered.wait()
    closing = asyncio.create_task(kit.close())
    await asyncio.sleep(0)
    go_on.set()
    await closing
    result = await call
    assert b.texts == ["last words"]
    assert result.delivery_results["b"].success


async def test_hung_channel_does_not_keep_the_others_open(clock: VirtualClock) -> None:
    """Every step has its bound."""

    async def hang() -> None:
        await asyncio.Event().wait()

    kit = RoomKit(clock=clock, close_timeout=0.05)
    second = Closing("second", lambda: None)
    kit.register_channel(Closing("first", hang))
    kit.register_channel(second)
    with pytest.raises(ExceptionGroup):
        await kit.close()
    assert second.closed


async def test_message_still_at_its_gate_is_refused(
    store: ConversationStore, clock: VirtualClock
) -> None:
    """It would come too late for everybody, the store included."""
    kit = RoomKit(store=store, clock=clock)
    entered, go_on = asyncio.Event(), asyncio.Event()
    b = Transport("b")
    await seat(kit, "r", Transport("a"), b)

    @kit.hook(HookTrigger.BEFORE_BROADCAST)
    async def gate(event: RoomEvent, _context: RoomContext) -> None:
        entered.set()
        await go_on.wait()

    call = asyncio.create_task(say(kit, "a", "too late"))
    await entered.wait()
    await kit.close()
    go_on.set()
    with pytest.raises(KitClosedError):
        await call
    assert b.texts == await said(kit) == []
    assert others() == set()


async def test_what_channels_leave_running_when_they_are_closed_is_ended(
    clock: VirtualClock,
) -> None:
    class Lingering(Transport):
        host: ChannelHost

        def on_registered(self, host: ChannelHost) -> None:
            self.host = host

        async def close(self) -> None:
            self.host.spawn(asyncio.Event().wait(), "lingering")

    kit = RoomKit(clock=clock, close_timeout=0.05)
    kit.register_channel(Lingering("a"))
    await kit.close()
    assert others() == set()


async def test_hook_may_close_the_kit(store: ConversationStore, clock: VirtualClock) -> None:
    """It cannot wait for itself to end; closing does."""
    kit = RoomKit(store=store, clock=clock, close_timeout=0.05)
    b = Transport("b")
    await seat(kit, "r", Transport("a"), b)

    @kit.hook(HookTrigger.AFTER_BROADCAST, HookExecution.ASYNC)
    async def hook(event: RoomEvent, _context: RoomContext) -> None:
        await kit.close()

    call = asyncio.create_task(say(kit, "a", "the end"))
    await asyncio.wait([call])
    await kit.close()
    assert isinstance(call.exception(), KitClosedError)
    assert b.texts == ["the end"]
    assert b.closed
    assert others() == set()


async def test_closed_kit_takes_nothing_more(kit: RoomKit) -> None:
    await join_room(kit, "r", "a", "b")
    await kit.close()
    assert kit.closed
    with pytest.raises(KitClosedError):
        await say(kit, "a", "hello")
    with pytest.raises(KitClosedError):
        await kit.send_event("r", "a", TextContent(body="hello"))
    with pytest.raises(KitClosedError):
        await kit.create_room("another")
    with pytest.raises(KitClosedError):
        kit.register_channel(WebSocketChannel("late"))


async def test_what_was_said_stays_readable_in_a_store_that_lives_on(
    store: ConversationStore, make_kit: KitFactory
) -> None:
    first = make_kit()
    await seat(first, "r", Transport("a"), Transport("b"))
    await say(first, "a", "before")
    await first.close()
    second = make_kit()
    for channel_id in ("a", "b"):
        second.register_channel(Transport(channel_id))
    await say(second, "a", "after")
    assert await said(second) == ["before", "after"]


def test_kit_belongs_to_no_loop_until_it_is_used() -> None:
    """Built outside of any loop; a fresh kit in every loop."""

    async def talk(kit: RoomKit) -> list[str]:
        async with kit:
            inboxes = await join_room(kit, "r", "a", "b")
            await asyncio.gather(*(say(kit, "a", str(number)) for number in range(3)))
            return inboxes["b"].texts

    for _ in range(2):
        assert asyncio.run(talk(RoomKit())) == ["0", "1", "2"]


async def test_channel_that_is_closed_by_the_kit_is_closed_once(clock: VirtualClock) -> None:
    class Counting(Transport):
        closings = 0

        async def close(self) -> None:
            self.closings += 1

    kit = RoomKit(clock=clock)
    channel: Channel = Counting("a")
    kit.register_channel(channel)
    kit.register_channel(channel)
    await kit.close()
    assert isinstance(channel, Counting)
    assert channel.closings == 1
