"""The documentation for coding assistants that ships with the package."""

from __future__ import annotations

from pathlib import Path

import pytest

import roomkit
from roomkit import ai_docs
from tests.architecture.source import ROOT

FUNCTIONS = {
    "llms.txt": ai_docs.get_llms_txt,
    "docs/llms-full.txt": ai_docs.get_llms_full_txt,
    "AGENTS.md": ai_docs.get_agents_md,
}


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_a_checkout_gives_its_own_files(name: str) -> None:
    assert FUNCTIONS[name]() == (ROOT / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_an_installed_package_gives_the_files_in_it(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The wheel holds the three files next to the modules."""
    (tmp_path / Path(name).name).write_text("packaged: ü", encoding="utf-8")
    monkeypatch.setattr(ai_docs, "files", lambda _package: tmp_path)
    assert FUNCTIONS[name]() == "packaged: ü"


def test_a_file_that_is_nowhere_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ai_docs, "files", lambda _package: tmp_path)
    monkeypatch.setattr(ai_docs, "_CHECKOUT", tmp_path)
    with pytest.raises(FileNotFoundError, match=r"llms\.txt is missing"):
        ai_docs.get_llms_txt()


def test_the_context_is_both_short_texts() -> None:
    context = roomkit.get_ai_context()
    assert context.startswith(roomkit.get_agents_md())
    assert context.endswith(roomkit.get_llms_txt())


def test_the_full_text_holds_the_pages() -> None:
    full = roomkit.get_llms_full_txt()
    assert len(full) > len(roomkit.get_ai_context())
    assert "# Resilience" in full
