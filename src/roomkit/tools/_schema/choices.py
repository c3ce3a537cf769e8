"""Checks that a value fits one of several forms, and what to say if it does not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from roomkit.tools._schema.report import Check, Path, Report
from roomkit.tools._schema.values import TYPES, type_name


@dataclass(frozen=True, slots=True)
class Form:
    """One of the forms that a value may have.

    Attributes:
        check: whether a value has it.
        types: the JSON types that it accepts; None if that is not plain from the schema.
    """

    check: Check
    types: tuple[str, ...] | None

    def may_be_meant(self, value: Any) -> bool:
        """Whether somebody who wrote `value` can have had this form in mind."""
        return self.types is None or any(TYPES[name](value) for name in self.types)


def any_of(forms: Sequence[Form]) -> Check:
    """Checks that a value has at least one of the forms."""
    several = tuple(forms)

    def check(value: Any, path: Path, report: Report) -> None:
        for form in several:
            attempt = report.branch()
            form.check(value, path, attempt)
            if not attempt:
                return
        _explain(several, value, path, report)

    return check


def one_of(forms: Sequence[Form]) -> Check:
    """Checks that a value has one of the forms and none of the others."""
    several = tuple(forms)

    def check(value: Any, path: Path, report: Report) -> None:
        fitting = 0
        for form in several:
            attempt = report.branch()
            form.check(value, path, attempt)
            fitting += not attempt
        if fitting > 1:
            report.add(path, "fits several of the accepted forms, and must fit just one")
        elif not fitting:
            _explain(several, value, path, report)

    return check


def none_of(form: Check) -> Check:
    """Checks that a value does not have a form."""

    def check(value: Any, path: Path, report: Report) -> None:
        attempt = report.branch()
        form(value, path, attempt)
        if not attempt:
            report.add(path, "has a form that is not accepted")

    return check


def _explain(forms: Sequence[Form], value: Any, path: Path, report: Report) -> None:
    """Says what is wrong with the form that was probably meant: the one that is closest."""
    meant = [form for form in forms if form.may_be_meant(value)]
    if not meant:
        names = dict.fromkeys(name for form in forms for name in form.types or ())
        report.add(path, f"must be {' or '.join(names)}, not {type_name(value)}")
        return
    attempts = []
    for form in meant:
        attempt = report.branch()
        form.check(value, path, attempt)
        attempts.append(attempt)
    attempts.sort(key=_distance)
    if len(attempts) == 1 or _distance(attempts[0]) < _distance(attempts[1]):
        report.extend(attempts[0])
    else:
        report.add(path, f"fits none of the {len(forms)} accepted forms")


def _distance(attempt: Report) -> tuple[bool, int]:
    return attempt.other_kind, len(attempt.problems)
