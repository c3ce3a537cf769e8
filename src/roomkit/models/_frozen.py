"""Read-only containers for the free-form parts of models (`metadata` and its kin).

Pydantic's ``frozen=True`` stops assignment to a field but not ``event.metadata["x"] = 1``. A hook
or an observer that is handed a record of the timeline could change history that way, so the
containers refuse. They are `dict` and `list` subclasses: they read, compare and serialise as
usual,
and a deep copy of one is an ordinary, writable container.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Never

MAX_DEPTH = 64

_HINT = "this container is read-only; build a new one and pass it to model_copy(update={...})"


class FrozenDict(dict[str, Any]):
    """A `dict` that cannot be changed; `thaw` or `copy.deepcopy` give a writable one."""

    __slots__ = ()

    def _refuse(self, *_args: object, **_kwargs: object) -> Never:
        raise TypeError(_HINT)

    __setitem__ = _refuse
    __delitem__ = _refuse
    __ior__ = _refuse
    clear = _refuse
    pop = _refuse
    popitem = _refuse
    setdefault = _refuse
    update = _refuse

    # Hashable, for one reason: pydantic deep-copies an unhashable default for every new model.
    def __hash__(self) -> int:  # type: ignore[override]
        return hash(frozenset(self))

    def __deepcopy__(self, _memo: dict[int, Any]) -> dict[str, Any]:
        return {key: thaw(value) for key, value in self.items()}

    def __copy__(self) -> dict[str, Any]:
        return dict(self)

    def copy(self) -> dict[str, Any]:
        return dict(self)

    def __reduce__(self) -> tuple[Any, ...]:
        return (FrozenDict, (dict(self),))

    # Only a type that pydantic knows has a place as a default in a JSON Schema (of OpenAPI, say).
    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, handler: Callable[[Any], Any]) -> Any:
        return handler(dict[str, Any])


class FrozenList(list[Any]):
    """A `list` that cannot be changed."""

    __slots__ = ()

    def _refuse(self, *_args: object, **_kwargs: object) -> Never:
        raise TypeError(_HINT)

    __setitem__ = _refuse
    __delitem__ = _refuse
    __iadd__ = _refuse
    __imul__ = _refuse
    append = _refuse
    clear = _refuse
    extend = _refuse
    insert = _refuse
    pop = _refuse
    remove = _refuse
    reverse = _refuse
    sort = _refuse

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(len(self))

    def __deepcopy__(self, _memo: dict[int, Any]) -> list[Any]:
        return [thaw(value) for value in self]

    def __copy__(self) -> list[Any]:
        return list(self)

    def copy(self) -> list[Any]:
        return list(self)

    def __reduce__(self) -> tuple[Any, ...]:
        return (FrozenList, (list(self),))

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, handler: Callable[[Any], Any]) -> Any:
        return handler(list[Any])


EMPTY_DICT: dict[str, Any] = FrozenDict()
"""The shared default of every free-form mapping: an event with its own empty dicts weighs twice as
much."""

EMPTY_LIST: list[Any] = FrozenList()


def clean_text(value: Any) -> Any:
    """Replace NUL and lone surrogates by U+FFFD, the replacement character.

    Neither can be stored by PostgreSQL nor encoded as UTF-8, so one such character in a customer's
    message would fail far away from where it entered. Values that are not strings pass unchanged.
    """
    if not isinstance(value, str):
        return value
    if value.isascii():
        return value.replace("\x00", "\ufffd") if "\x00" in value else value
    try:
        value.encode()
    except UnicodeEncodeError:
        # A pair that arrived as two halves is one character again after the round trip through
        # UTF-16.
        value = value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return value.replace("\x00", "\ufffd") if "\x00" in value else value


def freeze(value: Any, _depth: int = 0) -> Any:
    """Copy nested dicts and lists into read-only ones, cleaning the strings on the way.

    Raises:
        ValueError: nested deeper than `MAX_DEPTH` levels.
    """
    if type(value) is str:
        return value if value.isascii() and "\x00" not in value else clean_text(value)
    if isinstance(value, (dict, list)):
        if not value:
            return EMPTY_DICT if isinstance(value, dict) else EMPTY_LIST
        if _depth >= MAX_DEPTH:
            raise ValueError(f"nested deeper than {MAX_DEPTH} levels")
        return _frozen_copy(value, _depth + 1)
    return clean_text(value)


def _frozen_copy(value: dict[Any, Any] | list[Any], depth: int) -> Any:
    if isinstance(value, list):
        return FrozenList([freeze(item, depth) for item in value])
    # What `clean_text` and `freeze` would say of plain text stands here once more: calling them
    # for every name and value doubles the cost, and most webhooks are copied this way.
    return FrozenDict(
        {
            key if type(key) is str and key.isascii() and "\x00" not in key else clean_text(key): (
                item
                if type(item) is str and item.isascii() and "\x00" not in item
                else freeze(item, depth)
            )
            for key, item in value.items()
        }
    )


def thaw(value: Any) -> Any:
    """The writable counterpart of `freeze`: nested containers are copied into plain ones."""
    if isinstance(value, dict):
        return {key: thaw(item) for key, item in value.items()}
    if isinstance(value, list):
        return [thaw(item) for item in value]
    return value
