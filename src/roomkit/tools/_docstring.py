"""What a function's docstring says about it and its parameters."""

from __future__ import annotations

import inspect
import re

_SECTION = re.compile(
    r"(args|arguments|parameters|returns?|raises|yields?|examples?|notes?|attributes):",
    re.IGNORECASE,
)
_ARGUMENTS = {"args", "arguments", "parameters"}
_PARAMETER = re.compile(r"\*{0,2}(\w+)(?: *\([^)]*\))?: *(.*)")


def parse_docstring(text: str | None) -> tuple[str, dict[str, str]]:
    """The description, and the parameters' from the section ``Args:`` by name.

    The description is what stands before the first section. In ``Args:`` each parameter has a line
    ``name: description`` or ``name (type): description``; lines that are indented further belong
    to it. What is written otherwise is left out.
    """
    sections: dict[str, list[str]] = {"": []}
    current = ""
    for line in inspect.cleandoc(text or "").splitlines():
        heading = _SECTION.fullmatch(line.rstrip())
        if heading is not None:
            current = heading[1].lower()
        sections.setdefault(current, []).append("" if heading else line)
    described: dict[str, str] = {}
    for name in _ARGUMENTS & sections.keys():
        described |= _parameters(inspect.cleandoc("\n".join(["", *sections[name]])))
    return "\n".join(sections[""]).strip(), described


def _parameters(text: str) -> dict[str, str]:
    described: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in text.splitlines():
        if line[:1].isspace():
            lines.append(line.strip())
        elif (match := _PARAMETER.fullmatch(line)) is not None:
            lines = described[match[1]] = [match[2]]
        else:
            lines = []
    joined = {name: " ".join(words).strip() for name, words in described.items()}
    return {name: words for name, words in joined.items() if words}
