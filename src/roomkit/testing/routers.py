"""What an inbound router has to get right, as tests that its author inherits.

```python
class TestMyRouter(InboundRouterContract):
    @pytest.fixture
    def routing(self) -> Routing:
        return Routing(make=MyRouter)
```

The tests are coroutines: set pytest-asyncio's ``asyncio_mode = "auto"``, or mark the class with
``pytest.mark.asyncio``.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from roomkit.core.framework import RoomKit
from roomkit.core.inbound_router import InboundRoomRouter
from roomkit.models.delivery import InboundResult
from roomkit.models.enums import ChannelType
from roomkit.store.base import ConversationStore
from roomkit.store.memory import InMemoryStore
from roomkit.testing.actors import RecordingChannel

__all__ = ["InboundRouterContract", "Routing"]


@dataclass(kw_only=True)
class Routing:
    """A router, and what comes its way.

    Attributes:
        make: makes the router for a store; called once for each test.
        channel_id: the channel that messages come through.
        channel_type: its type.
        senders: two people who have nothing to do with each other.
        shared: whether strangers may meet in one room: a public lobby, for instance.
        store: where the rooms are kept.
    """

    make: Callable[[ConversationStore], InboundRoomRouter]
    channel_id: str = "sms"
    channel_type: ChannelType = ChannelType.SMS
    senders: tuple[str, str] = ("+15551111111", "+15552222222")
    shared: bool = False
    store: ConversationStore = field(default_factory=InMemoryStore)


@dataclass(kw_only=True)
class _Line:
    """A kit with the router, and the channel that everybody writes through."""

    routing: Routing
    router: InboundRoomRouter
    kit: RoomKit
    channel: RecordingChannel

    async def text(self, sender: str) -> InboundResult:
        """Somebody writes."""
        return await self.channel.say("Hello", sender_id=sender)

    async def ask(self, sender: str | None) -> str | None:
        """What the router says by itself."""
        routing = self.routing
        return await self.router.route(routing.channel_id, routing.channel_type, sender)


@asynccontextmanager
async def _line(routing: Routing) -> AsyncIterator[_Line]:
    router = routing.make(routing.store)
    channel = RecordingChannel(
        routing.channel_id, channel_type=routing.channel_type, recipient_key="address"
    )
    async with RoomKit(store=routing.store, inbound_router=router) as kit:
        kit.register_channel(channel)
        yield _Line(routing=routing, router=router, kit=kit, channel=channel)


class InboundRouterContract:
    """Inherit, and define a fixture ``routing`` that gives a `Routing`."""

    async def test_a_conversation_goes_on(self, routing: Routing) -> None:
        async with _line(routing) as line:
            results = [await line.text(routing.senders[0]) for _ in range(3)]
            assert not any(result.blocked for result in results)
            assert len({result.room_id for result in results}) == 1

    async def test_strangers_do_not_meet(self, routing: Routing) -> None:
        async with _line(routing) as line:
            ada, bob, again = [
                (await line.text(sender)).room_id
                for sender in (*routing.senders, routing.senders[0])
            ]
            assert ada == again
            assert (ada == bob) is routing.shared

    async def test_many_write_at_once(self, routing: Routing) -> None:
        async with _line(routing) as line:
            senders = list(routing.senders) * 10
            results = await asyncio.gather(*(line.text(sender) for sender in senders))
            ada, bob = ({result.room_id for result in results[first::2]} for first in (0, 1))
            assert len(ada) == len(bob) == 1, "one person was spread over several rooms"
            assert (ada == bob) is routing.shared

    async def test_a_closed_room_is_left_alone(self, routing: Routing) -> None:
        async with _line(routing) as line:
            before = (await line.text(routing.senders[0])).room_id
            assert before is not None
            await line.kit.close_room(before)
            result = await line.text(routing.senders[0])
            assert not result.blocked, result.reason
            assert result.room_id != before
            assert (await line.text(routing.senders[0])).room_id == result.room_id

    async def test_asking_changes_nothing(self, routing: Routing) -> None:
        async with _line(routing) as line:
            await line.text(routing.senders[0])
            rooms = [room.id for room in await routing.store.find_rooms()]
            answers = [await line.ask(sender) for sender in (*routing.senders, *routing.senders)]
            assert answers[:2] == answers[2:]
            assert [room.id for room in await routing.store.find_rooms()] == rooms

    async def test_any_sender_has_an_answer(self, routing: Routing) -> None:
        async with _line(routing) as line:
            for sender in (None, "", " ", "'; --", "☎", "9" * 500):
                answer = await line.ask(sender)
                assert answer is None or answer
