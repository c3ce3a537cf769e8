"""Telemetry for everything that speaks OpenTelemetry."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from roomkit._lazy import require
from roomkit.models._base import new_id
from roomkit.telemetry.base import (
    Attribute,
    Attributes,
    SpanKind,
    SpanStatus,
    TelemetryProvider,
)

if TYPE_CHECKING:
    from opentelemetry.metrics import MeterProvider
    from opentelemetry.trace import Span, TracerProvider

__all__ = ["OpenTelemetryProvider"]

_OUTGOING = frozenset(
    {
        SpanKind.DELIVERY,
        SpanKind.LLM_GENERATE,
        SpanKind.STT_TRANSCRIBE,
        SpanKind.TTS_SYNTHESIZE,
        SpanKind.REALTIME_SESSION,
    }
)


class OpenTelemetryProvider(TelemetryProvider):
    """Turns spans and measurements into those of the OpenTelemetry SDK.

    A root span of RoomKit becomes a child of whatever OpenTelemetry span surrounds the call, such
    as a web framework's request, and spans that other libraries make inside (an HTTP client's)
    become children of RoomKit's. Attributes without a dot in their names get the prefix
    ``roomkit.``; measurements become histograms.

    The providers stay the host's: they are flushed on `close` and never shut down, and the global
    ones are read but not set.

    Args:
        tracer_provider: where spans go; the global one by default.
        meter_provider: where measurements go; the global one by default.

    Raises:
        MissingDependencyError: the extra ``opentelemetry`` is not installed.
    """

    def __init__(
        self,
        *,
        tracer_provider: TracerProvider | None = None,
        meter_provider: MeterProvider | None = None,
    ) -> None:
        feature = "OpenTelemetryProvider"
        self._trace = require("opentelemetry.trace", extra="opentelemetry", feature=feature)
        self._context = require("opentelemetry.context", extra="opentelemetry", feature=feature)
        metrics = require("opentelemetry.metrics", extra="opentelemetry", feature=feature)
        self._tracer_provider = tracer_provider or self._trace.get_tracer_provider()
        self._meter_provider = meter_provider or metrics.get_meter_provider()
        self._tracer = self._tracer_provider.get_tracer("roomkit")
        self._meter = self._meter_provider.get_meter("roomkit")
        self._histograms: dict[str, Any] = {}
        self._open: dict[str, Span] = {}

    def start_span(
        self,
        kind: SpanKind,
        name: str,
        *,
        parent: str | None = None,
        attributes: Attributes | None = None,
    ) -> str:
        enclosing = self._open.get(parent) if parent else None
        span_id = new_id()
        kinds = self._trace.SpanKind
        self._open[span_id] = self._tracer.start_span(
            f"{kind} {name}",
            context=None if enclosing is None else self._trace.set_span_in_context(enclosing),
            kind=kinds.CLIENT if kind in _OUTGOING else kinds.INTERNAL,
            attributes={"roomkit.kind": kind.value, **_prefixed(attributes)},
        )
        return span_id

    def end_span(
        self,
        span_id: str,
        *,
        status: SpanStatus = SpanStatus.OK,
        error: str | None = None,
        attributes: Attributes | None = None,
    ) -> None:
        span = self._open.pop(span_id, None)
        if span is None:
            return
        span.set_attributes(_prefixed(attributes))
        span.set_attribute("roomkit.status", status.value)
        if status is SpanStatus.ERROR:
            if error:
                span.set_attribute("error.type", error)
            span.set_status(self._trace.Status(self._trace.StatusCode.ERROR, error))
        span.end()

    def record_metric(
        self,
        name: str,
        value: float,
        *,
        unit: str = "",
        attributes: Attributes | None = None,
    ) -> None:
        histogram = self._histograms.get(name)
        if histogram is None:
            histogram = self._histograms[name] = self._meter.create_histogram(name, unit=unit)
        histogram.record(value, _prefixed(attributes))

    def activate(self, span_id: str) -> object:
        span = self._open.get(span_id)
        if span is None:
            return None
        surroundings: object = self._context.get_current()
        self._context.attach(self._trace.set_span_in_context(span))
        return surroundings

    def deactivate(self, token: object) -> None:
        # Not context.detach: a generator may end in another context than it began in.
        if token is not None:
            self._context.attach(token)

    async def close(self) -> None:
        """End the spans that are open and flush."""
        for span in self._open.values():
            span.end()
        self._open.clear()
        await _in_daemon_thread(self._flush)

    def _flush(self) -> None:
        for provider in (self._tracer_provider, self._meter_provider):
            # The API's own no-op providers have nothing to flush.
            flush = getattr(provider, "force_flush", None)
            if flush is not None:
                flush()


def _prefixed(attributes: Attributes | None) -> dict[str, Attribute]:
    return {
        key if "." in key else f"roomkit.{key}": value for key, value in (attributes or {}).items()
    }


async def _in_daemon_thread(work: Callable[[], None]) -> None:
    """Run blocking work in a thread that does not keep the process from ending.

    `asyncio.to_thread` would: the loop waits for its threads when it is closed, and flushing to a
    collector that does not answer takes as long as the exporter likes.
    """
    loop = asyncio.get_running_loop()
    done = loop.create_future()

    def settle(error: BaseException | None) -> None:
        if done.done():
            return
        if error is None:
            done.set_result(None)
        else:
            done.set_exception(error)

    def run() -> None:
        error: Exception | None = None
        try:
            work()
        except Exception as raised:
            error = raised
        with suppress(RuntimeError):  # the loop may have been closed meanwhile
            loop.call_soon_threadsafe(settle, error)

    threading.Thread(target=run, name="roomkit-telemetry-flush", daemon=True).start()
    await done
