"""What JSON values are: their types, and when two of them are the same."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable
from typing import Any

_LONGEST_LIST = 12
_LONGEST_VALUE = 40
_ARRAYS = (list, tuple)


def is_number(value: Any) -> bool:
    """Whether it is a number of JSON: neither a boolean nor NaN, which would pass every bound."""
    if isinstance(value, int):
        return not isinstance(value, bool)
    return isinstance(value, float) and math.isfinite(value)


def is_integer(value: Any) -> bool:
    """Whether it is a whole number, however written: 3.0 is."""
    if isinstance(value, int):
        return not isinstance(value, bool)
    return isinstance(value, float) and value.is_integer()


def is_string(value: Any) -> bool:
    """Whether it is text."""
    return isinstance(value, str)


def is_object(value: Any) -> bool:
    """Whether it is a JSON object."""
    return isinstance(value, dict)


def is_array(value: Any) -> bool:
    """Whether it is a JSON array."""
    return isinstance(value, _ARRAYS)


TYPES: dict[str, Callable[[Any], bool]] = {
    "string": is_string,
    "integer": is_integer,
    "number": is_number,
    "boolean": lambda value: isinstance(value, bool),
    "object": is_object,
    "array": is_array,
    "null": lambda value: value is None,
}


def type_name(value: Any) -> str:
    """The JSON type of a value."""
    return next((name for name, fits in TYPES.items() if fits(value)), "no JSON value")


def identity(value: Any) -> Any:
    """A hashable stand-in: two values are the same JSON exactly if theirs are equal.

    1 and 1.0 are the same, 1 and true are not.
    """
    if isinstance(value, bool):
        return ("boolean", value)
    if isinstance(value, str | int | float) or value is None:
        return value
    if isinstance(value, _ARRAYS):
        return ("array", tuple([identity(item) for item in value]))
    if isinstance(value, dict):
        return ("object", frozenset([(key, identity(item)) for key, item in value.items()]))
    return ("no JSON value", id(value))


def listed(values: Iterable[Any]) -> str:
    """A schema's own values or names, to be read by a model: ``a, b, c``."""
    shown = [_shown(value) for value in values]
    more = ["…"] if len(shown) > _LONGEST_LIST else []
    return ", ".join(shown[:_LONGEST_LIST] + more) or "none"


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}…"
