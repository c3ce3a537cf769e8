"""Payloads with something wrong in them, for the readers of webhooks."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from typing import Any

from hypothesis import strategies as st

ANY_TEXT = st.text(st.characters())
SCALARS: st.SearchStrategy[Any] = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | ANY_TEXT
)


def names_in(value: Any) -> set[str]:
    """The names of all fields in a payload, at whatever depth."""
    if isinstance(value, dict):
        return {str(name) for name in value}.union(*(names_in(item) for item in value.values()))
    if isinstance(value, list):
        return set[str]().union(*(names_in(item) for item in value))
    return set()


def anything(names: Sequence[str]) -> st.SearchStrategy[Any]:
    """Any JSON, in which fields of these names are not rare."""
    return st.recursive(
        SCALARS,
        lambda inner: (
            st.lists(inner) | st.dictionaries(st.sampled_from(names) | ANY_TEXT, inner, max_size=5)
        ),
        max_leaves=12,
    )


@st.composite
def mutated(draw: st.DrawFn, real: Sequence[Any], junk: st.SearchStrategy[Any]) -> Any:
    """A real payload in which up to three places hold something else, or are gone."""
    payload: Any = copy.deepcopy(draw(st.sampled_from(real)))
    for _ in range(draw(st.integers(1, 3))):
        spot: Any = payload
        while keys := list(spot) if isinstance(spot, dict) else list(range(len(spot))):
            key = draw(st.sampled_from(keys))
            inner = spot[key]
            if isinstance(inner, dict | list) and inner and draw(st.booleans()):
                spot = inner
            elif draw(st.booleans()):
                spot[key] = draw(junk)
                break
            else:
                del spot[key]
                break
    return payload


JUNK: tuple[Any, ...] = (7, 10**400, 1.5, True, "", "\ud800", [], {}, [None], {"id": {}})


def with_one_thing_wrong(real: Any) -> Iterator[Any]:
    """A real payload over and over: each place in turn is empty, holds some junk, or is gone."""
    for number, path in enumerate(_places_in(real)):
        yield _replaced(real, path, None)
        yield _replaced(real, path, JUNK[number % len(JUNK)])
        if path:
            yield _without(real, path)


def _places_in(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    if isinstance(value, dict | list):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _places_in(item, (*path, key))


def _replaced(value: Any, path: tuple[Any, ...], junk: Any) -> Any:
    if not path:
        return junk
    copied = copy.copy(value)
    copied[path[0]] = _replaced(value[path[0]], path[1:], junk)
    return copied


def _without(value: Any, path: tuple[Any, ...]) -> Any:
    copied = copy.copy(value)
    if len(path) == 1:
        del copied[path[0]]
    else:
        copied[path[0]] = _without(value[path[0]], path[1:])
    return copied
