"""Every piece of code in the documentation runs and prints what its page says."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.source import ROOT, listing
from tests.docs.snippets import (
    Fence,
    as_test_module,
    docstring_fences,
    pages,
    programs,
    read_fences,
    run_program,
)

CONFIG = """
[pytest]
asyncio_mode = auto
asyncio_default_fixture_loop_scope = function
filterwarnings = error
"""


def of_page(name: str) -> dict[str, list[Fence]]:
    return programs(read_fences(pages()[name]))


@pytest.mark.parametrize("name", sorted(pages()))
def test_code_of_a_page_runs(name: str) -> None:
    for fences in of_page(name).values():
        run_program(fences)


def test_code_in_docstrings_runs() -> None:
    for fences in docstring_fences().values():
        for program in programs(fences).values():
            run_program(program)


def test_tests_in_pages_pass(tmp_path: Path) -> None:
    """Pages that show tests are given to pytest, all at once."""
    (tmp_path / "pytest.ini").write_text(CONFIG, encoding="utf-8")
    for name in pages():
        if name.endswith(".txt"):
            continue
        for fences in of_page(name).values():
            if any(fence.defines_tests for fence in fences):
                module = re.sub(r"\W", "_", name.removesuffix(".md"))
                source = as_test_module(fences)
                (tmp_path / f"test_{module}.py").write_text(source, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    # As pytest loads it by itself where RoomKit is installed.
    command += ["-p", "roomkit.testing.plugin", str(tmp_path)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def skipped() -> list[Fence]:
    return [
        fence
        for name in sorted(pages())
        for fence in read_fences(pages()[name])
        if fence.is_python and "skip" in fence.info
    ]


def test_skipped_code_has_a_reason() -> None:
    """Ends as a skipped test if there is any, so that every run lists the reasons."""
    fences = skipped()
    problems = [f'{fence}: write skip="reason"' for fence in fences if not fence.skip_reason]
    assert not problems, listing(problems)
    if fences:
        pytest.skip("; ".join(f"{fence}: {fence.skip_reason}" for fence in fences))


def test_code_is_marked_as_python() -> None:
    """A fence called `py` or `python3` would never be run."""
    problems = [
        f"{fence}: {fence.info}"
        for path in pages().values()
        for fence in read_fences(path)
        if fence.words and fence.words[0] in {"py", "python3", "pycon", "Python"}
    ]
    assert not problems, listing(problems)


def test_code_is_formatted(tmp_path: Path) -> None:
    """Readers copy it into projects that are."""
    for name, path in pages().items():
        for fence in read_fences(path):
            if fence.is_python and not name.endswith(".txt") and fence.skip_reason is None:
                file = tmp_path / name.replace("/", ".") / f"line_{fence.line}.py"
                file.parent.mkdir(exist_ok=True)
                file.write_text(fence.code, encoding="utf-8")
    config = str(ROOT / "pyproject.toml")
    command = [sys.executable, "-m", "ruff", "format", "--diff", "--config", config]
    done = subprocess.run(
        [*command, str(tmp_path)], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_pages_are_found() -> None:
    assert {"README.md", "AGENTS.md", "llms.txt", "docs/index.md"} <= set(pages())
    assert all(path.is_relative_to(ROOT) for path in pages().values())
