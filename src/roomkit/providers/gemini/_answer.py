"""What Gemini answers, in pieces or at once.

Source: https://ai.google.dev/api/generate-content#GenerateContentResponse.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from roomkit.errors import ProviderError
from roomkit.models._base import new_id
from roomkit.providers._ai_codec import ToolNames, count_usage, read_call
from roomkit.providers.ai.base import (
    AIPart,
    AIResponse,
    AIStreamEvent,
    AITextPart,
    AIThinkingPart,
    AIToolCall,
    StreamTextDelta,
    StreamThinkingDelta,
    StreamToolCall,
)
from roomkit.providers.ai.failures import model_failure
from roomkit.providers.gemini._request import SIGNATURE

if TYPE_CHECKING:
    from google.genai import types


class GeminiAnswer:
    """Puts an answer together from its chunks; a whole answer is one chunk."""

    def __init__(self, names: ToolNames) -> None:
        self._names = names
        self._parts: list[AIPart] = []
        self._ids: set[str] = set()
        self._finish_reason: str | None = None
        self._usage: dict[str, int] = {}
        self._answered = False

    def read(self, chunk: types.GenerateContentResponse) -> Iterator[AIStreamEvent]:
        """What is new in a chunk."""
        if chunk.usage_metadata is not None:
            # Each chunk tells the sum so far.
            self._usage = _usage(chunk.usage_metadata)
        feedback = chunk.prompt_feedback
        if feedback is not None and feedback.block_reason is not None:
            self._finish_reason = str(feedback.block_reason.value)
        for candidate in (chunk.candidates or ())[:1]:
            self._answered = True
            content = candidate.content
            for part in (content.parts if content is not None else None) or ():
                yield from self._read_part(part)
            if candidate.finish_reason is not None:
                self._finish_reason = str(candidate.finish_reason.value)

    def response(self) -> AIResponse:
        """The whole answer.

        Raises:
            ProviderError: it is none, or its end is missing.
        """
        if self._finish_reason is None:
            raise self._incomplete()
        return AIResponse(
            content="".join(p.text for p in self._parts if isinstance(p, AITextPart)),
            finish_reason=self._finish_reason,
            usage=self._usage,
            tool_calls=[part for part in self._parts if isinstance(part, AIToolCall)],
            thinking="".join(p.text for p in self._parts if isinstance(p, AIThinkingPart)) or None,
            parts=self._parts if any(_is_sealed(part) for part in self._parts) else [],
        )

    def _incomplete(self) -> ProviderError:
        code = "connection_lost" if self._answered else "bad_answer"
        return model_failure("gemini", code=code)

    def _read_part(self, part: types.Part) -> Iterator[AIStreamEvent]:
        data: dict[str, Any] = {}
        if part.thought_signature:
            data[SIGNATURE] = b64encode(part.thought_signature).decode()
        if part.function_call is not None:
            call = self._call(part.function_call, data)
            self._parts.append(call)
            yield StreamToolCall(call=call)
        elif part.thought:
            text = part.text or ""
            signature = data.get(SIGNATURE)
            self._add(AIThinkingPart(text=text, signature=signature, provider_data=data))
            if text:
                yield StreamThinkingDelta(text=text)
        elif part.text is not None:
            self._add(AITextPart(text=part.text, provider_data=data))
            if part.text:
                yield StreamTextDelta(text=part.text)

    def _call(self, call: types.FunctionCall, data: dict[str, Any]) -> AIToolCall:
        call_id = call.id or ""
        while not call_id or call_id in self._ids:
            call_id = f"call_{new_id()}"
        self._ids.add(call_id)
        name = self._names.original(call.name or "")
        return read_call(call_id, name, call.args, provider_data=data)

    def _add(self, part: AITextPart | AIThinkingPart) -> None:
        """Keep a piece of text, joined to the one before it.

        A signed piece stays alone: the model finds its place by the signature.
        """
        last = self._parts[-1] if self._parts else None
        if not part.text and not _is_sealed(part):
            return
        if (
            isinstance(last, AITextPart | AIThinkingPart)
            and last.type == part.type
            and not (_is_sealed(last) or _is_sealed(part))
        ):
            self._parts[-1] = last.evolve(text=last.text + part.text)
        else:
            self._parts.append(part)


def _is_sealed(part: AIPart) -> bool:
    return (
        isinstance(part, AITextPart | AIThinkingPart | AIToolCall)
        and SIGNATURE in part.provider_data
    )


def _usage(told: types.GenerateContentResponseUsageMetadata) -> dict[str, int]:
    """Gemini counts reasoning apart from the answer, and cached tokens as part of the prompt."""
    prompt, answer = told.prompt_token_count, told.candidates_token_count
    thoughts = told.thoughts_token_count
    return count_usage(
        input_tokens=None if prompt is None else prompt + (told.tool_use_prompt_token_count or 0),
        output_tokens=None if answer is thoughts is None else (answer or 0) + (thoughts or 0),
        cached_input_tokens=told.cached_content_token_count,
        reasoning_tokens=thoughts,
    )
