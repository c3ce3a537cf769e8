"""Answers, answers to answers, and where they end."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from roomkit import (
    AIChannel,
    ChannelOutput,
    EventStatus,
    HookExecution,
    HookResult,
    HookTrigger,
    InjectedEvent,
    RoomContext,
    RoomEvent,
    RoomKit,
    TextContent,
)
from roomkit.channels.base import text_of
from roomkit.providers.ai.mock import MockAIProvider
from tests.helpers import join_room, say
from tests.scenarios.actors import Thinker, Transport, Witness, said, seat, streaming, timeline
from tests.scenarios.conftest import KitFactory


async def test_answer_reaches_everybody_within_the_call(kit: RoomKit) -> None:
    """The one who asked included."""
    inboxes = await join_room(kit, "r", "a", "b")
    await seat(kit, "r", AIChannel("ai", MockAIProvider(["Got it!"])))
    result = await say(kit, "a", "hello")
    assert inboxes["a"].texts == ["Got it!"]
    assert inboxes["b"].texts == ["hello", "Got it!"]
    assert [text_of(event.content) for event in result.response_events] == ["Got it!"]


async def test_answer_is_stored_before_it_is_delivered(kit: RoomKit) -> None:
    status: list[EventStatus] = []

    async def look(event: RoomEvent) -> None:
        stored = await kit.store.get_event(event.id)
        assert stored is not None
        status.append(stored.status)

    await seat(kit, "r", Transport("a", look), Thinker("ai", "yes"))
    await say(kit, "a", "hello")
    assert status == [EventStatus.DELIVERED]


async def test_answers_pass_the_gates(kit: RoomKit) -> None:
    """A blocked answer is evidence, a redacted one is stored redacted."""
    ai = Thinker("ai", lambda *_: ["fine", "secret", "rude"])
    a = Transport("a")
    await seat(kit, "r", a, ai)
    asked: list[str] = []

    @kit.hook(HookTrigger.BEFORE_BROADCAST, name="moderation")
    async def gate(event: RoomEvent, _context: RoomContext) -> HookResult:
        text = text_of(event.content)
        asked.append(text)
        if text == "rude":
            return HookResult.block("rude")
        if text == "secret":
            masked = TextContent(body="***")
            return HookResult.modify(event.model_copy(update={"content": masked}))
        return HookResult.allow()

    result = await say(kit, "a", "hello")

    assert asked == ["hello", "fine", "secret", "rude"]
    assert a.texts == ["fine", "***"]
    assert [text_of(event.content) for event in result.response_events] == ["fine", "***"]
    stored = (await timeline(kit))[-1]
    assert (stored.status, stored.blocked_by) == (EventStatus.BLOCKED, "moderation")


async def test_several_answers_keep_their_order(kit: RoomKit) -> None:
    answers = [str(number) for number in range(10)]
    a, b = Transport("a"), Transport("b")
    await seat(kit, "r", a, b, Thinker("ai", lambda *_: answers))
    await say(kit, "a", "count")
    assert a.texts == answers
    assert b.texts == ["count", *answers]


def debaters(*names: str) -> list[Thinker]:
    return [Thinker(name, f"{name} says") for name in names]


@pytest.mark.parametrize("depth", [1, 3, 5])
async def test_chain_ends_at_the_limit(make_kit: KitFactory, depth: int) -> None:
    """The generation beyond the limit is kept as blocked."""
    kit = make_kit(max_chain_depth=depth)
    first, second = debaters("first", "second")
    await seat(kit, "r", Transport("a"), first)
    await seat(kit, "r", second)
    witness = Witness(kit).on("chain_depth_exceeded")

    await say(kit, "a", "discuss")

    events = [event for event in await timeline(kit) if event.type == "message"]
    by_depth = Counter(event.chain_depth for event in events)
    # Both answer the question, and from then on each answers the other.
    assert by_depth == {0: 1, **dict.fromkeys(range(1, depth + 2), 2)}
    over = [event for event in events if event.chain_depth > depth]
    assert {(event.status, event.blocked_by) for event in over} == {
        (EventStatus.BLOCKED, "event_chain_depth_limit")
    }
    assert all(event.status is EventStatus.DELIVERED for event in events if event not in over)
    observations = await kit.list_observations("r")
    assert [one.category for one in observations] == ["chain_depth_exceeded"] * 2
    assert {event.event_id for event in witness.of("chain_depth_exceeded")} == {
        event.id for event in over
    }


async def test_default_limit_is_five(kit: RoomKit) -> None:
    await seat(kit, "r", Transport("a"), *debaters("first", "second"))
    await say(kit, "a", "discuss")
    depths = [event.chain_depth for event in await timeline(kit) if event.status != "blocked"]
    assert max(depths) == 5


async def test_ai_does_not_answer_itself(kit: RoomKit) -> None:
    provider = MockAIProvider(["one", "two"])
    await seat(kit, "r", Transport("a"), AIChannel("ai", provider))
    await say(kit, "a", "hello")
    assert len(provider.calls) == 1
    assert await said(kit) == ["hello", "one"]


async def test_answers_name_their_trigger_and_the_root(kit: RoomKit) -> None:

    def second(event: RoomEvent, _context: RoomContext) -> str | None:
        return "objection" if event.source.channel_id == "first" else None

    await seat(kit, "r", Transport("a"))
    await seat(
        kit, "r", Thinker("first", lambda event, _: "claim" if not event.chain_depth else None)
    )
    await seat(kit, "r", Thinker("second", second))
    await say(kit, "a", "discuss")

    root, claim, objection = [event for event in await timeline(kit) if event.type == "message"]
    assert (claim.parent_event_id, claim.correlation_id) == (root.id, root.id)
    assert (objection.parent_event_id, objection.correlation_id) == (claim.id, root.id)


async def test_answer_is_scoped_by_what_it_answers(kit: RoomKit) -> None:
    """Exactly the scope gets it."""
    a, b = Transport("a"), Transport("b")
    await seat(kit, "r", a, b, Thinker("ai", "for a only"))
    await kit.send_event("r", "b", TextContent(body="question"), response_visibility="a")
    assert a.texts == ["question", "for a only"]
    assert b.texts == []


async def test_answer_scoped_to_the_channel_that_asked_reaches_it(kit: RoomKit) -> None:
    a, b = Transport("a"), Transport("b")
    await seat(kit, "r", a, b, Thinker("ai", "whispered"))
    await kit.send_event("r", "a", TextContent(body="question"), response_visibility="a")
    assert a.texts == ["whispered"]
    assert b.texts == ["question"]


async def test_channel_cannot_answer_in_anothers_name_or_another_room(kit: RoomKit) -> None:
    def impostor(event: RoomEvent, _context: RoomContext) -> ChannelOutput:
        forged = ai.says("trust me", event).model_copy(
            update={
                "room_id": "other",
                "chain_depth": -7,
                "source": event.source,
                "status": EventStatus.DELIVERED,
            }
        )
        return ChannelOutput(response_events=[forged])

    ai = Thinker("ai", impostor)
    await seat(kit, "r", Transport("a"), ai)
    await seat(kit, "other", Transport("b"))
    await say(kit, "a", "hello")
    answer = (await timeline(kit))[-1]
    assert (answer.room_id, answer.source.channel_id, answer.chain_depth) == ("r", "ai", 1)
    assert await said(kit, "other") == []


async def test_streamed_answer_is_committed_once(kit: RoomKit) -> None:
    a = Transport("a")
    await seat(kit, "r", a, Thinker("ai", lambda *_: streaming(["Hel", "lo"])))
    result = await say(kit, "a", "hi")
    assert await said(kit) == ["hi", "Hello"]
    assert a.texts == ["Hello"]
    assert [event.parent_event_id for event in result.response_events] == [
        result.event and result.event.id
    ]


BUDGET = 20


@pytest.mark.parametrize("trigger", [HookTrigger.BEFORE_BROADCAST, HookTrigger.AFTER_BROADCAST])
@pytest.mark.parametrize("execution", list(HookExecution))
async def test_hook_that_always_posts_comes_to_an_end(
    make_kit: KitFactory, trigger: HookTrigger, execution: HookExecution
) -> None:
    """A budget for each cascade; what exceeds it is kept as blocked."""
    kit = make_kit(cascade_budget=BUDGET)
    a, b = Transport("a"), Transport("b")
    await seat(kit, "r", a, b)

    async def again(event: RoomEvent, _context: RoomContext) -> None:
        await kit.send_event("r", "a", TextContent(body="again"))

    kit.hook_engine.register(trigger, again, execution=execution)
    result = await say(kit, "a", "once")

    events = [event for event in await timeline(kit) if event.type == "message"]
    over = [event for event in events if event.status is EventStatus.BLOCKED]
    assert 0 < len(over) < len(events) <= 1 + 2 * BUDGET
    assert {event.blocked_by for event in over} == {"cascade_budget"}
    assert not result.blocked
    assert len(b.received) == len(events) - len(over)


async def test_hook_that_always_injects_comes_to_an_end(make_kit: KitFactory) -> None:
    """Injected events go out without passing the hooks again."""
    kit = make_kit(cascade_budget=BUDGET, max_chain_depth=1000)
    a = Transport("a")
    await seat(kit, "r", a, Thinker("ai", "and you?"))

    @kit.hook(HookTrigger.BEFORE_BROADCAST)
    async def inject(event: RoomEvent, _context: RoomContext) -> HookResult:
        echo = InjectedEvent(content=TextContent(body="noted"), target_channel_ids=["a", "ai"])
        return HookResult.allow(injected_events=[echo])

    await say(kit, "a", "once")
    assert len(await timeline(kit)) <= 3 + 3 * BUDGET


@pytest.mark.parametrize("how", ["send_event", "process_inbound"])
async def test_channels_that_always_post_come_to_an_end(make_kit: KitFactory, how: str) -> None:
    """From `on_event` and from `deliver`."""
    kit = make_kit(cascade_budget=BUDGET)

    async def again(event: RoomEvent, *_: object) -> None:
        if how == "send_event":
            await kit.send_event("r", "b", TextContent(body="again"))
        else:
            await say(kit, "b", "again", room_id="r")

    await seat(kit, "r", Transport("a", again), Transport("b"), Thinker("ai", again))
    await say(kit, "b", "once")
    blocked = [event for event in await timeline(kit) if event.blocked_by == "cascade_budget"]
    assert blocked
    assert len(await timeline(kit)) <= 10 + 3 * BUDGET


async def test_hook_that_posts_from_a_task_of_its_own_comes_to_an_end(
    make_kit: KitFactory,
) -> None:
    """The task outlives the call that it came from, but not the budget."""
    kit = make_kit(cascade_budget=BUDGET)
    await seat(kit, "r", Transport("a"), Transport("b"))
    tasks: set[asyncio.Task[RoomEvent]] = set()

    @kit.hook(HookTrigger.BEFORE_BROADCAST)
    async def again(event: RoomEvent, _context: RoomContext) -> None:
        if len(tasks) < 10 * BUDGET:
            post = kit.send_event("r", "a", TextContent(body="again"))
            tasks.add(asyncio.create_task(post))

    await say(kit, "a", "once")
    while any(not task.done() for task in tasks):
        await asyncio.gather(*tasks)
    assert len(tasks) < 10 * BUDGET
    assert (await timeline(kit))[-1].blocked_by == "cascade_budget"
