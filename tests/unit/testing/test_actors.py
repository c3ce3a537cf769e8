"""Who plays in the tests of applications."""

from __future__ import annotations

import pytest

from roomkit import (
    AIChannel,
    Channel,
    ChannelCapabilities,
    ChannelNotRegisteredError,
    ChannelType,
    DeliveryError,
    ProviderResult,
    RoomKit,
)
from roomkit.models.event import LocationContent, RichContent
from roomkit.testing.actors import RecordingChannel, RecordingChannels, ScriptedAI, wants_tool
from roomkit.testing.clock import VirtualClock

pytest_plugins = ["roomkit.testing.plugin"]


async def seat(kit: RoomKit, *channels: Channel) -> None:
    await kit.create_room("lobby")
    for channel in channels:
        await kit.attach_channel("lobby", channel.channel_id)


async def test_what_is_said_reaches_the_others(
    kit: RoomKit, recording_channel: RecordingChannels
) -> None:
    ada, bob = recording_channel("ada"), recording_channel("bob")
    await seat(kit, ada, bob)
    result = await ada.say("Good morning", metadata={"mood": "fine"})
    assert result.event is not None
    assert result.event.source.participant_id == "ada"
    (event,) = bob.received
    assert (event.id, event.metadata["mood"]) == (result.event.id, "fine")
    assert ada.received == []


async def test_it_speaks_for_anybody_anywhere(
    kit: RoomKit, recording_channel: RecordingChannels
) -> None:
    web = recording_channel("web")
    await seat(kit, web)
    result = await web.say("Hello", room_id="lobby", sender_id="grace", message_id="7")
    assert result.event is not None
    assert result.event.source.participant_id == "grace"
    again = await web.say("Hello", room_id="lobby", sender_id="grace", message_id="7")
    assert again.reason == "duplicate"


@pytest.mark.parametrize(
    "content",
    [
        LocationContent(latitude=52.5, longitude=13.4),
        RichContent(body="**Pick**", buttons=[{"text": "Yes", "payload": "y"}]),
    ],
)
async def test_content_arrives_as_it_is(
    kit: RoomKit, recording_channel: RecordingChannels, content: LocationContent | RichContent
) -> None:
    ada, bob = recording_channel("ada"), recording_channel("bob")
    await seat(kit, ada, bob)
    await ada.say(content)
    assert bob.received[0].content == content


async def test_it_may_be_as_limited_as_another_channel(
    kit: RoomKit, recording_channel: RecordingChannels
) -> None:
    ada = recording_channel("ada")
    pager = recording_channel(
        "pager",
        channel_type=ChannelType.PUSH,
        capabilities=ChannelCapabilities(max_length=8, overflow="split"),
        recipient_key="number",
    )
    await seat(kit, ada)
    await kit.attach_channel("lobby", "pager", metadata={"number": "7"})
    await ada.say("One two three")
    assert pager.texts == ["One two", "three"]


async def test_deliveries_fail_as_planned(
    kit: RoomKit, recording_channel: RecordingChannels
) -> None:
    ada = recording_channel("ada")
    refusal = ProviderResult(success=False, error="no", error_code="bad_number")
    bob = recording_channel("bob", results=(refusal, DeliveryError("no", code="no_power")))
    await seat(kit, ada, bob)
    codes = [(await ada.say(text)).delivery_results["bob"].error_code for text in ("1", "2", "3")]
    assert codes == ["bad_number", "no_power", None]
    assert bob.texts == ["3"]


async def test_without_a_kit_it_has_no_voice() -> None:
    with pytest.raises(ChannelNotRegisteredError):
        await RecordingChannel("ada").say("Hello?")


async def test_a_model_asks_for_a_tool(
    kit: RoomKit, recording_channel: RecordingChannels, scripted_ai: ScriptedAI
) -> None:
    async def book(seats: int) -> str:
        """Book a table."""
        return f"a table for {seats}"

    ada = recording_channel("ada")
    model = scripted_ai(wants_tool("book", seats=2), "It is booked.")
    ai = AIChannel("ai", model, tools=[book])
    kit.register_channel(ai)
    await seat(kit, ada, ai)
    await ada.say("A table, please")
    assert ada.texts == ["It is booked."]
    assert model.calls[1].messages[-1].text == ""
    assert "a table for 2" in model.calls[1].messages[-1].model_dump_json()


async def test_a_model_takes_its_time(
    kit: RoomKit,
    recording_channel: RecordingChannels,
    scripted_ai: ScriptedAI,
    virtual_clock: VirtualClock,
) -> None:
    ada = recording_channel("ada")
    ai = AIChannel("ai", scripted_ai("Done.", delay=60))
    kit.register_channel(ai)
    await seat(kit, ada, ai)
    async with virtual_clock.auto():
        await ada.say("Hurry!")
    assert virtual_clock.monotonic() == 60
