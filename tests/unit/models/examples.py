"""Any value of any model: strategies made from the annotations of its fields."""

from __future__ import annotations

import importlib
import pkgutil
import types
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from enum import Enum
from functools import cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from roomkit import models
from roomkit.models.content import (
    AudioContent,
    CompositeContent,
    DeleteContent,
    EditContent,
    LocationContent,
    MediaContent,
    RichContent,
    SystemContent,
    TemplateContent,
    TextContent,
    VideoContent,
)
from roomkit.models.hook import HookResult
from roomkit.orchestration import state

# What a client can put into JSON: NUL and halves of characters included.
wild_text = st.text(st.characters(codec=None), max_size=8)
clean_text = st.text(
    st.characters(codec="utf-8", exclude_characters="\x00", exclude_categories=["Cs"]), max_size=8
)
# Models have many fields: values for them are picked rather than made, which is much faster.
words = st.sampled_from(["hello", "", "Grüße 👋", "a\u2028b", '"'])
objects = st.sampled_from(
    [{}, {"a": 1}, {"a": {"b": [1, None, {"c": "é"}]}, "": [[]]}, {"list": [1.5, True, -1]}]
)
moments = st.integers(0, 4_000_000_000_000_000).map(
    lambda microseconds: datetime.fromtimestamp(0, UTC) + timedelta(microseconds=microseconds)
)
numbers = st.integers(-(2**53), 2**53)
fractions = st.floats(allow_nan=False, allow_infinity=False)


def json_values(text: SearchStrategy[str] = clean_text) -> SearchStrategy[Any]:
    """Anything that JSON can hold."""
    return st.recursive(
        st.none() | st.booleans() | numbers | fractions | text,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
        max_leaves=6,
    )


CONTENTS: tuple[type[BaseModel], ...] = (
    TextContent,
    RichContent,
    MediaContent,
    AudioContent,
    VideoContent,
    LocationContent,
    CompositeContent,
    TemplateContent,
    SystemContent,
    EditContent,
    DeleteContent,
)
_LEAVES = [one for one in CONTENTS if one not in (CompositeContent, EditContent)]


@cache
def contents() -> SearchStrategy[Any]:
    """Any content, nested ones included."""
    return st.one_of([instances(one) for one in CONTENTS])


@cache
def instances(model: type[BaseModel]) -> SearchStrategy[Any]:
    """Any value of a model. Fields may be left at their defaults."""
    nested: dict[str, SearchStrategy[Any]] = {}
    if model in (CompositeContent, EditContent):
        leaves = st.one_of([instances(one) for one in _LEAVES])
        inner = leaves | st.builds(CompositeContent, parts=st.lists(leaves, max_size=2))
        nested = {"parts": st.lists(inner, max_size=2), "new_content": inner}
    known: dict[str, SearchStrategy[Any]] = {}
    for name, field in model.model_fields.items():
        strategy = nested[name] if name in nested else _of_field(field)
        if strategy is not None:
            known[name] = strategy
    optional = {
        name: known.pop(name) for name in list(known) if not model.model_fields[name].is_required()
    }
    values = st.fixed_dictionaries(known, optional=optional)
    if model is HookResult:
        return values.map(_hook_result)
    return values.map(model.model_validate)


def _hook_result(values: dict[str, Any]) -> HookResult:
    if values.get("event") is None and values.get("action") == "modify":
        values = values | {"action": "allow"}
    return HookResult.model_validate(values)


def _of_field(field: FieldInfo) -> SearchStrategy[Any] | None:
    bounds: dict[str, Any] = {}
    for constraint in field.metadata:
        for name in ("ge", "gt", "le", "min_length"):
            if hasattr(constraint, name):
                bounds[name] = getattr(constraint, name)
    return _of(field.annotation, bounds)


def _of(annotation: Any, bounds: dict[str, Any]) -> SearchStrategy[Any] | None:
    """Values of a type; None for one that cannot be written down, such as a stream."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _of(arguments[0], bounds)
    if origin is Literal:
        return st.sampled_from(arguments)
    if origin in (Union, types.UnionType):
        if any(argument in CONTENTS for argument in arguments):
            return contents()
        options = [_of(argument, bounds) for argument in arguments]
        known = [option for option in options if option is not None]
        return st.one_of(known) if len(known) == len(options) else None
    if origin in (list, tuple):
        inner = _of(arguments[0], {})
        return None if inner is None else st.lists(inner, max_size=2)
    if origin is dict:
        if arguments[1] is Any:
            return objects
        inner = _of(arguments[1], {})
        return None if inner is None else st.dictionaries(words, inner, max_size=2)
    return _of_plain(annotation, bounds) if isinstance(annotation, type) else None


def _of_plain(annotation: type, bounds: dict[str, Any]) -> SearchStrategy[Any] | None:
    if issubclass(annotation, BaseModel):
        return instances(annotation)
    if issubclass(annotation, Enum):
        return st.sampled_from(annotation)
    if annotation is float:
        low, high = bounds.get("ge", bounds.get("gt")), bounds.get("le")
        values = st.floats(low, high, allow_nan=False, allow_infinity=False)
        return values.filter(lambda value: value > bounds["gt"]) if "gt" in bounds else values
    if annotation is str:
        return words.filter(lambda value: len(value) >= bounds.get("min_length", 0))
    simple: dict[type, SearchStrategy[Any]] = {
        int: st.integers(bounds.get("ge", -(2**31)), 2**31),
        bool: st.booleans(),
        datetime: moments,
        type(None): st.none(),
    }
    return simple.get(annotation)


def all_models() -> Iterator[type[BaseModel]]:
    """Every model of the package `roomkit.models`, and those that are kept in rooms."""
    names = [info.name for info in pkgutil.iter_modules(models.__path__)]
    modules = [importlib.import_module(f"{models.__name__}.{name}") for name in names]
    for module in [*modules, state]:
        for value in vars(module).values():
            if (
                isinstance(value, type)
                and issubclass(value, BaseModel)
                and value.__module__ == module.__name__
                and not module.__name__.startswith(f"{models.__name__}._")
            ):
                value.model_rebuild()
                yield value


MODELS = list(all_models())


def containers(value: object) -> Iterator[dict[str, Any] | list[Any]]:
    """Every dict and list in a value, at any depth."""
    if isinstance(value, BaseModel):
        for inner in value.__dict__.values():
            yield from containers(inner)
    elif isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from containers(inner)
    elif isinstance(value, list | tuple):
        if isinstance(value, list):
            yield value
        for inner in value:
            yield from containers(inner)
