"""What a memory has to get right, as tests that its author inherits.

```python
class TestMyMemory(MemoryProviderContract):
    @pytest.fixture
    async def remembering(self) -> AsyncIterator[Remembering]:
        memory = MyMemory(...)
        yield Remembering(memory=memory)
        await memory.close()
```

The tests are coroutines: set pytest-asyncio's ``asyncio_mode = "auto"``, or mark the class with
``pytest.mark.asyncio``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from roomkit.channels.base import text_of
from roomkit.memory.base import MemoryProvider, MemoryResult, RequestFrame
from roomkit.memory.tokens import TokenMeter
from roomkit.models.content import DeleteContent, SystemContent, TextContent
from roomkit.models.context import RoomContext
from roomkit.models.enums import ChannelType, EventType
from roomkit.models.event import EventSource, RoomEvent
from roomkit.models.room import Room
from roomkit.providers.ai.base import AIMessage, AITool, AIToolCall, AIToolResult

__all__ = ["Conversation", "MemoryProviderContract", "Remembering", "words_of"]

AI_CHANNEL = "ai"
_LONG = 70


@dataclass(kw_only=True)
class Remembering:
    """A memory, and what it promises.

    Attributes:
        memory: what is tested. It serves several rooms.
        budget: how many tokens a request may have once `fit` has seen it; None without a promise.
        meter: how they are counted.
    """

    memory: MemoryProvider
    budget: int | None = None
    meter: TokenMeter = field(default_factory=TokenMeter)


class Conversation:
    """A room in which a person and an AI take turns, told to a memory as an AI channel tells it.

    Every message holds the room's id.
    """

    def __init__(self, memory: MemoryProvider, room_id: str) -> None:
        self.room_id = room_id
        self._memory = memory
        self._events: list[RoomEvent] = []

    def add(
        self, text: str = "", *, from_ai: bool = False, only_for: str | None = None
    ) -> RoomEvent:
        """Something is said, perhaps for one channel only."""
        index = len(self._events)
        source = EventSource(
            channel_id=AI_CHANNEL if from_ai else "web",
            channel_type=ChannelType.AI if from_ai else ChannelType.WEBSOCKET,
            participant_id=None if from_ai else "ada",
        )
        event = RoomEvent(
            id=f"{self.room_id}-{index}",
            room_id=self.room_id,
            source=source,
            content=TextContent(body=text or f"{self.room_id} says number {index}"),
            index=index,
            visibility=only_for or "all",
        )
        self._events.append(event)
        return event

    def context(self, channel_id: str = AI_CHANNEL) -> RoomContext:
        """The room as the channel may see it and the memory wants to, the newest message
        included."""
        limit = self._memory.max_events
        visible = [event for event in self._events if event.visibility in ("all", channel_id)]
        recent = visible[-limit:] if limit else []
        return RoomContext(room=Room(id=self.room_id), recent_events=tuple(recent))

    async def ask(self, text: str = "", *, channel_id: str = AI_CHANNEL) -> MemoryResult:
        """What the memory has to say when a person asks something."""
        current = self.add(text)
        return await self._memory.retrieve(
            self.room_id, current, self.context(channel_id), channel_id=channel_id
        )

    async def go_on(self, turns: int) -> list[MemoryResult]:
        """Questions and answers, one after the other."""
        results = []
        for _ in range(turns):
            results.append(await self.ask())
            self.add(from_ai=True)
        return results

    async def delete(self, event: RoomEvent) -> None:
        """A message is withdrawn."""
        gone = event.model_copy(
            update={"content": SystemContent(body="[gone]"), "metadata": {"deleted": True}}
        )
        self._events[event.index] = gone
        revision = RoomEvent(
            room_id=self.room_id,
            type=EventType.DELETE,
            source=event.source,
            content=DeleteContent(target_event_id=event.id),
            index=len(self._events),
        )
        await self._memory.on_revision(revision, self.context(), channel_id=AI_CHANNEL)


def words_of(result: MemoryResult) -> str:
    """All that a model would read of a result."""
    said = [text_of(event.content) for event in result.events]
    return "\n".join([*(message.model_dump_json() for message in result.messages), *said])


def _a_question(room_id: str = "room") -> RoomEvent:
    return Conversation(_NoMemory(), room_id).add()


class _NoMemory(MemoryProvider):
    async def retrieve(
        self,
        room_id: str,
        current_event: RoomEvent,
        context: RoomContext,
        *,
        channel_id: str | None = None,
    ) -> MemoryResult:
        return MemoryResult()


def _mixed_result() -> MemoryResult:
    """Notes, rounds of tool calls, and messages, as an ambitious memory would return them."""
    conversation = Conversation(_NoMemory(), "room")
    messages = [AIMessage(role="user", content="Notes from before.")]
    for number in range(4):
        ids = [f"{number}-a", f"{number}-b"]
        calls = [AIToolCall(id=one, name="look", arguments={"at": "x" * 40}) for one in ids]
        messages.append(AIMessage(role="assistant", content=list(calls)))
        messages += [
            AIMessage(
                role="tool",
                content=[AIToolResult(tool_call_id=one, name="look", content="seen " * 20)],
            )
            for one in ids
        ]
    events = [conversation.add("something said " * 10) for _ in range(20)]
    return MemoryResult(messages=messages, events=events)


def _ids(messages: Sequence[AIMessage], kind: type[AIToolCall] | type[AIToolResult]) -> set[str]:
    parts = [
        part
        for message in messages
        if not isinstance(message.content, str)
        for part in message.content
    ]
    return {
        part.id if isinstance(part, AIToolCall) else part.tool_call_id
        for part in parts
        if isinstance(part, AIToolCall | AIToolResult) and isinstance(part, kind)
    }


_FRAMES = (
    RequestFrame(),
    RequestFrame(max_tokens=10),
    RequestFrame(system_prompt="Be brief. " * 200, max_tokens=100),
    RequestFrame(
        tools=[AITool(name="look", description="Looks. " * 100, parameters={"type": "object"})],
        max_tokens=200,
    ),
)


class MemoryProviderContract:
    """Inherit, and define a fixture ``remembering`` that gives a `Remembering`."""

    async def test_nothing_was_said_before(self, remembering: Remembering) -> None:
        result = await Conversation(remembering.memory, "room").ask()
        assert result.events == []

    async def test_the_past_is_in_order(self, remembering: Remembering) -> None:
        conversation = Conversation(remembering.memory, "room")
        for result in await conversation.go_on(_LONG):
            indexes = [event.index for event in result.events]
            assert indexes == sorted(set(indexes))

    async def test_the_question_is_not_part_of_the_past(self, remembering: Remembering) -> None:
        conversation = Conversation(remembering.memory, "room")
        await conversation.go_on(_LONG)
        assert "a fresh question" not in words_of(await conversation.ask("a fresh question"))

    async def test_rooms_do_not_mix(self, remembering: Remembering) -> None:
        names = [f"room-{letter}" for letter in "abcde"]
        conversations = [Conversation(remembering.memory, name) for name in names]
        runs = await asyncio.gather(*(one.go_on(_LONG) for one in conversations))
        for name, results in zip(names, runs, strict=True):
            for result in results:
                others = [other for other in names if other != name and other in words_of(result)]
                assert not others, f"{name} was shown what was said in {others}"

    async def test_channels_do_not_mix(self, remembering: Remembering) -> None:
        """Two channels of one room, of which one sees more than the other and is asked first: what
        a memory has made of that must not be shown to the other."""
        room = Conversation(remembering.memory, "room")
        told = []
        for number in range(_LONG):
            room.add(f"the secret: number {number}", only_for="confidant")
            told.append(await room.ask(channel_id="confidant"))
            public = await room.ask("What is the secret number then?", channel_id="stranger")
            assert "the secret: number" not in words_of(public)
        assert any("the secret: number" in words_of(result) for result in told)

    async def test_a_withdrawn_message_is_forgotten(self, remembering: Remembering) -> None:
        """At once while it can be seen, and later when it cannot."""
        for turns in (1, 5, _LONG):
            conversation = Conversation(remembering.memory, f"room-{turns}")
            await conversation.go_on(3)
            regretted = conversation.add("my password is swordfish")
            await conversation.go_on(turns)
            await conversation.delete(regretted)
            results = [await conversation.ask("what is my password?")]
            results += await conversation.go_on(_LONG)
            for result in results:
                assert "swordfish" not in words_of(result)

    async def test_a_forgotten_room_is_forgotten(self, remembering: Remembering) -> None:
        await Conversation(remembering.memory, "room").go_on(_LONG)
        await remembering.memory.forget("room")
        again = Conversation(remembering.memory, "room")
        assert "says number" not in words_of(await again.ask("What did I say?"))

    async def test_forgetting_an_unknown_room(self, remembering: Remembering) -> None:
        await remembering.memory.forget("nowhere")

    async def test_a_cancelled_call_leaves_it_whole(self, remembering: Remembering) -> None:
        conversation = Conversation(remembering.memory, "room")
        await conversation.go_on(_LONG)
        for steps in range(12):
            asking = asyncio.ensure_future(conversation.ask())
            for _ in range(steps):
                await asyncio.sleep(0)
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)
        result = await conversation.ask()
        indexes = [event.index for event in result.events]
        assert indexes == sorted(set(indexes))
        assert "room says" in words_of(result)

    async def test_calls_and_results_stay_together(self, remembering: Remembering) -> None:
        question = _a_question()
        for frame in _FRAMES:
            for shrink in (False, True):
                fitted = await remembering.memory.fit(
                    _mixed_result(), frame, question, shrink=shrink
                )
                calls = _ids(fitted.messages, AIToolCall)
                assert calls == _ids(fitted.messages, AIToolResult)

    async def test_what_is_cut_stays_in_order(self, remembering: Remembering) -> None:
        for frame in _FRAMES:
            result = _mixed_result()
            fitted = await remembering.memory.fit(result, frame, _a_question())
            places = [result.events.index(event) for event in fitted.events]
            assert places == sorted(places)
            assert not fitted.events or fitted.events[-1] == result.events[-1]

    async def test_the_whole_request_fits(self, remembering: Remembering) -> None:
        if remembering.budget is None:
            return
        meter, question = remembering.meter, _a_question()
        for frame in _FRAMES:
            fitted = await remembering.memory.fit(_mixed_result(), frame, question)
            past = sum(map(meter.message, fitted.messages))
            past += sum(map(meter.event, fitted.events))
            whole = meter.frame(frame) + past + meter.event(question)
            assert whole <= remembering.budget or past == 0

    async def test_shrinking_leaves_less(self, remembering: Remembering) -> None:
        """As often as a vendor says that it is too long, until nothing is left to cut."""
        question, frame = _a_question(), RequestFrame(max_tokens=10)
        result = await remembering.memory.fit(_mixed_result(), frame, question)
        for _ in range(20):
            if not result.messages and not result.events:
                break
            before = len(result.messages) + len(result.events)
            result = await remembering.memory.fit(result, frame, question, shrink=True)
            assert len(result.messages) + len(result.events) < before
        assert not result.messages and not result.events
