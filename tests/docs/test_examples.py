"""Every example runs offline, without a warning, and prints what its transcript says.

After a change that is meant to alter what an example prints, write the transcript anew with
``python examples/<name>.py > examples/expected/<name>.txt`` and read the difference.
"""

from __future__ import annotations

import ast
import logging
import re
import runpy
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.architecture.source import ROOT, listing

EXAMPLES = ROOT / "examples"
EXPECTED = EXAMPLES / "expected"
MAX_LINES = 80

# With the reason why the rule for the others does not fit.
EXCEPTIONS = {"quickstart": "the guide prints it word by word, without a docstring"}


def examples() -> dict[str, Path]:
    return {path.stem: path for path in sorted(EXAMPLES.glob("*.py"))}


def transcript(name: str) -> str:
    return (EXPECTED / f"{name}.txt").read_text(encoding="utf-8")


@contextmanager
def logging_as_in_a_program() -> Iterator[None]:
    """Warnings in the log go to standard error; what the program sets is undone afterwards.

    It would be a program's default if pytest did not listen to the log.
    """
    known = {name: _settings(name) for name in logging.root.manager.loggerDict}
    handler = logging.StreamHandler()
    handler.setLevel(logging.WARNING)
    logging.root.addHandler(handler)
    try:
        yield
    finally:
        logging.root.removeHandler(handler)
        for name in logging.root.manager.loggerDict:
            logger = logging.getLogger(name)
            logger.level, logger.disabled = known.get(name, (logging.NOTSET, False))


def _settings(name: str) -> tuple[int, bool]:
    logger = logging.getLogger(name)
    return logger.level, logger.disabled


def run(program: Path) -> None:
    """Run it as ``python program.py`` does, but in this process: a new one would spend most of its
    time on imports. Connections to other machines and warnings end it, as they end a test."""
    with logging_as_in_a_program():
        runpy.run_path(str(program), run_name="__main__")


@pytest.mark.parametrize("name", sorted(examples()))
def test_example_prints_its_transcript(
    name: str, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(sys, "argv", [name])
    run(examples()[name])
    printed = capfd.readouterr()
    assert printed.err == ""
    assert printed.out == transcript(name)


def test_an_example_is_a_program() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "examples/quickstart.py"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.stderr, done.stdout) == ("", transcript("quickstart"))


def test_every_transcript_has_its_example() -> None:
    assert {path.stem for path in EXPECTED.glob("*.txt")} == set(examples())


@pytest.mark.parametrize("name", sorted(examples()))
def test_example_is_short_and_says_what_it_shows(name: str) -> None:
    source = examples()[name].read_text(encoding="utf-8")
    assert name in EXCEPTIONS or source.count("\n") < MAX_LINES
    assert name in EXCEPTIONS or ast.get_docstring(ast.parse(source))


def test_the_table_lists_every_example() -> None:
    table = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    linked = set(re.findall(r"\]\((\w+)\.py\)", table))
    missing = set(examples()) - linked
    unknown = linked - set(examples())
    assert not missing | unknown, listing(sorted(missing | unknown))


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("import warnings\nwarnings.warn('old', DeprecationWarning)", "old"),
        ("import socket\nsocket.getaddrinfo('example.com', 80)", r"'example\.com'"),
    ],
)
def test_a_broken_example_is_noticed(tmp_path: Path, source: str, problem: str) -> None:
    program = tmp_path / "program.py"
    program.write_text(source, encoding="utf-8")
    with pytest.raises((DeprecationWarning, pytest.fail.Exception), match=problem):
        run(program)


def test_a_warning_in_the_log_is_noticed(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    program = tmp_path / "program.py"
    program.write_text("import logging\nlogging.getLogger('a').warning('late')", encoding="utf-8")
    run(program)
    assert capfd.readouterr().err == "late\n"
