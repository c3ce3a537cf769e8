"""What a channel has to get right, as tests that its author inherits.

```python
class TestMyChannel(ChannelContract):
    @pytest.fixture
    async def seats(self) -> AsyncIterator[Seats]:
        boards = BoardChannel("boards")
        yield Seats(
            channel=boards,
            metadata=({"platform": "3"}, {"platform": "4"}),
            shown=lambda binding: boards.lines_of(binding.recipient),
        )
```

The tests seat the channel in two rooms of a kit, which closes it in the end. Those that need to
know what was shown, or that something fails, are left out if they are not told how.

The tests are coroutines: set pytest-asyncio's ``asyncio_mode = "auto"``, or mark the class with
``pytest.mark.asyncio``.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from unittest import SkipTest

from roomkit.channels.base import Channel
from roomkit.core.framework import RoomKit
from roomkit.errors import WebhookError
from roomkit.models.channel import ChannelBinding
from roomkit.models.content import DeleteContent, EditContent, TextContent
from roomkit.models.context import RoomContext
from roomkit.models.delivery import DeliveryResult, InboundMessage, InboundResult
from roomkit.models.enums import ChannelCategory, EventType
from roomkit.models.event import RoomEvent
from roomkit.models.framework_event import FrameworkEvent
from roomkit.testing.actors import RecordingChannel
from roomkit.testing.providers import CONTENTS

__all__ = ["ChannelContract", "Seats"]

_ROOMS = ("room-1", "room-2")
_DESK = "the-desk-of-the-contract"
_JUNK: list[Any] = [None, 7, "text", [], {}, {"a": None}, {"a": [1, {"b": []}]}, {"": ""}]
_REVISIONS = ("edit", "delete")


@dataclass(kw_only=True)
class Seats:
    """A channel, and how it sits in two rooms.

    Attributes:
        channel: what is tested; new, and not registered anywhere.
        metadata: of its binding in the one room and in the other; with different recipients, if it
            has any.
        sender: who writes through it.
        shown: the texts that those behind a binding were shown so far, or the latest of them.
        fail: makes deliveries fail from now on.
        recover: makes them succeed again.
    """

    channel: Channel
    metadata: tuple[Mapping[str, Any], Mapping[str, Any]] = ({}, {})
    sender: str = "ada"
    shown: Callable[[ChannelBinding], Sequence[str]] | None = None
    fail: Callable[[], object] | None = None
    recover: Callable[[], object] | None = None


@dataclass(kw_only=True)
class _Stage:
    """The channel, in two rooms with a desk each."""

    seats: Seats
    kit: RoomKit
    errors: list[str]

    @property
    def channel(self) -> Channel:
        return self.seats.channel

    async def receive(self, text: str, room_id: str = _ROOMS[0], **fields: Any) -> InboundResult:
        """Something comes in through the channel."""
        message = InboundMessage(
            channel_id=self.channel.channel_id,
            sender_id=self.seats.sender,
            content=TextContent(body=text),
            **fields,
        )
        return await self.kit.process_inbound(message, room_id)

    async def deliver(self, content: Any, room_id: str = _ROOMS[0]) -> DeliveryResult:
        """The desk says something; what came of it for the channel."""
        content = TextContent(body=content) if isinstance(content, str) else content
        event = await self.kit.send_event(room_id, _DESK, content)
        return event.delivery_results[self.channel.channel_id]

    async def shown(self, room_id: str = _ROOMS[0]) -> str:
        """All that was shown there, as one text."""
        if self.seats.shown is None:
            raise SkipTest("Seats.shown is not set")
        binding = await self.kit.get_binding(room_id, self.channel.channel_id)
        return "\n".join(self.seats.shown(binding))

    def only_for_transports(self) -> None:
        if self.channel.category is not ChannelCategory.TRANSPORT:
            raise SkipTest("nothing is delivered to an intelligence channel")


@asynccontextmanager
async def _staged(seats: Seats) -> AsyncIterator[_Stage]:
    errors: list[str] = []
    async with RoomKit() as kit:

        @kit.on("channel_error")
        async def note(event: FrameworkEvent) -> None:
            if event.channel_id == seats.channel.channel_id:
                errors.append(str(event.data["error"]))

        kit.register_channel(RecordingChannel(_DESK))
        kit.register_channel(seats.channel)
        for room_id, metadata in zip(_ROOMS, seats.metadata, strict=True):
            await kit.create_room(room_id)
            await kit.attach_channel(room_id, _DESK)
            await kit.attach_channel(room_id, seats.channel.channel_id, metadata=metadata)
        yield _Stage(seats=seats, kit=kit, errors=errors)


class ChannelContract:
    """Inherit, and define a fixture ``seats`` that gives `Seats`."""

    limit: float = 10.0
    """Seconds after which something that has to happen is taken to have failed."""

    def pytest_generate_tests(self, metafunc: Any) -> None:
        """Called by pytest: one test for each content."""
        if "content_name" in metafunc.fixturenames:
            names = [name for name in CONTENTS if name not in _REVISIONS]
            metafunc.parametrize("content_name", names)

    async def test_a_message_comes_in(self, seats: Seats) -> None:
        async with asyncio.timeout(self.limit), _staged(seats) as stage:
            result = await stage.receive("Grüße, 世界 👋", metadata={"a": [1]})
            event = result.event
            assert event is not None and not result.blocked
            assert (event.room_id, event.type) == (_ROOMS[0], EventType.MESSAGE)
            assert event.content == TextContent(body="Grüße, 世界 👋")
            assert event.source.channel_id == stage.channel.channel_id
            assert event.source.participant_id == seats.sender
            assert event.created_at.utcoffset() == timedelta(0)
            assert event.metadata == {"a": [1]}

    async def test_a_redelivery_is_noticed(self, seats: Seats) -> None:
        async with asyncio.timeout(self.limit), _staged(seats) as stage:
            first, second, other = [
                await stage.receive("Hello", provider_message_id=id_) for id_ in ("1", "1", "2")
            ]
            assert not first.blocked
            assert second.reason == "duplicate"
            assert not other.blocked

    async def test_messages_of_two_rooms_at_once(self, seats: Seats) -> None:
        async with asyncio.timeout(self.limit), _staged(seats) as stage:
            results = await asyncio.gather(
                *(stage.receive(f"{number}", _ROOMS[number % 2]) for number in range(20))
            )
            said = [
                (result.event.room_id, Channel.extract_text(result.event))
                for result in results
                if result.event is not None
            ]
            assert said == [(_ROOMS[number % 2], f"{number}") for number in range(20)]

    async def test_every_content_has_an_outcome(self, seats: Seats, content_name: str) -> None:
        async with asyncio.timeout(self.limit), _staged(seats) as stage:
            event = await stage.kit.send_event(_ROOMS[0], _DESK, CONTENTS[content_name])
            assert not stage.errors
            if stage.channel.category is ChannelCategory.TRANSPORT:
                result = event.delivery_results[stage.channel.channel_id]
                assert result.success or result.error_code, result

    async def test_an_edit_and_a_delete_have_an_outcome(self, seats: Seats) -> None:
        async with asyncio.timeout(self.limit), _staged(seats) as stage:
            desk = stage.kit.get_channel(_DESK)
            assert isinstance(desk, RecordingChannel)
            event = (await desk.say("At nine.", room_id=_ROOMS[0])).event
            assert event is not None
            edit = EditContent(target_event_id=event.id, new_content=TextContent(body="At ten."))
            for content in (edit, DeleteContent(target_event_id=event.id)):
                result = await desk.say(content, room_id=_ROOMS[0])
                assert not result.blocked, result.reason
            assert not stage.errors

    async def test_what_is_delivered_is_shown(self, seats: Seats) -> None:
        async with asyncio.timeout(self.limit), _staged(seats) as stage:
            stage.only_for_transports()
            assert (await stage.deliver("It is ready.")).success
            shown = await stage.shown()
            assert all(word in shown for word in ("It", "is", "ready."))

    async def test_a_room_is_served_in_order(self, seats: Seats) -> None:
        async with asyncio.timeout(self.limit), _staged(seats) as stage:
            stage.only_for_transports()
            for number in range(20):
                assert (await stage.deliver(f"<{number}>")).success
            shown = await stage.shown()
            places = [shown.find(f"<{number}>") for number in range(20)]
            assert places[-1] >= 0, "the last was not shown"
            found = [place for place in places if place >= 0]
            assert found == sorted(found)

    async def test_rooms_do_not_mix(self, seats: Seats) -> None:
        async with asyncio.timeout(self.limit), _staged(seats) as stage:
            stage.only_for_transports()
            await asyncio.gather(
                *(stage.deliver(f"for-{room_id}", room_id) for room_id in _ROOMS for _ in range(5))
            )
            for room_id, other in zip(_ROOMS, reversed(_ROOMS), strict=True):
                shown = await stage.shown(room_id)
                assert f"for-{room_id}" in shown
                assert f"for-{other}" not in shown

    async def test_nobody_to_deliver_to(self, seats: Seats) -> None:
        async with asyncio.timeout(self.limit), _staged(seats) as stage:
            channel = stage.channel
            if channel.recipient_key is None:
                raise SkipTest("the channel has no recipients")
            await stage.kit.detach_channel(_ROOMS[0], channel.channel_id)
            await stage.kit.attach_channel(_ROOMS[0], channel.channel_id)
            result = await stage.deliver("Hello?")
            assert (result.success, result.error_code) == (False, "no_recipient")

    async def test_a_failure_is_told(self, seats: Seats) -> None:
        if seats.fail is None or seats.recover is None:
            raise SkipTest("Seats.fail or Seats.recover is not set")
        async with asyncio.timeout(self.limit), _staged(seats) as stage:
            seats.fail()
            failed = await stage.deliver("Hello?")
            assert not failed.success, "it failed, and nobody was told"
            assert failed.error_code
            seats.recover()
            assert (await stage.deliver("Hello again")).success

    async def test_a_cancelled_delivery_leaves_it_whole(self, seats: Seats) -> None:
        async with asyncio.timeout(self.limit), _staged(seats) as stage:
            stage.only_for_transports()
            kit, channel = stage.kit, stage.channel
            event = await kit.send_event(_ROOMS[0], _DESK, TextContent(body="Hello"))
            for steps in range(10):
                binding = await kit.get_binding(_ROOMS[0], channel.channel_id)
                context = RoomContext(room=await kit.get_room(_ROOMS[0]), bindings=(binding,))
                await _cancelled_after(steps, channel, event, binding, context)
            assert (await stage.deliver("Still here")).success

    async def test_webhooks_that_make_no_sense(self, seats: Seats) -> None:
        async with _staged(seats) as stage:
            for payload in _JUNK:
                try:
                    stage.channel.parse_webhook(payload)
                except WebhookError:
                    continue

    async def test_it_says_the_same_of_itself(self, seats: Seats) -> None:
        async with _staged(seats) as stage:
            channel = stage.channel
            binding = await stage.kit.get_binding(_ROOMS[0], channel.channel_id)
            assert channel.capabilities() == channel.capabilities() == binding.capabilities
            assert binding.channel_type is channel.channel_type
            assert binding.category is channel.category
            assert binding.recipient_key == channel.recipient_key

    async def test_nothing_is_left_when_it_is_closed(self, seats: Seats) -> None:
        before = asyncio.all_tasks()
        async with asyncio.timeout(self.limit):
            async with _staged(seats) as stage:
                await stage.receive("Hello")
                await stage.kit.send_event(_ROOMS[0], _DESK, TextContent(body="Hello"))
            assert asyncio.all_tasks() <= before


async def _cancelled_after(
    steps: int,
    channel: Channel,
    event: RoomEvent,
    binding: ChannelBinding,
    context: RoomContext,
) -> None:
    delivery = asyncio.ensure_future(channel.deliver(event, binding, context))
    for _ in range(steps):
        await asyncio.sleep(0)
    delivery.cancel()
    await asyncio.gather(delivery, return_exceptions=True)
