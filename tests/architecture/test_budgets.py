"""How long a file and a function may be, and how branched."""

from __future__ import annotations

import json
import subprocess
import sys

from tests.architecture.source import ROOT, SRC, functions, listing, modules

FILE_LINES = 400
FUNCTION_LINES = 60
COMPLEXITY = 12

# What may be longer, how long, and why. Entries leave this table; none is added to get past it.
# A file by its dotted module name, a function as `module:qualified.name`.
EXCEPTIONS: dict[str, tuple[int, str]] = {}


def over_budget(sizes: dict[str, int], budget: int) -> list[str]:
    return [
        f"{name} has {size} lines; at most {EXCEPTIONS.get(name, (budget,))[0]}"
        for name, size in sizes.items()
        if size > EXCEPTIONS.get(name, (budget,))[0]
    ]


def file_sizes() -> dict[str, int]:
    return {
        name: len(module.path.read_text(encoding="utf-8").splitlines())
        for name, module in modules().items()
    }


def function_sizes() -> dict[str, int]:
    return {
        f"{name}:{function.qualname}": function.lines
        for name, module in modules().items()
        for function in functions(module)
    }


def test_files_are_short() -> None:
    problems = over_budget(file_sizes(), FILE_LINES)
    assert not problems, listing(problems)


def test_functions_are_short() -> None:
    problems = over_budget(function_sizes(), FUNCTION_LINES)
    assert not problems, listing(problems)


def test_exceptions_are_needed_and_explained() -> None:
    sizes = {**file_sizes(), **function_sizes()}
    for name, (allowed, reason) in EXCEPTIONS.items():
        budget = FUNCTION_LINES if ":" in name else FILE_LINES
        assert name in sizes, f"{name} is gone: remove its exception"
        size = sizes[name]
        assert size > budget, f"{name} fits the budget now: remove its exception"
        assert size == allowed, f"{name} has {size} lines: lower its exception from {allowed}"
        assert reason, f"{name} needs a reason"


def test_functions_are_simple() -> None:
    """The linter's own verdict, whatever a file says to silence it."""
    command = [sys.executable, "-m", "ruff", "check", "--isolated", "--ignore-noqa"]
    command += ["--select", "C901", "--config", f"lint.mccabe.max-complexity={COMPLEXITY}"]
    command += ["--output-format", "json", str(SRC)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    problems = [
        f"{item['filename'].removeprefix(str(ROOT))}:{item['location']['row']}: {item['message']}"
        for item in json.loads(result.stdout)
    ]
    assert not problems, listing(problems)
