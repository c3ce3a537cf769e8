"""mypy reports what is wrong in wrong code, and nothing else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from mypy import api

from tests.architecture.source import ROOT

SAMPLE = Path(__file__).with_name("rejected.py.txt")
_ERROR = re.compile(r":(?P<line>\d+): error: (?P<text>.*)  \[(?P<code>[\w-]+)\]$")
_EXPECTED = re.compile(r"# expect: (?P<codes>[\w, -]+)$")


def expected(source: str) -> set[tuple[int, str]]:
    return {
        (number, code.strip())
        for number, line in enumerate(source.splitlines(), 1)
        if (match := _EXPECTED.search(line))
        for code in match["codes"].split(",")
    }


def errors_in(source: str, folder: Path) -> tuple[set[tuple[int, str]], str]:
    """What mypy says about a program, as lines and codes, and in its own words."""
    program = folder / "rejected.py"
    program.write_text(source, encoding="utf-8")
    report, problems, _ = api.run(
        ["--config-file", "pyproject.toml", "--no-error-summary", str(program)]
    )
    found = {
        (int(match["line"]), match["code"])
        for line in report.splitlines()
        if (match := _ERROR.search(line))
    }
    return found, report + problems


@pytest.fixture(autouse=True)
def at_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the configuration's `mypy_path` is relative to."""
    monkeypatch.chdir(ROOT)


def test_wrong_code_is_rejected(tmp_path: Path) -> None:
    source = SAMPLE.read_text(encoding="utf-8")
    found, report = errors_in(source, tmp_path)
    assert found == expected(source), report


@pytest.mark.parametrize("module", ["roomkit", "roomkit.testing"])
def test_misspelled_names_are_rejected(module: str, tmp_path: Path) -> None:
    source = f"from {module} import NoSuchName\n"
    assert errors_in(source, tmp_path)[0] == {(1, "attr-defined")}
