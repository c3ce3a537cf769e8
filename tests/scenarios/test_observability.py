"""Logs that tell no secrets, and telemetry that sees everything and disturbs nothing."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest

from roomkit import (
    AIChannel,
    DeleteContent,
    DeliveryStatus,
    EditContent,
    EventType,
    HookExecution,
    HookResult,
    HookTrigger,
    InjectedEvent,
    MediaContent,
    MockIdentityResolver,
    RetryPolicy,
    RichContent,
    RoomContext,
    RoomEvent,
    RoomKit,
    Task,
    TextContent,
)
from roomkit.channels.base import text_of
from roomkit.models.content import EventContent
from roomkit.providers.ai.mock import MockAIProvider
from roomkit.telemetry.base import SpanKind, SpanStatus, TelemetryProvider
from roomkit.telemetry.mock import MockTelemetryProvider
from roomkit.testing import VirtualClock
from tests.helpers import say
from tests.scenarios.actors import Thinker, Transport, said, seat, streaming
from tests.scenarios.conftest import KitFactory

MARK = "X7QZMARK"


def marked(text: str = "") -> TextContent:
    return TextContent(body=f"{text} {MARK}")


async def eventful_day(kit: RoomKit, clock: VirtualClock) -> None:
    """Nearly everything that can happen to a message, the bad things included."""

    async def refuse(_event: RoomEvent) -> None:
        raise ConnectionError("unreachable")

    def answer(event: RoomEvent, _context: RoomContext) -> Any:
        if "fail" in text_of(event.content):
            raise RuntimeError("no model")
        if "stream" in text_of(event.content):
            return streaming([f"{MARK} ", "again"])
        return None if event.chain_depth else f"answer {MARK}"

    await seat(kit, "r", Transport("a"), Transport("b"), Thinker("ai", answer))
    await seat(kit, "r", Transport("c", refuse), retry_policy=RetryPolicy(max_retries=1))

    @kit.hook(HookTrigger.BEFORE_BROADCAST)
    async def gate(event: RoomEvent, _context: RoomContext) -> Any:
        text = text_of(event.content)
        if "hook" in text:
            raise ValueError("no")
        if "junk" in text:
            return text
        if "slow" in text:
            await clock.sleep(3600)
        if "invalid" in text:
            return HookResult.modify(event.model_copy(update={"content": MARK}))
        if "block" in text:
            return HookResult.block(
                "rude",
                injected_events=[InjectedEvent(content=marked())],
                tasks=[Task(title=MARK, room_id="nowhere")],
            )
        return None

    async with clock.auto():
        for word in ("plain", "stream", "fail", "hook", "junk", "invalid", "block", "slow"):
            await say(kit, "a", marked(word), sender=f"sender-{MARK}")
        await say(kit, "a", RichContent(body=MARK, plain_text=MARK))
        await say(kit, "a", MediaContent(url=f"https://x/{MARK}", mime_type="image/png"))
        sent = await kit.send_event("r", "a", marked("sent"), metadata={"note": MARK})
        edit = EditContent(target_event_id=sent.id, new_content=marked("edited"))
        await kit.send_event("r", "a", edit, EventType.EDIT)
        await kit.send_event("r", "a", DeleteContent(target_event_id=sent.id), EventType.DELETE)
        await kit.process_delivery_status(
            DeliveryStatus(provider="mock", message_id="m", status="failed", error_message=MARK)
        )
        await kit.submit_feedback("r", 1, comment=MARK)
        await kit.close_room("r")
        await say(kit, "a", marked("closed"), room_id="r")


async def test_logs_do_not_tell_what_was_said(
    make_kit: KitFactory, clock: VirtualClock, caplog: pytest.LogCaptureFixture
) -> None:
    """At any level, in any trouble."""
    kit = make_kit(identity_resolver=MockIdentityResolver())
    caplog.set_level(logging.DEBUG, logger="roomkit")
    await eventful_day(kit, clock)
    assert caplog.records, "the day was not eventful enough"
    formatter = logging.Formatter("%(name)s %(message)s")
    assert MARK not in "\n".join(formatter.format(record) for record in caplog.records)


async def test_good_day_is_a_quiet_one(kit: RoomKit, caplog: pytest.LogCaptureFixture) -> None:
    """Nothing above DEBUG is logged where nothing is wrong."""
    caplog.set_level(logging.INFO, logger="roomkit")
    await seat(kit, "r", Transport("a"), Transport("b"), Thinker("ai", "answer"))
    kit.hook(HookTrigger.BEFORE_BROADCAST)(lambda *_: HookResult.allow())
    await say(kit, "a", "hello", key="k")
    await say(kit, "a", "hello", key="k")
    await kit.close_room("r")
    assert caplog.records == []


class Broken(TelemetryProvider):
    """Raises in every method."""

    def start_span(self, *arguments: Any, **values: Any) -> str:
        raise RuntimeError("the collector is down")

    def end_span(self, *arguments: Any, **values: Any) -> None:
        raise RuntimeError("the collector is down")

    def record_metric(self, *arguments: Any, **values: Any) -> None:
        raise RuntimeError("the collector is down")

    def activate(self, span_id: str) -> object:
        raise RuntimeError("the collector is down")

    def deactivate(self, token: object) -> None:
        raise RuntimeError("the collector is down")

    async def close(self) -> None:
        raise RuntimeError("the collector is down")


async def test_broken_telemetry_does_not_break_the_message_path(make_kit: KitFactory) -> None:
    kit = make_kit(telemetry=Broken())
    b = Transport("b")
    await seat(kit, "r", Transport("a"), b, AIChannel("ai", MockAIProvider(["answer"])))
    kit.hook(HookTrigger.BEFORE_BROADCAST)(lambda *_: HookResult.allow())
    result = await say(kit, "a", "hello")
    assert (result.blocked, result.error) == (False, None)
    assert b.texts == ["hello", "answer"]


async def test_slow_telemetry_does_not_hold_up_the_closing(clock: VirtualClock) -> None:

    class Slow(MockTelemetryProvider):
        async def close(self) -> None:
            await asyncio.Event().wait()

    kit = RoomKit(telemetry=Slow(clock=clock), clock=clock, close_timeout=0.05)
    async with clock.auto():
        try:
            await kit.close()
        except ExceptionGroup as group:
            assert group.subgroup(TimeoutError) is not None


@pytest.fixture
def telemetry(clock: VirtualClock) -> MockTelemetryProvider:
    return MockTelemetryProvider(clock=clock)


async def test_spans_form_the_tree_of_what_followed_from_what(
    make_kit: KitFactory, telemetry: MockTelemetryProvider
) -> None:
    """One message is one trace, answers and deliveries included."""
    kit = make_kit(telemetry=telemetry)
    await seat(kit, "r", Transport("a"), Transport("b"))
    await seat(kit, "r", AIChannel("ai", MockAIProvider(["answer"])))

    @kit.hook(HookTrigger.BEFORE_BROADCAST)
    async def gate(event: RoomEvent, _context: RoomContext) -> HookResult:
        return HookResult.allow()

    @kit.hook(HookTrigger.AFTER_BROADCAST, HookExecution.ASYNC)
    async def observer(event: RoomEvent, _context: RoomContext) -> None: ...

    telemetry.spans.clear()
    await say(kit, "a", "hello")

    (root,) = telemetry.children(None)
    assert (root.kind, root.name) == (SpanKind.INBOUND_PIPELINE, "a")
    below = telemetry.descendants(root)
    kinds = [span.kind for span in below]
    assert kinds.count(SpanKind.HOOK_SYNC) == 2
    assert kinds.count(SpanKind.HOOK_ASYNC) == 2
    assert kinds.count(SpanKind.LLM_GENERATE) == 1
    assert kinds.count(SpanKind.BROADCAST) == 2
    # The message to `b`, the answer to `a` and `b`.
    assert sorted(span.name for span in telemetry.find(SpanKind.DELIVERY)) == ["a", "b", "b"]
    assert len(below) + 1 == len(telemetry.spans)
    assert {span.status for span in telemetry.spans} == {SpanStatus.OK}
    assert all(span.ended_at is not None for span in telemetry.spans)


async def test_spans_of_channels_that_wait_are_not_nested_in_each_other(
    make_kit: KitFactory, telemetry: MockTelemetryProvider
) -> None:
    """Deliveries of one event are siblings."""
    kit = make_kit(telemetry=telemetry)
    together = asyncio.Barrier(3)

    async def deliver(_event: RoomEvent) -> None:
        await together.wait()

    await seat(kit, "r", Transport("a"))
    await seat(kit, "r", *(Transport(name, deliver) for name in ("b", "c", "d")))
    await say(kit, "a", "hello")
    deliveries = telemetry.find(SpanKind.DELIVERY)
    assert len(deliveries) == 3
    assert len({span.parent_id for span in deliveries}) == 1
    assert not {span.parent_id for span in deliveries} & {span.id for span in deliveries}


async def test_event_that_waited_in_a_lane_stays_in_its_own_trace(
    make_kit: KitFactory, telemetry: MockTelemetryProvider
) -> None:
    """Not in that of the message which it waited for."""
    kit = make_kit(telemetry=telemetry)
    started, go_on = asyncio.Event(), asyncio.Event()

    async def deliver(_event: RoomEvent) -> None:
        started.set()
        await go_on.wait()

    await seat(kit, "r", Transport("a"), Transport("b", deliver))
    telemetry.spans.clear()
    first = asyncio.create_task(say(kit, "a", "first"))
    await started.wait()
    second = asyncio.create_task(say(kit, "a", "second"))
    for _ in range(50):
        await asyncio.sleep(0)
    go_on.set()
    await asyncio.gather(first, second)
    roots = telemetry.children(None)
    assert [root.kind for root in roots] == [SpanKind.INBOUND_PIPELINE] * 2
    deliveries = [
        [span for span in telemetry.descendants(root) if span.kind is SpanKind.DELIVERY]
        for root in roots
    ]
    assert [len(spans) for spans in deliveries] == [1, 1]


async def test_spans_say_how_it_ended(
    make_kit: KitFactory, telemetry: MockTelemetryProvider, clock: VirtualClock
) -> None:
    """Errors by class, and the time it took."""
    kit = make_kit(telemetry=telemetry)
    await seat(kit, "r", Transport("a"))

    @kit.hook(HookTrigger.BEFORE_BROADCAST, name="slow and broken")
    async def gate(_event: RoomEvent, _context: RoomContext) -> HookResult:
        await clock.sleep(2)
        raise LookupError(MARK)

    async with clock.auto():
        await say(kit, "a", "hello")
    (span,) = telemetry.find(SpanKind.HOOK_SYNC)
    assert (span.name, span.status, span.error) == (
        "slow and broken",
        SpanStatus.ERROR,
        "LookupError",
    )
    assert span.duration_ms == pytest.approx(2000)


async def test_spans_carry_no_content(
    make_kit: KitFactory, telemetry: MockTelemetryProvider, clock: VirtualClock
) -> None:
    kit = make_kit(telemetry=telemetry)
    await eventful_day(kit, clock)
    assert len(telemetry.spans) > 20
    assert MARK not in str(telemetry.spans) + str(telemetry.metrics)
    content: EventContent = marked()
    assert MARK in text_of(content)


async def test_without_telemetry_nobody_pays_for_it(kit: RoomKit) -> None:
    """The default provider is asked for nothing."""
    await seat(kit, "r", Transport("a"), Transport("b"))
    await say(kit, "a", "hello")
    assert await said(kit) == ["hello"]
