"""The base of the vendors' configurations, and the types of their secrets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Self, overload

from pydantic import ConfigDict, Field, SecretStr

from roomkit.models._base import FrozenModel

if TYPE_CHECKING:
    from collections.abc import Mapping

    class Setting[Stored, Given]:
        """A field that is given in one type and read in another, for type checkers only."""

        @overload
        def __get__(self, instance: None, owner: type[Any]) -> Self: ...
        @overload
        def __get__(self, instance: object, owner: type[Any]) -> Stored: ...
        def __get__(self, instance: object | None, owner: type[Any]) -> Self | Stored: ...
        def __set__(self, instance: Any, value: Given) -> None: ...

    Secret = Setting[SecretStr, SecretStr | str]
    OptionalSecret = Setting[SecretStr | None, SecretStr | str | None]
    SecretHeaders = Setting[dict[str, SecretStr], Mapping[str, SecretStr | str]]
else:
    # Never empty: an empty key would verify what anybody signs.
    Secret = Annotated[SecretStr, Field(min_length=1)]
    OptionalSecret = Secret | None
    SecretHeaders = dict[str, SecretStr]

NOT_SET: Any = None
"""The default of an `OptionalSecret`, in a type that checkers accept there."""


class ProviderConfig(FrozenModel):
    """A vendor's account and settings.

    Immutable; credentials are given as text and kept as `pydantic.SecretStr`, so that neither
    ``repr()`` nor a dump shows them. A field that does not exist is an error rather than a setting
    that silently does nothing, and the message of such an error does not quote what was passed in.
    """

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)
