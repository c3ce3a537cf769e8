"""Imports point down, never round in a circle, and stand where a reader looks for them."""

from __future__ import annotations

from fnmatch import fnmatchcase
from graphlib import CycleError, TopologicalSorter

import pytest

from tests.architecture.source import PACKAGE, Import, imports, listing, modules

# From the bottom up. A module belongs to the layer of its longest matching pattern, which covers
# what is inside it too; it may import its own layer and those below. A trailing `.base` or `.host`
# anywhere is a contract.
LAYERS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "foundation",
        ("_clock", "_lazy", "_tasks", "_tls", "_version", "errors"),
    ),
    ("models", ("models",)),
    (
        "contracts",
        (
            "channels.connections",
            "channels.host",
            "channels.streaming",
            "store.members",
            "store.records",
            "store.rules",
            "store.tables",
            "voice.audio_frame",
            "voice.events",
            "voice.interruption",
            "voice.realtime.events",
        ),
    ),
    # What channels, providers and stores share with the core: no knowledge of rooms or of the kit.
    (
        "mechanisms",
        ("core.circuit_breaker", "core.locks", "core.rate_limiter", "core.retry"),
    ),
    # What a kit has when it is given nothing else: the only implementations that the core knows.
    (
        "defaults",
        (
            "identity",
            "realtime.memory",
            "store._memory_*",
            "store.memory",
            "tasks.memory",
            "telemetry.guard",
            "telemetry.noop",
        ),
    ),
    (
        "implementations",
        (
            "ai_docs",
            "channels",
            "memory",
            "providers",
            "realtime",
            "skills",
            "sources",
            "store",
            "tasks",
            "telemetry",
            "tools",
            "voice",
        ),
    ),
    ("core", ("core",)),
    ("orchestration", ("orchestration",)),
    ("top", ("_exports", "_typed_exports", "integrations", "testing")),
)
NAMES = [name for name, _ in LAYERS]
CORE = NAMES.index("core")

# A package's `__init__` may point up: it is a façade that loads nothing until it is asked.
FACADES = {PACKAGE, *(name for name, module in modules().items() if module.is_package)}


def layer(module: str) -> int:
    """The height of a module; an unknown one is a mistake in the table above."""
    inside = module.removeprefix(f"{PACKAGE}.")
    above = ("core.", "orchestration.", "testing.")
    if inside.endswith((".base", ".host")) and not inside.startswith(above):
        return NAMES.index("contracts")
    matches = [
        (len(pattern), height)
        for height, (_, patterns) in enumerate(LAYERS)
        for pattern in patterns
        if fnmatchcase(inside, pattern) or fnmatchcase(inside, f"{pattern}.*")
    ]
    assert matches, f"{module} belongs to no layer: add it to LAYERS"
    return max(matches)[1]


def own_imports(module: str) -> list[Import]:
    return [item for item in imports(module) if item.own]


def is_allowed(source: str, target: str) -> bool:
    here, there = layer(source), layer(target)
    # Concrete channels, vendors and stores are chosen by the application, never by the core.
    if here == CORE and there == NAMES.index("implementations"):
        return False
    return there <= here


@pytest.mark.parametrize("name", sorted(set(modules()) - FACADES))
def test_module_belongs_to_a_layer(name: str) -> None:
    assert 0 <= layer(name) < len(LAYERS)


@pytest.mark.parametrize("name", sorted(set(modules()) - FACADES))
def test_imports_point_down(name: str) -> None:
    problems = {
        f"{modules()[name].at(item.node)}: {NAMES[layer(name)]} must not know "
        f"{NAMES[layer(item.target)]}: {item.target}"
        for item in own_imports(name)
        if item.target not in FACADES and not is_allowed(name, item.target)
    }
    assert not problems, listing(problems)


@pytest.mark.parametrize("name", sorted(set(modules()) - FACADES))
def test_names_come_from_the_module_that_defines_them(name: str) -> None:
    """Through a façade an import would hide its direction from the rule above."""
    problems = [
        f"{modules()[name].at(item.node)}: import {item.name} from the module that defines it, "
        f"not from {item.target}"
        for item in own_imports(name)
        if item.target in FACADES and item.name is not None and not _is_defined(item)
    ]
    assert not problems, listing(problems)


def _is_defined(item: Import) -> bool:
    """Whether the package's `__init__` itself holds the name, rather than passing it on."""
    tree = modules()[item.target].tree
    return any(
        getattr(node, "name", None) == item.name
        or any(getattr(target, "id", None) == item.name for target in getattr(node, "targets", []))
        or getattr(getattr(node, "target", None), "id", None) == item.name
        for node in tree.body
    )


def test_no_module_imports_itself_through_others() -> None:
    graph = {
        name: {
            item.target
            for item in own_imports(name)
            if not item.type_checking and item.function is None and item.target != name
        }
        for name in modules()
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" → ".join(reversed(error.args[1])), pytrace=False)


def test_no_own_import_inside_a_function() -> None:
    problems = [
        f"{module.at(item.node)}: {item.function}() imports {item.target}"
        for name, module in modules().items()
        for item in own_imports(name)
        if item.function not in {None, "__getattr__"} and name != f"{PACKAGE}._lazy"
    ]
    assert not problems, listing(problems)
