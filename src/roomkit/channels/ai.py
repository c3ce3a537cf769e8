"""`AIChannel`: a language model that takes part in rooms."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from roomkit._tasks import bounded
from roomkit.channels._ai.history import History
from roomkit.channels._ai.settings import AISettings, as_tools, settings_for
from roomkit.channels.base import Channel, text_of
from roomkit.channels.host import ChannelHost
from roomkit.models.channel import ChannelBinding, ChannelCapabilities, ChannelOutput
from roomkit.models.content import (
    AudioContent,
    CompositeContent,
    EventContent,
    LocationContent,
    MediaContent,
    TextContent,
    VideoContent,
)
from roomkit.models.context import RoomContext
from roomkit.models.delivery import InboundMessage
from roomkit.models.enums import (
    ChannelCategory,
    ChannelDirection,
    ChannelMediaType,
    ChannelType,
    EventType,
)
from roomkit.models.event import EventSource, RoomEvent
from roomkit.providers.ai.base import (
    AIContext,
    AIProvider,
    AIResponse,
    AITool,
    StreamDone,
    StreamTextDelta,
)
from roomkit.telemetry.base import SpanKind


class AIChannel(Channel):
    """Answers the messages of a room with a language model.

    It reads what it is allowed to see of the room's latest messages and never answers itself, nor
    anything that is not a message. Without an own tool loop, the model's tool calls are left to
    the host:
    they stand in the answer's ``metadata["tool_calls"]``.

    Args:
        channel_id: its id.
        provider: the model.
        system_prompt: what the model is told about its part.
        temperature: how freely it answers.
        max_tokens: how long an answer may be.
        max_context_events: how many earlier messages it is shown.
        tools: functions the model may ask for, as JSON-like mappings or `AITool`.
        thinking_budget: how many tokens it may spend on reasoning.
        generation_timeout: how long one answer may take, in seconds.

    ``system_prompt``, ``temperature``, ``max_tokens``, ``thinking_budget`` and ``tools`` can be
    set for a room, in the binding's metadata.
    """

    channel_type = ChannelType.AI
    category = ChannelCategory.INTELLIGENCE
    reaction_timeout = None

    def __init__(
        self,
        channel_id: str,
        provider: AIProvider,
        *,
        system_prompt: str | None = None,
        temperature: float | None = 0.7,
        max_tokens: int | None = 1024,
        max_context_events: int = 50,
        tools: Sequence[AITool | Mapping[str, Any]] = (),
        thinking_budget: int | None = None,
        generation_timeout: float = 120.0,
    ) -> None:
        super().__init__(channel_id)
        self._provider = provider
        self._settings = AISettings(
            system_prompt=system_prompt,
            temperature=temperature,
            max_tokens=max_tokens,
            thinking_budget=thinking_budget,
            tools=as_tools(tools),
        )
        self._max_context_events = max_context_events
        self._generation_timeout = generation_timeout
        self._history = History(channel_id, vision=provider.supports_vision)
        self._host: ChannelHost | None = None

    @property
    def provider(self) -> AIProvider:
        """The model."""
        return self._provider

    @property
    def provider_name(self) -> str | None:
        return self._provider.model_name

    def on_registered(self, host: ChannelHost) -> None:
        self._host = host

    def capabilities(self) -> ChannelCapabilities:
        kinds = [ChannelMediaType.TEXT, ChannelMediaType.RICH]
        if self._provider.supports_vision:
            kinds.append(ChannelMediaType.MEDIA)
        return ChannelCapabilities(
            media_types=kinds,
            supports_rich_text=True,
            supports_media=self._provider.supports_vision,
            supports_edit=True,
            supports_delete=True,
        )

    async def handle_inbound(self, message: InboundMessage, context: RoomContext) -> RoomEvent:
        return self.event_from(message, context)

    async def deliver(
        self, event: RoomEvent, binding: ChannelBinding, context: RoomContext
    ) -> ChannelOutput:
        return ChannelOutput.empty()

    async def on_event(
        self, event: RoomEvent, binding: ChannelBinding, context: RoomContext
    ) -> ChannelOutput:
        if not self._is_addressed(event):
            return ChannelOutput.empty()
        request = self._request(event, binding, context)
        if self._provider.supports_streaming or self._provider.supports_structured_streaming:
            return ChannelOutput.empty().evolve(response_stream=self._stream(request, event))
        response = await self._generate(request)
        return self._output(response, event)

    async def close(self) -> None:
        await self._provider.close()

    def _is_addressed(self, event: RoomEvent) -> bool:
        if event.type is not EventType.MESSAGE or event.source.channel_id == self.channel_id:
            return False
        return _says_something(event.content)

    def _request(
        self, event: RoomEvent, binding: ChannelBinding, context: RoomContext
    ) -> AIContext:
        settings = settings_for(binding, self._settings)
        limit = self._max_context_events
        earlier = context.recent_events[-limit:] if limit > 0 else ()
        target = _target(event, context)
        return AIContext(
            messages=self._history.messages(earlier, event, context),
            system_prompt=settings.system_prompt,
            temperature=settings.temperature,
            max_tokens=settings.max_tokens,
            tools=settings.tools,
            room=context,
            target_capabilities=target,
            target_media_types=[] if target is None else target.media_types,
            thinking_budget=settings.thinking_budget,
        )

    async def _generate(self, request: AIContext) -> AIResponse:
        call = self._provider.generate(request)
        host = self._host
        if host is None or not host.telemetry.enabled:
            return await bounded(self.clock, self._generation_timeout, call)
        with host.telemetry.span(SpanKind.LLM_GENERATE, self._provider.model_name):
            return await bounded(self.clock, self._generation_timeout, call)

    async def _stream(
        self, request: AIContext, event: RoomEvent
    ) -> AsyncIterator[str | ChannelOutput]:
        """The answer's text as it comes, then the answer itself."""
        events = self._provider.generate_stream(request)
        try:
            async with self.clock.timeout(self._generation_timeout):
                async for item in events:
                    if isinstance(item, StreamTextDelta):
                        yield item.text
                    elif isinstance(item, StreamDone):
                        yield self._output(item.response, event)
        finally:
            closer = getattr(events, "aclose", None)
            if closer is not None:
                await closer()

    def _output(self, response: AIResponse, trigger: RoomEvent) -> ChannelOutput:
        metadata: dict[str, Any] = {}
        if response.usage:
            metadata["usage"] = dict(response.usage)
        if response.finish_reason:
            metadata["finish_reason"] = response.finish_reason
        if response.tool_calls:
            metadata["tool_calls"] = [call.model_dump() for call in response.tool_calls]
        answers: list[RoomEvent] = []
        if response.content.strip():
            values: dict[str, Any] = {"metadata": metadata} if metadata else {}
            answers.append(
                RoomEvent(
                    room_id=trigger.room_id,
                    source=self._own_source,
                    content=TextContent(body=response.content),
                    created_at=self.clock.now(),
                    **values,
                )
            )
        if not answers and not response.tasks and not response.observations:
            return ChannelOutput.empty()
        return ChannelOutput.empty().evolve(
            response_events=answers,
            tasks=response.tasks,
            observations=response.observations,
        )

    @property
    def _own_source(self) -> EventSource:
        return EventSource(
            channel_id=self.channel_id,
            channel_type=self.channel_type,
            direction=ChannelDirection.OUTBOUND,
            provider=self._provider.model_name,
        )


def _says_something(content: EventContent) -> bool:
    """Whether there is anything to answer: words that are not blank, or something to look at."""
    if isinstance(content, CompositeContent):
        return any(_says_something(part) for part in content.parts)
    if isinstance(content, MediaContent | AudioContent | VideoContent | LocationContent):
        return True
    return bool(text_of(content).strip())


def _target(event: RoomEvent, context: RoomContext) -> ChannelCapabilities | None:
    """What the channel that asked can carry, for the answer goes there first of all."""
    for binding in context.bindings:
        if binding.channel_id == event.source.channel_id:
            return binding.capabilities
    return None
