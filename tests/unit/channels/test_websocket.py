"""Clients that are connected right now: who gets what, and what becomes of silent ones."""

from __future__ import annotations

import asyncio
import functools
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from roomkit import RoomKit, WebSocketChannel
from roomkit.channels.base import text_of
from roomkit.channels.connections import AcceptsConnections
from roomkit.models.channel import ChannelCapabilities
from roomkit.models.enums import ChannelMediaType, DeliveryMode
from roomkit.models.event import RichContent, RoomEvent
from roomkit.models.framework_event import FrameworkEvent
from roomkit.testing import VirtualClock
from tests.helpers import Inbox, join_room, message, say

SEND_TIMEOUT = 10.0
PATIENCE = 1.0


class Client:
    """One client: connects to a channel and writes down what it gets."""

    def __init__(
        self, channel: WebSocketChannel, connection_id: str = "c1", **options: Any
    ) -> None:
        self.connection_id = connection_id
        self.events: list[RoomEvent] = []
        channel.register_connection(connection_id, self.receive, **options)

    async def receive(self, connection_id: str, event: RoomEvent) -> None:
        assert connection_id == self.connection_id
        self.events.append(event)

    @property
    def texts(self) -> list[str]:
        return [text_of(event.content) for event in self.events]


async def shared_room(kit: RoomKit, *room_ids: str, **options: Any) -> WebSocketChannel:
    """Rooms (one, ``r``, unless told) with the channel ``desk`` and the other side, ``web``."""
    desk = WebSocketChannel("desk", **options)
    kit.register_channel(desk)
    for room_id in room_ids or ("r",):
        await join_room(kit, room_id, "web")
        await kit.attach_channel(room_id, "desk")
    return desk


async def test_every_client_gets_every_event_in_order(kit: RoomKit) -> None:
    desk = await shared_room(kit)
    clients = [Client(desk, f"c{number}") for number in range(3)]
    for text in ("one", "two", "three"):
        await say(kit, "web", text)
    assert [client.texts for client in clients] == [["one", "two", "three"]] * 3
    assert desk.connection_count == 3


async def test_nobody_is_connected_and_nothing_fails(kit: RoomKit) -> None:
    await shared_room(kit)
    result = await say(kit, "web")
    assert result.delivery_results["desk"].success


@pytest.mark.parametrize(
    "adapt",
    [
        lambda receive: receive,
        lambda receive: lambda event: receive("c", event),
        lambda receive: functools.partial(receive, "c"),
        lambda receive: lambda *arguments: receive(*arguments),
        lambda receive: lambda connection_id, event, *, urgent=False: receive("c", event),
        lambda receive: lambda event, urgent=False: receive("c", event),
    ],
    ids=["two", "one", "partial", "any", "two and an option", "one and an option"],
)
async def test_send_functions_take_the_event_with_or_without_the_id(
    kit: RoomKit, adapt: Callable[[Any], Callable[..., Awaitable[None]]]
) -> None:
    desk = await shared_room(kit)
    inbox = Inbox()
    desk.register_connection("c", adapt(inbox.receive))
    await say(kit, "web", "hello")
    assert inbox.texts == ["hello"]


async def test_a_client_of_one_room_sees_no_other(kit: RoomKit) -> None:
    desk = await shared_room(kit, "r1", "r2")
    bound = Client(desk, "bound", room_id="r1")
    free = Client(desk, "free")
    await say(kit, "web", "in one", room_id="r1")
    await say(kit, "web", "in two", room_id="r2")
    assert bound.texts == ["in one"]
    assert free.texts == ["in one", "in two"]


async def test_connecting_again_replaces(kit: RoomKit) -> None:
    desk = await shared_room(kit)
    first, second = Client(desk, "c"), Client(desk, "c")
    await say(kit, "web")
    assert (first.texts, second.texts) == ([], ["hello"])
    assert desk.connection_count == 1


async def test_who_disconnects_gets_nothing_more(kit: RoomKit) -> None:
    desk = await shared_room(kit)
    client = Client(desk, "c")
    assert desk.unregister_connection("c")
    assert not desk.unregister_connection("c")
    await say(kit, "web")
    assert client.texts == []


async def test_the_kit_connects_clients_and_tells(kit: RoomKit) -> None:
    desk = await shared_room(kit)
    told: list[FrameworkEvent] = []
    kit.on("channel_connected")(told.append)
    kit.on("channel_disconnected")(told.append)
    inbox = Inbox()
    await kit.connect_websocket("desk", "c", inbox.receive)
    await say(kit, "web")
    await kit.disconnect_websocket("desk", "c")
    await kit.disconnect_websocket("desk", "c")
    await say(kit, "web")
    assert inbox.texts == ["hello"]
    assert [event.type for event in told] == ["channel_connected", "channel_disconnected"]
    assert isinstance(desk, AcceptsConnections)


async def test_content_is_fitted_to_the_channel(kit: RoomKit) -> None:
    text_only = ChannelCapabilities(media_types=[ChannelMediaType.TEXT])
    desk = await shared_room(kit, capabilities=text_only)
    client = Client(desk)
    await say(kit, "web", RichContent(body="**hello**", plain_text="hello"))
    assert [event.content.type for event in client.events] == ["text"]


async def in_mode(kit: RoomKit, mode: DeliveryMode, **metadata: object) -> list[Client]:
    """Three clients of a channel that delivers in a certain way."""
    desk = await shared_room(kit)
    capabilities = desk.capabilities().model_copy(update={"delivery_mode": mode})
    await kit.attach_channel("r", "desk", capabilities=capabilities, metadata=metadata)
    return [Client(desk, f"c{number}") for number in range(3)]


async def test_in_turn_each_client_gets_its_share(kit: RoomKit) -> None:
    clients = await in_mode(kit, DeliveryMode.ROUND_ROBIN)
    for number in range(6):
        await say(kit, "web", str(number))
    assert sorted(len(client.events) for client in clients) == [2, 2, 2]
    assert sorted(text for client in clients for text in client.texts) == list("012345")


async def test_direct_goes_to_whom_the_message_names(kit: RoomKit) -> None:
    clients = await in_mode(kit, DeliveryMode.DIRECT)
    await kit.process_inbound(message("web", "for c1", target_connection_id="c1"))
    await kit.process_inbound(message("web", "for nobody there", target_connection_id="c9"))
    await kit.process_inbound(message("web", "for nobody"))
    assert [client.texts for client in clients] == [[], ["for c1"], []]


async def test_direct_goes_to_whom_the_binding_names_otherwise(kit: RoomKit) -> None:
    clients = await in_mode(kit, DeliveryMode.DIRECT, connection_id="c2")
    await say(kit, "web", "hello")
    assert [client.texts for client in clients] == [[], [], ["hello"]]


async def test_what_one_says_does_not_come_back(kit: RoomKit) -> None:
    desk = await shared_room(kit)
    clients = [Client(desk, "c0"), Client(desk, "c1")]
    await say(kit, "desk")
    assert [client.texts for client in clients] == [[], []]


async def test_other_devices_see_what_one_device_sends(kit: RoomKit) -> None:
    desk = await shared_room(kit)
    phone, laptop = Client(desk, "phone"), Client(desk, "laptop")
    await kit.process_inbound(message("desk", "from the phone", connection_id="phone"))
    assert (phone.texts, laptop.texts) == ([], ["from the phone"])


async def test_a_channel_may_echo_to_everybody(kit: RoomKit) -> None:
    desk = await shared_room(kit, echo=True)
    phone, laptop = Client(desk, "phone"), Client(desk, "laptop")
    await kit.process_inbound(message("desk", "hello", connection_id="phone"))
    assert (phone.texts, laptop.texts) == (["hello"], ["hello"])


async def test_a_client_may_ask_for_its_own_echo(kit: RoomKit) -> None:
    desk = await shared_room(kit)
    phone, laptop = Client(desk, "phone", echo=True), Client(desk, "laptop")
    await kit.process_inbound(message("desk", "one", connection_id="phone"))
    await kit.process_inbound(message("desk", "two", connection_id="laptop"))
    assert phone.texts == ["one", "two"]
    assert laptop.texts == ["one"]


async def broken(_connection_id: str, _event: RoomEvent) -> None:
    raise ConnectionError("gone")


async def silent(_connection_id: str, _event: RoomEvent) -> None:
    await asyncio.Event().wait()


async def test_a_client_that_raises_is_forgotten_and_the_others_are_served(kit: RoomKit) -> None:
    desk = await shared_room(kit)
    clients = [Client(desk, "c0"), Client(desk, "c1")]
    desk.register_connection("broken", broken)
    result = await say(kit, "web")
    assert result.delivery_results["desk"].success
    assert [client.texts for client in clients] == [["hello"], ["hello"]]
    assert desk.connection_count == 2


@pytest.mark.parametrize(
    ("error", "level"), [(ConnectionResetError, logging.INFO), (AttributeError, logging.WARNING)]
)
async def test_a_function_that_is_wrong_is_told_from_a_client_that_is_gone(
    kit: RoomKit, caplog: pytest.LogCaptureFixture, error: type[Exception], level: int
) -> None:
    async def fails(_connection_id: str, event: RoomEvent) -> None:
        raise error(event.content)

    desk = await shared_room(kit)
    desk.register_connection("c1", fails)
    with caplog.at_level(logging.INFO, "roomkit.websocket"):
        await say(kit, "web", "secret words")
    [record] = [record for record in caplog.records if record.name == "roomkit.websocket"]
    assert record.levelno == level
    assert f"connection c1: {error.__name__} at " in record.getMessage()
    assert "test_websocket.py" in record.getMessage()
    assert "secret" not in caplog.text


def test_a_client_is_served_by_functions() -> None:
    desk = WebSocketChannel("desk")
    no_function: Any = "send"
    for functions in ([None], [no_function], [broken, no_function]):
        with pytest.raises(TypeError, match="by a function, not by"):
            desk.register_connection("c1", *functions)
    assert desk.connection_count == 0


async def test_when_the_only_client_is_gone_the_delivery_has_failed(kit: RoomKit) -> None:
    desk = await shared_room(kit)
    desk.register_connection("broken", broken)
    result = await say(kit, "web")
    assert result.delivery_results["desk"].error_code == "connection_lost"
    assert desk.connection_count == 0


async def test_when_all_are_gone_it_has_failed_too(kit: RoomKit) -> None:
    desk = await shared_room(kit)
    for number in range(3):
        desk.register_connection(f"broken-{number}", broken)
    result = await say(kit, "web")
    assert result.delivery_results["desk"].error_code == "connection_lost"
    assert desk.connection_count == 0


async def test_a_client_that_hangs_is_forgotten_in_time(kit: RoomKit, clock: VirtualClock) -> None:
    desk = await shared_room(kit)
    client = Client(desk, "c")
    desk.register_connection("silent", silent)
    saying = asyncio.create_task(say(kit, "web"))
    await clock.advance(PATIENCE - 0.1)
    assert client.texts == ["hello"], "the others do not wait"
    assert not saying.done()
    await clock.advance(0.2)
    assert (await saying).delivery_results["desk"].success
    await clock.advance(SEND_TIMEOUT - PATIENCE - 0.2)
    assert desk.connection_count == 2
    await clock.advance(0.2)
    assert desk.connection_count == 1


class Slow(Client):
    """Takes its time for every event."""

    def __init__(self, channel: WebSocketChannel, clock: VirtualClock, seconds: float) -> None:
        super().__init__(channel, "slow")
        self._clock, self._seconds = clock, seconds
        channel.register_connection("slow", self._take)

    async def _take(self, connection_id: str, event: RoomEvent) -> None:
        await self._clock.sleep(self._seconds)
        await self.receive(connection_id, event)


async def test_a_slow_client_holds_nobody_up_and_misses_nothing(
    kit: RoomKit, clock: VirtualClock
) -> None:
    desk = await shared_room(kit)
    quick, slow = Client(desk, "c"), Slow(desk, clock, 5.0)
    texts = ["one", "two", "three", "four"]
    saying = [asyncio.create_task(say(kit, "web", text)) for text in texts]
    await clock.advance(PATIENCE + 0.1)
    assert quick.texts == texts
    assert all(task.done() for task in saying)
    assert slow.texts == []
    await clock.advance(9)
    assert slow.texts == ["one", "two"]
    await clock.advance(10)
    assert slow.texts == texts
    late = asyncio.create_task(say(kit, "web", "five"))
    await clock.advance(0.5)
    assert not late.done(), "it has caught up, and is waited for again"
    await clock.advance(5)
    assert quick.texts == slow.texts == [*texts, "five"]


async def test_a_client_that_is_alone_by_now_keeps_its_order(
    kit: RoomKit, clock: VirtualClock
) -> None:
    desk = await shared_room(kit)
    Client(desk, "c")
    slow = Slow(desk, clock, 3.0)
    saying = asyncio.create_task(say(kit, "web", "one"))
    await clock.advance(2)
    await saying
    desk.unregister_connection("c")
    result = await say(kit, "web", "two")
    assert result.delivery_results["desk"].success
    await clock.advance(10)
    assert slow.texts == ["one", "two"]


async def test_a_client_that_is_too_far_behind_is_given_up(
    kit: RoomKit, clock: VirtualClock
) -> None:
    desk = await shared_room(kit, send_timeout=100_000.0)
    quick, slow = Client(desk, "c"), Slow(desk, clock, 50_000.0)
    saying = asyncio.create_task(say(kit, "web"))
    await clock.advance(PATIENCE + 0.1)
    await saying
    for _ in range(1001):
        await say(kit, "web")
    assert desk.connection_count == 1
    assert len(quick.texts) == 1002
    await clock.advance(60_000)
    assert slow.texts == ["hello"]


async def test_a_client_that_is_behind_does_not_keep_the_kit_open(clock: VirtualClock) -> None:
    async with asyncio.timeout(10), RoomKit(clock=clock) as kit:
        desk = await shared_room(kit)
        Client(desk, "c")
        desk.register_connection("silent", silent)
        saying = asyncio.create_task(say(kit, "web"))
        await clock.advance(PATIENCE + 0.1)
        await saying
    assert [task for task in asyncio.all_tasks() if task.get_name() in ("send", "catch up")] == []


async def test_the_only_client_has_no_more_time_than_others(
    kit: RoomKit, clock: VirtualClock
) -> None:
    desk = await shared_room(kit, send_timeout=2.0)
    desk.register_connection("silent", silent)
    saying = asyncio.create_task(say(kit, "web"))
    await clock.advance(2.1)
    assert (await saying).delivery_results["desk"].error_code == "connection_lost"
    assert desk.connection_count == 0


async def test_a_client_that_comes_back_meanwhile_is_kept(
    kit: RoomKit, clock: VirtualClock
) -> None:
    desk = await shared_room(kit)
    desk.register_connection("c", silent)
    saying = asyncio.create_task(say(kit, "web", "one"))
    await clock.settle()
    client = Client(desk, "c")
    await clock.advance(SEND_TIMEOUT + 1)
    await saying
    await say(kit, "web", "two")
    assert client.texts == ["two"]
    assert desk.connection_count == 1


async def test_only_so_many_clients_are_served_at_once(kit: RoomKit) -> None:
    desk = await shared_room(kit, max_concurrent_sends=4)
    busy, most = 0, 0

    async def receive(_connection_id: str, _event: RoomEvent) -> None:
        nonlocal busy, most
        busy += 1
        most = max(most, busy)
        await asyncio.sleep(0)
        busy -= 1

    for number in range(20):
        desk.register_connection(f"c{number}", receive)
    await say(kit, "web")
    assert most == 4


async def test_a_client_of_two_channels_gets_both(kit: RoomKit) -> None:
    desk = await shared_room(kit)
    lobby = WebSocketChannel("lobby")
    kit.register_channel(lobby)
    await kit.attach_channel("r", "lobby")
    inbox = Inbox()
    for channel in (desk, lobby):
        channel.register_connection("same", inbox.receive)
    await say(kit, "web")
    assert inbox.texts == ["hello", "hello"]


async def test_closing_forgets_everybody(kit: RoomKit) -> None:
    desk = await shared_room(kit)
    Client(desk)
    await kit.close()
    assert desk.connection_count == 0
