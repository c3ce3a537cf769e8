"""A language model in a room: what it is asked, and what becomes of its answers and failures."""

from __future__ import annotations

import asyncio
import inspect
from typing import Any

import pytest

from roomkit import HookTrigger, RoomContext, RoomKit, SMSChannel, TextContent
from roomkit.channels.ai import AIChannel
from roomkit.errors import ProviderError
from roomkit.models.enums import ChannelType, EventType
from roomkit.models.event import CompositeContent, MediaContent, RichContent, RoomEvent
from roomkit.models.framework_event import FrameworkEvent
from roomkit.models.task import Observation, Task
from roomkit.providers.ai.base import AIResponse, AITool, AIToolCall
from roomkit.providers.ai.mock import MockAIProvider
from roomkit.providers.anthropic import AnthropicConfig
from roomkit.providers.sms.mock import MockSMSProvider
from roomkit.testing import VirtualClock
from tests.helpers import join_room, say
from tests.unit.channels.stories import ask_room, words_of

WEATHER = {
    "name": "get_weather",
    "description": "The weather in a city",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
}


async def test_a_question_is_answered(kit: RoomKit) -> None:
    provider = MockAIProvider(["Hello, Ada."])
    inbox = await ask_room(kit, provider, system_prompt="Be kind.")
    result = await say(kit, "web", "Hello?")
    assert inbox.texts == ["Hello, Ada."]
    (answer,) = result.response_events
    assert (answer.source.channel_id, answer.source.channel_type) == ("ai", ChannelType.AI)
    assert answer.source.provider == "mock"
    assert result.event is not None
    assert (answer.parent_event_id, answer.chain_depth) == (result.event.id, 1)


async def test_what_the_model_is_asked(kit: RoomKit) -> None:
    provider = MockAIProvider(["ok"])
    await ask_room(
        kit,
        provider,
        system_prompt="Be kind.",
        temperature=0.2,
        max_tokens=64,
        thinking_budget=1000,
        tools=[WEATHER],
    )
    await say(kit, "web", "Hello?")
    (request,) = provider.calls
    assert request.system_prompt == "Be kind."
    assert (request.temperature, request.max_tokens) == (0.2, 64)
    assert request.thinking_budget == 1000
    assert request.tools == [AITool.model_validate(WEATHER)]
    assert words_of(request.messages) == [("user", "Hello?")]
    assert request.room is not None
    assert request.room.room.id == "r"


async def test_what_it_is_asked_unless_told_otherwise(kit: RoomKit) -> None:
    provider = MockAIProvider(["ok"])
    await ask_room(kit, provider)
    await say(kit, "web")
    (request,) = provider.calls
    assert (request.system_prompt, request.thinking_budget) == (None, None)
    assert (request.temperature, request.max_tokens) == (0.7, None)
    assert request.tools == []


@pytest.mark.parametrize("length", [1024, None, 64])
async def test_a_length_that_is_given_counts(kit: RoomKit, length: int | None) -> None:
    """Also if it is the usual one: a provider may have been configured otherwise."""
    provider = MockAIProvider(["ok"])
    await ask_room(kit, provider, max_tokens=length)
    await say(kit, "web")
    assert provider.calls[0].max_tokens == length


def test_the_usual_length_is_what_providers_say() -> None:
    usual = inspect.signature(AIChannel).parameters["max_tokens"].default
    assert usual == AnthropicConfig(api_key="sk").max_tokens == 1024


async def test_each_room_may_have_its_own_settings(kit: RoomKit) -> None:
    provider = MockAIProvider(["ok"])
    await ask_room(kit, provider, system_prompt="Be kind.", tools=[WEATHER])
    await join_room(kit, "r2", "web")
    settings = {
        "system_prompt": "You are a weather assistant.",
        "temperature": 0.3,
        "max_tokens": 10,
        "thinking_budget": 5,
        "tools": [{"name": "get_tide"}],
        "something else": 1,
    }
    await kit.attach_channel("r2", "ai", metadata=settings)
    await say(kit, "web", room_id="r")
    await say(kit, "web", room_id="r2")
    plain, special = provider.calls
    assert (plain.system_prompt, plain.temperature) == ("Be kind.", 0.7)
    assert special.system_prompt == "You are a weather assistant."
    assert (special.temperature, special.max_tokens) == (0.3, 10)
    assert special.thinking_budget == 5
    assert [tool.name for tool in plain.tools] == ["get_weather"]
    assert [tool.name for tool in special.tools] == ["get_weather", "get_tide"]


async def test_a_rooms_tool_replaces_one_of_the_same_name(kit: RoomKit) -> None:
    provider = MockAIProvider(["ok"])
    changed = {**WEATHER, "description": "The weather here"}
    await ask_room(kit, provider, tools=[WEATHER], binding={"tools": [changed]})
    await say(kit, "web")
    assert [tool.description for tool in provider.calls[0].tools] == ["The weather here"]


async def test_settings_change_with_the_next_message(kit: RoomKit) -> None:
    provider = MockAIProvider(["ok"])
    await ask_room(kit, provider)
    await say(kit, "web")
    await kit.update_binding_metadata("r", "ai", {"system_prompt": "Be brief."})
    await say(kit, "web")
    assert [call.system_prompt for call in provider.calls] == [None, "Be brief."]


@pytest.mark.parametrize(
    ("metadata", "field"),
    [
        ({"temperature": "warm"}, "temperature"),
        ({"max_tokens": "many"}, "max_tokens"),
        ({"tools": [{"description": "nameless"}]}, "tools"),
        ({"tools": "hammer"}, "tools"),
    ],
)
async def test_settings_that_do_not_fit_are_named(
    kit: RoomKit, metadata: dict[str, Any], field: str
) -> None:
    errors: list[str] = []

    @kit.hook(HookTrigger.ON_ERROR)
    def note(event: RoomEvent, _context: RoomContext) -> None:
        errors.append(str(event.data["error"]))

    provider = MockAIProvider(["ok"])
    await ask_room(kit, provider, binding=metadata)
    result = await say(kit, "web")
    assert provider.calls == []
    assert result.error == "ai: ValueError"
    assert not result.blocked
    assert len(errors) == 1
    with pytest.raises(ValueError, match=rf"'ai' in room 'r' does not fit: {field}"):
        ai = kit.get_channel("ai")
        assert ai is not None
        binding = await kit.get_binding("r", "ai")
        room = RoomContext(room=await kit.get_room("r"))
        assert result.event is not None
        await ai.on_event(result.event, binding, room)


async def test_the_model_knows_what_the_asking_channel_can_show(kit: RoomKit) -> None:
    provider = MockAIProvider(["ok"])
    await ask_room(kit, provider)
    kit.register_channel(SMSChannel("sms", provider=MockSMSProvider()))
    await kit.attach_channel("r", "sms")
    await say(kit, "sms", sender="+15551234567", room_id="r")
    await say(kit, "web", room_id="r")
    by_sms, by_web = provider.calls
    assert by_sms.target_capabilities is not None
    assert by_sms.target_capabilities.max_length == 1600
    assert by_sms.target_media_types == ["text", "media"]
    assert by_web.target_media_types == ["text", "rich", "media"]


async def test_it_does_not_answer_itself(kit: RoomKit) -> None:
    provider = MockAIProvider(["ok"])
    await ask_room(kit, provider)
    await say(kit, "web")
    await kit.send_event("r", "ai", TextContent(body="By the way"))
    assert len(provider.calls) == 1


@pytest.mark.parametrize("text", ["", "   ", "\n\t"])
async def test_it_does_not_answer_silence(kit: RoomKit, text: str) -> None:
    provider = MockAIProvider(["ok"])
    await ask_room(kit, provider)
    await say(kit, "web", text)
    assert provider.calls == []


@pytest.mark.parametrize("event_type", [EventType.SYSTEM, EventType.REACTION, EventType.PRESENCE])
async def test_it_answers_messages_only(kit: RoomKit, event_type: EventType) -> None:
    provider = MockAIProvider(["ok"])
    await ask_room(kit, provider)
    await kit.send_event("r", "web", TextContent(body="x"), event_type=event_type)
    assert provider.calls == []


async def test_a_wordless_picture_is_something_to_answer(kit: RoomKit) -> None:
    picture = MediaContent(url="https://example.com/a.png", mime_type="image/png")
    provider = MockAIProvider(["Nice."], vision=True)
    inbox = await ask_room(kit, provider)
    await say(kit, "web", picture)
    await say(kit, "web", CompositeContent(parts=[picture, picture]))
    assert inbox.texts == ["Nice.", "Nice."]


async def test_a_silent_answer_is_not_sent(kit: RoomKit) -> None:
    inbox = await ask_room(kit, MockAIProvider([""]))
    result = await say(kit, "web")
    assert (inbox.events, result.response_events) == ([], [])


async def test_what_it_cost_is_kept_with_the_answer(kit: RoomKit) -> None:
    usage = {"input_tokens": 12, "output_tokens": 3}
    response = AIResponse(content="ok", usage=usage, finish_reason="stop")
    await ask_room(kit, MockAIProvider([response]))
    (answer,) = (await say(kit, "web")).response_events
    assert answer.metadata["usage"] == usage
    assert answer.metadata["finish_reason"] == "stop"


async def test_tool_calls_are_left_to_the_host(kit: RoomKit) -> None:
    call = AIToolCall(id="1", name="get_weather", arguments={"city": "Paris"})
    response = AIResponse(content="Let me look.", tool_calls=[call])
    await ask_room(kit, MockAIProvider([response]), tools=[WEATHER])
    (answer,) = (await say(kit, "web")).response_events
    assert answer.metadata["tool_calls"] == [
        {"id": "1", "name": "get_weather", "arguments": {"city": "Paris"}}
    ]
    assert answer.metadata["end_reason"] == "tool_calls"


async def test_tasks_and_observations_are_kept(kit: RoomKit) -> None:
    response = AIResponse(
        content="Will do.",
        tasks=[Task(title="call back")],
        observations=[Observation(category="mood", content="cheerful")],
    )
    await ask_room(kit, MockAIProvider([response]))
    await say(kit, "web")
    assert [task.title for task in await kit.list_tasks("r")] == ["call back"]
    assert [one.content for one in await kit.list_observations("r")] == ["cheerful"]


async def test_muted_it_still_notes_what_is_to_do(kit: RoomKit) -> None:
    response = AIResponse(content="Will do.", tasks=[Task(title="call back")])
    inbox = await ask_room(kit, MockAIProvider([response]))
    await kit.mute("r", "ai")
    result = await say(kit, "web")
    assert (inbox.events, result.response_events) == ([], [])
    assert [task.title for task in await kit.list_tasks("r")] == ["call back"]
    await kit.unmute("r", "ai")
    await say(kit, "web")
    assert inbox.texts == ["Will do."]


async def test_a_provider_that_fails_disturbs_nobody(kit: RoomKit) -> None:
    error = ProviderError("overloaded", code="overloaded", retryable=True)
    provider = MockAIProvider([error, "Here I am again."])
    inbox = await ask_room(kit, provider)
    hooked: list[RoomEvent] = []
    told: list[FrameworkEvent] = []
    kit.on("channel_error")(told.append)

    @kit.hook(HookTrigger.ON_ERROR)
    def note(event: RoomEvent, _context: RoomContext) -> None:
        hooked.append(event)

    result = await say(kit, "web")
    assert not result.blocked
    assert result.error == "ai: ProviderError"
    assert result.response_events == []
    assert [event.data["channel_id"] for event in hooked] == ["ai"]
    assert [event.channel_id for event in told] == ["ai"]
    await say(kit, "web")
    assert inbox.texts == ["Here I am again."]


async def test_a_generation_that_takes_too_long_is_given_up(
    kit: RoomKit, clock: VirtualClock
) -> None:
    provider = MockAIProvider(["late"], delay=1000, clock=clock)
    inbox = await ask_room(kit, provider)
    saying = asyncio.create_task(say(kit, "web"))
    await clock.advance(119)
    assert not saying.done()
    await clock.advance(2)
    result = await saying
    assert result.error is not None
    assert "ai" in result.error
    assert not result.blocked
    assert inbox.events == []


async def test_how_long_is_for_the_channel_to_say(kit: RoomKit, clock: VirtualClock) -> None:
    provider = MockAIProvider(["late"], delay=300, clock=clock)
    inbox = await ask_room(kit, provider, generation_timeout=600)
    async with clock.auto():
        await say(kit, "web")
    assert inbox.texts == ["late"]


async def test_the_room_goes_on_while_it_thinks(kit: RoomKit, clock: VirtualClock) -> None:
    provider = MockAIProvider(["first answer", "second answer"], delay=20, clock=clock)
    inbox = await ask_room(kit, provider)
    await join_room(kit, "r", "web", "web-2")
    first = asyncio.create_task(say(kit, "web", "one", room_id="r"))
    second = asyncio.create_task(say(kit, "web-2", "two", room_id="r"))
    await clock.settle()
    assert inbox.texts == ["two"]
    async with clock.auto():
        await asyncio.gather(first, second)
    assert inbox.texts == ["two", "first answer", "second answer"]


async def test_rich_text_reaches_it_as_it_is(kit: RoomKit) -> None:
    provider = MockAIProvider(["ok"])
    await ask_room(kit, provider)
    await say(kit, "web", RichContent(body="**Hello**", plain_text="Hello"))
    assert words_of(provider.calls[0].messages) == [("user", "Hello")]


async def test_closing_the_kit_closes_the_provider(kit: RoomKit) -> None:
    provider = MockAIProvider(["ok"])
    await ask_room(kit, provider)
    await kit.close()
    assert provider.closed


def test_the_provider_can_be_asked_for() -> None:
    provider = MockAIProvider()
    ai = AIChannel("ai", provider)
    assert ai.provider is provider
    assert ai.provider_name == "mock"
    assert ai.reacts
