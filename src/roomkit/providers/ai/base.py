"""`AIProvider`, the interface to a language model, and the data that goes through it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from roomkit.models._base import EMPTY_DICT, EMPTY_LIST, FrozenModel, Metadata
from roomkit.models.channel import ChannelCapabilities
from roomkit.models.context import RoomContext
from roomkit.models.enums import ChannelMediaType
from roomkit.models.task import Observation, Task


class AITextPart(FrozenModel):
    """Words in a message that has other parts too."""

    type: Literal["text"] = "text"
    text: str
    provider_data: Metadata = EMPTY_DICT


class AIImagePart(FrozenModel):
    """A picture in a message, by URL: ``https:``, or ``data:`` with the picture in Base64."""

    type: Literal["image"] = "image"
    url: str
    mime_type: str | None = None


class AIThinkingPart(FrozenModel):
    """Reasoning that a model wants to see again in the next request of the same turn.

    ``signature`` is the vendor's seal on it. Reasoning that the vendor hides has no text, only
    ``provider_data``.
    """

    type: Literal["thinking"] = "thinking"
    text: str = ""
    signature: str | None = None
    provider_data: Metadata = EMPTY_DICT


class AIToolCall(FrozenModel):
    """The model's wish to have a function called.

    Attributes:
        arguments: what the model passes; {} if that was no JSON object.
        malformed: the arguments as the model wrote them, if they were no JSON object or were cut
            off. Such a call is not run.
        provider_data: what the vendor wants to see again with the call, such as a signature.
    """

    type: Literal["tool_call"] = "tool_call"
    id: str
    name: str
    arguments: Metadata = EMPTY_DICT
    malformed: str | None = None
    provider_data: Metadata = EMPTY_DICT


class AIToolResult(FrozenModel):
    """What came of a call, for the model to read."""

    type: Literal["tool_result"] = "tool_result"
    tool_call_id: str
    name: str
    content: str | list[AITextPart | AIImagePart]
    is_error: bool = False


AIPart = Annotated[
    AITextPart | AIImagePart | AIThinkingPart | AIToolCall | AIToolResult,
    Field(discriminator="type"),
]
"""One piece of a message."""


class AIMessage(FrozenModel):
    """One turn of the conversation as a model sees it.

    Users' messages hold words and pictures, an assistant's words, reasoning and tool calls, a
    tool's the results of the calls in the assistant's message before it, in the same order.
    """

    role: Literal["system", "user", "assistant", "tool"]
    content: str | list[AIPart]

    @property
    def text(self) -> str:
        """The words in it."""
        if isinstance(self.content, str):
            return self.content
        return "".join(part.text for part in self.content if isinstance(part, AITextPart))


class AITool(FrozenModel):
    """A function the model may ask for. ``parameters`` is a JSON schema of its arguments."""

    name: str
    description: str = ""
    parameters: Metadata = EMPTY_DICT


_TELLS_LENGTH = 4096
"""A channel that takes more characters than this is no reason to be brief."""


class AIContext(FrozenModel):
    """Everything a provider gets for one generation.

    Attributes:
        messages: the conversation, oldest first; the last one is to be answered.
        temperature: None leaves it to the provider's configuration, and so does ``max_tokens``.
        room: the room as the answering channel may see it.
        target_capabilities: what the channel that the answer goes to can carry, if there is just
            one kind.
        thinking_budget: how many tokens the model may spend on reasoning; None or 0 turns
            reasoning off.
    """

    messages: list[AIMessage]
    system_prompt: str | None = None
    temperature: float | None = None
    max_tokens: int | None = None
    tools: list[AITool] = EMPTY_LIST
    room: RoomContext | None = None
    target_capabilities: ChannelCapabilities | None = None
    target_media_types: list[ChannelMediaType] = EMPTY_LIST
    thinking_budget: int | None = None

    @property
    def instructions(self) -> str | None:
        """What a provider passes on as the system prompt: `system_prompt`, and a word about the
        channel that the answer goes to if that takes short or plain texts only."""
        target = self.target_capabilities
        limit = None if target is None else target.max_length
        if target is None or limit is None or limit > _TELLS_LENGTH:
            return self.system_prompt
        rich = target.supports_rich_text or ChannelMediaType.RICH in target.media_types
        plain = "" if rich else " of plain text, without any markup"
        hint = f"Your answer is delivered through a channel that takes {limit} characters{plain}."
        return f"{self.system_prompt}\n\n{hint}" if self.system_prompt else hint


class StopReason(StrEnum):
    """Why a model stopped, whichever vendor's it is."""

    COMPLETED = "completed"
    TOOL_CALLS = "tool_calls"
    LENGTH = "length"
    REFUSED = "refused"
    OTHER = "other"


_STOP_REASONS: dict[str, StopReason] = {
    word: reason
    for reason, words in {
        StopReason.COMPLETED: ("completed", "complete", "end_turn", "stop", "stop_sequence"),
        StopReason.TOOL_CALLS: ("tool_calls", "tool_use", "function_call", "tool_call"),
        StopReason.LENGTH: (
            "length",
            "max_tokens",
            "max_output_tokens",
            "max_completion_tokens",
            "model_length",
            "model_context_window_exceeded",
            "incomplete",
        ),
        StopReason.REFUSED: (
            "refusal",
            "refused",
            "content_filter",
            "safety",
            "recitation",
            "blocklist",
            "prohibited_content",
            "spii",
            "image_prohibited_content",
            "image_recitation",
            "image_safety",
            "jailbreak",
            "model_armor",
            "language",
        ),
    }.items()
    for word in words
}


class AIResponse(FrozenModel):
    """What a model answered.

    Attributes:
        finish_reason: why it stopped, in the vendor's own word.
        usage: tokens, by the names of `AIUsage`; empty where the vendor does not tell.
        thinking: its reasoning as far as it is shown.
        parts: the answer piece by piece, for vendors that must get it back as it was, reasoning
            and signatures included; empty where `content` and `tool_calls` say it all.
    """

    content: str
    finish_reason: str | None = None
    usage: dict[str, int] = EMPTY_DICT
    tool_calls: list[AIToolCall] = EMPTY_LIST
    tasks: list[Task] = EMPTY_LIST
    observations: list[Observation] = EMPTY_LIST
    thinking: str | None = None
    parts: list[AIPart] = EMPTY_LIST

    @property
    def stop_reason(self) -> StopReason:
        """Why it stopped, in one convention: every spelling of ``finish_reason`` is understood."""
        if self.finish_reason is None:
            return StopReason.TOOL_CALLS if self.tool_calls else StopReason.COMPLETED
        word = self.finish_reason.rsplit(".", 1)[-1].lower()
        reason = _STOP_REASONS.get(word, StopReason.OTHER)
        if self.tool_calls and reason in (StopReason.COMPLETED, StopReason.OTHER):
            return StopReason.TOOL_CALLS
        return reason

    def as_message(self) -> AIMessage:
        """The answer as the assistant's turn of the next request."""
        if self.parts:
            return AIMessage(role="assistant", content=self.parts)
        if not self.tool_calls:
            return AIMessage(role="assistant", content=self.content)
        said: list[AIPart] = [AITextPart(text=self.content)] if self.content else []
        return AIMessage(role="assistant", content=[*said, *self.tool_calls])


class AIUsage(StrEnum):
    """The names of the counters in ``AIResponse.usage``.

    ``INPUT_TOKENS`` counts all of the request, whether or not it was read from a cache, and
    ``OUTPUT_TOKENS`` all that was generated, reasoning included; the others say how much of them
    was what.
    """

    INPUT_TOKENS = "input_tokens"
    OUTPUT_TOKENS = "output_tokens"
    CACHED_INPUT_TOKENS = "cached_input_tokens"
    CACHE_WRITE_TOKENS = "cache_write_tokens"
    REASONING_TOKENS = "reasoning_tokens"


class StreamTextDelta(FrozenModel):
    """The next piece of the answer's text."""

    type: Literal["text_delta"] = "text_delta"
    text: str


class StreamThinkingDelta(FrozenModel):
    """The next piece of the model's reasoning; it comes before the text."""

    type: Literal["thinking_delta"] = "thinking_delta"
    text: str


class StreamToolCall(FrozenModel):
    """A complete tool call."""

    type: Literal["tool_call"] = "tool_call"
    call: AIToolCall


class StreamDone(FrozenModel):
    """The end of a generation: always the last event. ``response`` is the whole of it."""

    type: Literal["done"] = "done"
    response: AIResponse


AIStreamEvent = StreamTextDelta | StreamThinkingDelta | StreamToolCall | StreamDone
"""What `AIProvider.generate_stream` yields."""


class AIProvider(ABC):
    """A language model.

    One object serves all rooms and is called concurrently. A failure is raised, once: a provider
    that retries does so itself, or through its SDK, before it raises. What comes from the vendor
    is a `ProviderError` with ``retryable``, ``retry_after`` and one of these in ``code``:
    ``rejected``, ``unauthorized``, ``forbidden``, ``not_found``, ``context_too_long`` (the
    request does not fit into the model's window), ``rate_limited``, ``overloaded``,
    ``unavailable``, ``timeout``, ``unreachable``, ``connection_lost``, ``bad_answer`` or
    ``closed`` (by `close`). Its text never quotes the request, the answer or a key.

    A provider passes on what it was given or says that it did not: a picture that the model cannot
    see becomes a visible mark in its place.
    """

    @property
    @abstractmethod
    def model_name(self) -> str:
        """The model's name."""

    @property
    def supports_vision(self) -> bool:
        """Whether messages may hold pictures."""
        return False

    @property
    def supports_streaming(self) -> bool:
        """Whether `generate_stream` yields text while it is being written."""
        return False

    @property
    def supports_structured_streaming(self) -> bool:
        """Whether `generate_stream` also yields tool calls and reasoning as they come."""
        return False

    @abstractmethod
    async def generate(self, context: AIContext) -> AIResponse:
        """One complete answer."""

    async def generate_stream(self, context: AIContext) -> AsyncIterator[AIStreamEvent]:
        """The answer in pieces: reasoning, text, tool calls, and last a `StreamDone`.

        This version waits for `generate` and yields what it returned. Closing the iterator early
        ends the generation.
        """
        response = await self.generate(context)
        if response.thinking:
            yield StreamThinkingDelta(text=response.thinking)
        if response.content:
            yield StreamTextDelta(text=response.content)
        for call in response.tool_calls:
            yield StreamToolCall(call=call)
        yield StreamDone(response=response)

    async def close(self) -> None:  # noqa: B027 - an optional callback
        """Release connections that the provider opened itself."""
