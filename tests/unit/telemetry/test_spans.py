"""Spans nest by themselves, and say how the work inside them ended."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from roomkit.telemetry import (
    Attributes,
    MockTelemetryProvider,
    NoopTelemetryProvider,
    RecordingTelemetryProvider,
    Span,
    SpanKind,
    SpanStatus,
    current_span_id,
)
from roomkit.testing import VirtualClock

PIPELINE, HOOK, LLM = SpanKind.INBOUND_PIPELINE, SpanKind.HOOK_SYNC, SpanKind.LLM_GENERATE


def test_there_are_fourteen_kinds() -> None:
    assert len(SpanKind) == 14
    assert all(kind.value == kind.name.lower() for kind in SpanKind)


def test_spans_inside_a_span_are_its_children() -> None:
    telemetry = MockTelemetryProvider()
    with telemetry.span(PIPELINE, "message"):
        with telemetry.span(HOOK, "redact"):
            pass
        with telemetry.span(LLM, "answer"), telemetry.span(SpanKind.LLM_TOOL_CALL, "search"):
            pass
    (pipeline,) = telemetry.children(None)
    hook, llm = telemetry.children(pipeline)
    assert [span.kind for span in (pipeline, hook, llm)] == [PIPELINE, HOOK, LLM]
    assert [span.name for span in telemetry.children(llm)] == ["search"]
    assert [span.name for span in telemetry.descendants(pipeline)] == [
        "redact",
        "answer",
        "search",
    ]


async def test_tasks_inherit_the_span_they_were_started_in() -> None:
    telemetry = MockTelemetryProvider()

    async def deliver(channel: str) -> None:
        with telemetry.span(SpanKind.DELIVERY, channel):
            await asyncio.sleep(0)

    with telemetry.span(SpanKind.BROADCAST, "all"):
        await asyncio.gather(deliver("sms"), deliver("email"))
    (broadcast,) = telemetry.children(None)
    assert [span.name for span in telemetry.children(broadcast)] == ["sms", "email"]


def test_after_the_body_the_outer_span_is_current_again() -> None:
    telemetry = MockTelemetryProvider()
    assert current_span_id() is None
    with telemetry.span(PIPELINE, "outer") as outer:
        with telemetry.span(HOOK, "inner") as inner:
            assert current_span_id() == inner.id
        assert current_span_id() == outer.id
    assert current_span_id() is None


async def test_a_span_may_end_in_another_context_than_it_began_in() -> None:
    telemetry = MockTelemetryProvider()

    async def words() -> AsyncIterator[str]:
        with telemetry.span(LLM, "stream"):
            yield "one"
            yield "two"

    stream = words()

    async def next_word() -> str:
        return await anext(stream, "end")

    heard = [await asyncio.create_task(next_word()) for _ in range(3)]
    assert heard == ["one", "two", "end"]
    assert telemetry.spans[0].status is SpanStatus.OK


async def test_time_and_outcome_are_noted() -> None:
    clock = VirtualClock(auto=True)
    telemetry = MockTelemetryProvider(clock=clock)
    with telemetry.span(LLM, "answer", {"room_id": "r"}) as span:
        await clock.sleep(1.5)
        span.set(tokens=12, room_id="r2")
        span.set(cached=True)
    (recorded,) = telemetry.find(LLM)
    assert recorded.duration_ms == pytest.approx(1500)
    assert recorded.status is SpanStatus.OK
    assert recorded.attributes == {"room_id": "r2", "tokens": 12, "cached": True}


def test_an_exception_is_an_error_named_by_its_class_alone() -> None:
    telemetry = MockTelemetryProvider()
    with pytest.raises(ValueError, match="secret"), telemetry.span(HOOK, "redact"):
        raise ValueError("secret")
    (span,) = telemetry.spans
    assert (span.status, span.error) == (SpanStatus.ERROR, "ValueError")
    assert "secret" not in repr(span)


async def test_cancellation_is_not_an_error() -> None:
    telemetry = MockTelemetryProvider()

    async def work() -> None:
        with telemetry.span(LLM, "answer"):
            await asyncio.Event().wait()

    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait({task})
    assert telemetry.spans[0].status is SpanStatus.CANCELLED


def test_long_lived_spans_are_started_and_ended_by_hand() -> None:
    telemetry = MockTelemetryProvider()
    session = telemetry.start_span(SpanKind.VOICE_SESSION, "call")
    turn = telemetry.start_span(SpanKind.REALTIME_TURN, "turn", parent=session)
    telemetry.end_span(turn, attributes={"words": 3})
    assert [span.ended_at is None for span in telemetry.spans] == [True, False]
    telemetry.end_span(session)
    telemetry.end_span(session, status=SpanStatus.ERROR)
    telemetry.end_span("no such span")
    assert [span.status for span in telemetry.spans] == [SpanStatus.OK, SpanStatus.OK]
    assert telemetry.spans[0].duration_ms is not None
    assert telemetry.spans[1].parent_id == session


async def test_measurements_are_kept() -> None:
    telemetry = MockTelemetryProvider()
    telemetry.record_metric("llm.tokens", 12, unit="tokens", attributes={"model": "m"})
    telemetry.record_metric("queue", 3)
    await telemetry.close()
    first, second = telemetry.metrics
    assert (first.name, first.value, first.unit) == ("llm.tokens", 12, "tokens")
    assert first.attributes == {"model": "m"}
    assert (second.unit, second.attributes) == ("", {})
    assert telemetry.closed


async def test_with_telemetry_off_there_is_nothing() -> None:
    telemetry = NoopTelemetryProvider()
    assert not telemetry.enabled
    with telemetry.span(PIPELINE, "a") as outer, telemetry.span(HOOK, "b") as inner:
        inner.set(x=1)
        assert outer is inner
        assert current_span_id() is None
    telemetry.end_span(telemetry.start_span(PIPELINE, "c"))
    telemetry.record_metric("x", 1)
    await telemetry.close()


def test_a_provider_of_ones_own_needs_two_methods() -> None:
    class Lines(RecordingTelemetryProvider):
        def __init__(self) -> None:
            super().__init__()
            self.lines: list[str] = []

        def on_span_end(self, span: Span) -> None:
            self.lines.append(f"{span.kind}:{span.name}:{span.status}")

        def record_metric(
            self,
            name: str,
            value: float,
            *,
            unit: str = "",
            attributes: Attributes | None = None,
        ) -> None:
            self.lines.append(f"{name}={value:g}{unit}")

    telemetry = Lines()
    assert telemetry.enabled
    with telemetry.span(HOOK, "redact"):
        telemetry.record_metric("latency", 3, unit="ms")
    assert telemetry.lines == ["latency=3ms", "hook_sync:redact:ok"]
