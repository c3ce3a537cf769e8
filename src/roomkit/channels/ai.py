"""`AIChannel`: a language model that takes part in rooms."""

from __future__ import annotations

from collections.abc import Coroutine, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, TypedDict

from roomkit._tasks import bounded
from roomkit.channels._ai.history import History
from roomkit.channels._ai.prompt import Prompt, target_of
from roomkit.channels._ai.reply import Reply
from roomkit.channels._ai.request import RequestBuilder, Unfinished
from roomkit.channels._ai.settings import USUAL_MAX_TOKENS, AISettings, Setups
from roomkit.channels._ai.signals import Signals
from roomkit.channels._ai.tool_round import ToolLimits, ToolRunner
from roomkit.channels._ai.toolbox import Toolbox, ToolSpec
from roomkit.channels._ai.turn import AITurn, TurnLimits
from roomkit.channels.base import Channel, text_of
from roomkit.channels.host import ChannelHost
from roomkit.errors import ProviderError
from roomkit.memory.base import MemoryProvider
from roomkit.memory.sliding_window import SlidingWindowMemory
from roomkit.models._base import new_id
from roomkit.models._frozen import freeze
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
from roomkit.models.event import BLANK_EVENT, EventSource, RoomEvent
from roomkit.providers.ai.base import AIProvider
from roomkit.store.records import RECENT_EVENTS
from roomkit.tools.base import ToolHandler

if TYPE_CHECKING:
    from roomkit.skills.registry import SkillRegistry

_REVISIONS = (EventType.EDIT, EventType.DELETE)
_SILENT_FAILURES = ("length", "refused", "deadline", "max_tool_rounds")
"""The ends of an answer that is none, if nothing was said before."""


class AIChannelOptions(TypedDict, total=False):
    """The options of `AIChannel`, for those who pass them on."""

    system_prompt: str | None
    temperature: float | None
    max_tokens: int | None
    max_context_events: int
    tools: Sequence[ToolSpec]
    tool_handler: ToolHandler | None
    max_tool_rounds: int
    thinking_budget: int | None
    memory: MemoryProvider | None
    skills: SkillRegistry | None
    generation_timeout: float
    tool_timeout: float | None
    turn_timeout: float | None
    max_calls_per_round: int
    max_tool_result_chars: int


class AIChannel(Channel):
    """Answers the messages of a room with a language model.

    It reads what it is allowed to see of the room's past and never answers itself, nor anything
    that is not a message, nor a message that asks for no reply (``metadata["no_reply"]``, as
    automatic mail has it). Tools that it can run are run, and the model is asked again with their
    results, until it has nothing left to call. Calls of a tool that only the application can run
    are left to it: they stand in the answer's ``metadata["tool_calls"]``.

    Args:
        channel_id: its id.
        provider: the model.
        system_prompt: what the model is told about its part.
        temperature: how freely it answers; None leaves it to the provider.
        max_tokens: how long an answer may be. Not given, or None, it is left to the provider,
            whose configuration says 1024 unless it was told otherwise.
        max_context_events: how many earlier messages it is shown, if `memory` is not given.
        tools: what the model may call: `Tool` objects, functions, and declarations as `AITool` or
            JSON, which are run by `tool_handler`.
        tool_handler: runs tools by name, ``async (name, arguments) -> str``.
        max_tool_rounds: how often tools are run for one answer.
        thinking_budget: how many tokens it may spend on reasoning.
        memory: chooses what of the past it is shown.
        skills: knowledge it may call up.
        generation_timeout: how long one generation may take, in seconds, and what the memory does
            before it.
        tool_timeout: how long one tool call may take, in seconds.
        turn_timeout: how long a turn may take, tools included, in seconds; None for no limit.
        max_calls_per_round: how many tools may be called at once.
        max_tool_result_chars: how much of a tool's result the model is shown.

    ``system_prompt``, ``temperature``, ``max_tokens``, ``thinking_budget`` and ``tools`` can be
    set for a room, in the binding's metadata.

    Raises:
        ValueError: two tools have one name, or a tool's schema is wrong.
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
        max_tokens: int | None = USUAL_MAX_TOKENS,
        max_context_events: int = 50,
        tools: Sequence[ToolSpec] = (),
        tool_handler: ToolHandler | None = None,
        max_tool_rounds: int = 10,
        thinking_budget: int | None = None,
        memory: MemoryProvider | None = None,
        skills: SkillRegistry | None = None,
        generation_timeout: float = 120.0,
        tool_timeout: float | None = 30.0,
        turn_timeout: float | None = 600.0,
        max_calls_per_round: int = 16,
        max_tool_result_chars: int = 50_000,
    ) -> None:
        super().__init__(channel_id)
        self._provider = provider
        self._memory = memory or SlidingWindowMemory(max_context_events)
        self._history = History(channel_id, vision=provider.supports_vision)
        self._toolbox = Toolbox(tools, tool_handler)
        self._setups = Setups(
            AISettings(
                system_prompt=system_prompt,
                temperature=temperature,
                max_tokens=None if max_tokens is USUAL_MAX_TOKENS else max_tokens,
                thinking_budget=thinking_budget,
            ),
            self._toolbox,
        )
        self._prompt = Prompt(self.persona, () if skills is None else (skills.prompt,))
        if skills is not None:
            self.add_tools(skills.tools())
        self._limits = TurnLimits(
            generation=generation_timeout, turn=turn_timeout, rounds=max_tool_rounds
        )
        self._tool_limits = ToolLimits(
            timeout=tool_timeout,
            max_calls=max_calls_per_round,
            max_result_chars=max_tool_result_chars,
        )
        self._unfinished = Unfinished()
        self._host: ChannelHost | None = None
        self._source = EventSource(
            channel_id=channel_id,
            channel_type=self.channel_type,
            direction=ChannelDirection.OUTBOUND,
            provider=provider.model_name,
        )

    @property
    def provider(self) -> AIProvider:
        """The model."""
        return self._provider

    @property
    def provider_name(self) -> str | None:
        return self._provider.model_name

    @property
    def persona(self) -> str | None:
        """What the model is told before the system prompt: nothing."""
        return None

    @property
    def memory(self) -> MemoryProvider:
        """What chooses the past that the model is shown."""
        return self._memory

    @memory.setter
    def memory(self, memory: MemoryProvider) -> None:
        self._memory = memory

    def add_tools(self, tools: Sequence[ToolSpec]) -> None:
        """Offer more tools, from the next message on and in all rooms.

        Raises:
            ValueError: a tool's name is taken, or its schema is wrong.
        """
        for tool in tools:
            self._toolbox.add(tool)
        self._setups.refresh()

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
            if event.type in _REVISIONS:
                await self._in_time(
                    self._memory.on_revision(event, context, channel_id=self.channel_id)
                )
            return ChannelOutput.empty()
        current = await self._as_it_stands(event, context)
        if current is None:
            return ChannelOutput.empty()
        event = current
        turn = await self._in_time(self._turn(event, binding, context))
        provider = self._provider
        if provider.supports_streaming or provider.supports_structured_streaming:
            stream = turn.stream(lambda reply: self._output(reply, event))
            return ChannelOutput.empty().evolve(response_stream=stream)
        return self._output(await turn.run(), event)

    async def _in_time[T](self, step: Coroutine[Any, Any, T]) -> T:
        """What comes before a generation may wait for a memory: not for ever, either."""
        return await bounded(self.clock, self._limits.generation, step)

    async def close(self) -> None:
        try:
            await self._provider.close()
        finally:
            await self._memory.close()

    async def _as_it_stands(self, event: RoomEvent, context: RoomContext) -> RoomEvent | None:
        """The message as it reads by now; None if it was withdrawn while it waited its turn."""
        if self._host is None or context.room.latest_index <= event.index:
            return event
        stored = await self._host.find_event(event.id)
        if stored is None or "deleted" in stored.metadata:
            return None
        return event.evolve(content=stored.content) if "edited" in stored.metadata else event

    def _is_addressed(self, event: RoomEvent) -> bool:
        if event.type is not EventType.MESSAGE or event.source.channel_id == self.channel_id:
            return False
        return not event.metadata.get("no_reply") and _says_something(event.content)

    async def _turn(
        self, event: RoomEvent, binding: ChannelBinding, context: RoomContext
    ) -> AITurn:
        setup = self._setups.for_room(binding)
        builder = RequestBuilder(
            channel_id=self.channel_id,
            memory=self._memory,
            history=self._history,
            setup=setup,
            system_prompt=self._prompt.compose(setup.settings.system_prompt),
            target=target_of(event, context),
            event=event,
            context=await self._widened(event, binding, context),
            unfinished=self._unfinished.of(event.room_id),
        )
        tools = ToolRunner(
            source=self._source,
            trigger=event,
            room=context,
            tools=setup.tools,
            limits=self._tool_limits,
            clock=self.clock,
            host=self._host,
        )
        return AITurn(
            self._provider,
            await builder.build(),
            builder.smaller,
            tools,
            Signals(self._host, binding, event),
            self._limits,
            self.clock,
            self._host,
            partial(self._unfinished.keep, event.room_id),
        )

    async def _widened(
        self, event: RoomEvent, binding: ChannelBinding, context: RoomContext
    ) -> RoomContext:
        """The context with as much of the past as the memory wants, as far as there is any."""
        wanted, recent = self._memory.max_events, context.recent_events
        if self._host is None or len(recent) >= wanted:
            return context
        if not context.narrowed and len(recent) < RECENT_EVENTS:
            return context
        earlier = await self._host.history(event, binding, wanted)
        return context.evolve(recent_events=earlier)

    def _output(self, reply: Reply, trigger: RoomEvent) -> ChannelOutput:
        """The reply as an event, with what there is to know about it."""
        failure = reply.failure
        answers: list[RoomEvent] = []
        if reply.text.strip():
            answer = BLANK_EVENT.evolve(
                id=new_id(),
                room_id=trigger.room_id,
                source=self._source,
                content=TextContent(body=reply.text),
                created_at=self.clock.now(),
                metadata=freeze(_metadata(reply)),
            )
            answers = [answer]
        elif failure is None and reply.end_reason in _SILENT_FAILURES:
            failure = ProviderError(
                f"the model gave no answer ({reply.end_reason})",
                provider=self._provider.model_name,
                code=reply.end_reason,
            )
        if answers and failure is None:
            self._unfinished.forget(trigger.room_id)
        else:
            self._unfinished.keep(trigger.room_id, reply.exchange)
        return ChannelOutput.empty().evolve(
            response_events=answers,
            tasks=reply.tasks,
            observations=reply.observations,
            error=failure,
        )


def _metadata(reply: Reply) -> dict[str, Any]:
    known: dict[str, Any] = {"end_reason": reply.end_reason}
    if reply.failure is not None:
        known["partial"] = True
    if reply.finish_reason:
        known["finish_reason"] = reply.finish_reason
    if reply.usage:
        known["usage"] = reply.usage
    if reply.open_calls:
        known["tool_calls"] = [
            {"id": call.id, "name": call.name, "arguments": call.arguments}
            for call in reply.open_calls
        ]
    return known


def _says_something(content: EventContent) -> bool:
    """Whether there is anything to answer: words that are not blank, or something to look at."""
    if isinstance(content, CompositeContent):
        return any(_says_something(part) for part in content.parts)
    if isinstance(content, MediaContent | AudioContent | VideoContent | LocationContent):
        return True
    return bool(text_of(content).strip())
