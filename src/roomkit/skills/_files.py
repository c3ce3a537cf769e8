"""Files inside of a directory, and none outside of it, whatever a path or a link says.

All of this waits for the disk; call it in a thread.
"""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["UnreadableFileError", "find_file", "list_files", "read_text"]

_LEFT_OUT = frozenset({"__pycache__", "node_modules"})


class UnreadableFileError(Exception):
    """A file cannot be had. The text says why as a predicate ("is not text") and does not tell
    what there is elsewhere."""


def find_file(root: Path, relative: str) -> Path:
    """The file that a path relative to `root` leads to, without links.

    `root` itself has to be free of links (`Path.resolve`).

    Raises:
        UnreadableFileError: it leads to nothing, to something that is no file, outside, or to a
            hidden place: a ``.env`` or ``.git`` beside the files is not part of them.
    """
    try:
        # Resolved first and compared then: a name says nothing about where a link leads.
        path = (root / relative).resolve(strict=True)
        found = path.is_relative_to(root) and path.is_file() and not _is_hidden(path, root)
    except (OSError, RuntimeError, ValueError):
        found = False
    if not found:
        raise UnreadableFileError("does not exist here")
    return path


def read_text(root: Path, relative: str, max_bytes: int) -> str:
    """A text file inside of `root`.

    Raises:
        UnreadableFileError: see `find_file`; or it is too large, or no text in UTF-8.
    """
    path = find_file(root, relative)
    try:
        with path.open("rb") as file:
            data = file.read(max_bytes + 1)
    except OSError:
        raise UnreadableFileError("cannot be read") from None
    if len(data) > max_bytes:
        raise UnreadableFileError(f"is larger than {max_bytes} bytes")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise UnreadableFileError("is not text in UTF-8") from None
    if "\0" in text:
        raise UnreadableFileError("is not text in UTF-8")
    return text


def list_files(root: Path, limit: int) -> list[str]:
    """The files inside of `root`, as relative paths in alphabetical order, at most `limit`.

    Hidden files are left out, and links that lead to no file inside.
    """
    found: list[str] = []
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if _is_shown(name))
        for name in sorted(filter(_is_shown, names)):
            relative = (Path(folder) / name).relative_to(root).as_posix()
            try:
                find_file(root, relative)
            except UnreadableFileError:
                continue
            found.append(relative)
            if len(found) == limit:
                return sorted(found)
    return sorted(found)


def _is_hidden(path: Path, root: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(root).parts)


def _is_shown(name: str) -> bool:
    return not name.startswith(".") and name not in _LEFT_OUT and name.isprintable()
