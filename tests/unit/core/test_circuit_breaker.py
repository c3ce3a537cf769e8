"""A provider that keeps failing is left alone, and tried again carefully."""

from __future__ import annotations

import pytest

from roomkit.core.circuit_breaker import CircuitBreaker
from roomkit.testing import VirtualClock


def fail(breaker: CircuitBreaker, times: int) -> None:
    for _ in range(times):
        breaker.record_failure()


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def broken(clock: VirtualClock) -> CircuitBreaker:
    breaker = CircuitBreaker(clock=clock)
    fail(breaker, 5)
    return breaker


def test_it_starts_closed() -> None:
    breaker = CircuitBreaker()
    assert breaker.state == "closed"
    assert breaker.allow_request()


def test_the_fifth_failure_in_a_row_opens_it(clock: VirtualClock) -> None:
    breaker = CircuitBreaker(clock=clock)
    fail(breaker, 4)
    assert breaker.allow_request()
    fail(breaker, 1)
    assert breaker.state == "open"
    assert not breaker.allow_request()
    assert breaker.failure_count == 5


def test_a_success_in_between_starts_the_count_again() -> None:
    breaker = CircuitBreaker()
    fail(breaker, 4)
    breaker.record_success()
    fail(breaker, 4)
    assert breaker.state == "closed"


async def test_after_the_recovery_timeout_one_probe_is_let_through(
    clock: VirtualClock, broken: CircuitBreaker
) -> None:
    await clock.advance(59)
    assert not broken.allow_request()
    await clock.advance(1)
    assert broken.state == "half_open"
    assert [broken.allow_request() for _ in range(100)] == [True] + [False] * 99
    assert broken.state == "half_open"


async def test_a_successful_probe_closes_it(clock: VirtualClock, broken: CircuitBreaker) -> None:
    await clock.advance(60)
    assert broken.allow_request()
    broken.record_success()
    assert broken.state == "closed"
    assert broken.failure_count == 0


async def test_a_failed_probe_opens_it_for_another_period(
    clock: VirtualClock, broken: CircuitBreaker
) -> None:
    await clock.advance(60)
    assert broken.allow_request()
    broken.record_failure()
    assert broken.state == "open"
    await clock.advance(59)
    assert not broken.allow_request()
    await clock.advance(1)
    assert broken.allow_request()


async def test_a_probe_without_a_verdict_is_given_back(
    clock: VirtualClock, broken: CircuitBreaker
) -> None:
    await clock.advance(60)
    assert broken.allow_request()
    broken.release_probe()
    assert [broken.allow_request(), broken.allow_request()] == [True, False]


async def test_a_probe_that_is_never_heard_of_again_does_not_block_for_ever(
    clock: VirtualClock, broken: CircuitBreaker
) -> None:
    await clock.advance(60)
    assert broken.allow_request()
    await clock.advance(60)
    assert [broken.allow_request(), broken.allow_request()] == [True, False]


async def test_late_reports_of_earlier_requests_do_not_move_an_open_circuit(
    clock: VirtualClock, broken: CircuitBreaker
) -> None:
    await clock.advance(30)
    broken.record_success()
    assert broken.state == "open"
    broken.record_failure()
    await clock.advance(30)
    assert broken.state == "half_open"


def test_it_says_what_it_is() -> None:
    assert repr(CircuitBreaker()) == "CircuitBreaker(closed, failures=0)"


@pytest.mark.parametrize(("threshold", "timeout"), [(0, 60), (5, -1)])
def test_nonsense_is_refused(threshold: int, timeout: float) -> None:
    with pytest.raises(ValueError, match="must"):
        CircuitBreaker(threshold, timeout)
