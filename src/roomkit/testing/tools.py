"""What a tool has to get right, as tests that its author inherits.

```python
class TestMyTool(ToolContract):
    @pytest.fixture
    def trial(self) -> ToolTrial:
        return ToolTrial(
            tool=FindTable(),
            works=[{"day": "friday"}, {"day": "friday", "seats": 4}],
            does_not_fit=[{}, {"day": "someday"}],
            refused=[{"day": "friday", "seats": 12}],
        )
```

The tests are coroutines: set pytest-asyncio's ``asyncio_mode = "auto"``, or mark the class with
``pytest.mark.asyncio``.
"""

from __future__ import annotations

import asyncio
import copy
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from unittest import SkipTest

from roomkit.models.context import RoomContext
from roomkit.models.room import Room
from roomkit.providers.ai.base import AIImagePart, AITextPart, AIToolCall
from roomkit.tools.base import Tool, ToolCallContext, ToolError, ToolOutput, calling
from roomkit.tools.schema import compile_schema

__all__ = ["ToolContract", "ToolTrial"]

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
"""What every vendor takes; some take more."""


@dataclass(kw_only=True)
class ToolTrial:
    """A tool, and what it is called with. Lists may be empty, but for `works`.

    Attributes:
        tool: what is tested.
        works: arguments of calls that succeed, again and again.
        does_not_fit: arguments that its schema has to refuse.
        refused: arguments that fit, of calls that end in a `ToolError`.
        room: where it is called from.
    """

    tool: Tool
    works: Sequence[Mapping[str, Any]]
    does_not_fit: Sequence[Mapping[str, Any]] = ()
    refused: Sequence[Mapping[str, Any]] = ()
    room: RoomContext = field(default_factory=lambda: RoomContext(room=Room(id="room-1")))

    async def call(self, arguments: Mapping[str, Any]) -> ToolOutput:
        """Call it as a channel would."""
        given: dict[str, Any] = copy.deepcopy(dict(arguments))
        call = AIToolCall(id="call-1", name=self.tool.name, arguments=given)
        with calling(ToolCallContext(call=call, channel_id="ai", room=self.room)):
            return await self.tool.execute(given)


class ToolContract:
    """Inherit, and define a fixture ``trial`` that gives a `ToolTrial`."""

    limit: float = 10.0
    """Seconds after which a call is taken to hang."""

    async def test_a_model_can_be_told_of_it(self, trial: ToolTrial) -> None:
        declaration = trial.tool.declaration()
        assert _NAME.fullmatch(declaration.name)
        assert declaration.description.strip(), "say what it does and when to use it"
        assert json.loads(json.dumps(dict(declaration.parameters))) == declaration.parameters
        assert declaration.parameters.get("type", "object") == "object"
        assert trial.tool.declaration() == declaration

    async def test_the_schema_knows_what_fits(self, trial: ToolTrial) -> None:
        schema = compile_schema(trial.tool.declaration().parameters)
        for arguments in (*trial.works, *trial.refused):
            assert schema.validate(arguments) == []
        for arguments in trial.does_not_fit:
            assert schema.validate(arguments), f"accepted: {arguments}"

    async def test_calls_that_work(self, trial: ToolTrial) -> None:
        assert trial.works, "show at least one call that works"
        for arguments in trial.works:
            async with asyncio.timeout(self.limit):
                _check(await trial.call(arguments))

    async def test_calls_that_are_refused(self, trial: ToolTrial) -> None:
        if not trial.refused:
            raise SkipTest("ToolTrial.refused is empty")
        for arguments in trial.refused:
            try:
                async with asyncio.timeout(self.limit):
                    await trial.call(arguments)
            except ToolError as error:
                assert str(error).strip(), "the model reads the text of a ToolError"
            else:
                raise AssertionError(f"not refused: {arguments}")

    async def test_many_calls_at_once(self, trial: ToolTrial) -> None:
        calls = [arguments for arguments in trial.works for _ in range(10)]
        async with asyncio.timeout(self.limit):
            for output in await asyncio.gather(*map(trial.call, calls)):
                _check(output)

    async def test_a_cancelled_call_leaves_it_whole(self, trial: ToolTrial) -> None:
        for steps in range(10):
            running = asyncio.ensure_future(trial.call(trial.works[0]))
            for _ in range(steps):
                await asyncio.sleep(0)
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
        async with asyncio.timeout(self.limit):
            _check(await trial.call(trial.works[0]))


def _check(output: ToolOutput) -> None:
    """Text, or text and pictures, which is all that a model can be given."""
    if not isinstance(output, str):
        assert all(isinstance(part, AITextPart | AIImagePart) for part in output), output
