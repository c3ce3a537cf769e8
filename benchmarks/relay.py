"""A message from one WebSocket channel to the other in a room of two, one after the other."""

from __future__ import annotations

from time import perf_counter

from benchmarks.harness import Goal, Scenario, main, side_measure
from benchmarks.sides import Side


async def relay(side: Side, quick: bool) -> float:
    count = 1_000 if quick else 3_000
    sender, receiver = await side.add_pair("room")
    texts = [f"message {number}" for number in range(count)]
    start = perf_counter()
    for text in texts:
        await side.send(sender, text, key=text)
    elapsed = perf_counter() - start
    await side.verify("room", texts, {sender: 0, receiver: count})
    return count / elapsed


RELAY = Scenario(
    name="relay",
    about="one room, two WebSocket channels, messages one after the other",
    unit="messages/s",
    goal=Goal("ratio", "at least", 0.5),
    measure=side_measure(relay),
)

if __name__ == "__main__":
    main(RELAY)
