"""Reasoning that a model writes into its answer, between ``<think>`` and ``</think>``.

Servers of open models show it so where no parser for the model is turned on.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

_OPEN = "<think>"
_CLOSE = "</think>"


class Piece(NamedTuple):
    """The next piece of an answer."""

    kind: Literal["thinking", "text"]
    text: str


class ThinkTags:
    """Tells reasoning from text while an answer comes in, wherever its chunks are split.

    Reasoning stands at the beginning; it may be several blocks. A tag later on is text, for models
    also write about tags. White space around a block is nobody's; what is held back for the
    beginning of a tag comes with the next piece or the end.
    """

    def __init__(self) -> None:
        self._held = ""
        self._state: Literal["before", "thinking", "text"] = "before"
        self._has_thought = False
        self._is_first = True

    def feed(self, text: str) -> list[Piece]:
        """What is known after some more text."""
        self._held += text
        pieces: list[Piece] = []
        while self._held:
            state = self._state
            if state == "before":
                self._begin()
            elif state == "thinking":
                self._think(pieces)
            else:
                pieces.append(Piece("text", self._held))
                self._held = ""
            if self._state == state:
                break
        return pieces

    def finish(self) -> list[Piece]:
        """What was held back, at the end of the answer."""
        rest, self._held = self._held, ""
        if self._state == "thinking":
            rest = rest.strip() if self._is_first else rest.rstrip()
            return [Piece("thinking", rest)] if rest else []
        if self._state == "before" and self._has_thought:
            rest = rest.lstrip()
        return [Piece("text", rest)] if rest else []

    def _begin(self) -> None:
        ahead = self._held.lstrip()
        if ahead.startswith(_OPEN):
            self._held = ahead[len(_OPEN) :]
            self._state, self._has_thought, self._is_first = "thinking", True, True
        elif not _OPEN.startswith(ahead):
            self._held = ahead if self._has_thought else self._held
            self._state = "text"

    def _think(self, pieces: list[Piece]) -> None:
        if self._is_first:
            self._held = self._held.lstrip()
        thought, tag, rest = self._held.partition(_CLOSE)
        if tag:
            self._held, self._state = rest, "before"
        else:
            thought = thought[: len(thought) - _unfinished(thought)]
            self._held = self._held[len(thought) :]
        # The white space before what may become the closing tag waits for what follows it.
        kept = thought.rstrip()
        if not tag:
            self._held = thought[len(kept) :] + self._held
        if kept:
            self._is_first = False
            pieces.append(Piece("thinking", kept))


def _unfinished(text: str) -> int:
    """How many characters at the end may be the beginning of the closing tag."""
    for length in range(min(len(_CLOSE) - 1, len(text)), 0, -1):
        if _CLOSE.startswith(text[-length:]):
            return length
    return 0
