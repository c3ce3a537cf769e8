"""Whether finding a message's room costs more among 5,000 rooms than among two.

`routing` gives each room channels of its own, as WebSocket clients have. In `routing_shared` all
rooms share one pair of channels, as the customers of one phone number do, and the sender decides.
Both sides of a comparison stand ready and take turns, so that they meet the same conditions.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Coroutine
from statistics import median
from time import perf_counter
from typing import Any

from benchmarks.harness import Goal, Scenario, main, side_measure
from benchmarks.sides import Side

FEW = 2
MANY = 5_000
SLICE = 100
ROUNDS = 5

Build = Callable[[Side, int], Coroutine[Any, Any, tuple[str, str, str]]]


async def own_channels(side: Side, rooms: int) -> tuple[str, str, str]:
    """The channel that sends, its sender, and the channel that receives, of the last room."""
    sender, receiver = "", ""
    for number in range(rooms):
        sender, receiver = await side.add_pair(f"room-{number}")
    return sender, "alice", receiver


async def shared_channels(side: Side, rooms: int) -> tuple[str, str, str]:
    await side.add_channel("sender")
    await side.add_channel("receiver")
    for number in range(rooms):
        await side.add_room(f"room-{number}", ["sender", "receiver"])
        await side.send("sender", "hello", sender_id=f"person-{number}", room_id=f"room-{number}")
    return "sender", f"person-{rooms - 1}", "receiver"


async def routing(few: Side, quick: bool, build: Build) -> float:
    slices = 10 if quick else 20
    many = type(few)()
    rooms = {few: FEW, many: MANY // 5 if quick else MANY}
    seconds: dict[Side, list[float]] = {side: [] for side in rooms}
    ends = {side: await build(side, count) for side, count in rooms.items()}
    before = {side: side.inboxes[ends[side][2]].count for side in rooms}
    gc.collect()
    texts: list[str] = []
    for number in range(slices):
        batch = [f"message {number}-{position}" for position in range(SLICE)]
        for side in (few, many) if number % 2 else (many, few):
            channel_id, sender_id, _ = ends[side]
            start = perf_counter()
            for text in batch:
                await side.send(channel_id, text, sender_id=sender_id, key=text)
            seconds[side].append(perf_counter() - start)
        texts += batch
    for side, count in rooms.items():
        receiver = side.inboxes[ends[side][2]]
        receiver.misordered = 0  # one inbox for the timelines of many rooms, where they are shared
        greeting = ["hello"] if before[side] else []
        room_id = f"room-{count - 1}"
        total = before[side] + len(texts)
        await side.verify(room_id, greeting + texts, {ends[side][2]: total})
    await many.close()
    return median(seconds[many]) / median(seconds[few])


async def routing_own(side: Side, quick: bool) -> float:
    return await routing(side, quick, own_channels)


async def routing_shared(side: Side, quick: bool) -> float:
    return await routing(side, quick, shared_channels)


ROUTING = Scenario(
    name="routing",
    about="the time of a message with 5,000 rooms over that with 2",
    unit="5,000/2 rooms",
    goal=Goal("value", "at most", 1.05),
    measure=side_measure(routing_own),
    digits=3,
    rounds=ROUNDS,
)
ROUTING_SHARED = Scenario(
    name="routing_shared",
    about="the same where all rooms share their channels",
    unit="5,000/2 rooms",
    goal=Goal("value", "at most", 1.05),
    measure=side_measure(routing_shared),
    digits=3,
    rounds=ROUNDS,
)

if __name__ == "__main__":
    main(ROUTING, ROUTING_SHARED)
