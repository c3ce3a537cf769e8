"""What can be imported, from where, and at what cost."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TypedDict

import pytest

from tests.architecture.base_install import DOCUMENTED, MISSING, statements
from tests.architecture.source import PACKAGE, ROOT, extras, modules

MAX_OWN_MODULES = 60

# Statements of later work. The list only shrinks: one that resolves fails until it is removed.
STILL_MISSING = frozenset(statements(MISSING))


class Outcome(TypedDict, total=False):
    """How one import ended."""

    error: str | None
    type: str
    extra: str | None


def run(*arguments: str) -> str:
    result = subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.fixture(scope="module")
def report() -> dict[str, dict[str, Outcome]]:
    found: dict[str, dict[str, Outcome]] = json.loads(run("-m", "tests.architecture.base_install"))
    return found


@pytest.mark.parametrize("name", sorted(modules()))
def test_module_imports_in_a_base_install(
    name: str, report: dict[str, dict[str, Outcome]]
) -> None:
    outcome = report["modules"][name]
    if outcome["error"] is not None:
        assert outcome["type"] == "MissingDependencyError", outcome["error"]
        assert outcome["extra"] in extras(), outcome["error"]


@pytest.mark.parametrize("statement", statements(DOCUMENTED))
def test_documented_import_resolves(statement: str, report: dict[str, dict[str, Outcome]]) -> None:
    error = report["documented"][statement]["error"]
    if statement in STILL_MISSING:
        assert error is not None, f"it resolves: remove it from {MISSING.name}"
    else:
        assert error is None, error


def test_missing_imports_are_documented_ones() -> None:
    assert set(statements(DOCUMENTED)) >= STILL_MISSING


LOADED = "import sys, json; {code}; print(json.dumps(sorted(sys.modules)))"


def loaded_by(code: str) -> set[str]:
    return set(json.loads(run("-c", LOADED.format(code=code))))


def third_party(names: set[str]) -> set[str]:
    """The optional packages among loaded modules, without what an interpreter starts with."""
    roots = {name.split(".")[0] for name in names - loaded_by("pass")}
    base = {PACKAGE, "annotated_types", "pydantic", "pydantic_core"}
    base |= {"typing_extensions", "typing_inspection"}
    loose = {
        name for name in roots if name.startswith("_sysconfigdata")
    }  # stdlib, named after the machine
    return roots - base - loose - sys.stdlib_module_names


def test_import_is_small() -> None:
    loaded = loaded_by(f"import {PACKAGE}")
    own = {name for name in loaded if name.split(".")[0] == PACKAGE}
    assert len(own) < MAX_OWN_MODULES, sorted(own)
    assert not {name for name in own if name.startswith(f"{PACKAGE}.voice")}
    assert not third_party(loaded)


def test_a_kit_needs_no_extra() -> None:
    loaded = loaded_by(f"import {PACKAGE}; {PACKAGE}.RoomKit()")
    assert not {name for name in loaded if name.startswith(f"{PACKAGE}.voice.backends")}
    assert not third_party(loaded)


BUILT = """
from roomkit import HookResult, HookTrigger, InboundMessage, RoomKit, TextContent, WebSocketChannel
from roomkit.models._base import FrozenModel
import json
models = {"FrozenModel": FrozenModel}
waiting = [FrozenModel]
while waiting:
    children = waiting.pop().__subclasses__()
    waiting.extend(children)
    models.update((model.__name__, model) for model in children)
assert len(models) > 30
print(json.dumps([name for name, model in models.items() if model.__pydantic_complete__]))
"""


def test_no_model_is_built_before_it_is_needed() -> None:
    """The first one has pydantic load its plugins: a tenth of the time of the whole import."""
    built = set(json.loads(run("-c", BUILT)))
    assert not built - {"FrozenModel"}
