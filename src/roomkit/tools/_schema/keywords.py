"""Keywords that look at one value and need no other part of the schema.

`LEAVES` maps each to a builder, which takes the keyword's value and returns the check; it raises
`ValueError` if the value makes no sense.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Mapping, Sequence, Sized
from fractions import Fraction
from operator import ge, gt, le, lt
from typing import Any

from pydantic_core import SchemaError, SchemaValidator, core_schema

from roomkit.tools._schema.report import Check, Path, Report
from roomkit.tools._schema.values import identity, is_number, listed

MAX_PATTERN = 4096

Compare = Callable[[Any, Any], bool]


_BOUNDS: dict[str, tuple[Compare, str]] = {
    "minimum": (ge, "must be at least {}"),
    "maximum": (le, "must be at most {}"),
    "exclusiveMinimum": (gt, "must be more than {}"),
    "exclusiveMaximum": (lt, "must be less than {}"),
}

_SIZES: dict[str, tuple[type | tuple[type, ...], Compare, str]] = {
    "minLength": (str, ge, "must have at least {} characters"),
    "maxLength": (str, le, "must have at most {} characters"),
    "minItems": ((list, tuple), ge, "must have at least {} items"),
    "maxItems": ((list, tuple), le, "must have at most {} items"),
    "minProperties": (dict, ge, "must have at least {} entries"),
    "maxProperties": (dict, le, "must have at most {} entries"),
}


def _bound(keyword: str) -> Callable[[Any], Check | None]:
    compare, text = _BOUNDS[keyword]

    def build(limit: Any) -> Check | None:
        if isinstance(limit, bool):
            return None  # up to draft 4, a modifier of `minimum`; see `legacy_bounds`
        if not is_number(limit):
            raise ValueError("must be a number")
        message = text.format(limit)

        def check(value: Any, path: Path, report: Report) -> None:
            if is_number(value) and not compare(value, limit):
                report.add(path, message)

        return check

    return build


def legacy_bounds(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """``{"minimum": 0, "exclusiveMinimum": true}``, which OpenAPI 3.0 writes, in today's terms."""
    renamed = dict(schema)
    for exclusive, plain in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
        if schema.get(exclusive) is True and plain in schema:
            renamed[exclusive] = renamed.pop(plain)
    return renamed


def _size(keyword: str) -> Callable[[Any], Check]:
    types, compare, text = _SIZES[keyword]

    def build(limit: Any) -> Check:
        if not is_number(limit) or limit < 0 or limit != int(limit):
            raise ValueError("must be a whole number, 0 or more")
        message = text.format(int(limit))

        def check(value: Sized, path: Path, report: Report) -> None:
            if isinstance(value, types) and not compare(len(value), limit):
                report.add(path, message)

        return check

    return build


def _multiple_of(step: Any) -> Check:
    if not is_number(step) or step <= 0:
        raise ValueError("must be a number above 0")
    message = f"must be a multiple of {step}"
    exact = _exact(step)

    def check(value: Any, path: Path, report: Report) -> None:
        if is_number(value) and _exact(value) % exact:
            report.add(path, message)

    return check


def _exact(number: float) -> Fraction:
    """The number that its digits say: 0.3 is a multiple of 0.1, though not in binary."""
    return Fraction(number if isinstance(number, int) else repr(number))


def _enum(accepted: Any) -> Check:
    if not isinstance(accepted, Sequence) or isinstance(accepted, str):
        raise ValueError("must be a list of the accepted values")
    message = f"must be one of: {listed(accepted)}"
    identities = frozenset(identity(value) for value in accepted)

    def check(value: Any, path: Path, report: Report) -> None:
        if (value if type(value) is str else identity(value)) not in identities:
            report.add(path, message)

    return check


def _const(accepted: Any) -> Check:
    message = f"must be {listed([accepted])}"
    wanted = identity(accepted)

    def check(value: Any, path: Path, report: Report) -> None:
        if identity(value) != wanted:
            report.other_kind = True
            report.add(path, message)

    return check


def _unique(wanted: Any) -> Check | None:
    if not isinstance(wanted, bool):
        raise ValueError("must be true or false")
    if not wanted:
        return None

    def check(value: Any, path: Path, report: Report) -> None:
        if isinstance(value, list | tuple) and len({identity(v) for v in value}) < len(value):
            report.add(path, "must not have the same item twice")

    return check


def matcher(pattern: Any) -> Callable[[str], bool] | None:
    """Whether a text has a match of a pattern, in time proportional to the text.

    The engine is pydantic's, which does not backtrack: neither a hostile pattern nor a hostile
    text can hang it. What it cannot run, such as look-around, is None: the tool is left to check
    that itself, as the standard leaves open.
    """
    if not isinstance(pattern, str):
        raise ValueError("must be a regular expression")
    if len(pattern) > MAX_PATTERN:
        raise ValueError(f"is longer than {MAX_PATTERN} characters")
    schema = core_schema.str_schema(pattern=pattern, regex_engine="rust-regex")
    try:
        return SchemaValidator(schema).isinstance_python
    except SchemaError:
        _assert_regular(pattern)
        return None


def _assert_regular(pattern: str) -> None:
    try:
        with warnings.catch_warnings(action="ignore"):
            re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        raise ValueError("is no regular expression") from error


def _pattern(pattern: Any) -> Check | None:
    matches = matcher(pattern)
    if matches is None:
        return None
    message = f"must match the pattern {listed([pattern])}"

    def check(value: Any, path: Path, report: Report) -> None:
        if isinstance(value, str) and not matches(value):
            report.add(path, message)

    return check


LEAVES: dict[str, Callable[[Any], Check | None]] = {
    **{keyword: _bound(keyword) for keyword in _BOUNDS},
    **{keyword: _size(keyword) for keyword in _SIZES},
    "multipleOf": _multiple_of,
    "enum": _enum,
    "const": _const,
    "uniqueItems": _unique,
    "pattern": _pattern,
}
