"""Tools made of functions keep the contract for tools."""

from __future__ import annotations

import time
from typing import Annotated, Literal

import pytest
from pydantic import Field

from roomkit.testing.tools import ToolContract, ToolTrial
from roomkit.tools import ToolCallContext, ToolError, tool


@tool
async def find_table(
    day: Literal["friday", "saturday"], seats: Annotated[int, Field(ge=1)] = 2
) -> dict[str, object]:
    """Find a free table."""
    if seats > 8:
        raise ToolError("no table has more than eight seats")
    return {"table": 4, "day": day}


@tool
def look_out_of_the_window(call: ToolCallContext) -> str:
    """Tell the weather where the person is."""
    time.sleep(0)
    assert call.room is not None
    return f"It rains in {call.room.room.id}."


class TestFunction(ToolContract):
    @pytest.fixture
    def trial(self) -> ToolTrial:
        return ToolTrial(
            tool=find_table,
            works=[{"day": "friday"}, {"day": "saturday", "seats": 8}],
            does_not_fit=[{}, {"day": "monday"}, {"day": "friday", "seats": 0}, {"when": 1}],
            refused=[{"day": "friday", "seats": 9}],
        )


class TestBlockingFunction(ToolContract):
    @pytest.fixture
    def trial(self) -> ToolTrial:
        return ToolTrial(tool=look_out_of_the_window, works=[{}], does_not_fit=[{"city": "Oslo"}])
