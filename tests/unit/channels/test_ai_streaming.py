"""Answers that a model writes piece by piece."""

from __future__ import annotations

import asyncio

import pytest

from roomkit import HookTrigger, RoomContext, RoomKit, WebSocketChannel
from roomkit.channels.streaming import StreamChunk, StreamEnd, StreamMessage
from roomkit.errors import ProviderError
from roomkit.models.event import RoomEvent, TextContent
from roomkit.models.task import Task
from roomkit.providers.ai.base import AIResponse
from roomkit.providers.ai.mock import MockAIProvider
from roomkit.testing import VirtualClock
from tests.helpers import say
from tests.unit.channels.stories import DyingProvider, ask_room


async def watch(kit: RoomKit) -> list[StreamMessage]:
    """What a client of ``web`` sees of the answers while they grow."""
    seen: list[StreamMessage] = []

    async def show(_connection_id: str, message: StreamMessage) -> None:
        seen.append(message)

    async def receive(_connection_id: str, _event: RoomEvent) -> None: ...

    web = kit.get_channel("web")
    assert isinstance(web, WebSocketChannel)
    web.register_connection("watching", receive, show)
    return seen


def pieces(seen: list[StreamMessage]) -> list[str]:
    return [message.delta for message in seen if isinstance(message, StreamChunk)]


def end_of(seen: list[StreamMessage]) -> StreamEnd:
    (end,) = [message for message in seen if isinstance(message, StreamEnd)]
    return end


async def test_the_answer_is_stored_once_with_all_that_belongs_to_it(kit: RoomKit) -> None:
    response = AIResponse(
        content="Will do.",
        usage={"output_tokens": 2},
        finish_reason="stop",
        tasks=[Task(title="call back")],
    )
    inbox = await ask_room(kit, MockAIProvider([response], streaming=True))
    result = await say(kit, "web")
    (answer,) = result.response_events
    assert answer.content == TextContent(body="Will do.")
    assert answer.metadata == {"usage": {"output_tokens": 2}, "finish_reason": "stop"}
    assert (answer.parent_event_id, answer.chain_depth) == (
        result.event and result.event.id,
        1,
    )
    assert inbox.texts == ["Will do."]
    assert [task.title for task in result.tasks] == ["call back"]


async def test_what_a_dying_provider_had_said_is_kept(kit: RoomKit) -> None:
    error = ProviderError("connection lost", code="network")
    provider = DyingProvider("It is ", "on its", error=error)
    inbox = await ask_room(kit, provider)
    seen = await watch(kit)
    failures: list[RoomEvent] = []

    @kit.hook(HookTrigger.ON_ERROR)
    def note(event: RoomEvent, _context: RoomContext) -> None:
        failures.append(event)

    result = await say(kit, "web")
    (answer,) = result.response_events
    assert answer.content == TextContent(body="It is on its")
    assert answer.metadata["partial"] is True
    assert answer.metadata["end_reason"] == "error"
    assert result.error == "ai: ProviderError"
    assert len(failures) == 1
    assert "".join(pieces(seen)) == "It is on its"
    end = end_of(seen)
    assert end.reason == "error"
    assert end.event is not None
    assert end.event.id == answer.id
    assert inbox.texts == ["It is on its"]
    assert provider.closed_streams == 1


async def test_one_that_dies_before_the_first_word_says_nothing(kit: RoomKit) -> None:
    inbox = await ask_room(kit, DyingProvider(error=ProviderError("no", code="refused")))
    seen = await watch(kit)
    result = await say(kit, "web")
    assert result.response_events == []
    assert result.error == "ai: ProviderError"
    assert (end_of(seen).event, end_of(seen).reason) == (None, "error")
    assert inbox.events == []


async def test_one_that_just_stops_has_said_what_it_said(kit: RoomKit) -> None:
    await ask_room(kit, DyingProvider("That ", "is all"))
    result = await say(kit, "web")
    (answer,) = result.response_events
    assert answer.content == TextContent(body="That is all")
    assert "partial" not in answer.metadata
    assert result.error is None


async def test_a_stream_that_takes_too_long_is_cut(kit: RoomKit, clock: VirtualClock) -> None:
    provider = MockAIProvider(["one two three"], streaming=True, delay=50, clock=clock)
    await ask_room(kit, provider)
    seen = await watch(kit)
    saying = asyncio.create_task(say(kit, "web"))
    await clock.advance(200)
    result = await saying
    (answer,) = result.response_events
    assert answer.content == TextContent(body="one two ")
    assert answer.metadata["partial"] is True
    assert end_of(seen).reason == "error"
    assert result.error is not None


async def test_an_empty_stream_is_no_answer(kit: RoomKit) -> None:
    await ask_room(kit, MockAIProvider([""], streaming=True))
    seen = await watch(kit)
    result = await say(kit, "web")
    assert result.response_events == []
    assert result.error is None
    assert end_of(seen).event is None


async def test_reasoning_is_not_part_of_the_answer(kit: RoomKit) -> None:
    response = AIResponse(content="Yes.", thinking="Hm, is it? It is.")
    inbox = await ask_room(kit, MockAIProvider([response], streaming=True))
    seen = await watch(kit)
    await say(kit, "web")
    assert pieces(seen) == ["Yes."]
    assert inbox.texts == ["Yes."]


@pytest.mark.parametrize("streaming", [False, True])
async def test_streaming_makes_no_difference_to_what_is_stored(
    kit: RoomKit, streaming: bool
) -> None:
    await ask_room(kit, MockAIProvider(["one two", "three"], streaming=streaming))
    await say(kit, "web", "a")
    await say(kit, "web", "b")
    timeline = await kit.get_timeline("r")
    said = [event.content.body for event in timeline if isinstance(event.content, TextContent)]
    assert said == ["a", "one two", "b", "three"]
