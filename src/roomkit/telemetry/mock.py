"""Telemetry that a test can look at."""

from __future__ import annotations

from dataclasses import dataclass, field

from roomkit._clock import SYSTEM_CLOCK, Clock
from roomkit.telemetry.base import Attribute, Attributes, Span, SpanKind
from roomkit.telemetry.recording import RecordingTelemetryProvider

__all__ = ["Metric", "MockTelemetryProvider"]


@dataclass(slots=True, kw_only=True)
class Metric:
    """One measurement."""

    name: str
    value: float
    unit: str = ""
    attributes: dict[str, Attribute] = field(default_factory=dict)


class MockTelemetryProvider(RecordingTelemetryProvider):
    """Keeps everything.

    Attributes:
        spans: every span in the order in which they began; an open one has no ``ended_at``.
        metrics: every measurement.
        closed: whether `close` was called.
    """

    def __init__(self, *, clock: Clock = SYSTEM_CLOCK) -> None:
        super().__init__(clock=clock)
        self.spans: list[Span] = []
        self.metrics: list[Metric] = []
        self.closed = False

    def on_span_start(self, span: Span) -> None:
        self.spans.append(span)

    def on_span_end(self, span: Span) -> None:
        """Nothing to do: the span is in `spans` already."""

    def record_metric(
        self,
        name: str,
        value: float,
        *,
        unit: str = "",
        attributes: Attributes | None = None,
    ) -> None:
        self.metrics.append(
            Metric(name=name, value=value, unit=unit, attributes=dict(attributes or {}))
        )

    def find(self, kind: SpanKind) -> list[Span]:
        """The spans of one kind."""
        return [span for span in self.spans if span.kind is kind]

    def children(self, parent: Span | None) -> list[Span]:
        """The spans directly inside `parent`; the roots for None."""
        parent_id = None if parent is None else parent.id
        return [span for span in self.spans if span.parent_id == parent_id]

    def descendants(self, parent: Span) -> list[Span]:
        """The spans inside `parent` at any depth, in the order in which they began."""
        inside = {parent.id}
        for span in self.spans:
            if span.parent_id in inside:
                inside.add(span.id)
        return [span for span in self.spans if span.id in inside and span is not parent]

    async def close(self) -> None:
        self.closed = True
