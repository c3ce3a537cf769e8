"""Spans and measurements arrive in the OpenTelemetry SDK, next to those of the host."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import AsyncIterator

import pytest
from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import HistogramDataPoint, InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from roomkit.errors import MissingDependencyError
from roomkit.telemetry import OpenTelemetryProvider, SpanKind, guarded


class Collector:
    """An OpenTelemetry set-up whose output can be looked at."""

    def __init__(self) -> None:
        self.exporter = InMemorySpanExporter()
        self.tracer_provider = TracerProvider()
        self.tracer_provider.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.reader = InMemoryMetricReader()
        self.meter_provider = MeterProvider(metric_readers=[self.reader])
        self.telemetry = OpenTelemetryProvider(
            tracer_provider=self.tracer_provider, meter_provider=self.meter_provider
        )

    def span(self, name: str) -> ReadableSpan:
        (span,) = (span for span in self.exporter.get_finished_spans() if span.name == name)
        return span

    def parent_of(self, name: str) -> int | None:
        parent = self.span(name).parent
        return None if parent is None else parent.span_id


@pytest.fixture
def collector() -> Collector:
    return Collector()


def id_of(span: ReadableSpan) -> int:
    context = span.get_span_context()
    assert context is not None
    return context.span_id


def test_spans_arrive_with_their_parents_and_attributes(collector: Collector) -> None:
    telemetry = collector.telemetry
    with telemetry.span(SpanKind.INBOUND_PIPELINE, "message", {"room_id": "r"}) as outer:
        outer.set(blocked=False)
        with telemetry.span(SpanKind.DELIVERY, "sms"):
            pass
    pipeline = collector.span("inbound_pipeline message")
    delivery = collector.span("delivery sms")
    assert collector.parent_of("inbound_pipeline message") is None
    assert collector.parent_of("delivery sms") == id_of(pipeline)
    assert dict(pipeline.attributes or {}) == {
        "roomkit.kind": "inbound_pipeline",
        "roomkit.room_id": "r",
        "roomkit.blocked": False,
        "roomkit.status": "ok",
    }
    assert (pipeline.kind, delivery.kind) == (trace.SpanKind.INTERNAL, trace.SpanKind.CLIENT)


def test_an_error_is_an_error_without_its_words(collector: Collector) -> None:
    telemetry = collector.telemetry
    with pytest.raises(ValueError, match="No. 4711"), telemetry.span(SpanKind.HOOK_SYNC, "redact"):
        raise ValueError("card No. 4711")
    span = collector.span("hook_sync redact")
    assert span.status.status_code is trace.StatusCode.ERROR
    assert (span.attributes or {})["error.type"] == "ValueError"
    assert "No. 4711" not in span.to_json()


def test_it_joins_the_traces_of_its_surroundings(collector: Collector) -> None:
    host = collector.tracer_provider.get_tracer("host")
    with (
        host.start_as_current_span("request"),
        collector.telemetry.span(SpanKind.LLM_GENERATE, "answer"),
        host.start_as_current_span("http call"),
    ):
        pass
    with host.start_as_current_span("next request"):
        pass
    assert collector.parent_of("llm_generate answer") == id_of(collector.span("request"))
    assert collector.parent_of("http call") == id_of(collector.span("llm_generate answer"))
    assert collector.parent_of("next request") is None


async def test_a_stream_that_ends_elsewhere_leaves_no_trace(
    collector: Collector, caplog: pytest.LogCaptureFixture
) -> None:
    async def words() -> AsyncIterator[str]:
        with collector.telemetry.span(SpanKind.LLM_GENERATE, "stream"):
            yield "one"

    stream = words()

    async def next_word() -> str:
        return await anext(stream, "end")

    assert [await asyncio.create_task(next_word()) for _ in range(2)] == ["one", "end"]
    with collector.tracer_provider.get_tracer("host").start_as_current_span("next request"):
        pass
    assert collector.parent_of("next request") is None
    assert not caplog.records


def test_measurements_become_histograms(collector: Collector) -> None:
    for value in (10, 30):
        collector.telemetry.record_metric("llm.latency", value, unit="ms", attributes={"n": 1})
    data = collector.reader.get_metrics_data()
    assert data is not None
    (metric,) = data.resource_metrics[0].scope_metrics[0].metrics
    (point,) = metric.data.data_points
    assert (metric.name, metric.unit) == ("llm.latency", "ms")
    assert isinstance(point, HistogramDataPoint)
    assert (point.count, point.sum) == (2, 40)
    assert dict(point.attributes or {}) == {"roomkit.n": 1}


async def test_closing_ends_open_spans_and_leaves_the_host_its_providers(
    collector: Collector,
) -> None:
    collector.telemetry.start_span(SpanKind.VOICE_SESSION, "call")
    await collector.telemetry.close()
    assert collector.span("voice_session call").end_time is not None
    with collector.tracer_provider.get_tracer("host").start_as_current_span("later"):
        pass
    assert collector.span("later").end_time is not None


async def test_a_collector_that_does_not_answer_blocks_neither_loop_nor_close() -> None:
    answer = threading.Event()

    class StuckProvider(TracerProvider):
        def force_flush(self, timeout_millis: int = 30000) -> bool:
            return answer.wait(60)

    telemetry = guarded(OpenTelemetryProvider(tracer_provider=StuckProvider()), close_timeout=0.05)
    turns = 0

    async def keep_turning() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    other = asyncio.create_task(keep_turning())
    await telemetry.close()
    other.cancel()
    assert turns > 10
    answer.set()


async def test_a_failing_flush_is_reported_by_the_guard(caplog: pytest.LogCaptureFixture) -> None:
    class Failing(TracerProvider):
        def force_flush(self, timeout_millis: int = 30000) -> bool:
            raise ConnectionError

    await guarded(OpenTelemetryProvider(tracer_provider=Failing())).close()
    assert "close(): ConnectionError" in caplog.text


async def test_the_global_providers_are_read_and_never_set() -> None:
    before = (trace.get_tracer_provider(), metrics.get_meter_provider())
    telemetry = OpenTelemetryProvider()
    with telemetry.span(SpanKind.DELIVERY, "sms"):
        telemetry.record_metric("x", 1)
    await telemetry.close()
    assert (trace.get_tracer_provider(), metrics.get_meter_provider()) == before


def test_without_the_extra_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == "opentelemetry"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    with pytest.raises(MissingDependencyError, match=r"roomkit\[opentelemetry\]"):
        OpenTelemetryProvider()
