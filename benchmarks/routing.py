"""Whether a message costs more among 5,000 rooms than among two, or among 5,000 people.

`routing` gives each room channels of its own, as WebSocket clients have. In `routing_shared` all
rooms share one pair of channels, as the customers of one phone number do, and the sender decides.
In `members` there is one room, in which they all take part. Both sides of a comparison stand ready
and take turns, so that they meet the same conditions.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from statistics import median
from time import perf_counter
from typing import Any

from benchmarks.harness import Goal, Scenario, main, side_measure
from benchmarks.sides import Side

FEW = 2
MANY = 5_000
SLICE = 100
ROUNDS = 5


@dataclass(frozen=True, slots=True)
class Ends:
    """Who sends and who receives in the room that is timed, and what was said there before."""

    room_id: str
    channel_id: str
    receiver_id: str
    sender_id: str = "alice"
    said: int = 0


Build = Callable[[Side, int], Coroutine[Any, Any, Ends]]


async def own_channels(side: Side, rooms: int) -> Ends:
    sender = receiver = room_id = ""
    for number in range(rooms):
        room_id = f"room-{number}"
        sender, receiver = await side.add_pair(room_id)
    return Ends(room_id, sender, receiver)


async def shared_channels(side: Side, rooms: int) -> Ends:
    await side.add_channel("sender")
    await side.add_channel("receiver")
    room_id = person = ""
    for number in range(rooms):
        room_id, person = f"room-{number}", f"person-{number}"
        await side.add_room(room_id, ["sender", "receiver"])
        await side.send("sender", "hello", sender_id=person, room_id=room_id)
    return Ends(room_id, "sender", "receiver", person, said=1)


async def crowd(side: Side, people: int) -> Ends:
    sender, receiver = await side.add_pair("room")
    person = ""
    for number in range(people):
        person = f"person-{number}"
        await side.send(sender, "hello", sender_id=person, room_id="room")
    return Ends("room", sender, receiver, person, said=people)


async def routing(few: Side, quick: bool, build: Build) -> float:
    slices = 10 if quick else 20
    many = type(few)()
    counts = {few: FEW, many: MANY // 5 if quick else MANY}
    seconds: dict[Side, list[float]] = {side: [] for side in counts}
    ends = {side: await build(side, count) for side, count in counts.items()}
    before = {side: side.inboxes[end.receiver_id].count for side, end in ends.items()}
    gc.collect()
    texts: list[str] = []
    for number in range(slices):
        batch = [f"message {number}-{position}" for position in range(SLICE)]
        for side in (few, many) if number % 2 else (many, few):
            end = ends[side]
            start = perf_counter()
            for text in batch:
                await side.send(end.channel_id, text, sender_id=end.sender_id, key=text)
            seconds[side].append(perf_counter() - start)
        texts += batch
    for side, end in ends.items():
        receiver = side.inboxes[end.receiver_id]
        receiver.misordered = 0  # one inbox for the timelines of many rooms, where they are shared
        timeline = ["hello"] * end.said + texts
        await side.verify(end.room_id, timeline, {end.receiver_id: before[side] + len(texts)})
    await many.close()
    return median(seconds[many]) / median(seconds[few])


async def routing_own(side: Side, quick: bool) -> float:
    return await routing(side, quick, own_channels)


async def routing_shared(side: Side, quick: bool) -> float:
    return await routing(side, quick, shared_channels)


async def members(side: Side, quick: bool) -> float:
    return await routing(side, quick, crowd)


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
MEMBERS = Scenario(
    name="members",
    about="the time of a message in a room of 5,000 people over that in a room of 2",
    unit="5,000/2 people",
    goal=Goal("value", "at most", 1.10),
    measure=side_measure(members),
    digits=3,
    rounds=ROUNDS,
)

if __name__ == "__main__":
    main(ROUTING, ROUTING_SHARED, MEMBERS)
