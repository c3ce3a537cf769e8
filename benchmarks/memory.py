"""What a text message keeps in memory once it is stored and delivered."""

from __future__ import annotations

import asyncio
import gc
import tracemalloc

from benchmarks.harness import Goal, Scenario, main, side_measure
from benchmarks.sides import Side

WARM_UP = 200


async def memory(side: Side, quick: bool) -> float:
    count = 5_000 if quick else 20_000
    sender, receiver = await side.add_pair("room")
    total = WARM_UP + count
    for number in range(WARM_UP):
        await side.send(sender, _text(number))
    tracemalloc.start()
    try:
        before = await _live_bytes()
        for number in range(WARM_UP, total):
            await side.send(sender, _text(number))
        after = await _live_bytes()
    finally:
        tracemalloc.stop()
    await side.verify(
        "room", [_text(number) for number in range(total)], {sender: 0, receiver: total}
    )
    return (after - before) / count


def _text(number: int) -> str:
    return f"This is message {number} of a conversation."


async def _live_bytes() -> int:
    # The loop lets go of cancelled timers when it runs.
    await asyncio.sleep(0)
    gc.collect()
    return tracemalloc.get_traced_memory()[0]


MEMORY = Scenario(
    name="memory",
    about="live bytes per stored text event",
    unit="bytes/event",
    goal=Goal("value", "at most", 1_800),
    measure=side_measure(memory),
    # The same to the byte every time.
    rounds=1,
)

if __name__ == "__main__":
    main(MEMORY)
