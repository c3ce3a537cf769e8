"""`AIProvider`, the interface to a language model, and the data that goes through it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from typing import Literal

from roomkit.models._base import EMPTY_DICT, EMPTY_LIST, FrozenModel, Metadata
from roomkit.models.channel import ChannelCapabilities
from roomkit.models.context import RoomContext
from roomkit.models.enums import ChannelMediaType
from roomkit.models.task import Observation, Task


class AITextPart(FrozenModel):
    """Words in a message that also has pictures."""

    type: Literal["text"] = "text"
    text: str


class AIImagePart(FrozenModel):
    """A picture in a message, by URL."""

    type: Literal["image"] = "image"
    url: str
    mime_type: str | None = None


class AIMessage(FrozenModel):
    """One turn of the conversation as a model sees it."""

    role: Literal["system", "user", "assistant", "tool"]
    content: str | list[AITextPart | AIImagePart]


class AITool(FrozenModel):
    """A function the model may ask for. ``parameters`` is a JSON schema of its arguments."""

    name: str
    description: str = ""
    parameters: Metadata = EMPTY_DICT


class AIToolCall(FrozenModel):
    """The model's wish to have a function called."""

    id: str
    name: str
    arguments: Metadata = EMPTY_DICT


class AIContext(FrozenModel):
    """Everything a provider gets for one generation.

    Attributes:
        messages: the conversation, oldest first; the last one is to be answered.
        temperature: None leaves it to the provider's configuration, and so does ``max_tokens``.
        room: the room as the answering channel may see it.
        target_capabilities: what the channel that the answer goes to can carry, if there is just
            one kind.
        thinking_budget: how many tokens the model may spend on reasoning; None turns reasoning
            off.
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


class AIResponse(FrozenModel):
    """What a model answered.

    ``finish_reason`` is the provider's own word. ``usage`` counts tokens, as ``input_tokens`` and
    ``output_tokens`` where the provider tells.
    """

    content: str
    finish_reason: str | None = None
    usage: dict[str, int] = EMPTY_DICT
    tool_calls: list[AIToolCall] = EMPTY_LIST
    tasks: list[Task] = EMPTY_LIST
    observations: list[Observation] = EMPTY_LIST
    thinking: str | None = None


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

    One object serves all rooms and is called concurrently. Failures are raised, as `ProviderError`
    where they come from the vendor.
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
