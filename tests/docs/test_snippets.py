"""Every piece of code in the documentation runs and prints what its page says."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.architecture.source import ROOT, listing
from tests.docs.conftest import Moved
from tests.docs.snippets import (
    DOCSTRINGS,
    Fence,
    as_test_module,
    docstring_programs,
    docstrings,
    pages,
    programs,
    read_fences,
    run_program,
    unmarked_code,
)

CONFIG = f"""
[pytest]
asyncio_mode = auto
asyncio_default_fixture_loop_scope = function
filterwarnings = error
pythonpath = {ROOT}
"""

# A docstring shows how to inherit a contract. One of its tests is enough to see that it works.
CONFTEST = """
def pytest_collection_modifyitems(config, items):
    kept = {}
    for item in items:
        shown = item.path.name.startswith("test_docstring_")
        kept.setdefault(item.path if shown else item.nodeid, item)
    items[:] = kept.values()
"""


def of_page(name: str) -> dict[str, list[Fence]]:
    return programs(read_fences(pages()[name]))


@pytest.mark.parametrize("name", sorted(pages()))
def test_code_of_a_page_runs(name: str, on_this_machine: Moved) -> None:
    for fences in of_page(name).values():
        run_program(on_this_machine(fences))


@pytest.mark.parametrize("name", sorted(docstring_programs()))
def test_code_in_a_docstring_runs(name: str, on_this_machine: Moved) -> None:
    run_program(on_this_machine(docstring_programs()[name]))


def test_all_code_in_docstrings_is_marked() -> None:
    """What is indented, or comes with a prompt, would never be run."""
    problems = [
        f"{name}: {line}" for name, text, *_ in docstrings() for line in unmarked_code(text)
    ]
    assert not problems, f"put it into a fence:{listing(problems)}"


def test_nothing_is_given_to_a_docstring_that_is_gone() -> None:
    assert set(programs(read_fences(DOCSTRINGS))) <= set(docstring_programs())


@pytest.fixture
def in_memory() -> Iterator[Path]:
    """A folder that is no disk where there is such a thing: a store of the pages writes to files,
    and waits for the disk after each of a thousand transactions."""
    memory = Path("/dev/shm")
    with TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        yield Path(folder)


def test_tests_in_pages_pass(tmp_path: Path, in_memory: Path) -> None:
    """Pages and docstrings that show tests are given to pytest, all at once."""
    (tmp_path / "pytest.ini").write_text(CONFIG, encoding="utf-8")
    (tmp_path / "conftest.py").write_text(CONFTEST, encoding="utf-8")
    shown = {name.removesuffix(".md"): list(of_page(name).values()) for name in pages()}
    shown |= {f"docstring_{name}": [fences] for name, fences in docstring_programs().items()}
    for name, programs_of_page in shown.items():
        for fences in programs_of_page:
            if any(fence.defines_tests for fence in fences):
                file = tmp_path / f"test_{re.sub(r'\W', '_', name)}.py"
                file.write_text(as_test_module(fences), encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    # As the pages tell the reader to switch it on.
    command += ["-p", "roomkit.testing.plugin", f"--basetemp={in_memory / 'tests'}", str(tmp_path)]
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
