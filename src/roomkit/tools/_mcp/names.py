"""Names of tools that every vendor's model can use."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

MAX_NAME = 64

_FOREIGN = re.compile(r"[^a-zA-Z0-9_-]")
_DIGEST = 6


def usable_name(name: str) -> str:
    """The name, if it is one that models can use, else the most similar one.

    MCP allows dots and slashes and twice the length.
    """
    usable = _FOREIGN.sub("_", name) or "tool"
    return usable if len(usable) <= MAX_NAME else _marked(usable, name)


def usable_names(names: Iterable[str]) -> dict[str, str]:
    """A usable name for each name, no two of them alike.

    Names that are usable as they are stay so. If two come to the same, the one that had to be
    changed gets a mark that depends on nothing but its full name: it stays the same when tools
    come and go.
    """
    chosen: dict[str, str] = {}
    taken: set[str] = set()
    for name in sorted(set(names), key=lambda name: (usable_name(name) != name, name)):
        usable = usable_name(name)
        if usable in taken:
            usable = _marked(usable, name)
        chosen[name] = usable
        taken.add(usable)
    return chosen


def _marked(usable: str, name: str) -> str:
    digest = hashlib.sha256(name.encode()).hexdigest()[:_DIGEST]
    return f"{usable[: MAX_NAME - _DIGEST - 1]}_{digest}"
