"""`relay` with twenty sync hooks on BEFORE_BROADCAST that let everything pass."""

from __future__ import annotations

from time import perf_counter

from benchmarks.harness import Goal, Scenario, main, side_measure
from benchmarks.sides import Side, expect

HOOKS = 20


async def hooks(side: Side, quick: bool) -> float:
    count = 1_000 if quick else 3_000
    sender, receiver = await side.add_pair("room")
    side.add_hooks(HOOKS)
    texts = [f"message {number}" for number in range(count)]
    start = perf_counter()
    for text in texts:
        await side.send(sender, text, key=text)
    elapsed = perf_counter() - start
    expect(side.hook_calls, count * HOOKS, "hook calls")
    await side.verify("room", texts, {sender: 0, receiver: count})
    return count / elapsed


HOOKS_SCENARIO = Scenario(
    name="hooks",
    about="relay with 20 sync hooks",
    unit="messages/s",
    goal=Goal("ratio", "at least", 0.6),
    measure=side_measure(hooks),
)

if __name__ == "__main__":
    main(HOOKS_SCENARIO)
