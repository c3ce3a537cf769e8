"""Telemetry that fails or hangs harms nobody but itself."""

from __future__ import annotations

import logging

import pytest

from roomkit.telemetry import (
    Attributes,
    MockTelemetryProvider,
    NoopTelemetryProvider,
    SpanKind,
    SpanStatus,
    TelemetryProvider,
    guarded,
)
from roomkit.testing import VirtualClock


class Broken(TelemetryProvider):
    """Raises in every method."""

    def start_span(
        self,
        kind: SpanKind,
        name: str,
        *,
        parent: str | None = None,
        attributes: Attributes | None = None,
    ) -> str:
        raise ConnectionError("the collector is gone")

    def end_span(
        self,
        span_id: str,
        *,
        status: SpanStatus = SpanStatus.OK,
        error: str | None = None,
        attributes: Attributes | None = None,
    ) -> None:
        raise ConnectionError("the collector is gone")

    def record_metric(
        self,
        name: str,
        value: float,
        *,
        unit: str = "",
        attributes: Attributes | None = None,
    ) -> None:
        raise ConnectionError("the collector is gone")

    async def close(self) -> None:
        raise ConnectionError("the collector is gone")


class BreaksLater(MockTelemetryProvider):
    """Starts spans and then fails in everything else."""

    def end_span(
        self,
        span_id: str,
        *,
        status: SpanStatus = SpanStatus.OK,
        error: str | None = None,
        attributes: Attributes | None = None,
    ) -> None:
        raise ConnectionError("the collector is gone")

    def activate(self, span_id: str) -> object:
        raise ConnectionError("the collector is gone")


@pytest.mark.parametrize(
    "inner", [Broken(), BreaksLater()], ids=lambda inner: type(inner).__name__
)
async def test_failures_stay_inside_and_are_logged_once(
    inner: TelemetryProvider, caplog: pytest.LogCaptureFixture
) -> None:
    telemetry = guarded(inner)
    with caplog.at_level(logging.WARNING, "roomkit.telemetry"):
        for _ in range(10):
            with (
                telemetry.span(SpanKind.INBOUND_PIPELINE, "message"),
                telemetry.span(SpanKind.HOOK_SYNC, "hook") as span,
            ):
                span.set(x=1)
                telemetry.record_metric("x", 1)
        await telemetry.close()
    methods = {record.args[0] for record in caplog.records if isinstance(record.args, tuple)}
    assert len(methods) == len(caplog.records) <= 3


async def test_what_works_gets_through() -> None:
    inner = MockTelemetryProvider()
    telemetry = guarded(inner)
    assert telemetry.enabled
    with telemetry.span(SpanKind.INBOUND_PIPELINE, "message", {"room_id": "r"}) as outer:
        outer.set(blocked=False)
        telemetry.end_span(telemetry.start_span(SpanKind.DELIVERY, "sms", parent=outer.id))
        telemetry.record_metric("x", 1, unit="ms", attributes={"n": 1})
    (span,) = inner.children(None)
    assert span.attributes == {"room_id": "r", "blocked": False}
    assert [child.name for child in inner.children(span)] == ["sms"]
    assert inner.metrics[0].unit == "ms"
    await telemetry.close()
    assert inner.closed


async def test_closing_is_cut_short() -> None:
    clock = VirtualClock(auto=True)

    class Slow(MockTelemetryProvider):
        async def close(self) -> None:
            await clock.sleep(60)

    await guarded(Slow(), clock=clock, close_timeout=2).close()
    assert clock.monotonic() == 2


async def test_nothing_is_recorded_after_closing() -> None:
    inner = MockTelemetryProvider()
    telemetry = guarded(inner)
    await telemetry.close()
    await telemetry.close()
    telemetry.record_metric("x", 1)
    with telemetry.span(SpanKind.DELIVERY, "sms"):
        pass
    assert (inner.metrics, inner.spans) == ([], [])


def test_nothing_is_wrapped_that_needs_no_guard() -> None:
    noop = NoopTelemetryProvider()
    assert guarded(noop) is noop
    assert not guarded(None).enabled
    wrapped = guarded(MockTelemetryProvider())
    assert guarded(wrapped) is wrapped
