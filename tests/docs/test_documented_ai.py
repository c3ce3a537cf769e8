"""What the product's documents print about AI runs as printed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.architecture.source import ROOT
from tests.docs.conftest import Moved, Servers
from tests.docs.snippets import Fence, programs, read_fences, run_program

CHAPTERS = programs(read_fences(ROOT / "tests" / "docs" / "documented" / "ai.md"))


@pytest.mark.parametrize("chapter", sorted(CHAPTERS))
def test_what_is_printed_runs(
    chapter: str,
    servers: Servers,
    on_this_machine: Moved,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    here = Fence(
        page=chapter, path=Path(__file__), line=1, info="python", code=f"MODEL = {servers.model!r}"
    )
    run_program([here, *on_this_machine(CHAPTERS[chapter])])
