"""Every channel sees a room's events in their order, and none waits for another."""

from __future__ import annotations

import asyncio

import pytest

from roomkit import (
    AIChannel,
    ChannelOutput,
    EventStatus,
    HookExecution,
    HookTrigger,
    RoomContext,
    RoomEvent,
    RoomKit,
    TextContent,
)
from roomkit.channels.base import text_of
from roomkit.models.channel import ChannelBinding
from roomkit.models.content import EventContent
from roomkit.providers.ai.base import AIContext, AIProvider, AIResponse
from roomkit.testing import VirtualClock
from tests.helpers import say
from tests.scenarios.actors import Thinker, Transport, Witness, said, seat, streaming
from tests.scenarios.conftest import KitFactory
from tests.scenarios.stores import FailingStore


class Slow:
    """Lets a channel be told when to go on; `entered` is set while it waits."""

    def __init__(self) -> None:
        self.entered = asyncio.Event()
        self.go_on = asyncio.Event()

    async def __call__(self, *_: object) -> None:
        self.entered.set()
        await self.go_on.wait()


async def settle() -> None:
    for _ in range(200):
        await asyncio.sleep(0)


async def test_each_channel_gets_the_events_in_the_order_of_the_timeline(kit: RoomKit) -> None:
    async def dawdle(event: RoomEvent) -> None:
        for _ in range(event.index % 3):
            await asyncio.sleep(0)

    channels = [Transport(name, dawdle) for name in ("b", "c", "d")]
    await seat(kit, "r", Transport("a"), *channels)
    await asyncio.gather(*(say(kit, "a", str(number)) for number in range(30)))
    for channel in channels:
        assert channel.texts == await said(kit)


async def test_channel_gets_one_event_at_a_time(kit: RoomKit) -> None:
    inside = 0

    async def deliver(_event: RoomEvent) -> None:
        nonlocal inside
        inside += 1
        assert inside == 1
        await asyncio.sleep(0)
        inside -= 1

    b = Transport("b", deliver)
    await seat(kit, "r", Transport("a"), b)
    results = await asyncio.gather(*(say(kit, "a", str(number)) for number in range(10)))
    assert [result.delivery_errors for result in results] == [{}] * 10


async def test_caller_waits_for_its_own_event_and_not_for_those_behind_it(kit: RoomKit) -> None:
    turns = {"first": Slow(), "second": Slow()}
    b = Transport("b", lambda event: turns[text_of(event.content)]())
    await seat(kit, "r", Transport("a"), b)
    first = asyncio.create_task(say(kit, "a", "first"))
    await turns["first"].entered.wait()
    second = asyncio.create_task(say(kit, "a", "second"))
    await settle()
    turns["first"].go_on.set()
    assert (await first).delivery_results["b"].success
    assert not second.done()
    turns["second"].go_on.set()
    assert (await second).delivery_results["b"].success


async def test_slow_channel_holds_up_neither_the_room_nor_its_neighbours(kit: RoomKit) -> None:
    """Deliveries run outside of the lock."""
    slow = Slow()
    b, c = Transport("b", slow), Transport("c")
    await seat(kit, "r", Transport("a"), b, c)
    first = asyncio.create_task(say(kit, "a", "first"))
    await slow.entered.wait()
    second = asyncio.create_task(say(kit, "a", "second"))
    await settle()

    assert c.texts == await said(kit) == ["first", "second"]
    assert b.texts == []
    assert not first.done()
    assert not second.done()
    slow.go_on.set()
    await asyncio.gather(first, second)
    assert b.texts == ["first", "second"]


async def test_slow_channel_in_one_room_does_not_hold_it_up_in_another(kit: RoomKit) -> None:
    slow = Slow()

    async def deliver(event: RoomEvent) -> None:
        if event.room_id == "one":
            await slow()

    shared = Transport("shared", deliver)
    await seat(kit, "one", Transport("a"), shared)
    await seat(kit, "two", Transport("b"), shared)
    waiting = asyncio.create_task(say(kit, "a", "slow"))
    await slow.entered.wait()
    await say(kit, "b", "fast")
    assert shared.texts == ["fast"]
    slow.go_on.set()
    await waiting


async def test_deliveries_of_one_event_overlap(kit: RoomKit) -> None:
    together = asyncio.Barrier(3)

    async def deliver(_event: RoomEvent) -> None:
        await together.wait()

    await seat(kit, "r", Transport("a"), *(Transport(name, deliver) for name in ("b", "c", "d")))
    result = await say(kit, "a", "hello")
    assert sorted(result.delivery_results) == ["b", "c", "d"]


async def test_slow_observer_does_not_hold_the_room(kit: RoomKit) -> None:
    """AFTER_BROADCAST runs outside of the lock, and is awaited all the same."""
    slow = Slow()
    await seat(kit, "r", Transport("a"), Transport("b"))

    @kit.hook(HookTrigger.AFTER_BROADCAST, HookExecution.ASYNC)
    async def observer(event: RoomEvent, _context: RoomContext) -> None:
        if text_of(event.content) == "first":
            await slow()

    first = asyncio.create_task(say(kit, "a", "first"))
    await slow.entered.wait()
    await say(kit, "a", "second")
    assert not first.done()
    slow.go_on.set()
    await first


async def test_slow_error_hook_does_not_hold_the_room(kit: RoomKit) -> None:
    """Nor does ON_ERROR."""
    slow = Slow()

    def fail(*_: object) -> None:
        raise RuntimeError("no model")

    await seat(kit, "r", Transport("a"), Thinker("ai", fail))
    kit.hook_engine.register(HookTrigger.ON_ERROR, slow, execution=HookExecution.ASYNC)
    first = asyncio.create_task(say(kit, "a", "first"))
    await slow.entered.wait()
    second = asyncio.create_task(say(kit, "a", "second"))
    await settle()
    assert await said(kit) == ["first", "second"]
    slow.go_on.set()
    await asyncio.gather(first, second)


class PatientModel(AIProvider):
    """Answers "re: …" once it is told to, and remembers what it was shown."""

    def __init__(self) -> None:
        self.slow = Slow()
        self.prompts: list[list[str]] = []

    @property
    def model_name(self) -> str:
        return "patient"

    async def generate(self, context: AIContext) -> AIResponse:
        words = [str(message.content) for message in context.messages]
        self.prompts.append(words)
        await self.slow()
        return AIResponse(content=f"re: {words[-1]}")


async def test_ai_answers_the_first_message_before_the_second_and_remembers(kit: RoomKit) -> None:
    """Meanwhile people keep talking."""
    model, b = PatientModel(), Transport("b")
    await seat(kit, "r", Transport("a"), b, AIChannel("ai", model))
    first = asyncio.create_task(say(kit, "a", "one"))
    await model.slow.entered.wait()
    second = asyncio.create_task(say(kit, "a", "two"))
    await settle()
    assert b.texts == ["one", "two"]
    assert model.prompts == [["one"]]

    model.slow.go_on.set()
    results = await asyncio.gather(first, second)

    assert model.prompts == [["one"], ["one", "re: one", "two"]]
    assert b.texts == ["one", "two", "re: one", "re: two"]
    answers = [[text_of(one.content) for one in result.response_events] for result in results]
    assert answers == [["re: one"], ["re: two"]]


async def test_stream_runs_beside_the_lanes(kit: RoomKit) -> None:
    """An answer that is being written holds up nobody; its event takes its turn in the end."""
    slow = Slow()

    async def write() -> ChannelOutput:
        output = streaming(["Hel", "lo"])
        await slow()
        return output

    async def answer(event: RoomEvent, _context: RoomContext) -> ChannelOutput:
        return await write()

    b = Transport("b")
    await seat(kit, "r", Transport("a"), b, Thinker("ai", answer))
    first = asyncio.create_task(say(kit, "a", "question"))
    await slow.entered.wait()
    second = asyncio.create_task(say(kit, "a", "are you there?"))
    await settle()
    assert b.texts == ["question", "are you there?"]
    slow.go_on.set()
    await asyncio.gather(first, second)
    assert b.texts == ["question", "are you there?", "Hello", "Hello"]


@pytest.mark.parametrize("failure", [RuntimeError("broken"), asyncio.CancelledError()])
@pytest.mark.parametrize("waits_first", [False, True])
async def test_failing_delivery_does_not_stop_its_lane(
    kit: RoomKit, failure: BaseException, waits_first: bool
) -> None:
    """Later events still go out, in order. A channel that awaited something cancelled has
    failed; nobody has cancelled the room."""
    slow = Slow()

    async def deliver(event: RoomEvent) -> None:
        if text_of(event.content) == "0":
            if waits_first:
                await slow()
            raise failure

    b, c = Transport("b", deliver), Transport("c")
    await seat(kit, "r", Transport("a"), b, c)
    calls = [asyncio.create_task(say(kit, "a", str(number))) for number in range(5)]
    if waits_first:
        await slow.entered.wait()
        await settle()
        slow.go_on.set()
    results = await asyncio.gather(*calls)

    assert b.texts == ["1", "2", "3", "4"]
    assert c.texts == ["0", "1", "2", "3", "4"]
    assert [sorted(result.delivery_errors) for result in results] == [["b"], [], [], [], []]


@pytest.mark.parametrize("failure", [RuntimeError("broken"), asyncio.CancelledError()])
async def test_failing_reaction_does_not_stop_its_lane(
    kit: RoomKit, failure: BaseException
) -> None:

    async def answer(event: RoomEvent, _context: RoomContext) -> str:
        if text_of(event.content) == "0":
            raise failure
        return f"re: {text_of(event.content)}"

    ai = Thinker("ai", answer)
    await seat(kit, "r", Transport("a"), ai)
    results = await asyncio.gather(*(say(kit, "a", str(number)) for number in range(3)))
    assert ai.texts == ["0", "1", "2"]
    assert [len(result.response_events) for result in results] == [0, 1, 1]
    assert results[0].error is not None
    assert results[0].error.startswith("ai: ")


async def test_failing_transcoder_is_an_outcome_like_any_other(make_kit: KitFactory) -> None:
    """The event's other outcomes are recorded too."""

    class Broken:
        def passes(self, content: EventContent, target: ChannelBinding) -> bool:
            return target.channel_id != "b"

        async def transcode(
            self, content: EventContent, source: ChannelBinding, target: ChannelBinding
        ) -> EventContent | None:
            raise LookupError("no such format")

    kit = make_kit(transcoder=Broken())
    await seat(kit, "r", Transport("a"), Transport("b"), Transport("c"))
    witness = Witness(kit).hook(HookTrigger.ON_ERROR).on("delivery_failed")
    result = await say(kit, "a", "hello")
    assert {name: one.success for name, one in result.delivery_results.items()} == {
        "b": False,
        "c": True,
    }
    assert [event.data["channel_id"] for event in witness.of("on_error")] == ["b"]
    assert [event.channel_id for event in witness.of("delivery_failed")] == ["b"]


async def test_store_that_fails_for_a_moment_does_not_lose_what_waits_in_a_lane(
    clock: VirtualClock,
) -> None:
    """Reading the room again fails, and so does the report of it."""
    store, slow = FailingStore(), Slow()
    kit = RoomKit(store=store, clock=clock)

    async def deliver(event: RoomEvent) -> None:
        if text_of(event.content) == "0":
            await slow()

    b = Transport("b", deliver)
    await seat(kit, "r", Transport("a"), b)
    Witness(kit).hook(HookTrigger.ON_ERROR)
    calls = [asyncio.create_task(say(kit, "a", str(number))) for number in range(4)]
    await slow.entered.wait()
    await settle()
    store.failing["snapshot"] = 2
    slow.go_on.set()
    results = await asyncio.gather(*calls)

    assert b.texts == ["0", "2", "3"]
    assert [sorted(result.delivery_errors) for result in results] == [[], ["b"], [], []]
    await kit.close()


async def test_what_waits_for_a_channel_is_dropped_when_it_is_detached(kit: RoomKit) -> None:
    slow = Slow()
    b = Transport("b", slow)
    await seat(kit, "r", Transport("a"), b)
    calls = [asyncio.create_task(say(kit, "a", str(number))) for number in range(3)]
    await slow.entered.wait()
    await settle()
    await kit.detach_channel("r", "b")
    slow.go_on.set()
    await asyncio.gather(*calls)
    assert b.texts == ["0"]


async def test_idle_rooms_own_no_tasks(kit: RoomKit) -> None:
    before = asyncio.all_tasks()
    for number in range(5):
        await seat(kit, f"r{number}", Transport(f"a{number}"), Transport(f"b{number}"))
        await say(kit, f"a{number}", "hello")
    assert asyncio.all_tasks() == before


async def test_answers_to_a_burst_do_not_mix(kit: RoomKit) -> None:
    """Each call gets the answers to its own message, and all that is stored is delivered."""
    b = Transport("b")

    async def answer(event: RoomEvent, _context: RoomContext) -> list[str]:
        await asyncio.sleep(0)
        text = text_of(event.content)
        return [f"{text}.1", f"{text}.2"]

    await seat(kit, "r", Transport("a"), b, Thinker("ai", answer))
    results = await asyncio.gather(*(say(kit, "a", str(number)) for number in range(10)))
    for number, result in enumerate(results):
        answers = [text_of(event.content) for event in result.response_events]
        assert answers == [f"{number}.1", f"{number}.2"]
    assert b.texts == await said(kit)
    assert len(b.texts) == 30


async def test_event_is_delivered_with_its_final_status(kit: RoomKit) -> None:
    b = Transport("b")
    await seat(kit, "r", Transport("a"), b)
    await kit.send_event("r", "a", TextContent(body="hello"))
    assert [(event.status, event.index) for event in b.received] == [(EventStatus.DELIVERED, 2)]
