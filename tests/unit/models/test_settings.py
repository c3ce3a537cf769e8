"""Settings are written by hand: a name that is misspelt must not be ignored."""

from __future__ import annotations

import pytest
from pydantic import BaseModel, ValidationError

from roomkit import ChannelCapabilities, RateLimit, RetryPolicy, RoomTimers


@pytest.mark.parametrize(
    ("model", "misspelt"),
    [
        (RoomTimers, "inactive_after"),
        (RateLimit, "per_second"),
        (RetryPolicy, "retries"),
        (ChannelCapabilities, "max_len"),
    ],
)
def test_a_name_that_there_is_not_is_refused(model: type[BaseModel], misspelt: str) -> None:
    with pytest.raises(ValidationError, match=misspelt):
        model.model_validate({misspelt: 300})
