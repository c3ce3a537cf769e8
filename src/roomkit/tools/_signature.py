"""A function's parameters as a JSON schema, and a model's arguments as a call of it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import partial
from inspect import Parameter, Signature
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import TypeAdapter, ValidationError
from pydantic.errors import PydanticUserError
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import CoreSchema, to_json

from roomkit.tools.base import ToolCallContext, ToolError, current_tool_call

_MAX_PROBLEMS = 8

# A model knows nothing of Python's kinds of arguments.
_PROBLEMS = {
    "missing_keyword_only_argument": "is missing",
    "unexpected_keyword_argument": "is no argument of this tool",
}


class CallReader:
    """Reads a model's arguments into a call of one function.

    Attributes:
        schema: the JSON schema of the arguments.
    """

    def __init__(self, function: Callable[..., Any], descriptions: Mapping[str, str]) -> None:
        parameters = _parameters(function)
        contexts = [p for p in parameters if _is_context(p.annotation)]
        asked = [p for p in parameters if p not in contexts]
        for parameter in asked:
            _assert_usable(function, parameter)
        self._contexts = [p.name for p in contexts]
        self._needs_context = any(p.annotation is ToolCallContext for p in contexts)
        self._positional = [p.name for p in parameters if p.kind is Parameter.POSITIONAL_ONLY]
        try:
            self._adapter = _adapter(asked)
            self.schema = _described(self._adapter, descriptions)
        except PydanticUserError as error:
            problem = error.message.splitlines()[0].split(". ")[0]
            raise TypeError(
                f"{_called(function)}: a parameter has a type that JSON cannot hold: {problem}"
            ) from error
        except NameError as error:
            raise _unknown_name(function, error) from error

    def read(self, arguments: Mapping[str, Any]) -> tuple[list[Any], dict[str, Any]]:
        """The positional and the named arguments to call the function with.

        Raises:
            ToolError: the arguments do not fit; the model may read why.
            RuntimeError: the function wants to know of its call, and there is none.
        """
        try:
            # From JSON, since that is what the model wrote: a date is a string there also where a
            # type is strict, and nested containers are the function's own to change.
            named = self._adapter.validate_json(to_json(arguments))
        except ValidationError as error:
            raise ToolError(_problems(error)) from None
        if self._contexts:
            context = current_tool_call()
            if context is None and self._needs_context:
                raise RuntimeError(
                    "this tool must be called by a channel; to call it elsewhere too, let it "
                    "take `ToolCallContext | None`"
                )
            named.update(dict.fromkeys(self._contexts, context))
        return [named.pop(name) for name in self._positional], named


class _Schema(GenerateJsonSchema):
    """Without the titles, which only say the names again."""

    def field_title_should_be_set(self, schema: CoreSchema) -> bool:
        return False


def _parameters(function: Callable[..., Any]) -> list[Parameter]:
    bound = function.keywords if isinstance(function, partial) else {}
    try:
        parameters = inspect.signature(function, eval_str=True).parameters.values()
        return [parameter for parameter in parameters if parameter.name not in bound]
    except NameError as error:
        raise _unknown_name(function, error) from error


def _unknown_name(function: Callable[..., Any], error: NameError) -> TypeError:
    return TypeError(
        f"{_called(function)}: the annotations name {error.name!r}, which is not known where the "
        "function is defined; import it outside of `if TYPE_CHECKING`, and define types at the "
        "top of the module"
    )


def _assert_usable(function: Callable[..., Any], parameter: Parameter) -> None:
    if parameter.kind in (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD):
        raise TypeError(
            f"{_called(function)}: a model cannot pass {parameter}; name each parameter"
        )
    if parameter.annotation is Parameter.empty:
        remedy = f"write its type, as in `{parameter.name}: str`"
        if parameter.name in ("self", "cls"):
            remedy = "make the tool from a method of an object: `tool(desk.look_up)`"
        raise TypeError(
            f"{_called(function)}: parameter {parameter.name!r} has no annotation; {remedy}"
        )


def _is_context(annotation: Any) -> bool:
    if get_origin(annotation) in (Union, UnionType):
        return set(get_args(annotation)) == {ToolCallContext, NoneType}
    return annotation is ToolCallContext


def _adapter(parameters: list[Parameter]) -> TypeAdapter[dict[str, Any]]:
    """Validates arguments by pydantic's rules for calls, into a dict."""

    def collect(**named: Any) -> dict[str, Any]:
        return named

    by_name = [parameter.replace(kind=Parameter.KEYWORD_ONLY) for parameter in parameters]
    stand_in: Any = collect
    stand_in.__signature__ = Signature(by_name)
    stand_in.__annotations__ = {p.name: p.annotation for p in by_name}
    return TypeAdapter(stand_in)


def _described(
    adapter: TypeAdapter[dict[str, Any]], descriptions: Mapping[str, str]
) -> dict[str, Any]:
    schema = adapter.json_schema(schema_generator=_Schema)
    for name, property_schema in schema.get("properties", {}).items():
        if name in descriptions:
            property_schema.setdefault("description", descriptions[name])
    return schema


def _problems(error: ValidationError) -> str:
    """What is wrong, without the values that are."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    lines = [
        f"{'.'.join(map(str, item['loc']))}: {_PROBLEMS.get(item['type'], item['msg'])}"
        for item in found[:_MAX_PROBLEMS]
    ]
    return "; ".join(lines + ["and more"] * (len(found) > _MAX_PROBLEMS))


def _called(function: Callable[..., Any]) -> str:
    return getattr(function, "__qualname__", None) or type(function).__qualname__
