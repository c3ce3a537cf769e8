"""A person and an AI that answers at once: a turn is a message, its answer, and its delivery."""

from __future__ import annotations

from time import perf_counter

from benchmarks.harness import Goal, Scenario, main, side_measure
from benchmarks.sides import Side, expect

ANSWER = "Got it!"
FEWEST_MESSAGES_SEEN = 50


async def ai_turn(side: Side, quick: bool) -> float:
    count = 300 if quick else 1_000
    await side.add_channel("person")
    await side.add_room("room", ["person"])
    await side.add_ai("room", ANSWER)
    questions = [f"question {number}" for number in range(count)]
    start = perf_counter()
    for question in questions:
        await side.send("person", question, key=question)
    elapsed = perf_counter() - start
    seen = side.ai_context()
    expect(len(seen) >= FEWEST_MESSAGES_SEEN, True, "the AI sees the last 50 messages")
    expect(questions[-1] in seen[-1], True, "the AI sees the question last")
    texts = [text for question in questions for text in (question, ANSWER)]
    await side.verify("room", texts, {"person": count})
    return count / elapsed


AI_TURN = Scenario(
    name="ai_turn",
    about="one WebSocket channel and an AIChannel with a mock provider",
    unit="turns/s",
    goal=Goal("ratio", "at least", 0.6),
    measure=side_measure(ai_turn),
)

if __name__ == "__main__":
    main(AI_TURN)
