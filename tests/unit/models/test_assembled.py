"""Models put together from values that are known to be right."""

from __future__ import annotations

import pytest

from roomkit.models._base import EMPTY_DICT, EMPTY_LIST
from roomkit.models.delivery import InboundResult


def test_an_assembled_model_equals_a_validated_one() -> None:
    assembled = InboundResult.assembled(
        blocked=True,
        reason="muted",
        event=None,
        response_events=EMPTY_LIST,
        delivery_results=EMPTY_DICT,
        hook_errors=EMPTY_LIST,
        tasks=EMPTY_LIST,
        observations=EMPTY_LIST,
        error=None,
    )
    validated = InboundResult(blocked=True, reason="muted")
    assert assembled == validated
    assert assembled.model_dump() == validated.model_dump()
    assert assembled.model_copy(update={"reason": None}) == InboundResult(blocked=True)


def test_a_model_is_not_assembled_from_a_part_of_its_fields() -> None:
    with pytest.raises(TypeError, match="delivery_results"):
        InboundResult.assembled(blocked=True)
