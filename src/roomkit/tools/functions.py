"""Tools from plain functions, and from the other ways in which a tool is written down."""

from __future__ import annotations

import asyncio
import inspect
import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, overload

from roomkit.providers.ai.base import AITool
from roomkit.tools._docstring import parse_docstring
from roomkit.tools._signature import CallReader
from roomkit.tools.base import Tool, ToolOutput
from roomkit.tools.output import as_tool_output

__all__ = ["FunctionTool", "as_tool", "tool"]

_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")

# What vendors' ways to write a tool have beside its name, description and schema. Their meaning
# is the vendor's own, and another key is a misspelt one.
_SCHEMAS = ("parameters", "input_schema", "inputSchema")
_ACCEPTED = {"type", "name", "description", *_SCHEMAS}
_IGNORED = {"strict", "cache_control", "title", "annotations"}


class FunctionTool[**P, R](Tool):
    """A tool that is a function with type hints.

    The schema is derived from the parameters: defaults, ``Annotated[..., Field(...)]``, enums,
    pydantic models and whatever else pydantic knows. It is closed: an argument that the function
    does not have is refused. Arguments are validated and converted to the annotated types before
    the call. A parameter of type `ToolCallContext` is no argument: it is given the current call.
    Neither is one that a `functools.partial` has bound.

    The docstring is the description, up to its first section; the lines of ``Args:`` describe the
    parameters.

    An ``async def`` is awaited. Any other function runs in a thread, so that it may block; when
    its call takes too long, nobody waits for it any more, and the thread goes on until it ends.

    What the function returns is told to the model as `roomkit.tools.output.as_tool_output` says:
    text and pictures as they are, anything else as JSON.

    Calling the object calls the function.

    Args:
        function: the function. Its parameters have annotations, and names of their own.
        name: what the model calls it, if not by the function's name.
        description: what it does and when to use it, if not what the docstring says.
        timeout: how long a call may take, in seconds; None leaves it to the channel.

    Raises:
        TypeError: a model cannot call the function; the message names the parameter and says what
            to do.
        ValueError: the name is not one that models can use.
    """

    def __init__(
        self,
        function: Callable[P, R],
        *,
        name: str | None = None,
        description: str | None = None,
        timeout: float | None = None,
    ) -> None:
        if inspect.isasyncgenfunction(function) or inspect.isgeneratorfunction(function):
            raise TypeError(f"{function.__qualname__}: a tool returns its result, once")
        written = function.func if isinstance(function, partial) else function
        summary, parameters = parse_docstring(inspect.getdoc(written))
        self.name = assert_tool_name(name or getattr(function, "__name__", ""))
        self.description = summary if description is None else description
        self.timeout = timeout
        self._function = function
        self._reader = CallReader(function, parameters)
        self.parameters = self._reader.schema

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        return self._function(*args, **kwargs)

    async def execute(self, arguments: dict[str, Any]) -> ToolOutput:
        """Call the function and put its result in the form that a model is given.

        Raises:
            ToolError: the arguments do not fit, or the function says so.
        """
        positional, named = self._reader.read(arguments)
        function: Callable[..., Any] = self._function
        if inspect.iscoroutinefunction(function):
            result = await function(*positional, **named)
        else:
            result = await asyncio.to_thread(function, *positional, **named)
            if inspect.isawaitable(result):  # of a wrapper around an ``async def``
                result = await result
        return as_tool_output(result)


@overload
def tool[**P, R](
    function: Callable[P, R],
    /,
    *,
    name: str | None = None,
    description: str | None = None,
    timeout: float | None = None,
) -> FunctionTool[P, R]: ...


@overload
def tool[**P, R](
    *, name: str | None = None, description: str | None = None, timeout: float | None = None
) -> Callable[[Callable[P, R]], FunctionTool[P, R]]: ...


def tool(
    function: Callable[..., Any] | None = None,
    /,
    *,
    name: str | None = None,
    description: str | None = None,
    timeout: float | None = None,
) -> Any:
    """Make a tool of a function; see `FunctionTool`.

    ```python
    @tool
    async def get_weather(city: str, unit: Literal["C", "F"] = "C") -> str:
        "Get the current weather of a city."

    @tool(name="book", timeout=5)
    def book_table(day: date, seats: Annotated[int, Field(ge=1, le=12)]) -> Booking: ...
    ```
    """

    def make(function: Callable[..., Any]) -> FunctionTool[..., Any]:
        return FunctionTool(function, name=name, description=description, timeout=timeout)

    return make if function is None else make(function)


def as_tool(source: object) -> Tool | AITool:
    """A tool, from any of the ways in which one is written down.

    Args:
        source: a `Tool`, or a class of such that takes no arguments; a function with type hints;
            an `AITool`; or a mapping with ``name``, ``description`` and ``parameters``, also in
            the spellings of OpenAI (``{"type": "function", "function": {...}}``), Anthropic
            (``input_schema``) and MCP (``inputSchema``).

    Returns:
        A `Tool`, which runs itself, or an `AITool`, which is only the declaration.

    Raises:
        TypeError: it is none of that, or a function or class that cannot be used so.
        ValueError: its name is not one that models can use, or a mapping has an unknown key.
    """
    if isinstance(source, type) and issubclass(source, Tool):
        source = _made(source)
    if isinstance(source, Mapping):
        source = _from_mapping(source)
    if isinstance(source, Tool | AITool):
        assert_tool_name(getattr(source, "name", ""))
        return source
    if callable(source) and not isinstance(source, type):
        return FunctionTool(source)
    raise TypeError(
        f"{type(source).__name__} is no tool; pass a Tool, a function with type hints, or a "
        "mapping with name, description and parameters"
    )


def assert_tool_name(name: object) -> str:
    """The name, if every vendor's model can use it.

    Raises:
        ValueError: it cannot.
    """
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ValueError(
            f"{name!r} is no name for a tool; use 1 to 64 letters, digits, _ and -, and name it "
            "with name=... if it has none of its own"
        )
    return name


def _made(cls: type[Tool]) -> Tool:
    try:
        return cls()
    except TypeError as error:
        raise TypeError(
            f"{cls.__name__} cannot be made without arguments; pass an instance"
        ) from error


def _from_mapping(mapping: Mapping[str, Any]) -> AITool:
    kind = mapping.get("type", "function")
    if kind not in ("function", "custom"):
        raise ValueError(f"a tool of type {kind!r} is the vendor's own; RoomKit runs functions")
    inner = mapping.get("function", mapping)
    if not isinstance(inner, Mapping):
        raise TypeError("`function` must be a mapping with name, description and parameters")
    unknown = [key for key in inner if key not in _ACCEPTED | _IGNORED]
    if unknown:
        raise ValueError(
            f"unknown key {unknown[0]!r} in a tool; accepted: name, description, parameters"
        )
    schemas = [inner[key] for key in _SCHEMAS if inner.get(key) is not None]
    return AITool(
        name=assert_tool_name(inner.get("name")),
        description=inner.get("description") or "",
        parameters=schemas[0] if schemas else {},
    )
