"""What is answered in the dialect of OpenAI's Chat Completions.

https://platform.openai.com/docs/api-reference/chat/object and …/chat-streaming. Servers differ in
the details: reasoning comes as ``reasoning`` (vLLM, Ollama), ``reasoning_content`` (DeepSeek,
SGLang) or between tags; fragments of tool calls come without an index, without an id, or with one
that repeats.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from roomkit.models._base import new_id
from roomkit.providers._ai_codec import ToolNames, count_usage, read_call
from roomkit.providers._openai_chat import REASONING_FIELD
from roomkit.providers._think_tags import Piece, ThinkTags
from roomkit.providers.ai.base import (
    AIPart,
    AIResponse,
    AITextPart,
    AIThinkingPart,
    AIToolCall,
    StreamTextDelta,
    StreamThinkingDelta,
)

REASONING_FIELDS = ("reasoning", "reasoning_content")


class NonsenseError(ValueError):
    """The answer is not in the dialect."""


@dataclass(slots=True)
class _Call:
    """A tool call of which the fragments come one by one."""

    index: int | None
    id: str
    name: str = ""
    written: list[str] = field(default_factory=list)


class ChatAnswer:
    """Puts an answer together. A whole answer is one with a single chunk.

    Args:
        names: the names of the request's tools.
        think_tags: whether it may begin with reasoning between tags.
    """

    def __init__(self, names: ToolNames, *, think_tags: bool = False) -> None:
        self._names = names
        self._tags = ThinkTags() if think_tags else None
        self._text: list[str] = []
        self._thinking: list[str] = []
        self._reasoning_field: str | None = None
        self._calls: list[_Call] = []
        self._usage: Mapping[str, Any] = {}
        self._finish_reason: str | None = None
        self._refused = False

    @property
    def is_complete(self) -> bool:
        """Whether the server has said why it stopped."""
        return self._finish_reason is not None

    def read(self, chunk: object) -> Iterator[StreamTextDelta | StreamThinkingDelta]:
        """Take in a chunk of a stream, or a whole answer.

        Raises:
            NonsenseError: it is neither.
        """
        if not isinstance(chunk, Mapping):
            raise NonsenseError
        usage = chunk.get("usage")
        if isinstance(usage, Mapping):
            self._usage = usage
        choices = chunk.get("choices")
        if not isinstance(choices, list):
            raise NonsenseError
        # Empty around the answer: the filter's verdict at Azure before it, the usage after it.
        for choice in choices[:1]:
            yield from self._read_choice(choice)

    def finish(self) -> Iterator[StreamTextDelta | StreamThinkingDelta]:
        """What was held back until the end of the answer."""
        if self._tags is not None:
            yield from self._sorted(self._tags.finish())

    def response(self) -> AIResponse:
        """The whole answer."""
        content, thinking = "".join(self._text), "".join(self._thinking)
        calls = self._tool_calls()
        parts: list[AIPart] = []
        if self._reasoning_field is not None:
            kept = {REASONING_FIELD: self._reasoning_field}
            said = [AITextPart(text=content)] if content else []
            parts = [AIThinkingPart(text=thinking, provider_data=kept), *said, *calls]
        return AIResponse(
            content=content,
            finish_reason="refusal" if self._refused else self._finish_reason,
            usage=_usage(self._usage),
            tool_calls=calls,
            thinking=thinking or None,
            parts=parts,
        )

    def _read_choice(self, choice: object) -> Iterator[StreamTextDelta | StreamThinkingDelta]:
        if not isinstance(choice, Mapping):
            raise NonsenseError
        said = choice.get("delta") or choice.get("message") or {}
        if not isinstance(said, Mapping):
            raise NonsenseError
        yield from self._read_reasoning(said)
        yield from self._read_text(said)
        calls = said.get("tool_calls")
        for position, fragment in enumerate(calls if isinstance(calls, list) else ()):
            # In a whole answer the position is what tells calls apart.
            self._read_call(fragment, position if "message" in choice else None)
        reason = choice.get("finish_reason")
        if isinstance(reason, str):
            self._finish_reason = reason

    def _read_reasoning(self, said: Mapping[str, Any]) -> Iterator[StreamThinkingDelta]:
        for name in REASONING_FIELDS:
            thought = said.get(name)
            # Some servers fill both, for clients of either age.
            if isinstance(thought, str) and thought and self._reasoning_field in (None, name):
                self._reasoning_field = name
                self._thinking.append(thought)
                yield StreamThinkingDelta(text=thought)

    def _read_text(
        self, said: Mapping[str, Any]
    ) -> Iterator[StreamTextDelta | StreamThinkingDelta]:
        refusal = said.get("refusal")
        if isinstance(refusal, str) and refusal:
            self._refused = True
            yield from self._sorted([Piece("text", refusal)])
        text = said.get("content")
        if isinstance(text, str) and text:
            pieces = [Piece("text", text)] if self._tags is None else self._tags.feed(text)
            yield from self._sorted(pieces)

    def _sorted(self, pieces: list[Piece]) -> Iterator[StreamTextDelta | StreamThinkingDelta]:
        for kind, text in pieces:
            if kind == "thinking":
                self._thinking.append(text)
                yield StreamThinkingDelta(text=text)
            else:
                self._text.append(text)
                yield StreamTextDelta(text=text)

    def _read_call(self, fragment: object, position: int | None) -> None:
        function = fragment.get("function") if isinstance(fragment, Mapping) else None
        if not isinstance(fragment, Mapping) or not isinstance(function, Mapping):
            raise NonsenseError
        index = fragment.get("index", position)
        call_id, name = fragment.get("id") or "", function.get("name") or ""
        if not isinstance(call_id, str) or not isinstance(name, str):
            raise NonsenseError
        call = self._call_of(index if isinstance(index, int) else None, call_id, name)
        call.name = call.name or name
        written = function.get("arguments")
        if isinstance(written, str):
            call.written.append(written)
        elif written is not None:
            # Already decoded, by a server that is too helpful.
            call.written.append(json.dumps(written))

    def _call_of(self, index: int | None, call_id: str, name: str) -> _Call:
        """The call that a fragment belongs to; the first fragment of a call begins it."""
        for call in reversed(self._calls):
            if index is not None:
                # The same index with another id is another call: some servers count from 0
                # every time.
                if call.index == index and call_id in ("", call.id):
                    return call
            elif call_id:
                if call.id == call_id:
                    return call
            elif not name:
                return call
        call = _Call(index=index, id=call_id)
        if name or call_id:
            self._calls.append(call)
            return call
        raise NonsenseError

    def _tool_calls(self) -> list[AIToolCall]:
        cut_off = self._finish_reason == "length"
        taken: set[str] = set()
        calls = []
        for call in self._calls:
            call_id = call.id if call.id and call.id not in taken else f"call_{new_id()[:24]}"
            taken.add(call_id)
            is_last = call is self._calls[-1]
            calls.append(
                read_call(
                    call_id,
                    self._names.original(call.name),
                    "".join(call.written),
                    cut_off=cut_off and is_last,
                )
            )
        return calls


def _usage(usage: Mapping[str, Any]) -> dict[str, int]:
    """The prompt's and the completion's tokens already count all of them."""
    asked, answered = (
        details if isinstance(details := usage.get(f"{side}_tokens_details"), Mapping) else {}
        for side in ("prompt", "completion")
    )
    return count_usage(
        input_tokens=usage.get("prompt_tokens"),
        output_tokens=usage.get("completion_tokens"),
        cached_input_tokens=asked.get("cached_tokens"),
        cache_write_tokens=asked.get("cache_write_tokens"),
        reasoning_tokens=answered.get("reasoning_tokens"),
    )
