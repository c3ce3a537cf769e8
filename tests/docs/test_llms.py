"""The texts for language models say what the pages say."""

from __future__ import annotations

import re
import runpy
from collections.abc import Callable

from tests.architecture.source import ROOT, listing

SCRIPT = ROOT / ".github" / "scripts" / "build_llms.py"
LINK = re.compile(r"^- \[[^]]+\]\((?P<url>\S+)\): \S.*$", re.MULTILINE)
REPOSITORY = "https://github.com/roomkit-live/roomkit/blob/main/"

# Their overview is enough.
PAGES_OF_THE_REFERENCE = re.compile(r"docs/reference/(?!index\.md)")


def llms_txt() -> str:
    return (ROOT / "llms.txt").read_text(encoding="utf-8")


def test_the_full_text_is_up_to_date() -> None:
    build: Callable[[], str] = runpy.run_path(str(SCRIPT))["build"]
    stored = (ROOT / "docs" / "llms-full.txt").read_text(encoding="utf-8")
    assert stored == build(), f"run: python {SCRIPT.relative_to(ROOT)}"


def test_the_short_text_follows_the_convention() -> None:
    """A title, a summary as a quotation, and sections that hold nothing but links."""
    title, summary, *_ = llms_txt().split("\n\n")
    assert title == "# RoomKit"
    assert all(line.startswith("> ") for line in summary.splitlines())
    for section in llms_txt().split("\n## ")[1:]:
        lines = [line for line in section.splitlines()[1:] if line]
        assert lines and all(LINK.match(line) for line in lines), section


def test_the_short_text_links_every_page() -> None:
    urls = [match["url"] for match in LINK.finditer(llms_txt())]
    assert all(url.startswith(REPOSITORY) for url in urls)
    linked = {url.removeprefix(REPOSITORY) for url in urls}
    pages = {str(path.relative_to(ROOT)) for path in (ROOT / "docs").rglob("*.md")}
    missing = {page for page in pages if not PAGES_OF_THE_REFERENCE.match(page)} - linked
    gone = {page for page in linked if not (ROOT / page).is_file()}
    assert not missing | gone, listing(sorted(missing | gone))
