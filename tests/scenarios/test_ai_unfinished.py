"""Turns of an AI that come to no answer, and what the next one knows of them."""

from __future__ import annotations

from typing import Any

import pytest

from roomkit import RoomKit
from roomkit.errors import ProviderError
from roomkit.memory.token_budget import TokenBudgetMemory
from roomkit.providers.ai.base import AIImagePart, AIResponse, AITextPart, AIToolCall
from roomkit.providers.ai.mock import MockAIProvider
from tests.helpers import say
from tests.scenarios.ai_stories import (
    WORK,
    calling,
    calls_in,
    pair_problems,
    results_in,
    words,
    work,
)
from tests.unit.channels.stories import ask_room

type Step = str | AIResponse | Exception

GONE = ProviderError("gone", code="connection_lost")


@pytest.fixture(params=[False, True], ids=["whole", "streamed"])
def streaming(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.mark.parametrize("end", ["length", "refusal", "gone"])
async def test_a_round_is_told_once(kit: RoomKit, streaming: bool, end: str) -> None:
    last: Step = GONE if end == "gone" else AIResponse(content="", finish_reason=end)
    provider = MockAIProvider([calling("work"), last, "Done before."], streaming=streaming)
    await ask_room(kit, provider, tools=[WORK], tool_handler=work)
    assert (await say(kit, "web", "Do it.")).error == "ai: ProviderError"
    await say(kit, "web", "Well?")
    told = provider.calls[2]
    assert [one.content for one in results_in(told.messages)] == ["done"]
    assert not pair_problems(told)


async def test_ids_stay_unique_over_turns(kit: RoomKit, streaming: bool) -> None:
    script: list[Step] = [
        *(calling("work"), GONE),
        *(calling("work", "work"), GONE),
        *(calling("work"), "Done."),
    ]
    provider = MockAIProvider(script, streaming=streaming)
    await ask_room(kit, provider, tools=[WORK], tool_handler=work)
    for _ in range(3):
        await say(kit, "web", "Do it.")
    assert len(results_in(provider.calls[-1].messages)) == 4
    assert not any(pair_problems(asked) for asked in provider.calls)


async def test_an_answer_settles_it(kit: RoomKit, streaming: bool) -> None:
    script: list[Step] = [calling("work"), GONE, "Done before.", "Hello again."]
    provider = MockAIProvider(script, streaming=streaming)
    await ask_room(kit, provider, tools=[WORK], tool_handler=work)
    for _ in range(3):
        await say(kit, "web")
    assert results_in(provider.calls[-2].messages) != []
    assert results_in(provider.calls[-1].messages) == []


async def test_one_room_knows_nothing_of_another(kit: RoomKit, streaming: bool) -> None:
    provider = MockAIProvider([calling("work"), GONE, "Hello."], streaming=streaming)
    await ask_room(kit, provider, tools=[WORK], tool_handler=work)
    await say(kit, "web", room_id="r")
    await kit.create_room("other")
    for channel_id in ("web", "ai"):
        await kit.attach_channel("other", channel_id)
    await say(kit, "web", room_id="other")
    assert results_in(provider.calls[-1].messages) == []


async def test_what_is_told_stays_small(kit: RoomKit, streaming: bool) -> None:
    """A vendor that is down for a day must not leave a request that no model takes."""

    async def talkative(_name: str, arguments: dict[str, Any]) -> list[Any]:
        picture = AIImagePart(url="data:image/png;base64," + "A" * 100_000, mime_type="image/png")
        return [AITextPart(text="x" * 30_000), picture]

    def round_of(number: int) -> AIResponse:
        call = AIToolCall(id="c", name="work", arguments={"number": number})
        return AIResponse(content="", tool_calls=[call])

    script: list[Step] = [step for number in range(40) for step in (round_of(number), GONE)]
    provider = MockAIProvider([*script, "At last."], streaming=streaming)
    await ask_room(kit, provider, tools=[WORK], tool_handler=talkative, max_context_events=0)
    for _ in range(41):
        await say(kit, "web")
    asked = provider.calls[-1]
    assert not pair_problems(asked)
    assert len(str(asked.messages)) < 60_000
    assert [call.arguments["number"] for call in calls_in(asked.messages)][-1] == 39
    assert len(calls_in(asked.messages)) > 3


async def test_it_gives_way_where_there_is_no_room(kit: RoomKit, streaming: bool) -> None:
    too_long = ProviderError("too long", code="context_too_long")
    script: list[Step] = [calling("work"), GONE, calling("work"), GONE, too_long, "It fits."]
    provider = MockAIProvider(script, streaming=streaming)
    inbox = await ask_room(kit, provider, tools=[WORK], tool_handler=work)
    for _ in range(3):
        await say(kit, "web")
    refused, taken = provider.calls[-2:]
    assert [len(results_in(one.messages)) for one in (refused, taken)] == [2, 1]
    assert inbox.texts == ["It fits."]


async def test_it_counts_where_tokens_are_counted(kit: RoomKit) -> None:
    async def talkative(_name: str, _arguments: dict[str, Any]) -> str:
        return "x" * 1500

    provider = MockAIProvider(["a", "b", "c", calling("work"), GONE, "d"])
    memory = TokenBudgetMemory(1800)
    await ask_room(kit, provider, tools=[WORK], tool_handler=talkative, memory=memory)
    for text in ("one " * 100, "two " * 100, "three", "Do it.", "Well?"):
        await say(kit, "web", text)
    before, after = provider.calls[3], provider.calls[-1]
    assert results_in(after.messages) != []
    assert "one one" in words(before)
    assert "one one" not in words(after)
