"""The base of every data model, and the field types they share."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar, Self, get_origin

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict

from roomkit.models._frozen import EMPTY_DICT, EMPTY_LIST, clean_text, freeze

Text = Annotated[str, BeforeValidator(clean_text)]
"""Free text from outside: NUL and lone surrogates become U+FFFD."""


def _none_if_empty(key: str) -> str | None:
    return key or None


Key = Annotated[Text, AfterValidator(_none_if_empty)]
"""What tells that a thing came before, to be used as ``Key | None``. An empty one is none: all
that have it would be taken for the same."""

Metadata = Annotated[dict[str, Any], AfterValidator(freeze)]
"""Arbitrary JSON-like data, copied in and read-only from then on."""

JsonList = Annotated[list[dict[str, Any]], AfterValidator(freeze)]
"""A list of JSON-like objects, copied in and read-only from then on."""

READ_ONLY = AfterValidator(freeze)
"""The same for a list or mapping of any other type: ``Annotated[list[str], READ_ONLY]``."""

__all__ = [
    "EMPTY_DICT",
    "EMPTY_LIST",
    "READ_ONLY",
    "FrozenModel",
    "JsonList",
    "Key",
    "Metadata",
    "Settings",
    "Text",
    "new_id",
    "utc_now",
]


# What a version 4 UUID makes of its random 7th and 9th byte.
_VERSION = bytes(byte & 0x0F | 0x40 for byte in range(256))
_VARIANT = bytes(byte & 0x3F | 0x80 for byte in range(256))
_IDS_AT_ONCE = 64

_spare_ids: list[str] = []
if hasattr(os, "register_at_fork"):
    # A forked process must not give out the ids that its parent has in store.
    os.register_at_fork(after_in_child=_spare_ids.clear)


def new_id() -> str:
    """A random version 4 UUID in hex.

    They are made in batches, since asking the system for random bytes costs more than all else.
    """
    try:
        return _spare_ids.pop()
    except IndexError:
        numbers = bytearray(os.urandom(16 * _IDS_AT_ONCE))
        numbers[6::16] = numbers[6::16].translate(_VERSION)
        numbers[8::16] = numbers[8::16].translate(_VARIANT)
        digits = numbers.hex()
        first, *spare = [digits[at : at + 32] for at in range(0, len(digits), 32)]
        _spare_ids.extend(spare)
        return first


def utc_now() -> datetime:
    """The current time, timezone-aware."""
    return datetime.now(UTC)


# The slots of a model, without the look-up by name and the check for frozen fields.
_new: Any = object.__new__
_slots: Any = BaseModel.__dict__
_set_dict = _slots["__dict__"].__set__
_set_fields = _slots["__pydantic_fields_set__"].__set__
_set_extra = _slots["__pydantic_extra__"].__set__
_set_private = _slots["__pydantic_private__"].__set__


class FrozenModel(BaseModel):
    """An immutable record. Change one with ``model_copy(update={...})``."""

    # Validators are built when a model is first used: building them all is most of an import.
    model_config = ConfigDict(frozen=True, populate_by_name=True, defer_build=True)

    __field_names__: ClassVar[set[str]] = set()

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        cls.__field_names__ = set(cls.model_fields)

    @classmethod
    def constant(cls, **values: Any) -> Self:
        """An instance for a module's constant, without validation: that would build the validators
        while modules are imported. The defaults are taken as they are, not copied.
        """
        new = cls.__new__(cls)
        fields = cls.model_fields.items()
        given = {name: freeze(value) for name, value in values.items()}
        _set_dict(new, {name: given.get(name, field.default) for name, field in fields})
        _set_fields(new, set(values))
        _set_extra(new, None)
        _set_private(new, None)
        return new

    @classmethod
    def assembled(cls, **values: Any) -> Self:
        """An instance of these values, unvalidated: of all its fields, known to be right.

        Raises:
            TypeError: a field is missing, or there are too many.
        """
        if len(values) != len(cls.__field_names__):
            raise TypeError(f"{cls.__name__} is assembled from {sorted(cls.__field_names__)}")
        new: Self = _new(cls)
        _set_dict(new, values)
        _set_fields(new, cls.__field_names__)
        _set_extra(new, None)
        _set_private(new, None)
        return new

    def evolve(self, **changes: Any) -> Self:
        """A copy with some fields replaced, unvalidated: for values that are known to be right.

        Half the cost of `model_copy`, and the copy shares one set of field names with all others
        of its class instead of carrying its own: a quarter of what an event weighs in memory.
        """
        cls = type(self)
        new: Self = _new(cls)
        _set_dict(new, self.__dict__ | changes)
        _set_fields(new, cls.__field_names__)
        _set_extra(new, None)
        _set_private(new, None)
        return new

    def detached(self) -> Self:
        """A copy whose free-form containers are writable and shared with nobody."""
        values = self.__dict__
        return self.evolve(
            **{name: _detach(values[name]) for name in _container_fields(type(self))}
        )


class Settings(FrozenModel):
    """A record that people write by hand: a field that it does not have is a mistake."""

    model_config = ConfigDict(extra="forbid")


def _detach(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _detach(item) for key, item in value.items()} if value else {}
    if isinstance(value, list):
        return [_detach(item) for item in value] if value else []
    if isinstance(value, FrozenModel) and _container_fields(type(value)):
        return value.detached()
    return value


_CONTAINER_FIELDS: dict[type[BaseModel], tuple[str, ...]] = {}
_PLAIN = (str, int, float, bool, datetime, type(None))


def _container_fields(cls: type[BaseModel]) -> tuple[str, ...]:
    """The fields that may hold a dict, a list or such a model; a `TextContent` has none."""
    known = _CONTAINER_FIELDS.get(cls)
    if known is None:
        _CONTAINER_FIELDS[cls] = ()  # a model that contains itself (a composite) ends here
        known = _CONTAINER_FIELDS[cls] = tuple(
            name for name, field in cls.model_fields.items() if not _is_plain(field.annotation)
        )
    return known


def _is_plain(annotation: Any) -> bool:
    if get_origin(annotation) in (list, dict):
        return False
    arguments = getattr(annotation, "__args__", None)
    if arguments:
        return all(isinstance(argument, str) or _is_plain(argument) for argument in arguments)
    if isinstance(annotation, type) and issubclass(annotation, FrozenModel):
        return not _container_fields(annotation)
    return isinstance(annotation, type) and issubclass(annotation, _PLAIN)
