"""The reference covers what is public."""

from __future__ import annotations

import re

import roomkit
from tests.architecture.source import ROOT, listing, modules

REFERENCE = ROOT / "docs" / "reference"
TARGET = re.compile(r"^::: (\S+)$", re.MULTILINE)

# How it works inside: nothing that an application or an extension would import.
INTERNAL = re.compile(
    r"roomkit\.core\.(pipeline|services|mixins)\..*"
    r"|roomkit\.core\.(assembly|event_router|visibility)"
    r"|roomkit\.store\.rules"
    r"|roomkit\.models\.address"
    r"|roomkit\.providers\.twilio\.webhook"
)
# Shown by other pages: the names are defined, or listed, there.
ELSEWHERE = {"roomkit.ai_docs", "roomkit.core.router"}


def targets() -> set[str]:
    return {
        target
        for page in REFERENCE.glob("*.md")
        for target in TARGET.findall(page.read_text(encoding="utf-8"))
    }


def is_documented(module: str) -> bool:
    return module in ELSEWHERE or any(
        target == module or target.startswith(f"{module}.") for target in targets()
    )


def test_every_public_module_has_its_place() -> None:
    missing = [
        name
        for name, module in modules().items()
        if not module.is_package
        and not any(part.startswith("_") for part in name.split("."))
        and not INTERNAL.fullmatch(name)
        and not is_documented(name)
    ]
    assert not missing, f"add to a page in docs/reference:{listing(missing)}"


def test_the_top_level_names_are_listed() -> None:
    page = (REFERENCE / "index.md").read_text(encoding="utf-8").partition("## The top level")[2]
    listed = {
        name
        for row in page.splitlines()
        if row.startswith("| `")
        for name in re.findall(r"`(\w+)`", row.split("|")[1])
    }
    assert listed == set(roomkit.__all__) - {"__version__"}
