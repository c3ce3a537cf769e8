"""JSON schemas as Gemini reads them.

It takes a part of JSON Schema for the parameters of functions, and may refuse a request with
keywords that it does not know. Everything is still checked against the whole schema before a tool
runs. Source: the description of ``responseJsonSchema`` at
https://ai.google.dev/api/generate-content.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_PLAIN = frozenset(
    {
        "$anchor",
        "$id",
        "$ref",
        "description",
        "format",
        "maxItems",
        "maximum",
        "minItems",
        "minimum",
        "propertyOrdering",
        "required",
        "title",
        "type",
    }
)
_OF_NAMES = frozenset({"$defs", "properties"})
_OF_LISTS = frozenset({"anyOf", "oneOf", "prefixItems"})
_OF_ONE = frozenset({"additionalProperties", "items"})


def parameters_schema(schema: Mapping[str, Any]) -> dict[str, Any] | None:
    """The schema of a function's parameters, or None if it has none."""
    read = _schema(schema)
    if not read.get("properties") and "$ref" not in read:
        return None
    return {"type": "object", **read} if "$ref" not in read else read


def _schema(schema: Mapping[str, Any]) -> dict[str, Any]:
    read: dict[str, Any] = {}
    for key, value in _modern(schema).items():
        if key in _PLAIN:
            read[key] = value
        elif key in _OF_NAMES and isinstance(value, Mapping):
            read[key] = {name: _inside(inner) for name, inner in value.items()}
        elif key in _OF_LISTS and isinstance(value, list) and value:
            read[key] = [_inside(inner) for inner in value]
        elif key in _OF_ONE:
            read[key] = value if isinstance(value, bool) else _inside(value)
        elif key == "enum" and _is_enum(value):
            read[key] = list(value)
    if "$ref" in read:
        # Nothing else may stand next to a reference.
        return {key: value for key, value in read.items() if key.startswith("$")}
    return read


def _modern(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The same schema without the keywords that others can stand for."""
    modern = dict(schema)
    alone = modern.pop("allOf", None)
    if isinstance(alone, list) and len(alone) == 1 and isinstance(alone[0], Mapping):
        # How pydantic 1 wrote a reference with a description.
        modern = {**modern, **alone[0]}
    if "const" in modern:
        modern["enum"] = [modern.pop("const")]
    if "definitions" in modern:
        modern.setdefault("$defs", modern.pop("definitions"))
    if isinstance(modern.get("$ref"), str):
        modern["$ref"] = modern["$ref"].replace("#/definitions/", "#/$defs/")
    return modern


def _inside(schema: Any) -> dict[str, Any]:
    """A schema within another; ``true`` and what makes no sense allow anything."""
    return _schema(schema) if isinstance(schema, Mapping) else {}


def _is_enum(value: Any) -> bool:
    if not isinstance(value, list) or not value:
        return False
    return all(isinstance(one, str | int | float) and not isinstance(one, bool) for one in value)
