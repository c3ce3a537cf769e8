"""Filters of registrations."""

from __future__ import annotations

from collections.abc import Callable, Iterable


def one_or_more[T: str](
    given: Iterable[str] | None, kind: Callable[[str], T]
) -> frozenset[T] | None:
    """What a registration is limited to, each of its kind; None if to nothing.

    A single channel type, direction or id is taken as itself. Its letters, which are what a string
    consists of, would make a filter that never matches, and nobody would notice.

    Raises:
        ValueError: there is no such channel type or direction.
    """
    if given is None:
        return None
    return frozenset(map(kind, (given,) if isinstance(given, str) else given))
