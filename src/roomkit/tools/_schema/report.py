"""What a check writes into: where something is wrong, and what."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

MAX_PROBLEMS = 8
"""A model corrects the first few; a long list costs tokens and can be as long as the arguments."""

MAX_STEPS = 50_000
"""How often one validation may follow a ``$ref``. References can be arranged so that the work is
exponential in the size of the schema."""

_MAX_NAME = 40

Path = tuple["Path | None", str | int] | None
"""The way to a value: the way to what holds it, and its name or index there."""


class Budget:
    """The work that is left for one validation."""

    __slots__ = ("steps",)

    def __init__(self) -> None:
        self.steps = MAX_STEPS


class Report:
    """Collects problems. Truthy once there is one.

    Attributes:
        other_kind: whether a constant did not match: the mark by which kinds of objects are told
            apart.
    """

    __slots__ = ("budget", "other_kind", "problems")

    def __init__(self, budget: Budget) -> None:
        self.budget = budget
        self.other_kind = False
        self.problems: list[str] = []

    def __bool__(self) -> bool:
        return bool(self.problems)

    def add(self, path: Path, text: str) -> None:
        """Note a problem; those past the limit only leave a mark that there are more."""
        count = len(self.problems)
        if count < MAX_PROBLEMS:
            self.problems.append(f"{render(path)}: {text}" if path else text)
        elif count == MAX_PROBLEMS:
            self.problems.append("and more")

    def extend(self, other: Report) -> None:
        """Take over the problems of a branch."""
        self.problems = (self.problems + other.problems)[: MAX_PROBLEMS + 1]

    def branch(self) -> Report:
        """A report for an attempt that may fail without anything being wrong."""
        return Report(self.budget)


Check = Callable[[Any, Path, Report], None]
"""One compiled piece of a schema: looks at a value and reports what does not fit."""


def render(path: Path) -> str:
    """``address.lines[2]``"""
    parts: list[str] = []
    while path is not None:
        path, key = path
        parts.append(f"[{key}]" if isinstance(key, int) else f".{clipped(key)}")
    return "".join(reversed(parts)).removeprefix(".")


def clipped(name: str) -> str:
    """A name that a model chose, fit to be repeated: short, and on one line."""
    shown = name if name.isprintable() else ascii(name)[1:-1]
    return shown if len(shown) <= _MAX_NAME else f"{shown[:_MAX_NAME]}…"
