"""Turns a JSON schema into closures, once."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import Any
from urllib.parse import unquote

from roomkit.tools._schema.choices import Form, any_of, none_of, one_of
from roomkit.tools._schema.containers import (
    Entries,
    accept,
    all_of,
    dependent_of,
    entries_of,
    guarded_by_type,
    items_of,
    names_of,
    reject,
    required_of,
)
from roomkit.tools._schema.keywords import LEAVES, legacy_bounds, matcher
from roomkit.tools._schema.report import Check, Path, Report
from roomkit.tools._schema.values import TYPES

logger = logging.getLogger("roomkit.tools")

MAX_DEPTH = 64

Schema = Mapping[str, Any]


class Place:
    """Where in the schema the compiler is.

    Attributes:
        pointer: the JSON pointer to it.
        owner: the pointer to the schema of the same value that the compiler came from, such as
            the one whose ``anyOf`` this is a part of.
        depth: how many schemas it is inside of.
    """

    __slots__ = ("depth", "owner", "pointer")

    def __init__(self, pointer: str, owner: str, depth: int) -> None:
        self.pointer = pointer
        self.owner = owner
        self.depth = depth

    def part(self, *keys: str | int) -> Place:
        """A schema inside this one for a part of the value."""
        pointer = self._pointer_to(keys)
        return Place(pointer, pointer, self.depth + 1)

    def same_value(self, *keys: str | int) -> Place:
        """A schema inside this one for the same value."""
        return Place(self._pointer_to(keys), self.owner, self.depth + 1)

    def wrong(self, problem: str, *keys: str | int) -> ValueError:
        """The error that says what is wrong with the schema here."""
        return ValueError(f"schema {self._pointer_to(keys)}: {problem}")

    def _pointer_to(self, keys: Sequence[str | int]) -> str:
        escaped = (str(key).replace("~", "~0").replace("/", "~1") for key in keys)
        return "/".join((self.pointer, *escaped))


class Compiler:
    """Compiles one schema, with what it refers to."""

    def __init__(self, root: Schema) -> None:
        self._root = root
        self._targets: dict[str, Check] = {}
        self._pending: list[tuple[str, Any]] = []
        # Which targets a schema asks about the very value that it is itself asked about.
        self._asks: dict[str, set[str]] = {}

    def compile(self) -> Check:
        """The check of the whole schema.

        Raises:
            ValueError: the schema is wrong; the message says where.
        """
        check = self._node(self._root, Place("#", "#", 0))
        while self._pending:
            pointer, target = self._pending.pop()
            self._targets[pointer] = self._node(target, Place(pointer, pointer, 0))
        try:
            TopologicalSorter(self._asks).prepare()
        except CycleError as error:
            raise ValueError(f"schema {error.args[1][0]}: refers to itself without end") from None
        return check

    def _node(self, schema: Any, place: Place) -> Check:
        if isinstance(schema, bool):
            return accept if schema else reject
        if not isinstance(schema, Mapping):
            raise place.wrong("must be an object, true or false")
        if place.depth > MAX_DEPTH:
            raise place.wrong(f"is nested deeper than {MAX_DEPTH} levels")
        schema = legacy_bounds(schema)
        checks = [*self._applicators(schema, place), *self._leaves(schema, place)]
        return self._typed(schema, place, all_of(checks))

    def _applicators(self, schema: Schema, place: Place) -> list[Check]:
        """The keywords that hold schemas, or look at several entries at once."""
        builders: tuple[tuple[Callable[[Schema, Place], Check], tuple[str, ...]], ...] = (
            (self._reference, ("$ref",)),
            (self._required, ("required",)),
            (self._entries, ("properties", "patternProperties", "additionalProperties")),
            (self._property_names, ("propertyNames",)),
            (self._dependent, ("dependentRequired",)),
            (self._items, ("prefixItems", "items")),
            (self._all_of, ("allOf",)),
            (self._any_of, ("anyOf",)),
            (self._one_of, ("oneOf",)),
            (self._not, ("not",)),
        )
        return [
            build(schema, place)
            for build, keywords in builders
            if any(keyword in schema for keyword in keywords)
        ]

    def _leaves(self, schema: Schema, place: Place) -> list[Check]:
        built = []
        for keyword, build in LEAVES.items():
            if keyword not in schema:
                continue
            try:
                check = build(schema[keyword])
            except ValueError as error:
                raise place.wrong(str(error), keyword) from error
            if check is not None:
                built.append(check)
            elif keyword == "pattern":
                logger.info("schema %s/pattern needs backtracking: not checked", place.pointer)
        return built

    def _typed(self, schema: Schema, place: Place, rest: Check) -> Check:
        check = rest
        if "type" in schema:
            names = type_names(schema["type"])
            if names is None:
                raise place.wrong(f"must be one or several of {', '.join(TYPES)}", "type")
            tests = [TYPES[name] for name in names]
            fits = tests[0] if len(tests) == 1 else lambda value: any(t(value) for t in tests)
            check = guarded_by_type(fits, names, rest)
        return _nullable(check) if schema.get("nullable") is True else check

    def _reference(self, schema: Schema, place: Place) -> Check:
        pointer = schema["$ref"]
        target = self._resolve(pointer)
        if target is _NOTHING:
            raise place.wrong(
                "must lead to a place in this schema that exists, such as #/$defs/name", "$ref"
            )
        self._asks.setdefault(place.owner, set()).add(pointer)
        targets = self._targets
        if pointer not in targets:
            targets[pointer] = accept  # until its turn: it may refer to what is being compiled
            self._pending.append((pointer, target))

        def check(value: Any, path: Path, report: Report) -> None:
            budget = report.budget
            budget.steps -= 1
            if budget.steps >= 0:
                targets[pointer](value, path, report)

        return check

    def _resolve(self, pointer: Any) -> Any:
        if not isinstance(pointer, str) or not (pointer == "#" or pointer.startswith("#/")):
            return _NOTHING
        found: Any = self._root
        for escaped in pointer.split("/")[1:]:
            key = unquote(escaped).replace("~1", "/").replace("~0", "~")
            if isinstance(found, Mapping):
                found = found.get(key, _NOTHING)
            elif isinstance(found, list | tuple) and key.isdecimal() and int(key) < len(found):
                found = found[int(key)]
            else:
                return _NOTHING
        return found

    def _types(self, schema: Any) -> tuple[str, ...] | None:
        """The types that a schema accepts, as far as that is written in it."""
        for _ in range(MAX_DEPTH):
            if not isinstance(schema, Mapping):
                return None
            if "type" in schema:
                return type_names(schema["type"])
            if "$ref" not in schema:
                return None
            schema = self._resolve(schema["$ref"])
        return None

    def _forms(self, keyword: str, schema: Schema, place: Place) -> list[Form]:
        forms = _array(schema, keyword, place)
        if not forms:
            raise place.wrong("must not be empty", keyword)
        return [
            Form(self._node(form, place.same_value(keyword, index)), self._types(form))
            for index, form in enumerate(forms)
        ]

    def _any_of(self, schema: Schema, place: Place) -> Check:
        return any_of(self._forms("anyOf", schema, place))

    def _one_of(self, schema: Schema, place: Place) -> Check:
        return one_of(self._forms("oneOf", schema, place))

    def _all_of(self, schema: Schema, place: Place) -> Check:
        return all_of([form.check for form in self._forms("allOf", schema, place)])

    def _not(self, schema: Schema, place: Place) -> Check:
        return none_of(self._node(schema["not"], place.same_value("not")))

    def _entries(self, schema: Schema, place: Place) -> Check:
        properties = _object(schema, "properties", place)
        patterns = _object(schema, "patternProperties", place)
        extra = schema.get("additionalProperties", True)
        return entries_of(
            Entries(
                properties={
                    name: self._node(part, place.part("properties", name))
                    for name, part in properties.items()
                },
                patterns=[
                    (
                        self._matcher(name, place),
                        self._node(part, place.part("patternProperties", name)),
                    )
                    for name, part in patterns.items()
                ],
                others=None
                if extra is False
                else self._node(extra, place.part("additionalProperties")),
            )
        )

    def _matcher(self, pattern: str, place: Place) -> Callable[[str], bool]:
        try:
            matches = matcher(pattern)
        except ValueError as error:
            raise place.wrong(str(error), "patternProperties", pattern) from error
        # Which entries are meant cannot be told: none is refused for it.
        return matches or (lambda _name: True)

    def _required(self, schema: Schema, place: Place) -> Check:
        return required_of(_names(schema["required"], place, "required"))

    def _dependent(self, schema: Schema, place: Place) -> Check:
        dependent = _object(schema, "dependentRequired", place)
        return dependent_of(
            {
                name: _names(others, place, "dependentRequired", name)
                for name, others in dependent.items()
            }
        )

    def _property_names(self, schema: Schema, place: Place) -> Check:
        return names_of(self._node(schema["propertyNames"], place.part("propertyNames")))

    def _items(self, schema: Schema, place: Place) -> Check:
        # Up to 2019 a list of `items` was what `prefixItems` is now, and `additionalItems` what
        # `items` is; many servers still write that.
        legacy = isinstance(schema.get("items"), list | tuple)
        first, rest = ("items", "additionalItems") if legacy else ("prefixItems", "items")
        prefix = _array(schema, first, place)
        return items_of(
            [self._node(part, place.part(first, index)) for index, part in enumerate(prefix)],
            self._node(schema.get(rest, True), place.part(rest)),
        )


_NOTHING = object()


def _nullable(check: Check) -> Check:
    def nullable(value: Any, path: Path, report: Report) -> None:
        if value is not None:
            check(value, path, report)

    return nullable


def type_names(value: Any) -> tuple[str, ...] | None:
    """The names in a ``type`` keyword; None if that is wrong."""
    names = (value,) if isinstance(value, str) else value
    if not isinstance(names, list | tuple) or not names:
        return None
    return tuple(names) if all(isinstance(n, str) and n in TYPES for n in names) else None


def _object(schema: Schema, keyword: str, place: Place) -> Mapping[str, Any]:
    value = schema.get(keyword, {})
    if not isinstance(value, Mapping):
        raise place.wrong("must be an object", keyword)
    return value


def _array(schema: Schema, keyword: str, place: Place) -> Sequence[Any]:
    value = schema.get(keyword, ())
    if not isinstance(value, list | tuple):
        raise place.wrong("must be a list", keyword)
    return value


def _names(value: Any, place: Place, *keys: str) -> Sequence[str]:
    if not isinstance(value, list | tuple) or not all(isinstance(name, str) for name in value):
        raise place.wrong("must be a list of names", *keys)
    return value
