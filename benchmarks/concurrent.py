"""Messages for 500 rooms, all of them under way at once.

A full garbage collection takes a quarter of the time of all messages together. It is made before
they are sent: what the rooms have left behind would decide the figure by when it falls due.
"""

from __future__ import annotations

import asyncio
import gc
from time import perf_counter

from benchmarks.harness import Goal, Scenario, main, side_measure
from benchmarks.sides import Side

ROOMS = 500


async def concurrent(side: Side, quick: bool) -> float:
    each = 2 if quick else 6
    pairs = [await side.add_pair(f"room-{number}") for number in range(ROOMS)]
    texts = [f"message {number}" for number in range(each)]
    gc.collect()
    start = perf_counter()
    await asyncio.gather(
        *[side.send(sender, text, key=text) for text in texts for sender, _ in pairs]
    )
    elapsed = perf_counter() - start
    for number, (sender, receiver) in enumerate(pairs):
        received = {sender: 0, receiver: each}
        await side.verify(f"room-{number}", texts, received, ordered=False)
    return each * ROOMS / elapsed


CONCURRENT = Scenario(
    name="concurrent",
    about="500 rooms, 3,000 messages gathered",
    unit="messages/s",
    goal=Goal("ratio", "at least", 0.55),
    measure=side_measure(concurrent),
)

if __name__ == "__main__":
    main(CONCURRENT)
