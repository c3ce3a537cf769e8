"""One sender in a room with 199 other channels."""

from __future__ import annotations

from time import perf_counter

from benchmarks.harness import Goal, Scenario, main, side_measure
from benchmarks.sides import Side

RECEIVERS = 199


async def fanout(side: Side, quick: bool) -> float:
    count = 50 if quick else 200
    channel_ids = [f"channel-{number}" for number in range(RECEIVERS + 1)]
    for channel_id in channel_ids:
        await side.add_channel(channel_id)
    await side.add_room("room", channel_ids)
    sender = channel_ids[0]
    texts = [f"message {number}" for number in range(count)]
    start = perf_counter()
    for text in texts:
        await side.send(sender, text, key=text)
    elapsed = perf_counter() - start
    await side.verify("room", texts, {**dict.fromkeys(channel_ids, count), sender: 0})
    return count * RECEIVERS / elapsed


FANOUT = Scenario(
    name="fanout",
    about="one sender, 199 other channels",
    unit="deliveries/s",
    goal=Goal("ratio", "at least", 0.4),
    measure=side_measure(fanout),
)

if __name__ == "__main__":
    main(FANOUT)
