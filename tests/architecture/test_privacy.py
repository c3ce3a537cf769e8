"""A leading underscore means what it says."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from tests.architecture.source import Module, imports, listing, modules

OWN_RECEIVERS = {"self", "cls"}
BY_NAME = {"getattr", "setattr", "hasattr", "delattr"}
# Public, and underscored only so as not to collide with the fields of a named tuple.
NAMED_TUPLE = {"_asdict", "_fields", "_field_defaults", "_make", "_replace"}


def is_private(name: str) -> bool:
    if name in NAMED_TUPLE or (name.startswith("__") and name.endswith("__")):
        return False
    return name.startswith("_")


def defined_here(module: Module) -> set[str]:
    """The private names that classes and the top level of a file introduce."""
    names: set[str] = set()
    for node in ast.walk(module.tree):
        match node:
            case (
                ast.FunctionDef(name=name)
                | ast.AsyncFunctionDef(name=name)
                | ast.ClassDef(name=name)
            ):
                names.add(name)
            case ast.AnnAssign(target=ast.Name(id=name)) | ast.Name(id=name, ctx=ast.Store()):
                names.add(name)
            case ast.Attribute(value=ast.Name(id="self"), attr=name, ctx=ast.Store()):
                names.add(name)
    return {name for name in names if is_private(name)}


def reaches(module: Module) -> Iterator[str]:
    """Uses of a private name on an object whose class is not in this file."""
    known = defined_here(module)
    for node in ast.walk(module.tree):
        match node:
            case ast.Attribute(value=ast.Name(id=receiver)) if receiver in OWN_RECEIVERS:
                continue
            case ast.Attribute(value=ast.Call(func=ast.Name(id="super"))):
                continue
            case ast.Attribute(attr=name) if is_private(name) and name not in known:
                yield f"{module.at(node)}: {ast.unparse(node)}"
            case ast.Call(
                func=ast.Name(id=function),
                args=[ast.Name(id=receiver), ast.Constant(value=str(name)), *_],
            ) if function in BY_NAME and is_private(name) and receiver not in OWN_RECEIVERS:
                yield f"{module.at(node)}: {ast.unparse(node)}"


@pytest.mark.parametrize("name", sorted(modules()))
def test_no_foreign_private_attribute(name: str) -> None:
    problems = list(reaches(modules()[name]))
    assert not problems, listing(problems)


@pytest.mark.parametrize("name", sorted(modules()))
def test_no_private_name_is_imported(name: str) -> None:
    """An underscored module belongs to the package, an underscored name to its module."""
    problems = [
        f"{modules()[name].at(item.node)}: {item.target}.{item.name}"
        for item in imports(name)
        if item.name is not None and is_private(item.name)
    ]
    assert not problems, listing(problems)
