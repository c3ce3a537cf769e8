"""People's names as labels before their words: nobody can pass for another, or for the runtime."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping

_MAX_NAME = 64
_COLONS = str.maketrans(dict.fromkeys(":\u02d0\u02f8\u2236\ua789", " "))
"""A colon ends a label. So does what looks like one; wide ones are normalised to it."""

_ROLES = frozenset({"assistant", "developer", "function", "model", "system", "tool"})
"""What the parts of a conversation are called in what models were trained on."""


def distinct_names(given: Mapping[str, str | None]) -> dict[str, str]:
    """The labels of speakers, by their ids.

    Args:
        given: the names that they have given themselves. Where two are the same or none is left,
            or where one is that of a role, the id is shown too.
    """
    names = {
        speaker: _cleaned(name or "") or _cleaned(speaker) or "somebody"
        for speaker, name in given.items()
    }
    used = Counter(map(str.casefold, names.values()))
    return {speaker: _label(name, speaker, used) for speaker, name in names.items()}


def without_labels(text: str, names: Iterable[str]) -> str:
    """A text in which no line but the first begins like somebody's turn: such lines are quoted."""
    labels = tuple(f"{name.casefold()}:" for name in (*names, *_ROLES))
    first, *rest = text.split("\n")
    quoted = (f"> {line}" if _is_label(line, labels) else line for line in rest)
    return "\n".join([first, *quoted])


def _is_label(line: str, labels: tuple[str, ...]) -> bool:
    start = unicodedata.normalize("NFKC", line.lstrip()[: 2 * _MAX_NAME])
    return start.casefold().replace(" :", ":").startswith(labels)


def _label(name: str, speaker: str, used: Mapping[str, int]) -> str:
    folded = name.casefold()
    if used[folded] == 1 and folded not in _ROLES:
        return name
    shown = _cleaned(speaker)
    if shown != name:
        return f"{name} ({shown})"
    return f"({name})" if folded in _ROLES else name


def _cleaned(name: str) -> str:
    """A name on one line, without what ends a label and what cannot be seen."""
    plain = unicodedata.normalize("NFKC", name[: 4 * _MAX_NAME]).translate(_COLONS)
    seen = "".join(letter if letter.isprintable() else " " for letter in plain)
    return " ".join(seen.split())[:_MAX_NAME]
