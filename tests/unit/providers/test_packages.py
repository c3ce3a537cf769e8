"""What each package of providers offers without naming its modules."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from types import ModuleType

import pytest

from roomkit import providers

PACKAGES = [
    importlib.import_module(found.name)
    for found in pkgutil.iter_modules(providers.__path__, f"{providers.__name__}.")
    if found.ispkg
]
every_package = pytest.mark.parametrize(
    "package", PACKAGES, ids=lambda package: package.__name__.rpartition(".")[2]
)


@every_package
def test_it_offers_names_that_resolve(package: ModuleType) -> None:
    assert package.__all__
    assert all(getattr(package, name) is not None for name in package.__all__)
    assert set(package.__all__) <= set(dir(package))


@every_package
def test_it_offers_its_interface_and_its_mock(package: ModuleType) -> None:
    for found in pkgutil.iter_modules(package.__path__):
        if found.name in ("base", "mock"):
            module = importlib.import_module(f"{package.__name__}.{found.name}")
            classes = inspect.getmembers(module, inspect.isclass)
            own = {name for name, one in classes if one.__module__ == module.__name__}
            assert own
            assert {name for name in own if not name.startswith("_")} <= set(package.__all__)
