"""What the package looks like with pydantic alone, as a program.

    python -m tests.architecture.base_install           prints one JSON object
    python -m tests.architecture.base_install shrink    drops what resolves from the list of what
                                                        is still missing

Modules of any other distribution are hidden, so that the answer is the same on a machine that has
every extra installed.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

from tests.architecture.source import PACKAGE, ROOT, modules

# Every import statement that the documentation prints, and those that later work delivers.
DOCUMENTED = ROOT / "tests/architecture/documented_imports.txt"
MISSING = ROOT / "tests/architecture/documented_imports_missing.txt"

BASE = {
    PACKAGE,
    "annotated_types",
    "pydantic",
    "pydantic_core",
    "tests",
    "typing_extensions",
    "typing_inspection",
    *sys.stdlib_module_names,
}


class HideExtras(MetaPathFinder):
    """Answers for every module outside the base install that there is none."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        root = fullname.split(".")[0]
        # The standard library's build data, which has the platform in its name.
        if root not in BASE and not root.startswith("_sysconfigdata"):
            raise ModuleNotFoundError(f"No module named {fullname!r}", name=fullname)
        return None


def outcome(module: str, name: str | None) -> dict[str, str | None]:
    """What `import module` or `from module import name` leads to."""
    try:
        imported = import_module(module)
        if name is not None:
            getattr(imported, name)
    except Exception as error:
        return {
            "error": f"{type(error).__name__}: {error}",
            "type": type(error).__name__,
            "extra": getattr(error, "extra", None),
        }
    return {"error": None}


def statements(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


def resolve(statement: str) -> dict[str, str | None]:
    words = statement.split()
    return outcome(words[1], words[3] if len(words) > 2 else None)


def main() -> None:
    sys.meta_path.insert(0, HideExtras())
    report = {
        "modules": {name: outcome(name, None) for name in modules()},
        "documented": {statement: resolve(statement) for statement in statements(DOCUMENTED)},
    }
    if sys.argv[1:] == ["shrink"]:
        missing = [line for line in statements(MISSING) if report["documented"][line]["error"]]
        MISSING.write_text("".join(f"{line}\n" for line in missing), encoding="utf-8")
    else:
        sys.stdout.write(json.dumps(report))


if __name__ == "__main__":
    main()
