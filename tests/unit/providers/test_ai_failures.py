"""What a vendor's refusal says about the next request."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from roomkit.providers.ai.failures import model_failure, pause_of

NOW = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "17"}, 17),
        ({"retry-after": "Thu, 01 Jan 2026 12:01:00 GMT"}, 60),
        ({"retry-after-ms": "1500"}, 1.5),
        ({"retry-after-ms": "1500", "retry-after": "2"}, 1.5),
        ({"retry-after-ms": "soon", "retry-after": "2"}, 2),
        ({"retry-after": "soon"}, None),
    ],
)
def test_how_long_it_asks_to_wait(headers: dict[str, str], seconds: float | None) -> None:
    assert pause_of(headers, NOW) == seconds
    failure = model_failure("vendor", status=429, headers=headers, now=NOW)
    assert (failure.code, failure.retry_after) == ("rate_limited", seconds)
