"""Loading things late: public names on first use, and optional dependencies when they are
needed."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from types import ModuleType
from typing import Any

from roomkit.errors import MissingDependencyError


def lazy_exports(
    module_name: str, table: Mapping[str, str]
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """A module-level ``__getattr__`` and ``__dir__`` (PEP 562) that import each name on first use.

    Args:
        module_name: the ``__name__`` of the module that exports.
        table: public name → the module that defines it.
    """

    def __getattr__(name: str) -> Any:
        target = table.get(name)
        if target is None:
            raise AttributeError(f"module {module_name!r} has no attribute {name!r}")
        value = getattr(import_module(target), name)
        setattr(sys.modules[module_name], name, value)
        return value

    def __dir__() -> list[str]:
        return sorted({*vars(sys.modules[module_name]), *table})

    return __getattr__, __dir__


def require(module: str, *, extra: str, feature: str) -> ModuleType:
    """Import an optional dependency.

    Raises:
        MissingDependencyError: the module's distribution is not installed; the message has the
            install line. A module that is installed but broken raises its own error.
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        missing = (error.name or "").split(".")[0]
        if missing != module.split(".")[0]:
            raise
        raise MissingDependencyError(feature, extra) from error
