"""The package's source as the rules see it: parsed modules, and what they import."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
SRC = ROOT / "src"
PACKAGE = "roomkit"


@dataclass(frozen=True)
class Module:
    """One file of the package."""

    name: str
    path: Path
    tree: ast.Module

    @property
    def is_package(self) -> bool:
        return self.path.name == "__init__.py"

    def at(self, node: ast.stmt | ast.expr) -> str:
        """Where a node is, in the form that terminals and editors make clickable."""
        return f"{self.path.relative_to(ROOT)}:{node.lineno}"


@dataclass(frozen=True)
class Import:
    """One module that a statement imports."""

    target: str
    name: str | None
    node: ast.Import | ast.ImportFrom
    function: str | None
    type_checking: bool

    @property
    def own(self) -> bool:
        return self.target.split(".")[0] == PACKAGE


@cache
def modules() -> dict[str, Module]:
    """Every module of the package by its dotted name."""
    found = {}
    for path in sorted((SRC / PACKAGE).rglob("*.py")):
        parts = path.relative_to(SRC).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        found[name] = Module(name, path, ast.parse(path.read_text(encoding="utf-8"), str(path)))
    return found


@cache
def imports(module_name: str) -> tuple[Import, ...]:
    """The imports of a module; `from package import submodule` counts as the submodule."""
    return tuple(_walk_imports(modules()[module_name].tree, None, False))


def _walk_imports(node: ast.AST, function: str | None, type_checking: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        match child:
            case ast.Import():
                for alias in child.names:
                    yield Import(alias.name, None, child, function, type_checking)
            case ast.ImportFrom():
                yield from _from_imports(child, function, type_checking)
            case ast.If(test=test) if _is_type_checking(test):
                for statement in child.body:
                    yield from _walk_imports(ast.Module([statement], []), function, True)
                for statement in child.orelse:
                    yield from _walk_imports(ast.Module([statement], []), function, type_checking)
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield from _walk_imports(child, name, type_checking)
            case _:
                yield from _walk_imports(child, function, type_checking)


def _from_imports(
    node: ast.ImportFrom, function: str | None, type_checking: bool
) -> Iterator[Import]:
    package = node.module or ""
    for alias in node.names:
        submodule = f"{package}.{alias.name}"
        if submodule in modules():
            yield Import(submodule, None, node, function, type_checking)
        else:
            yield Import(package, alias.name, node, function, type_checking)


def _is_type_checking(test: ast.expr) -> bool:
    return ast.unparse(test) in {"TYPE_CHECKING", "typing.TYPE_CHECKING"}


@dataclass(frozen=True)
class Function:
    """A function or method, with the dotted name it has inside its module."""

    qualname: str
    node: ast.FunctionDef | ast.AsyncFunctionDef

    @property
    def lines(self) -> int:
        return (self.node.end_lineno or self.node.lineno) - self.node.lineno + 1


def functions(module: Module) -> Iterator[Function]:
    """Every function of a module, nested ones too."""

    def walk(node: ast.AST, prefix: str) -> Iterator[Function]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
                yield Function(prefix + child.name, child)
                yield from walk(child, f"{prefix}{child.name}.")
            elif isinstance(child, ast.ClassDef):
                yield from walk(child, f"{prefix}{child.name}.")
            else:
                yield from walk(child, prefix)

    yield from walk(module.tree, "")


@cache
def extras() -> frozenset[str]:
    """The names of the optional dependencies."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return frozenset(project["optional-dependencies"])


def listing(problems: Iterable[str]) -> str:
    """Problems one to a line, for the message of an assertion."""
    return "\n" + "\n".join(sorted(problems))
