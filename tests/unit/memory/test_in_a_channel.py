"""Memories at work in an AI channel."""

from __future__ import annotations

import pytest

from roomkit import (
    AIChannel,
    AIMessage,
    MemoryProvider,
    MemoryResult,
    ProviderError,
    RoomKit,
)
from roomkit.memory import (
    InMemoryVectorIndex,
    RetrievalMemory,
    SlidingWindowMemory,
    SummaryMemory,
    TokenBudgetMemory,
)
from roomkit.models.content import DeleteContent
from roomkit.models.context import RoomContext
from roomkit.models.event import RoomEvent
from roomkit.providers.ai.mock import MockAIProvider
from roomkit.testing.actors import RecordingChannels
from tests.helpers import event_of, say
from tests.unit.memory.models import EchoModel, WordEmbedder

pytest_plugins = ["roomkit.testing.plugin"]


@pytest.fixture
def kit(kit: RoomKit, recording_channel: RecordingChannels) -> RoomKit:
    """With a channel that people ask their questions through."""
    recording_channel("web")
    return kit


async def open_room(kit: RoomKit, model: MockAIProvider, memory: MemoryProvider | None) -> None:
    kit.register_channel(AIChannel("ai", provider=model, memory=memory))
    await kit.create_room("room")
    await kit.attach_channel("room", "web")
    await kit.attach_channel("room", "ai")


def last_request(model: MockAIProvider) -> list[str]:
    return [f"{message.role}: {message.text}" for message in model.calls[-1].messages]


async def test_a_memory_of_ones_own_as_the_documentation_prints_it(kit: RoomKit) -> None:
    class Summarizer:
        async def summarize(self, room_id: str) -> str:
            return f"Summary of {room_id}."

    my_summarizer = Summarizer()

    class SummaryMemory(MemoryProvider):
        async def retrieve(
            self,
            room_id: str,
            current_event: RoomEvent,
            context: RoomContext,
            *,
            channel_id: str | None = None,
        ) -> MemoryResult:
            summary = await my_summarizer.summarize(room_id)
            return MemoryResult(
                messages=[AIMessage(role="system", content=summary)],
                events=context.recent_events[-5:],
            )

    model = MockAIProvider(["ok"])
    await open_room(kit, model, SummaryMemory())
    for number in range(6):
        await say(kit, "web", f"line {number}", room_id="room")
    assert last_request(model) == [
        "system: Summary of room.",
        "assistant: ok",
        "user: line 3",
        "assistant: ok",
        "user: line 4",
        "assistant: ok",
        "user: line 5",
    ]


@pytest.mark.parametrize("memory", [None, SlidingWindowMemory(50)])
async def test_fifty_events_by_default(kit: RoomKit, memory: MemoryProvider | None) -> None:
    model = MockAIProvider([""])
    await open_room(kit, model, memory)
    for number in range(61):
        await say(kit, "web", f"line {number}", room_id="room")
    assert len(last_request(model)) == 51


async def test_a_wider_window_than_a_context_holds(kit: RoomKit) -> None:
    model = MockAIProvider([""])
    await open_room(kit, model, SlidingWindowMemory(55))
    for number in range(61):
        await say(kit, "web", f"line {number}", room_id="room")
    assert last_request(model) == [f"user: line {number}" for number in range(5, 61)]


async def test_the_summary_comes_first(kit: RoomKit) -> None:
    model, small = MockAIProvider(["ok"]), MockAIProvider(["They said hello."])
    await open_room(kit, model, SummaryMemory(small, keep=2, chunk=2))
    for number in range(4):
        await say(kit, "web", f"line {number}", room_id="room")
    first, *rest = last_request(model)
    assert "They said hello." in first
    assert rest[-3:] == ["user: line 2", "assistant: ok", "user: line 3"]
    assert "line 3" not in small.calls[-1].messages[-1].text


async def test_a_vendor_that_finds_it_too_long_is_asked_once_more(kit: RoomKit) -> None:
    too_long = ProviderError("too long", code="context_too_long")
    quiet = [""] * 20
    model = MockAIProvider([*quiet, too_long, "Here you are."])
    await open_room(kit, model, TokenBudgetMemory(100_000))
    for number in range(20):
        await say(kit, "web", f"line {number}", room_id="room")
    result = await say(kit, "web", "And now?", room_id="room")
    assert len(result.response_events) == 1
    refused, accepted = (len(call.messages) for call in model.calls[-2:])
    assert refused == 21
    assert 5 < accepted <= 11


async def test_a_small_window_is_never_exceeded(kit: RoomKit) -> None:
    model = MockAIProvider(["An answer of several words, like any other."])
    await open_room(kit, model, TokenBudgetMemory(1500))
    for number in range(30):
        await say(kit, "web", f"line {number} " + "word " * number, room_id="room")
    assert 1 < len(last_request(model)) < 20
    assert last_request(model)[-1].startswith("user: line 29")


async def test_what_is_found_again_is_quoted_before_the_newest(kit: RoomKit) -> None:
    model = MockAIProvider([""])
    memory = RetrievalMemory(InMemoryVectorIndex(), WordEmbedder(), keep=3, top_k=1)
    await open_room(kit, model, memory)
    await say(kit, "web", "My bicycle is red", room_id="room")
    for number in range(60):
        await say(kit, "web", f"line {number}", room_id="room")
    await say(kit, "web", "Which colour is my bicycle?", room_id="room")
    first, *rest = last_request(model)
    assert "My bicycle is red" in first
    assert rest == [f"user: line {number}" for number in (57, 58, 59)] + [
        "user: Which colour is my bicycle?"
    ]


async def test_a_deleted_message_leaves_no_trace_in_a_later_summary(kit: RoomKit) -> None:
    model = MockAIProvider([""])
    memory = SummaryMemory(EchoModel(), keep=2, chunk=2, max_tokens=10_000)
    await open_room(kit, model, memory)
    regretted = event_of(await say(kit, "web", "my password is swordfish", room_id="room"))
    for number in range(8):
        await say(kit, "web", f"line {number}", room_id="room")
    assert "swordfish" in last_request(model)[0]
    await say(kit, "web", DeleteContent(target_event_id=regretted.id), room_id="room")
    await say(kit, "web", "What is my password?", room_id="room")
    assert "swordfish" not in "".join(last_request(model))


async def test_closing_the_kit_closes_the_memory() -> None:
    small = EchoModel()
    async with RoomKit() as kit:
        kit.register_channel(
            AIChannel("ai", provider=MockAIProvider(), memory=SummaryMemory(small))
        )
    assert small.closed
