"""Who plays in the stories: channels that do as they are told and remember what they saw."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any

from roomkit import (
    Channel,
    ChannelBinding,
    ChannelCapabilities,
    ChannelCategory,
    ChannelOutput,
    ChannelType,
    EventSource,
    HookExecution,
    HookTrigger,
    InboundMessage,
    RoomContext,
    RoomEvent,
    RoomKit,
    TextContent,
)
from roomkit.channels.base import text_of

type Deliver = Callable[[RoomEvent], Any | Awaitable[Any]]
type Answer = Callable[[RoomEvent, RoomContext], Any | Awaitable[Any]]


async def _outcome(value: Any) -> Any:
    return await value if inspect.isawaitable(value) else value


class Transport(Channel):
    """A channel to people. `act` is called with every delivery and may wait, raise or answer."""

    channel_type = ChannelType.WEBSOCKET

    def __init__(
        self,
        channel_id: str,
        act: Deliver | None = None,
        *,
        channel_type: ChannelType = ChannelType.WEBSOCKET,
        capabilities: ChannelCapabilities | None = None,
        recipient_key: str | None = None,
    ) -> None:
        super().__init__(channel_id)
        self.channel_type = channel_type
        self.recipient_key = recipient_key
        self.act = act
        self.tried: list[RoomEvent] = []
        self.received: list[RoomEvent] = []
        self.contexts: list[RoomContext] = []
        self.closed = False
        self._capabilities = capabilities or ChannelCapabilities()

    @property
    def texts(self) -> list[str]:
        """The words that arrived."""
        return [text_of(event.content) for event in self.received]

    def capabilities(self) -> ChannelCapabilities:
        return self._capabilities

    async def handle_inbound(self, message: InboundMessage, context: RoomContext) -> RoomEvent:
        return self.event_from(message, context)

    async def deliver(
        self, event: RoomEvent, binding: ChannelBinding, context: RoomContext
    ) -> ChannelOutput:
        self.tried.append(event)
        self.contexts.append(context)
        outcome = None if self.act is None else await _outcome(self.act(event))
        self.received.append(event)
        if outcome is None or isinstance(outcome, ChannelOutput):
            return outcome or ChannelOutput.empty()
        return ChannelOutput(result=outcome)

    async def close(self) -> None:
        self.closed = True


class Thinker(Channel):
    """A channel that answers with what `answer` returns: a text, texts, an output, nothing."""

    channel_type = ChannelType.AI
    category = ChannelCategory.INTELLIGENCE

    def __init__(self, channel_id: str, answer: Answer | str | None = None) -> None:
        super().__init__(channel_id)
        self.answer = answer
        self.seen: list[RoomEvent] = []
        self.contexts: list[RoomContext] = []

    @property
    def texts(self) -> list[str]:
        """The words it saw."""
        return [text_of(event.content) for event in self.seen]

    def remembered(self, turn: int = -1) -> list[str]:
        """The words in the history that came with what it saw."""
        return [text_of(event.content) for event in self.contexts[turn].recent_events]

    async def handle_inbound(self, message: InboundMessage, context: RoomContext) -> RoomEvent:
        return self.event_from(message, context)

    async def deliver(
        self, event: RoomEvent, binding: ChannelBinding, context: RoomContext
    ) -> ChannelOutput:
        raise AssertionError("an intelligence channel is asked, not delivered to")

    async def on_event(
        self, event: RoomEvent, binding: ChannelBinding, context: RoomContext
    ) -> ChannelOutput:
        self.seen.append(event)
        self.contexts.append(context)
        answer = self.answer
        result = answer if isinstance(answer, str) else None
        if callable(answer):
            result = await _outcome(answer(event, context))
        return self._output(result, event)

    def _output(self, result: Any, event: RoomEvent) -> ChannelOutput:
        if result is None:
            return ChannelOutput.empty()
        if isinstance(result, str):
            result = [result]
        if isinstance(result, list):
            return ChannelOutput(response_events=[self.says(text, event) for text in result])
        output: ChannelOutput = result  # or junk, where the story wants it
        return output

    def says(self, text: str, trigger: RoomEvent, **values: Any) -> RoomEvent:
        """An event of this channel's own."""
        return RoomEvent(
            room_id=trigger.room_id,
            source=EventSource(channel_id=self.channel_id, channel_type=self.channel_type),
            content=TextContent(body=text),
            **values,
        )


def streaming(pieces: Sequence[str]) -> ChannelOutput:
    """An output that is written piece by piece."""

    async def write() -> AsyncIterator[str]:
        for piece in pieces:
            yield piece

    return ChannelOutput(response_stream=write())


async def seat(kit: RoomKit, room_id: str, *channels: Channel, **binding: Any) -> None:
    """Open a room if need be, and give channels a place in it."""
    await kit.create_room(room_id)
    for channel in channels:
        if kit.get_channel(channel.channel_id) is None:
            kit.register_channel(channel)
        await kit.attach_channel(room_id, channel.channel_id, **binding)


class Witness:
    """Writes down which hooks and framework events of a kit fired, in order."""

    def __init__(self, kit: RoomKit) -> None:
        self.kit = kit
        self.heard: list[tuple[str, Any]] = []

    def of(self, *names: str) -> list[Any]:
        """The payloads of what was heard under these names."""
        return [payload for name, payload in self.heard if name in names]

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.heard]

    def on(self, *event_types: Any) -> Witness:
        """Listen to framework events."""
        for event_type in event_types:
            self.kit.on(event_type)(lambda event: self.heard.append((event.type, event)))
        return self

    def hook(self, *triggers: HookTrigger) -> Witness:
        """Listen at triggers."""
        for trigger in triggers:

            def observe(
                payload: Any, _context: RoomContext | None, name: str = trigger.value
            ) -> None:
                self.heard.append((name, payload))

            self.kit.hook_engine.register(
                trigger, observe, execution=HookExecution.ASYNC, name=f"witness-{trigger.value}"
            )
        return self


async def timeline(kit: RoomKit, room_id: str = "r") -> list[RoomEvent]:
    """All that a room has stored."""
    return await kit.get_timeline(room_id, limit=10_000)


async def said(kit: RoomKit, room_id: str = "r") -> list[str]:
    """The words of the messages in a room's timeline that were not blocked."""
    return [
        text_of(event.content)
        for event in await timeline(kit, room_id)
        if event.type == "message" and event.status != "blocked"
    ]
