"""The default: nothing is measured."""

from __future__ import annotations

from roomkit.telemetry.base import (
    Attribute,
    Attributes,
    SpanKind,
    SpanScope,
    SpanStatus,
    TelemetryProvider,
)

__all__ = ["NoopTelemetryProvider"]


class NoopTelemetryProvider(TelemetryProvider):
    """Nobody listens: `enabled` is False and every method does nothing."""

    enabled = False

    def start_span(
        self,
        kind: SpanKind,
        name: str,
        *,
        parent: str | None = None,
        attributes: Attributes | None = None,
    ) -> str:
        return ""

    def end_span(
        self,
        span_id: str,
        *,
        status: SpanStatus = SpanStatus.OK,
        error: str | None = None,
        attributes: Attributes | None = None,
    ) -> None:
        return None

    def record_metric(
        self,
        name: str,
        value: float,
        *,
        unit: str = "",
        attributes: Attributes | None = None,
    ) -> None:
        return None

    def span(self, kind: SpanKind, name: str, attributes: Attributes | None = None) -> SpanScope:
        return _NO_SPAN


class _NoSpan(SpanScope):
    """One shared object that measures nothing."""

    __slots__ = ()

    def __enter__(self) -> SpanScope:
        return self

    def __exit__(self, *_exc: object) -> None:
        return None

    def set(self, **attributes: Attribute) -> None:
        return None


_NO_SPAN = _NoSpan(NoopTelemetryProvider(), SpanKind.INBOUND_PIPELINE, "", None)
