"""Every example runs offline, without a warning, and prints what its transcript says.

After a change that is meant to alter what an example prints, write the transcript anew with
``python examples/<name>.py > examples/expected/<name>.txt`` and read the difference.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.source import ROOT, listing

EXAMPLES = ROOT / "examples"
EXPECTED = EXAMPLES / "expected"
MAX_LINES = 80

# With the reason why the rule for the others does not fit.
EXCEPTIONS = {
    "quickstart": "the guide prints it word by word, without a docstring",
    "custom_store": "a store has a method for every kind of record",
}


def examples() -> dict[str, Path]:
    return {path.stem: path for path in sorted(EXAMPLES.glob("*.py"))}


def run_offline(program: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "error", "-m", "tests.docs.offline", str(program)]
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize("name", sorted(examples()))
def test_example_prints_its_transcript(name: str) -> None:
    done = run_offline(examples()[name])
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert done.stdout == (EXPECTED / f"{name}.txt").read_text(encoding="utf-8")


def test_every_transcript_has_its_example() -> None:
    assert {path.stem for path in EXPECTED.glob("*.txt")} == set(examples())


@pytest.mark.parametrize("name", sorted(set(examples()) - set(EXCEPTIONS)))
def test_example_is_short_and_says_what_it_shows(name: str) -> None:
    source = examples()[name].read_text(encoding="utf-8")
    assert ast.get_docstring(ast.parse(source)), "the docstring says what the example shows"
    assert source.count("\n") < MAX_LINES


def test_the_table_lists_every_example() -> None:
    table = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    linked = set(re.findall(r"\]\((\w+)\.py\)", table))
    missing = set(examples()) - linked
    unknown = linked - set(examples())
    assert not missing | unknown, listing(sorted(missing | unknown))


def test_a_broken_example_is_noticed(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text("import warnings\nwarnings.warn('old', DeprecationWarning)\n")
    assert "DeprecationWarning: old" in run_offline(program).stderr
    program.write_text("import socket\nsocket.getaddrinfo('example.com', 80)\n")
    done = run_offline(program)
    assert done.returncode != 0
    assert "not 'example.com'" in done.stderr
