"""Whether a tool's arguments fit its JSON schema, and what to tell the model if they do not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from roomkit.tools._schema.compiler import Compiler, type_names
from roomkit.tools._schema.report import Budget, Check, Report

__all__ = ["SchemaValidator", "compile_schema"]


class SchemaValidator:
    """A compiled schema; made by `compile_schema`. One object serves all threads and tasks."""

    __slots__ = ("_check",)

    def __init__(self, check: Check) -> None:
        self._check = check

    def validate(self, arguments: Mapping[str, Any]) -> list[str]:
        """What is wrong with the arguments; an empty list if nothing is.

        Each problem is one line that names the place, what is wrong and what would be right, such
        as ``address.lines[2]: must be string, not number``. Values are never quoted, names are
        cut, and after eight problems the last line says that there are more.
        """
        budget = Budget()
        report = Report(budget)
        try:
            self._check(
                arguments if isinstance(arguments, dict) else dict(arguments), None, report
            )
        except RecursionError:
            return ["nested too deeply"]
        if budget.steps < 0:
            return ["too complex to check against the schema"]
        return report.problems


def compile_schema(schema: Mapping[str, Any]) -> SchemaValidator:
    """Turn a JSON schema into a validator that takes microseconds.

    Understood is what tool schemas are made of, in the meaning of JSON Schema 2020-12: ``type``,
    ``enum``, ``const``, the bounds of numbers, texts, lists and objects, ``multipleOf``,
    ``uniqueItems``, ``properties``, ``required``, ``additionalProperties``,
    ``patternProperties``, ``propertyNames``, ``dependentRequired``, ``items``, ``prefixItems``,
    ``anyOf``, ``oneOf``, ``allOf``, ``not``, and ``$ref`` within the schema. So are three habits
    of older writers: ``nullable``, a list of ``items``, and a boolean ``exclusiveMinimum``. Every
    other keyword is ignored, ``format`` among them. An object is open unless its schema closes it
    with ``additionalProperties: false``.

    ``pattern`` runs on an engine that takes time proportional to the text. One that this engine
    cannot run, with look-around or a back-reference, is left to the tool to check.

    Args:
        schema: the schema of an object, as in `Tool.parameters`. Later changes to it have no
            effect.

    Raises:
        ValueError: the schema itself is wrong; the message names the place in it.
    """
    check = Compiler(schema).compile()
    types = type_names(schema["type"]) if "type" in schema else None
    if types is not None and "object" not in types:
        raise ValueError("schema #/type: must be object: arguments come by name")
    return SchemaValidator(check)
