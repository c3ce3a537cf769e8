"""Leaving a failing provider alone for a while."""

from __future__ import annotations

from enum import StrEnum

from roomkit._clock import SYSTEM_CLOCK, Clock

__all__ = ["CircuitBreaker", "CircuitState"]


class CircuitState(StrEnum):
    """`CLOSED` lets requests through, `OPEN` refuses them, `HALF_OPEN` lets one probe through."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class CircuitBreaker:
    """Refuses requests to what failed several times in a row, until a single probe succeeds.

    Ask `allow_request`; if it says yes, make the request and report `record_success`,
    `record_failure` or, if the request ended without telling anything (it was cancelled),
    `release_probe`. A probe of which nothing is heard for `recovery_timeout` seconds is given up
    and another one allowed.

    Reports that come in while the circuit is open belong to requests from before it opened and
    change nothing: neither does one late success close it, nor do late failures keep it open for
    longer.

    Args:
        failure_threshold: how many failures in a row open the circuit.
        recovery_timeout: seconds until a probe is allowed.
        clock: where time comes from.
    """

    def __init__(
        self,
        failure_threshold: int = 5,
        recovery_timeout: float = 60.0,
        *,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        if failure_threshold < 1:
            raise ValueError("failure_threshold must be at least 1")
        if recovery_timeout < 0:
            raise ValueError("recovery_timeout must not be negative")
        self._failure_threshold = failure_threshold
        self._recovery_timeout = recovery_timeout
        self._clock = clock
        self._failures = 0
        self._opened_at: float | None = None
        self._probe_started_at: float | None = None

    def __repr__(self) -> str:
        return f"CircuitBreaker({self.state}, failures={self._failures})"

    @property
    def state(self) -> CircuitState:
        """Half open is a matter of time: an open circuit becomes it without anybody asking."""
        if self._opened_at is None:
            return CircuitState.CLOSED
        if self._probe_started_at is not None or self._has_passed_since(self._opened_at):
            return CircuitState.HALF_OPEN
        return CircuitState.OPEN

    @property
    def failure_count(self) -> int:
        """Failures in a row."""
        return self._failures

    def allow_request(self) -> bool:
        """Whether to make a request now. In the half-open state the first to ask gets the
        probe."""
        if self._opened_at is None:
            return True
        since = self._opened_at if self._probe_started_at is None else self._probe_started_at
        if not self._has_passed_since(since):
            return False
        self._probe_started_at = self._clock.monotonic()
        return True

    def record_success(self) -> None:
        """A request succeeded: the count starts again, and a half-open circuit closes."""
        if self.state is not CircuitState.OPEN:
            self._failures = 0
            self._opened_at = self._probe_started_at = None

    def record_failure(self) -> None:
        """A request failed: one more in a row; a half-open circuit opens again."""
        self._failures += 1
        state = self.state
        if state is CircuitState.HALF_OPEN or (
            state is CircuitState.CLOSED and self._failures >= self._failure_threshold
        ):
            self._opened_at = self._clock.monotonic()
            self._probe_started_at = None

    def release_probe(self) -> None:
        """The allowed request ended with no verdict on the provider; the next to ask gets the
        probe."""
        self._probe_started_at = None

    def _has_passed_since(self, moment: float) -> bool:
        return self._clock.monotonic() - moment >= self._recovery_timeout
