"""Whether a message costs more in a room with a long history than in a new one.

A window of 500 messages is timed in slices and counts as its median slice: one full garbage
collection, or another process on the core, takes as long as the whole window and would decide the
figure by where it happens to fall.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Sequence
from statistics import median
from time import perf_counter

from benchmarks.harness import Goal, Scenario, main, side_measure
from benchmarks.sides import Side

WINDOW = 500
SLICE = 50


async def growth(side: Side, quick: bool) -> float:
    count = 4_000 if quick else 12_000
    sender, receiver = await side.add_pair("room")
    other, _ = await side.add_pair("warm-up")
    await _send(side, other, [f"warm-up {number}" for number in range(WINDOW)])
    gc.collect()
    texts = [f"message {number}" for number in range(count)]
    windows = [
        await _send(side, sender, texts[start : start + WINDOW])
        for start in range(0, count, WINDOW)
    ]
    await side.verify("room", texts, {sender: 0, receiver: count})
    return windows[-1] / windows[0]


async def _send(side: Side, sender: str, texts: Sequence[str]) -> float:
    slices = []
    for first in range(0, len(texts), SLICE):
        await asyncio.sleep(0)
        start = perf_counter()
        for text in texts[first : first + SLICE]:
            await side.send(sender, text, key=text)
        slices.append(perf_counter() - start)
    return median(slices)


GROWTH = Scenario(
    name="growth",
    about="the time for the last 500 messages of 12,000 over that for the first 500",
    unit="last/first",
    goal=Goal("value", "at most", 1.10),
    measure=side_measure(growth),
    digits=2,
)

if __name__ == "__main__":
    main(GROWTH)
