"""Telemetry that cannot hurt the application it observes."""

from __future__ import annotations

import logging
from collections.abc import Callable

from roomkit._clock import SYSTEM_CLOCK, Clock
from roomkit.errors import locate_error
from roomkit.telemetry.base import Attributes, SpanKind, SpanStatus, TelemetryProvider
from roomkit.telemetry.noop import NoopTelemetryProvider

__all__ = ["GuardedTelemetryProvider", "guarded"]

logger = logging.getLogger("roomkit.telemetry")


def guarded(
    provider: TelemetryProvider | None,
    *,
    clock: Clock = SYSTEM_CLOCK,
    close_timeout: float = 2.0,
) -> TelemetryProvider:
    """`provider` so wrapped that its failures stay inside; a no-op provider for None."""
    if provider is None:
        return NoopTelemetryProvider()
    if isinstance(provider, NoopTelemetryProvider | GuardedTelemetryProvider):
        return provider
    return GuardedTelemetryProvider(provider, clock=clock, close_timeout=close_timeout)


class GuardedTelemetryProvider(TelemetryProvider):
    """Passes everything on; what the inner provider raises is logged, once for each method.

    Args:
        inner: the provider.
        clock: where time comes from.
        close_timeout: how many seconds `close` may take.
    """

    def __init__(
        self,
        inner: TelemetryProvider,
        *,
        clock: Clock = SYSTEM_CLOCK,
        close_timeout: float = 2.0,
    ) -> None:
        self.enabled = inner.enabled
        self._inner = inner
        self._clock = clock
        self._close_timeout = close_timeout
        self._reported: set[str] = set()
        self._closed = False

    def start_span(
        self,
        kind: SpanKind,
        name: str,
        *,
        parent: str | None = None,
        attributes: Attributes | None = None,
    ) -> str:
        """The inner provider's id, or "" if it gave none; `end_span` ignores that."""
        span_id = self._call(
            "start_span",
            lambda: self._inner.start_span(
                kind, name, parent=parent or None, attributes=attributes
            ),
        )
        return span_id if isinstance(span_id, str) else ""

    def end_span(
        self,
        span_id: str,
        *,
        status: SpanStatus = SpanStatus.OK,
        error: str | None = None,
        attributes: Attributes | None = None,
    ) -> None:
        if span_id:
            self._call(
                "end_span",
                lambda: self._inner.end_span(
                    span_id, status=status, error=error, attributes=attributes
                ),
            )

    def record_metric(
        self,
        name: str,
        value: float,
        *,
        unit: str = "",
        attributes: Attributes | None = None,
    ) -> None:
        self._call(
            "record_metric",
            lambda: self._inner.record_metric(name, value, unit=unit, attributes=attributes),
        )

    def activate(self, span_id: str) -> object:
        return self._call("activate", lambda: self._inner.activate(span_id)) if span_id else None

    def deactivate(self, token: object) -> None:
        if token is not None:
            self._call("deactivate", lambda: self._inner.deactivate(token))

    async def close(self) -> None:
        """Close the inner provider, once, for at most `close_timeout` seconds."""
        if self._closed:
            return
        self._closed = True
        try:
            async with self._clock.timeout(self._close_timeout):
                await self._inner.close()
        except TimeoutError:
            logger.warning("the telemetry provider took too long to close; some of it is lost")
        except Exception as error:
            self._report("close", error)

    def _call[T](self, method: str, call: Callable[[], T]) -> T | None:
        if self._closed:
            return None
        try:
            return call()
        except Exception as error:
            self._report(method, error)
            return None

    def _report(self, method: str, error: Exception) -> None:
        if method not in self._reported:
            self._reported.add(method)
            logger.warning(
                "the telemetry provider failed in %s(): %s; further failures there are not logged",
                method,
                locate_error(error),
            )
