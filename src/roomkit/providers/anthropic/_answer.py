"""From Anthropic's answers, whole or in pieces, to `AIResponse`.

https://platform.claude.com/docs/en/build-with-claude/streaming
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from roomkit.providers._ai_codec import ToolNames, count_usage, read_arguments, read_call
from roomkit.providers.ai.base import (
    AIPart,
    AIResponse,
    AIStreamEvent,
    AITextPart,
    AIThinkingPart,
    AIToolCall,
    StreamTextDelta,
    StreamThinkingDelta,
)
from roomkit.providers.anthropic._blocks import Block, part_of

_WHOLE = ("end_turn", "stop_sequence", "tool_use")
"""The reasons to stop after which the last tool call is a whole one."""

_GROWING = {
    "text_delta": "text",
    "thinking_delta": "thinking",
    "signature_delta": "signature",
    "input_json_delta": "partial_json",
}
"""The field that each kind of delta carries."""


class Answer:
    """An answer while it comes in: `begin`, then `take` what comes, and last the `response`.

    What is not of the documented form raises a `LookupError`, a `TypeError`, a `ValueError` or an
    `AttributeError`.

    Attributes:
        blocks: what has come so far, as it goes back to the vendor.
        ended: whether the vendor has said that this is all.
    """

    def __init__(self, names: ToolNames) -> None:
        self.blocks: list[Block] = []
        self.ended = False
        self._names = names
        self._first = 0
        # What blocks grow by, by their places and fields: joined once, since answers are long.
        self._pieces: defaultdict[int, defaultdict[str, list[str]]] = defaultdict(
            lambda: defaultdict(list)
        )
        self._written: dict[int, str] = {}
        self._whole = False
        self._stop_reason: str | None = None
        self._usage: dict[str, int] = {}
        self._spent: Counter[str] = Counter()

    @property
    def paused(self) -> bool:
        """Whether the vendor wants to be asked for the rest."""
        return self._stop_reason == "pause_turn"

    def begin(self) -> None:
        """Get ready for the answer, or for the rest of one that was paused."""
        self._spent.update(self._counted())
        self._usage = {}
        self._first = len(self.blocks)
        self._stop_reason = None
        self.ended = False

    def take(self, event: Mapping[str, Any]) -> AIStreamEvent | None:
        """Take the next event, and say what is new in it.

        Unknown events say nothing, and neither does what comes after the end.
        """
        if self.ended:
            return None
        match event["type"]:
            case "message_start":
                self._count(event["message"])
            case "content_block_start":
                return self._open(event["index"], event["content_block"])
            case "content_block_delta":
                return self._extend(self._first + event["index"], event["delta"])
            case "content_block_stop":
                self._close(self._first + event["index"])
            case "message_delta":
                self._stop_reason = event["delta"].get("stop_reason")
                self._count(event)
            case "message_stop":
                for place in [*self._pieces]:
                    self._close(place)
                self.ended = True
        return None

    def take_whole(self, message: Mapping[str, Any]) -> None:
        """Take an answer that came in one piece."""
        self._count(message)
        self._whole = True
        for index, block in enumerate(message["content"]):
            self._open(index, block)
            if "input" in block:
                given = block["input"]
                written = given if isinstance(given, str) else json.dumps(given)
                self._write(self._first + index, written)
        self._stop_reason = message["stop_reason"]
        self.ended = True

    def response(self) -> AIResponse:
        """The answer."""
        parts: list[AIPart] = list(self._parts())
        usage = Counter(self._spent)
        usage.update(self._counted())
        thinking = "".join(part.text for part in parts if isinstance(part, AIThinkingPart))
        return AIResponse(
            content="".join(part.text for part in parts if isinstance(part, AITextPart)),
            finish_reason=self._stop_reason,
            usage=dict(usage),
            tool_calls=[part for part in parts if isinstance(part, AIToolCall)],
            thinking=thinking or None,
            parts=parts if self._is_more_than_words else [],
        )

    def _open(self, index: int, block: Mapping[str, Any]) -> AIStreamEvent | None:
        if self._first + index != len(self.blocks):
            raise LookupError("a block out of turn")
        self.blocks.append(dict(block))
        match block["type"]:
            case "text":
                return _text(block["text"])
            case "thinking":
                return _thinking(block["thinking"])
        return None

    def _extend(self, place: int, delta: Mapping[str, Any]) -> AIStreamEvent | None:
        field = _GROWING.get(delta["type"])
        if field is None:
            return None
        if place >= len(self.blocks):
            raise LookupError("a piece of no block")
        piece = delta[field]
        self._pieces[place][field].append(piece)
        match field:
            case "text":
                return _text(piece)
            case "thinking":
                return _thinking(piece)
        return None

    def _close(self, place: int) -> None:
        for field, pieces in self._pieces.pop(place, {}).items():
            grown = "".join(pieces)
            if field == "partial_json":
                self._write(place, grown)
            else:
                self.blocks[place][field] = self.blocks[place].get(field, "") + grown

    def _write(self, place: int, arguments: str) -> None:
        self._written[place] = arguments
        self.blocks[place]["input"], _ = read_arguments(arguments)

    @property
    def _is_more_than_words(self) -> bool:
        """Whether text and calls do not say it all."""
        return any(block["type"] not in ("text", "tool_use") for block in self.blocks)

    def _parts(self) -> Iterator[AITextPart | AIThinkingPart | AIToolCall]:
        for place, block in enumerate(self.blocks):
            if block["type"] == "tool_use":
                yield self._call(place, block)
            else:
                yield part_of(block)

    def _call(self, place: int, block: Block) -> AIToolCall:
        cut_off = place == len(self.blocks) - 1 and self._stop_reason not in _WHOLE
        # Other servers of the protocol begin a block with all that is in it.
        written = self._written.get(place) or block["input"] or ""
        name = self._names.original(block["name"])
        call = read_call(block["id"], name, written, cut_off=cut_off)
        if cut_off and self._whole and call.malformed is None:
            # What there was of the arguments looks like all of them, closed by the vendor.
            return call.evolve(arguments={}, malformed=written)
        return call

    def _count(self, source: Mapping[str, Any]) -> None:
        counters = source.get("usage") or {}
        details = counters.get("output_tokens_details") or {}
        counted = {**counters, "thinking_tokens": details.get("thinking_tokens")}
        # The counters of a later event are totals; those that it does not know are null.
        self._usage |= {key: count for key, count in counted.items() if isinstance(count, int)}

    def _counted(self) -> dict[str, int]:
        usage = self._usage
        # The vendor's count of the input leaves out what has to do with the cache.
        read = usage.get("cache_read_input_tokens", 0)
        written = usage.get("cache_creation_input_tokens", 0)
        uncached = usage.get("input_tokens")
        return count_usage(
            input_tokens=None if uncached is None else uncached + read + written,
            output_tokens=usage.get("output_tokens"),
            cached_input_tokens=read,
            cache_write_tokens=written,
            reasoning_tokens=usage.get("thinking_tokens"),
        )


def _text(text: str) -> StreamTextDelta | None:
    return StreamTextDelta(text=text) if text else None


def _thinking(text: str) -> StreamThinkingDelta | None:
    return StreamThinkingDelta(text=text) if text else None
