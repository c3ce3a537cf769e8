"""Checks of objects and arrays, put together from the checks of their parts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from roomkit.tools._schema.report import Check, Path, Report, clipped
from roomkit.tools._schema.values import listed, type_name

_MANY = 5


def accept(_value: Any, _path: Path, _report: Report) -> None:
    """Anything fits."""


def reject(_value: Any, path: Path, report: Report) -> None:
    """Nothing fits."""
    report.add(path, "is not accepted")


def all_of(checks: Sequence[Check]) -> Check:
    """One check that does what all of them do."""
    if not checks:
        return accept
    if len(checks) == 1:
        return checks[0]
    several = tuple(checks)

    def check(value: Any, path: Path, report: Report) -> None:
        for part in several:
            part(value, path, report)

    return check


def guarded_by_type(fits: Callable[[Any], bool], names: Sequence[str], rest: Check) -> Check:
    """A value of a wrong type is reported as that, and as nothing else."""
    wanted = " or ".join(names)

    def check(value: Any, path: Path, report: Report) -> None:
        if fits(value):
            rest(value, path, report)
        else:
            report.add(path, f"must be {wanted}, not {type_name(value)}")

    return check


@dataclass(frozen=True, kw_only=True, slots=True)
class Entries:
    """What an object may hold.

    Attributes:
        properties: the checks of the entries that are known by name.
        patterns: checks of all entries whose name fits.
        others: the check of all others; None refuses them.
    """

    properties: Mapping[str, Check] = field(default_factory=dict)
    patterns: Sequence[tuple[Callable[[str], bool], Check]] = ()
    others: Check | None = accept


def entries_of(entries: Entries) -> Check:
    """Checks what an object holds, each entry once."""
    properties, patterns, others = entries.properties, entries.patterns, entries.others
    accepted = listed(properties)

    def check(value: Any, path: Path, report: Report) -> None:
        if not isinstance(value, dict):
            return
        unknown = []
        for name, item in value.items():
            known = properties.get(name)
            if known is not None:
                known(item, (path, name), report)
            matching = [part for fits, part in patterns if fits(name)] if patterns else ()
            for part in matching:
                part(item, (path, name), report)
            if known is None and not matching:
                if others is None:
                    unknown.append(name)
                else:
                    others(item, (path, name), report)
        if unknown:
            what = f"{_noun(path)}s" if len(unknown) > 1 else _noun(path)
            report.add(path, f"unknown {what} {_quoted(unknown)}; accepted: {accepted}")

    return check


def required_of(names: Sequence[str]) -> Check:
    """Checks that an object has entries of these names."""
    wanted = tuple(names)

    def check(value: Any, path: Path, report: Report) -> None:
        if not isinstance(value, dict):
            return
        for name in wanted:
            if name not in value:
                report.add(path, f"missing {_noun(path)} {name!r}")

    return check


def dependent_of(dependent: Mapping[str, Sequence[str]]) -> Check:
    """Checks that entries which need others come with them."""

    def check(value: Any, path: Path, report: Report) -> None:
        if not isinstance(value, dict):
            return
        for name, others in dependent.items():
            missing = [other for other in others if other not in value]
            if name in value and missing:
                report.add(path, f"{name!r} needs {_quoted(missing)} too")

    return check


def names_of(part: Check) -> Check:
    """Checks the names of an object's entries."""

    def check(value: Any, path: Path, report: Report) -> None:
        if not isinstance(value, dict):
            return
        for name in value:
            attempt = report.branch()
            part(name, None, attempt)
            if attempt:
                report.add(path, f"the name {_quoted([name])} is not accepted")

    return check


def items_of(prefix: Sequence[Check], rest: Check) -> Check:
    """Checks the items of an array: the first ones each by its own check."""
    count = len(prefix)

    def check(value: Any, path: Path, report: Report) -> None:
        if not isinstance(value, list | tuple):
            return
        for index, item in enumerate(value):
            part = prefix[index] if index < count else rest
            part(item, (path, index), report)

    return check


def _noun(path: Path) -> str:
    return "property" if path else "argument"


def _quoted(names: Sequence[str]) -> str:
    shown = [repr(clipped(name)) for name in names[:_MANY]]
    return ", ".join(shown + ["…"] * (len(names) > _MANY))
