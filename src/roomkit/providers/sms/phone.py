"""Phone numbers in the one form that the rest of the library compares."""

from __future__ import annotations

import re

from roomkit._lazy import require
from roomkit.errors import MissingDependencyError
from roomkit.models.address import canonical_phone

__all__ = ["canonical_phone", "is_valid_phone", "normalize_phone"]

_E164 = re.compile(r"\+[1-9][0-9]{6,14}")


def normalize_phone(number: str, default_region: str = "US") -> str:
    """A phone number in E.164 form: ``normalize_phone("418-555-1234", "CA")`` is
    ``"+14185551234"``.

    Args:
        number: in national or international spelling.
        default_region: the country that a national spelling belongs to, as two letters.

    Raises:
        ValueError: that cannot be a phone number.
        MissingDependencyError: the number is in national spelling and the ``phonenumbers`` extra,
            which knows the countries' rules, is not installed.
    """
    try:
        library = require("phonenumbers", extra="phonenumbers", feature="normalize_phone()")
    except MissingDependencyError:
        return _without_library(number)
    try:
        parsed = library.parse(number, default_region.upper())
    except (library.NumberParseException, TypeError, AttributeError):
        parsed = None
    if parsed is None or not library.is_possible_number(parsed):
        raise ValueError("not a possible phone number")
    return str(library.format_number(parsed, library.PhoneNumberFormat.E164))


def is_valid_phone(number: str, default_region: str = "US") -> bool:
    """Whether this can be a phone number: its length and shape are right for its country.

    Whether somebody has the number is not looked at. Without the ``phonenumbers`` extra only the
    shape of the international form is checked.
    """
    try:
        normalize_phone(number, default_region)
    except (ValueError, MissingDependencyError):
        return False
    return True


def _without_library(number: str) -> str:
    canonical = canonical_phone(str(number))
    if _E164.fullmatch(canonical):
        return canonical
    if canonical.isdigit() and 5 <= len(canonical) <= 14:
        raise MissingDependencyError("normalize_phone() of a national number", "phonenumbers")
    raise ValueError("not a possible phone number")
