"""Gates that reach into other rooms: they wait for each other's rooms, and never for ever."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable

import pytest

from roomkit import HookTrigger, InMemoryLockManager, RoomContext, RoomEvent, RoomKit, TextContent
from roomkit.channels.base import text_of
from roomkit.testing import VirtualClock
from tests.helpers import say
from tests.scenarios.actors import Thinker, Transport, Witness, said, seat, timeline
from tests.scenarios.conftest import KitFactory

BEFORE = HookTrigger.BEFORE_BROADCAST

type Reach = Callable[[RoomKit, str, str], Awaitable[object]]


async def by_send_event(kit: RoomKit, room_id: str, text: str) -> object:
    content = TextContent(body=text)
    return await kit.send_event(room_id, f"bot-{room_id}", content, metadata={"copy": True})


async def by_process_inbound(kit: RoomKit, room_id: str, text: str) -> object:
    return await say(kit, f"bot-{room_id}", text, room_id=room_id, metadata={"copy": True})


async def open_rooms(kit: RoomKit, *room_ids: str) -> dict[str, Transport]:
    """Rooms with somebody who writes, somebody who reads, and a bot; returns the readers."""
    readers: dict[str, Transport] = {}
    for room_id in room_ids:
        readers[room_id] = Transport(f"reader-{room_id}")
        bot, writer = Transport(f"bot-{room_id}"), Transport(f"writer-{room_id}")
        await seat(kit, room_id, writer, readers[room_id], bot)
    return readers


def meeting(kit: RoomKit, into: dict[str, str], reach: Reach) -> None:
    """A gate that copies what is said into another room, once all of those rooms are locked."""
    here: set[str] = set()
    all_here = asyncio.Event()

    @kit.hook(BEFORE)
    async def mirror(event: RoomEvent, _context: RoomContext) -> None:
        if "copy" in event.metadata:
            return
        here.add(event.room_id)
        if here == into.keys():
            all_here.set()
        await all_here.wait()
        await reach(kit, into[event.room_id], text_of(event.content))


@pytest.mark.parametrize("reach", [by_send_event, by_process_inbound])
@pytest.mark.parametrize("rooms", [["1", "2"], ["1", "2", "3"]], ids=len)
async def test_gates_that_post_into_each_others_rooms_all_get_on(
    kit: RoomKit, clock: VirtualClock, reach: Reach, rooms: list[str]
) -> None:
    """In a circle, and at once: no time limit has to break it, and nothing is lost."""
    readers = await open_rooms(kit, *rooms)
    into = dict(zip(rooms, [*rooms[1:], rooms[0]], strict=True))
    meeting(kit, into, reach)
    witness = Witness(kit).hook(HookTrigger.AFTER_BROADCAST)

    results = await asyncio.gather(*(say(kit, f"writer-{one}", f"of {one}") for one in rooms))

    assert clock.monotonic() == 0
    assert [(result.blocked, result.hook_errors) for result in results] == [(False, [])] * len(
        rooms
    )
    for room_id, other in into.items():
        assert sorted(await said(kit, other)) == sorted([f"of {room_id}", f"of {other}"])
        assert readers[other].texts == await said(kit, other)
        indices = [event.index for event in await timeline(kit, other)]
        assert indices == list(range(len(indices)))
    assert len(witness.heard) == 2 * len(rooms)


async def test_gates_that_change_each_others_rooms_get_on_too(
    kit: RoomKit, clock: VirtualClock
) -> None:
    async def rename(kit: RoomKit, room_id: str, text: str) -> object:
        return await kit.update_room_metadata(room_id, {"topic": text})

    await open_rooms(kit, "1", "2")
    meeting(kit, {"1": "2", "2": "1"}, rename)
    results = await asyncio.gather(*(say(kit, f"writer-{one}", f"of {one}") for one in "12"))
    assert clock.monotonic() == 0
    assert [result.blocked for result in results] == [False, False]
    assert [(await kit.get_room(one)).metadata["topic"] for one in "12"] == ["of 2", "of 1"]


async def test_room_that_was_stepped_out_of_is_closed_meanwhile(kit: RoomKit) -> None:
    """What the gate was about to let in is refused then; the other one was faster."""
    await open_rooms(kit, "1", "2")

    async def close(kit: RoomKit, room_id: str, _text: str) -> object:
        return await kit.close_room(room_id)

    meeting(kit, {"1": "2", "2": "1"}, close)
    results = await asyncio.gather(
        *(say(kit, f"writer-{one}", "hello", room_id=one) for one in "12")
    )
    assert sorted(str(result.reason) for result in results) == ["None", "room_closed"]
    for room_id, result in zip("12", results, strict=True):
        assert await said(kit, room_id) == ([] if result.blocked else ["hello"])


async def test_hook_that_is_cut_short_in_such_a_circle_leaves_the_rooms_usable(
    make_kit: KitFactory, clock: VirtualClock
) -> None:
    kit = make_kit(process_timeout=3)
    await open_rooms(kit, "1", "2")
    both = asyncio.Barrier(2)

    @kit.hook(BEFORE, timeout=1)
    async def hook(event: RoomEvent, _context: RoomContext) -> None:
        if text_of(event.content) == "hello":
            await both.wait()
            await by_send_event(kit, "2" if event.room_id == "1" else "1", "copy")
        elif text_of(event.content) == "copy":
            await clock.sleep(60)

    async with clock.auto():
        await asyncio.gather(*(say(kit, f"writer-{one}", "hello") for one in "12"))
        for one in "12":
            assert not (await say(kit, f"writer-{one}", "still there?")).blocked
    for one in "12":
        assert sorted(await said(kit, one))[-2:] == ["hello", "still there?"]


async def test_gate_does_not_wait_for_what_follows_in_the_other_room(
    kit: RoomKit, clock: VirtualClock
) -> None:
    """Its own room is locked meanwhile, and what follows there may want to come in."""
    await open_rooms(kit, "1", "2")

    async def slow(event: RoomEvent) -> None:
        await clock.sleep(20)
        await by_send_event(kit, "1", f"seen: {text_of(event.content)}")

    await seat(kit, "2", Transport("bridge", slow))

    @kit.hook(BEFORE)
    async def copy(event: RoomEvent, _context: RoomContext) -> None:
        if event.room_id == "1" and "copy" not in event.metadata:
            await by_send_event(kit, "2", text_of(event.content))

    async with clock.auto():
        call = asyncio.create_task(say(kit, "writer-1", "hello"))
        await clock.sleep(1)
        assert await said(kit, "1") == ["hello"]
        assert not (await call).blocked
    # The outermost call has waited for all of it.
    assert clock.monotonic() == pytest.approx(20)
    assert await said(kit, "1") == ["hello", "seen: hello"]


async def test_gate_may_open_a_room_whose_hooks_come_back(kit: RoomKit) -> None:
    await open_rooms(kit, "1")

    @kit.hook(HookTrigger.ON_ROOM_CREATED)
    async def announce(event: RoomEvent, _context: RoomContext) -> None:
        await by_send_event(kit, "1", f"opened {event.room_id}")

    @kit.hook(BEFORE)
    async def escalate(event: RoomEvent, _context: RoomContext) -> None:
        if "copy" not in event.metadata:
            await kit.create_room("back office")

    assert not (await say(kit, "writer-1", "help")).blocked
    assert await said(kit, "1") == ["help", "opened back office"]


@pytest.mark.parametrize("seed", range(4))
async def test_any_number_of_rooms_that_copy_into_each_other(
    make_kit: KitFactory, clock: VirtualClock, seed: int
) -> None:
    dice = random.Random(seed)
    kit = make_kit(lock_manager=InMemoryLockManager())
    rooms = [str(number) for number in range(5)]
    readers = await open_rooms(kit, *rooms)
    await seat(kit, rooms[0], Thinker("ai"))

    @kit.hook(BEFORE)
    async def mirror(event: RoomEvent, _context: RoomContext) -> None:
        if "copy" not in event.metadata:
            for _ in range(dice.randrange(4)):
                await asyncio.sleep(0)
            for room_id in dice.sample([one for one in rooms if one != event.room_id], 2):
                await by_send_event(kit, room_id, text_of(event.content))

    texts = [f"{number}" for number in range(40)]
    results = await asyncio.gather(
        *(say(kit, f"writer-{dice.choice(rooms)}", text) for text in texts)
    )
    assert clock.monotonic() == 0
    assert not any(result.blocked or result.hook_errors for result in results)
    everything = [text for room_id in rooms for text in await said(kit, room_id)]
    assert sorted(everything) == sorted(texts * 3)
    for room_id in rooms:
        assert readers[room_id].texts == await said(kit, room_id)


async def test_change_that_a_hook_has_left_behind_is_waited_for_by_nobody(
    kit: RoomKit, clock: VirtualClock
) -> None:
    """A hook is cut short while it waits for another room, and waits for that room once more."""
    await open_rooms(kit, "1", "2")
    busy = asyncio.Event()

    @kit.hook(BEFORE, timeout=1, name="slow")
    async def slow(event: RoomEvent, _context: RoomContext) -> None:
        if event.room_id == "2":
            busy.set()
            await clock.sleep(60)
        else:
            await busy.wait()
            await kit.update_room_metadata("2", {"from": "1"})

    @kit.hook(BEFORE, timeout=10, priority=1)
    async def again(event: RoomEvent, _context: RoomContext) -> None:
        if event.room_id == "1":
            await kit.update_room_metadata("2", {"again": "1"})
        else:
            await clock.sleep(3)

    async with clock.auto():
        results = await asyncio.gather(*(say(kit, f"writer-{one}", "hello") for one in "12"))
    assert [result.blocked for result in results] == [False, False]
    assert [failure.hook for result in results for failure in result.hook_errors] == ["slow"] * 2
    assert (await kit.get_room("2")).metadata == {"from": "1", "again": "1"}
