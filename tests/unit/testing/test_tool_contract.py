"""The contract for tools notices a tool that is wrong."""

from __future__ import annotations

import asyncio
from typing import Any
from unittest import SkipTest

import pytest

from roomkit import Tool
from roomkit.testing.tools import ToolContract, ToolTrial
from roomkit.tools import ToolError


class Right(Tool):
    """Books tables, of which there are enough."""

    name = "book_table"
    description = "Book a table."
    parameters: dict[str, Any] = {
        "type": "object",
        "properties": {"seats": {"type": "integer", "minimum": 1}},
        "required": ["seats"],
        "additionalProperties": False,
    }

    async def execute(self, arguments: dict[str, Any]) -> Any:
        await asyncio.sleep(0)
        if arguments["seats"] > 8:
            raise ToolError("no table has more than eight seats")
        return f"a table for {arguments['seats']}"

    def trial(self) -> ToolTrial:
        return ToolTrial(
            tool=self,
            works=[{"seats": 2}, {"seats": 8}],
            does_not_fit=[{}, {"seats": "two"}, {"seats": 2, "name": "Ada"}],
            refused=[{"seats": 9}],
        )


class HasNoWords(Right):
    description = " "


class HasASpaceInItsName(Right):
    name = "book table"


class TakesAnything(Right):
    parameters = {"type": "object", "properties": {"seats": {"type": "integer"}}}


class ReturnsAnObject(Right):
    async def execute(self, arguments: dict[str, Any]) -> Any:
        return [{"seats": arguments["seats"]}]


class FailsInItsOwnWay(Right):
    async def execute(self, arguments: dict[str, Any]) -> Any:
        try:
            return await super().execute(arguments)
        except ToolError as error:
            raise ValueError(str(error)) from None


class RefusesWithoutAWord(Right):
    async def execute(self, arguments: dict[str, Any]) -> Any:
        if arguments["seats"] > 8:
            raise ToolError("")
        return await super().execute(arguments)


class NeverRefuses(Right):
    async def execute(self, arguments: dict[str, Any]) -> Any:
        return "booked"


class OneAtATime(Right):
    busy = False

    async def execute(self, arguments: dict[str, Any]) -> Any:
        if self.busy:
            raise RuntimeError("busy")
        self.busy = True
        output = await super().execute(arguments)
        self.busy = False
        return output


class Hangs(Right):
    async def execute(self, arguments: dict[str, Any]) -> Any:
        await asyncio.Event().wait()


WRONG = [
    (HasNoWords, "test_a_model_can_be_told_of_it"),
    (HasASpaceInItsName, "test_a_model_can_be_told_of_it"),
    (TakesAnything, "test_the_schema_knows_what_fits"),
    (ReturnsAnObject, "test_calls_that_work"),
    (Hangs, "test_calls_that_work"),
    (FailsInItsOwnWay, "test_calls_that_are_refused"),
    (RefusesWithoutAWord, "test_calls_that_are_refused"),
    (NeverRefuses, "test_calls_that_are_refused"),
    (OneAtATime, "test_many_calls_at_once"),
    (OneAtATime, "test_a_cancelled_call_leaves_it_whole"),
]


@pytest.mark.parametrize(("make", "rule"), WRONG)
async def test_a_wrong_tool_fails(make: type[Right], rule: str) -> None:
    class Contract(ToolContract):
        limit = 0.05

    check: Any = getattr(Contract(), rule)
    with pytest.raises((AssertionError, RuntimeError, TimeoutError, ValueError)):
        await check(make().trial())
    await check(Right().trial())


async def test_a_tool_that_refuses_nothing() -> None:
    with pytest.raises(SkipTest, match="refused"):
        trial = ToolTrial(tool=Right(), works=[{"seats": 2}])
        await ToolContract().test_calls_that_are_refused(trial)
