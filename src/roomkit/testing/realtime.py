"""What a realtime backend has to get right, as tests that its author inherits.

```python
class TestMyRealtime(RealtimeBackendContract):
    @pytest.fixture
    async def realtime(self) -> AsyncIterator[RealtimeBackend]:
        backend = MyRealtime(...)
        yield backend
        await backend.close()
```

The tests are coroutines: set pytest-asyncio's ``asyncio_mode = "auto"``, or mark the class with
``pytest.mark.asyncio``.
"""

from __future__ import annotations

import asyncio

from roomkit.models._base import new_id
from roomkit.models.enums import EphemeralEventType
from roomkit.realtime.base import EphemeralEvent, RealtimeBackend

__all__ = ["Inbox", "RealtimeBackendContract"]


class Inbox:
    """A subscriber that keeps what it gets.

    Attributes:
        events: what came, in that order.
    """

    def __init__(self) -> None:
        self.events: list[EphemeralEvent] = []
        self._arrival = asyncio.Event()

    def __call__(self, event: EphemeralEvent) -> None:
        self.events.append(event)
        self._arrival.set()

    async def until(self, count: int) -> list[EphemeralEvent]:
        """Wait for at least `count` events."""
        while len(self.events) < count:
            self._arrival.clear()
            await self._arrival.wait()
        return self.events


def _event(number: int = 0) -> EphemeralEvent:
    return EphemeralEvent(
        type=EphemeralEventType.CUSTOM, room_id="room-1", user_id="ada", data={"number": number}
    )


def _numbers(events: list[EphemeralEvent]) -> list[int]:
    return [event.data["number"] for event in events]


class RealtimeBackendContract:
    """Inherit, and define a fixture ``realtime``."""

    patience: float = 0.05
    """Seconds to watch for what must not happen. Zero will do within one process."""

    limit: float = 10.0
    """Seconds after which something that has to happen is taken to have failed."""

    def another(self, realtime: RealtimeBackend) -> RealtimeBackend:
        """The same backend as another process sees it: override it for one on a server."""
        return realtime

    async def test_a_subscriber_gets_what_was_published(self, realtime: RealtimeBackend) -> None:
        channel, inbox = new_id(), Inbox()
        await realtime.subscribe(channel, inbox)
        event = EphemeralEvent(
            type=EphemeralEventType.REACTION,
            room_id="room-1",
            user_id="ada",
            data={"emoji": "👍", "target_event_id": "e-1", "nested": {"list": [1, None, "ü"]}},
            visibility="transport",
            channel_id="ws",
        )
        async with asyncio.timeout(self.limit):
            await self.another(realtime).publish(channel, event)
            assert await inbox.until(1) == [event]

    async def test_every_subscriber_gets_it(self, realtime: RealtimeBackend) -> None:
        channel, inboxes = new_id(), [Inbox() for _ in range(3)]
        for inbox in inboxes:
            await realtime.subscribe(channel, inbox)
        await realtime.publish(channel, _event(1))
        async with asyncio.timeout(self.limit):
            assert [_numbers(await inbox.until(1)) for inbox in inboxes] == [[1], [1], [1]]

    async def test_one_function_may_subscribe_twice(self, realtime: RealtimeBackend) -> None:
        channel, inbox = new_id(), Inbox()
        ids = [await realtime.subscribe(channel, inbox) for _ in range(2)]
        assert ids[0] != ids[1]
        await realtime.publish(channel, _event(1))
        async with asyncio.timeout(self.limit):
            assert _numbers(await inbox.until(2)) == [1, 1]

    async def test_other_channels_are_not_heard(self, realtime: RealtimeBackend) -> None:
        channel, inbox = new_id(), Inbox()
        await realtime.subscribe(channel, inbox)
        await realtime.publish(new_id(), _event(1))
        await realtime.publish(channel, _event(2))
        async with asyncio.timeout(self.limit):
            assert _numbers(await inbox.until(1)) == [2]

    async def test_nobody_has_to_listen(self, realtime: RealtimeBackend) -> None:
        async with asyncio.timeout(self.limit):
            await realtime.publish(new_id(), _event())

    async def test_order_is_kept(self, realtime: RealtimeBackend) -> None:
        channel, inbox = new_id(), Inbox()

        async def dawdle(event: EphemeralEvent) -> None:
            await asyncio.sleep(0)
            inbox(event)

        await realtime.subscribe(channel, dawdle)
        async with asyncio.timeout(self.limit):
            for number in range(20):
                await realtime.publish(channel, _event(number))
            assert _numbers(await inbox.until(20)) == list(range(20))

    async def test_a_failing_subscriber_harms_nobody(self, realtime: RealtimeBackend) -> None:
        channel, inbox = new_id(), Inbox()
        failures = 0

        async def fail(event: EphemeralEvent) -> None:
            nonlocal failures
            failures += 1
            raise RuntimeError("as planned")

        await realtime.subscribe(channel, fail)
        await realtime.subscribe(channel, inbox)
        async with asyncio.timeout(self.limit):
            await realtime.publish(channel, _event(1))
            await inbox.until(1)
            await realtime.publish(channel, _event(2))
            assert _numbers(await inbox.until(2)) == [1, 2]
        assert failures == 2, "a subscription ended with its first failure"

    async def test_a_slow_subscriber_holds_up_nobody(self, realtime: RealtimeBackend) -> None:
        channel, inbox = new_id(), Inbox()

        async def stall(event: EphemeralEvent) -> None:
            await asyncio.Event().wait()

        await realtime.subscribe(channel, stall)
        await realtime.subscribe(channel, inbox)
        async with asyncio.timeout(self.limit):
            for number in range(5):
                await realtime.publish(channel, _event(number))
            assert _numbers(await inbox.until(5)) == [0, 1, 2, 3, 4]

    async def test_unsubscribing_ends_it(self, realtime: RealtimeBackend) -> None:
        channel, gone, staying = new_id(), Inbox(), Inbox()
        subscription = await realtime.subscribe(channel, gone)
        await realtime.subscribe(channel, staying)
        assert await realtime.unsubscribe(subscription)
        await realtime.publish(channel, _event(1))
        async with asyncio.timeout(self.limit):
            await staying.until(1)
        await asyncio.sleep(self.patience)
        assert not gone.events

    async def test_unsubscribing_twice(self, realtime: RealtimeBackend) -> None:
        subscription = await realtime.subscribe(new_id(), Inbox())
        assert await realtime.unsubscribe(subscription)
        assert not await realtime.unsubscribe(subscription)
        assert not await realtime.unsubscribe("no such subscription")

    async def test_what_waits_is_not_delivered_after_unsubscribing(
        self, realtime: RealtimeBackend
    ) -> None:
        channel, seen, entered = new_id(), Inbox(), Inbox()
        gate = asyncio.Event()

        async def wait_at_the_gate(event: EphemeralEvent) -> None:
            entered(event)
            await gate.wait()
            seen(event)

        subscription = await realtime.subscribe(channel, wait_at_the_gate)
        async with asyncio.timeout(self.limit):
            await realtime.publish(channel, _event(1))
            await realtime.publish(channel, _event(2))
            await entered.until(1)
            await realtime.unsubscribe(subscription)
        gate.set()
        await asyncio.sleep(self.patience)
        assert _numbers(entered.events) == [1]

    async def test_closing_leaves_no_task(self, realtime: RealtimeBackend) -> None:
        before = asyncio.all_tasks()
        channel, inbox = new_id(), Inbox()

        async def stall(event: EphemeralEvent) -> None:
            inbox(event)
            await asyncio.Event().wait()

        await realtime.subscribe(channel, stall)
        async with asyncio.timeout(self.limit):
            await realtime.publish(channel, _event(1))
            await inbox.until(1)
            await realtime.close()
            await realtime.close()
        assert asyncio.all_tasks() <= before
