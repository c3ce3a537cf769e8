"""The documentation for AI coding assistants that ships with the package."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

_CHECKOUT = Path(__file__).resolve().parents[2]


def _read(name: str) -> str:
    packaged = files("roomkit").joinpath(name)
    if packaged.is_file():
        return packaged.read_text(encoding="utf-8")
    # An editable install has no copies in the package; there the checkout itself is at hand.
    for folder in (_CHECKOUT, _CHECKOUT / "docs"):
        if (folder / name).is_file():
            return (folder / name).read_text(encoding="utf-8")
    raise FileNotFoundError(f"{name} is missing from this installation of roomkit")


def get_llms_txt() -> str:
    """``llms.txt``: what the library is and where to read on, in a page."""
    return _read("llms.txt")


def get_llms_full_txt() -> str:
    """``llms-full.txt``: the whole documentation in one text."""
    return _read("llms-full.txt")


def get_agents_md() -> str:
    """``AGENTS.md``: how to write code that uses the library."""
    return _read("AGENTS.md")


def get_ai_context() -> str:
    """``AGENTS.md`` and ``llms.txt`` in one text, ready for a prompt."""
    return f"{get_agents_md()}\n\n{get_llms_txt()}"
