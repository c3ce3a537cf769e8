"""Telemetry for a terminal."""

from __future__ import annotations

import logging

from roomkit._clock import SYSTEM_CLOCK, Clock
from roomkit.telemetry.base import Attribute, Attributes, Span, SpanStatus
from roomkit.telemetry.recording import RecordingTelemetryProvider

__all__ = ["ConsoleTelemetryProvider"]

_LABELS = frozenset({"provider", "model", "trigger", "code", "status", "reason"})


class ConsoleTelemetryProvider(RecordingTelemetryProvider):
    """Writes a line per finished span and per measurement to a logger.

    A line has names, ids, timings and numbers. Other text among the attributes is left out, so
    that nothing of what people said can end up in a log.

    Args:
        logger: where to write; ``roomkit.telemetry`` by default.
        level: at which level.
        clock: where time comes from.
    """

    def __init__(
        self,
        *,
        logger: logging.Logger | None = None,
        level: int = logging.INFO,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        super().__init__(clock=clock)
        self._logger = logger or logging.getLogger("roomkit.telemetry")
        self._level = level

    def on_span_end(self, span: Span) -> None:
        failed = span.status is SpanStatus.ERROR
        self._logger.log(
            max(self._level, logging.WARNING) if failed else self._level,
            "%s %s %.1f ms %s%s id=%s parent=%s%s",
            span.kind,
            span.name,
            span.duration_ms,
            span.status,
            f"({span.error})" if span.error else "",
            span.id,
            span.parent_id or "-",
            _loggable(span.attributes),
        )

    def record_metric(
        self,
        name: str,
        value: float,
        *,
        unit: str = "",
        attributes: Attributes | None = None,
    ) -> None:
        self._logger.log(
            self._level, "metric %s=%g%s%s", name, value, unit, _loggable(attributes or {})
        )


def _loggable(attributes: Attributes) -> str:
    return "".join(
        f" {key}={value}" for key, value in attributes.items() if _is_harmless(key, value)
    )


def _is_harmless(key: str, value: Attribute) -> bool:
    if isinstance(value, str):
        return key in _LABELS or key.endswith(("_id", "_type"))
    return True
