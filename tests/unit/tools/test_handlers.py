"""Several functions that run tools are composed to one."""

from __future__ import annotations

from typing import Any

import pytest

from roomkit.providers.ai.base import AITool
from roomkit.tools.base import ToolError, ToolHandler
from roomkit.tools.handlers import compose_tool_handlers, is_unhandled

REFUSALS = [
    None,
    '{"error": "Unknown tool"}',
    '{"error": "unknown tool: get_weather"}',
    {"error": "Unknown tool 'get_weather'"},
    NotImplementedError("not mine"),
    KeyError("get_weather"),
]
RESULTS: list[Any] = [
    "",
    "sunny",
    "Unknown tool, said the joiner, and laid it aside",
    '{"error": "no such city"}',
    '{"errors": "Unknown tool"}',
    '["Unknown tool"]',
    '{"error": "Unknown tool"',
    {"temperature": 3},
    0,
    [],
    ValueError("Unknown tool"),
    ToolError("Unknown tool"),
]


def answering(answer: Any) -> ToolHandler:
    async def handler(name: str, arguments: dict[str, Any]) -> Any:
        if isinstance(answer, Exception):
            raise answer
        return answer

    return handler


@pytest.mark.parametrize("refusal", REFUSALS, ids=repr)
async def test_the_first_that_knows_the_tool_answers(refusal: Any) -> None:
    assert is_unhandled(refusal)
    handler = compose_tool_handlers(
        answering(refusal), answering("first"), answering("second"), answering(refusal)
    )
    assert await handler("get_weather", {}) == "first"


@pytest.mark.parametrize("result", RESULTS, ids=repr)
def test_everything_else_is_an_answer(result: Any) -> None:
    assert not is_unhandled(result)


async def test_a_failure_ends_the_search_since_the_tool_may_have_run() -> None:
    handler = compose_tool_handlers(answering(ValueError("half done")), answering("again"))
    with pytest.raises(ValueError, match="half done"):
        await handler("book", {})


async def test_if_none_knows_it_the_composed_one_does_not_either() -> None:
    assert await compose_tool_handlers()("x", {}) is None
    assert await compose_tool_handlers(answering(None))("x", {}) is None
    nested = compose_tool_handlers(compose_tool_handlers(answering(None)), answering("mine"))
    assert await nested("x", {}) == "mine"


async def test_if_none_knows_it_what_was_raised_is_not_lost() -> None:
    handler = compose_tool_handlers(answering(None), answering(KeyError("city")), answering(None))
    with pytest.raises(KeyError, match="city"):
        await handler("x", {})


async def test_a_handler_that_changes_its_arguments_does_not_mislead_the_next() -> None:
    async def careless(name: str, arguments: dict[str, Any]) -> None:
        arguments.clear()

    async def echo(name: str, arguments: dict[str, Any]) -> dict[str, Any]:
        return {"name": name, **arguments}

    arguments = {"city": "Oslo"}
    handler = compose_tool_handlers(careless, echo)
    assert await handler("x", arguments) == {"name": "x", "city": "Oslo"}
    assert arguments == {"city": "Oslo"}


class Declaring:
    """A handler that says what it can run."""

    def __init__(self, *names: str) -> None:
        self.declarations = [AITool(name=name) for name in names]

    async def __call__(self, name: str, arguments: dict[str, Any]) -> str:
        return name


def test_what_the_handlers_declare_the_composed_one_declares() -> None:
    composed = compose_tool_handlers(Declaring("a", "b"), answering("x"), Declaring("b", "c"))
    declared: list[AITool] = getattr(composed, "declarations", [])
    assert [tool.name for tool in declared] == ["a", "b", "c"]
