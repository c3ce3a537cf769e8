"""A function with type hints is a tool."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from datetime import date
from enum import StrEnum
from functools import partial, wraps
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field

from roomkit.providers.ai.base import AIImagePart, AITool, AIToolCall
from roomkit.tools.base import Tool, ToolCallContext, ToolError, calling
from roomkit.tools.functions import FunctionTool, as_tool, tool
from roomkit.tools.schema import compile_schema


class Unit(StrEnum):
    CELSIUS = "C"
    FAHRENHEIT = "F"


class Place(BaseModel):
    city: str
    title: str | None = None


class Nameless: ...


async def get_weather(
    city: str,
    days: Annotated[int, Field(ge=1, le=14)] = 1,
    unit: Unit = Unit.CELSIUS,
    near: Place | None = None,
) -> dict[str, Any]:
    """Get the weather of a city.

    Use it only for the coming two weeks.

    Args:
        city: the name of the city,
            in English.
        days (int): how many days from today.
        other: is not there.

    Returns:
        what the model never sees
    """
    return {"city": city, "days": days, "unit": unit, "near": near}


def test_the_schema_comes_from_the_signature() -> None:
    made = tool(get_weather)
    assert made.name == "get_weather"
    assert made.description == (
        "Get the weather of a city.\n\nUse it only for the coming two weeks."
    )
    schema = dict(made.parameters)
    assert schema["type"] == "object"
    assert schema["required"] == ["city"]
    assert schema["additionalProperties"] is False
    assert schema["properties"]["city"] == {
        "type": "string",
        "description": "the name of the city, in English.",
    }
    assert schema["properties"]["days"] == {
        "type": "integer",
        "minimum": 1,
        "maximum": 14,
        "default": 1,
        "description": "how many days from today.",
    }
    assert schema["$defs"]["Unit"]["enum"] == ["C", "F"]
    assert set(schema["$defs"]["Place"]["properties"]) == {"city", "title"}


def test_the_schema_is_one_that_the_validator_takes() -> None:
    validator = compile_schema(tool(get_weather).parameters)
    assert validator.validate({"city": "Oslo", "unit": "F", "near": {"city": "Bergen"}}) == []
    assert validator.validate({"days": 15, "unit": "K", "force": True}) != []


async def test_arguments_are_converted_before_the_call() -> None:
    output = await tool(get_weather).execute(
        {"city": "Oslo", "days": 3.0, "near": {"city": "Bergen"}}
    )
    assert output == '{"city":"Oslo","days":3,"unit":"C","near":{"city":"Bergen","title":null}}'


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ({}, "city: is missing"),
        ({"city": 5}, "city: Input should be a valid string"),
        ({"city": "Oslo", "days": 99}, "days: Input should be less than or equal to 14"),
        ({"city": "Oslo", "near": {}}, "near.city: Field required"),
        ({"city": "Oslo", "force": True}, "force: is no argument of this tool"),
    ],
)
async def test_arguments_that_do_not_fit_are_told_to_the_model(
    arguments: dict[str, Any], problem: str
) -> None:
    with pytest.raises(ToolError) as refused:
        await tool(get_weather).execute(arguments)
    assert str(refused.value) == problem


async def test_the_values_of_wrong_arguments_are_not_repeated() -> None:
    with pytest.raises(ToolError) as refused:
        await tool(get_weather).execute({"city": ["4111 1111 1111 1111"], "unit": "secret"})
    assert "4111" not in str(refused.value)
    assert "secret" not in str(refused.value)


async def test_a_wrong_call_inside_the_function_is_its_own_failure() -> None:
    def careless(city: str) -> str:
        return Place.model_validate({"city": None}).city

    with pytest.raises(ValueError, match="valid string"):
        await tool(careless).execute({"city": "Oslo"})


async def test_parameters_of_every_kind() -> None:
    @tool
    async def book(
        day: date,
        /,
        self: int,
        json: Literal["a", "b"],
        *,
        tags: set[str],
        note: str = Field(default="none", description="what else to know"),
    ) -> list[Any]:
        return [type(day).__name__, self, json, sorted(tags), note]

    assert book.parameters["properties"]["note"]["description"] == "what else to know"
    output = await book.execute({"day": "2026-05-01", "self": 1, "json": "b", "tags": ["y", "x"]})
    assert output == '["date",1,"b",["x","y"],"none"]'


async def test_a_function_may_change_what_it_is_given() -> None:
    def sort(items: list[Any]) -> list[Any]:
        items.sort()
        items[0].append("changed")
        return items

    given = {"items": [[2], [1]]}
    assert await tool(sort).execute(given) == '[[1,"changed"],[2]]'
    assert given == {"items": [[2], [1]]}


async def test_a_blocking_function_runs_in_a_thread() -> None:
    loop = asyncio.get_running_loop()
    started, go_on = asyncio.Event(), threading.Event()

    @tool
    def slow() -> bool:
        loop.call_soon_threadsafe(started.set)
        return go_on.wait(5) and threading.current_thread() is not threading.main_thread()

    running = asyncio.create_task(slow.execute({}))
    await started.wait()
    go_on.set()
    assert await running == "true"


async def test_a_wrapper_around_an_async_function_is_awaited() -> None:
    def logged(function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            return function(*args, **kwargs)

        return wrapper

    assert '"city":"Oslo"' in str(await tool(logged(get_weather)).execute({"city": "Oslo"}))


async def test_what_a_partial_has_bound_the_model_cannot_choose() -> None:
    async def search(query: str, tenant: str = "public") -> str:
        """Search the files."""
        return f"{query} of {tenant}"

    bound = tool(partial(search, tenant="acme"), name="search")
    assert list(bound.parameters["properties"]) == ["query"]
    assert bound.description == "Search the files."
    assert await bound.execute({"query": "x"}) == "x of acme"
    with pytest.raises(ToolError, match="tenant"):
        await bound.execute({"query": "x", "tenant": "other"})


async def test_a_method_of_an_object_is_a_tool() -> None:
    class Desk:
        def __init__(self) -> None:
            self.tickets: list[str] = []

        async def open_ticket(self, subject: str) -> int:
            """Open a ticket."""
            self.tickets.append(subject)
            return len(self.tickets)

    desk = Desk()
    made = as_tool(desk.open_ticket)
    assert isinstance(made, Tool)
    assert await made.execute({"subject": "printer"}) == "1"
    assert desk.tickets == ["printer"]


def called(name: str) -> ToolCallContext:
    return ToolCallContext(call=AIToolCall(id="1", name=name), channel_id="ai")


async def test_a_function_may_ask_which_call_it_runs_for() -> None:
    @tool
    def who(greeting: str, call: ToolCallContext) -> str:
        return f"{greeting} {call.channel_id}"

    assert list(who.parameters["properties"]) == ["greeting"]
    with calling(called("who")):
        assert await who.execute({"greeting": "hello"}) == "hello ai"
    with pytest.raises(RuntimeError, match="must be called by a channel"):
        await who.execute({"greeting": "hello"})


async def test_where_it_may_be_called_elsewhere_too_it_is_given_none() -> None:
    @tool
    async def who(call: ToolCallContext | None = None) -> str:
        return "nobody" if call is None else call.channel_id

    assert await who.execute({}) == "nobody"
    with calling(called("who")):
        assert await who.execute({}) == "ai"


async def test_a_decorated_function_can_still_be_called() -> None:
    @tool(name="add_up", description="Adds.", timeout=2.5)
    def add(a: int, b: int = 1) -> int:
        """Not this."""
        return a + b

    assert add(2, b=3) == 5
    assert (add.name, add.description, add.timeout) == ("add_up", "Adds.", 2.5)
    assert add.declaration() == AITool(
        name="add_up", description="Adds.", parameters=dict(add.parameters)
    )
    assert await add.execute({"a": 1}) == "2"


async def test_pictures_pass_through() -> None:
    picture = AIImagePart(url="https://example.com/map.png")

    @tool
    async def draw() -> AIImagePart:
        return picture

    assert await draw.execute({}) == [picture]
    assert draw.parameters["properties"] == {}


def untyped(city, days: int = 1):  # type: ignore[no-untyped-def]
    ...


def any_number(*cities: str) -> None: ...


def any_name(**more: str) -> None: ...


def unknown_type(place: "Somewhere") -> None:  # type: ignore[name-defined]  # noqa: F821, UP037
    ...


def unknown_inside(place: "list['Somewhere']") -> None:  # type: ignore[name-defined]  # noqa: F821, UP037
    ...


def no_json(place: Nameless) -> None: ...


def callback(then: Callable[[], None]) -> None: ...


async def stream() -> Any:
    yield "x"


class Desk:
    def look_up(self, ticket: str) -> None: ...


@pytest.mark.parametrize(
    ("function", "problem"),
    [
        (untyped, "parameter 'city' has no annotation; write its type, as in `city: str`"),
        (any_number, "a model cannot pass [*]cities: str; name each parameter"),
        (any_name, "a model cannot pass [*][*]more: str; name each parameter"),
        (unknown_type, "the annotations name 'Somewhere', which is not known"),
        (unknown_inside, "the annotations name 'Somewhere', which is not known"),
        (no_json, "no_json: a parameter has a type that JSON cannot hold: .*Nameless"),
        (callback, "callback: a parameter has a type that JSON cannot hold"),
        (stream, "a tool returns its result, once"),
        (Desk.look_up, "parameter 'self' has no annotation; make the tool from a method of an"),
    ],
)
def test_a_function_that_a_model_cannot_call_is_refused(
    function: Callable[..., Any], problem: str
) -> None:
    with pytest.raises(TypeError, match=problem):
        as_tool(function)


class GetWeather(Tool):
    name = "get_weather"

    async def execute(self, arguments: dict[str, Any]) -> str:
        return "sunny"


class NeedsACity(GetWeather):
    def __init__(self, city: str) -> None:
        self.city = city


SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}
DECLARED = AITool(name="get_weather", description="Gets it.", parameters=SCHEMA)


@pytest.mark.parametrize(
    "written",
    [
        DECLARED,
        {"name": "get_weather", "description": "Gets it.", "parameters": SCHEMA},
        {
            "type": "function",
            "function": {
                "name": "get_weather",
                "description": "Gets it.",
                "parameters": SCHEMA,
                "strict": True,
            },
        },
        {
            "type": "function",
            "name": "get_weather",
            "description": "Gets it.",
            "parameters": SCHEMA,
        },
        {"name": "get_weather", "description": "Gets it.", "input_schema": SCHEMA},
        {"name": "get_weather", "description": "Gets it.", "inputSchema": SCHEMA},
    ],
    ids=["AITool", "plain", "OpenAI chat", "OpenAI responses", "Anthropic", "MCP"],
)
def test_every_way_to_write_a_declaration_means_the_same(written: Any) -> None:
    assert as_tool(written) == DECLARED


def test_a_declaration_needs_no_more_than_a_name() -> None:
    assert as_tool({"name": "ping", "parameters": None}) == AITool(name="ping")


def test_tools_stay_what_they_are_and_classes_are_made() -> None:
    made = GetWeather()
    assert as_tool(made) is made
    assert isinstance(as_tool(GetWeather), GetWeather)
    function_tool = tool(get_weather)
    assert as_tool(function_tool) is function_tool
    assert isinstance(as_tool(get_weather), FunctionTool)


@pytest.mark.parametrize(
    ("source", "error", "problem"),
    [
        (NeedsACity, TypeError, "NeedsACity cannot be made without arguments; pass an instance"),
        (Nameless, TypeError, "type is no tool"),
        (7, TypeError, "int is no tool"),
        (lambda: "x", ValueError, "'<lambda>' is no name for a tool"),
        ({"name": "get weather"}, ValueError, "'get weather' is no name for a tool"),
        ({"name": "x" * 65}, ValueError, "is no name for a tool"),
        ({"parameters": {}}, ValueError, "None is no name for a tool"),
        ({"name": "a", "paramaters": {}}, ValueError, "unknown key 'paramaters' in a tool"),
        ({"type": "web_search", "name": "a"}, ValueError, "is the vendor's own"),
        ({"type": "function", "function": "a"}, TypeError, "`function` must be a mapping"),
        (AITool(name=""), ValueError, "is no name for a tool"),
    ],
)
def test_what_is_no_tool_is_refused(source: Any, error: type[Exception], problem: str) -> None:
    with pytest.raises(error, match=problem):
        as_tool(source)
