"""Writing skills to disk."""

from __future__ import annotations

from pathlib import Path


def write_skill(
    shelf: Path,
    name: str = "refunds",
    *,
    description: str = "How to refund an order. Use it when money is to go back.",
    body: str = "# Refunds\n\nAsk for the order number first.",
    front_matter: str | None = None,
    files: dict[str, str] | None = None,
) -> Path:
    """A skill in a directory of its own below `shelf`."""
    directory = shelf / name
    directory.mkdir(parents=True)
    if front_matter is None:
        front_matter = f"name: {name}\ndescription: {description}"
    (directory / "SKILL.md").write_text(f"---\n{front_matter}\n---\n\n{body}\n", encoding="utf-8")
    for path, text in (files or {}).items():
        file = directory / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return directory
