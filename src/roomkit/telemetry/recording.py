"""A base for providers that keep spans themselves until they end."""

from __future__ import annotations

from abc import abstractmethod

from roomkit._clock import SYSTEM_CLOCK, Clock
from roomkit.models._base import new_id
from roomkit.telemetry.base import Attributes, Span, SpanKind, SpanStatus, TelemetryProvider

__all__ = ["RecordingTelemetryProvider"]


class RecordingTelemetryProvider(TelemetryProvider):
    """Measures the time and hands every finished `Span` to `on_span_end`.

    A subclass writes that and `record_metric`, and has a whole provider.

    Args:
        clock: where time comes from.
    """

    def __init__(self, *, clock: Clock = SYSTEM_CLOCK) -> None:
        self._clock = clock
        self._open: dict[str, Span] = {}

    def start_span(
        self,
        kind: SpanKind,
        name: str,
        *,
        parent: str | None = None,
        attributes: Attributes | None = None,
    ) -> str:
        span = Span(
            id=new_id(),
            kind=kind,
            name=name,
            parent_id=parent or None,
            started_at=self._clock.monotonic(),
            attributes=dict(attributes or {}),
        )
        self._open[span.id] = span
        self.on_span_start(span)
        return span.id

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
        span.ended_at = self._clock.monotonic()
        span.status = status
        span.error = error
        if attributes:
            span.attributes.update(attributes)
        self.on_span_end(span)

    def on_span_start(self, span: Span) -> None:
        """Called when a span begins."""

    @abstractmethod
    def on_span_end(self, span: Span) -> None:
        """Called once for every span that ended. Must not wait; the span is the subclass's to
        keep."""
