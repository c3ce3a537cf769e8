"""Spans and metrics of what a kit does: off by default, to a logger, to a test, to
OpenTelemetry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from roomkit._lazy import lazy_exports
from roomkit.telemetry.base import (
    Attribute,
    Attributes,
    Span,
    SpanKind,
    SpanScope,
    SpanStatus,
    TelemetryProvider,
    current_span_id,
)
from roomkit.telemetry.guard import guarded
from roomkit.telemetry.noop import NoopTelemetryProvider

if TYPE_CHECKING:
    from roomkit.telemetry.console import ConsoleTelemetryProvider
    from roomkit.telemetry.mock import Metric, MockTelemetryProvider
    from roomkit.telemetry.opentelemetry import OpenTelemetryProvider
    from roomkit.telemetry.recording import RecordingTelemetryProvider

__all__ = [
    "Attribute",
    "Attributes",
    "ConsoleTelemetryProvider",
    "Metric",
    "MockTelemetryProvider",
    "NoopTelemetryProvider",
    "OpenTelemetryProvider",
    "RecordingTelemetryProvider",
    "Span",
    "SpanKind",
    "SpanScope",
    "SpanStatus",
    "TelemetryProvider",
    "current_span_id",
    "guarded",
]

# Type checkers would take `__getattr__` as leave to import any name at all.
if not TYPE_CHECKING:
    __getattr__, __dir__ = lazy_exports(
        __name__,
        {
            "ConsoleTelemetryProvider": "roomkit.telemetry.console",
            "Metric": "roomkit.telemetry.mock",
            "MockTelemetryProvider": "roomkit.telemetry.mock",
            "OpenTelemetryProvider": "roomkit.telemetry.opentelemetry",
            "RecordingTelemetryProvider": "roomkit.telemetry.recording",
        },
    )
