"""Writes docs/llms-full.txt: AGENTS.md and the pages of the documentation in one text.

Run it after changing a page: ``python .github/scripts/build_llms.py``. A test says when the text
is out of date.
"""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TARGET = ROOT / "docs" / "llms-full.txt"

# The reference is made from the source when the site is built; its files hold nothing to read.
LEFT_OUT = ("reference/", "changelog.md", "performance.md")

_PAGE = re.compile(r"^ *- [^:]+: (?P<path>\S+\.md)$", re.MULTILINE)


def navigation() -> list[str]:
    """The pages in the order in which the site shows them."""
    config = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    return [match["path"] for match in _PAGE.finditer(config.partition("\nnav:\n")[2])]


def build() -> str:
    """The text. A line before each page names it."""
    pages = ["AGENTS.md", *(f"docs/{path}" for path in navigation() if kept(path))]
    return "\n".join(
        f"<!-- page: {page} -->\n\n{(ROOT / page).read_text(encoding='utf-8').strip()}\n"
        for page in pages
    )


def kept(path: str) -> bool:
    """Whether a page is worth reading in full."""
    return not path.startswith(LEFT_OUT)


if __name__ == "__main__":
    TARGET.write_text(build(), encoding="utf-8")
