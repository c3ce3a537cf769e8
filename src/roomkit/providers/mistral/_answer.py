"""What Mistral answers, in pieces or at once.

https://docs.mistral.ai/api/#operation/createChatCompletion. Apart from reasoning, which is a piece
of the content, it is OpenAI's dialect.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from roomkit.providers._ai_codec import ToolNames
from roomkit.providers._openai_answer import ChatAnswer
from roomkit.providers.ai.base import (
    AIResponse,
    AIThinkingPart,
    StreamTextDelta,
    StreamThinkingDelta,
)
from roomkit.providers.ai.failures import model_failure
from roomkit.providers.mistral._request import THINKING

# What the SDK makes of a fragment of a call that has no id.
_NO_ID = "null"


class MistralAnswer:
    """Puts an answer together from its chunks; a whole answer is one chunk."""

    def __init__(self, names: ToolNames) -> None:
        self._answer = ChatAnswer(names)
        self._signature: str | None = None

    def read(self, chunk: Mapping[str, Any]) -> Iterator[StreamTextDelta | StreamThinkingDelta]:
        """What is new in a chunk.

        Raises:
            ProviderError: the model broke off.
            NonsenseError: it is no chunk.
        """
        choices = [self._plain(choice) for choice in chunk["choices"][:1]]
        yield from self._answer.read({**chunk, "choices": choices})
        if any(choice.get("finish_reason") == "error" for choice in choices):
            raise model_failure("mistral", code="unavailable")

    def response(self) -> AIResponse:
        """The whole answer.

        Raises:
            ProviderError: its end is missing.
        """
        if not self._answer.is_complete:
            raise model_failure("mistral", code="connection_lost")
        response = self._answer.response()
        if not response.parts:
            return response
        seal = {"signature": self._signature, "provider_data": {THINKING: True}}
        parts = [
            part.evolve(**seal) if isinstance(part, AIThinkingPart) else part
            for part in response.parts
        ]
        return response.evolve(parts=parts)

    def _plain(self, choice: Mapping[str, Any]) -> dict[str, Any]:
        """A choice in OpenAI's dialect."""
        kind = "message" if "message" in choice else "delta"
        said = dict(choice.get(kind) or {})
        chunks = said.get("content")
        if isinstance(chunks, list):
            said["content"] = "".join(c["text"] for c in chunks if c["type"] == "text")
            said["reasoning"] = "".join(self._thoughts(chunks))
        # In a whole answer the place tells calls apart: the SDK gives those without an index 0.
        calls = [_fragment(call, kind == "delta") for call in said.get("tool_calls") or ()]
        return {**choice, kind: {**said, "tool_calls": calls}}

    def _thoughts(self, chunks: list[Mapping[str, Any]]) -> Iterator[str]:
        for chunk in chunks:
            if chunk["type"] != "thinking":
                continue
            self._signature = chunk.get("signature") or self._signature
            for thought in chunk["thinking"]:
                if thought["type"] == "text":
                    yield thought["text"]


def _fragment(call: Mapping[str, Any], indexed: bool) -> dict[str, Any]:
    kept = {key: value for key, value in call.items() if key != "index" or indexed}
    return {**kept, "id": ""} if call.get("id") == _NO_ID else kept
