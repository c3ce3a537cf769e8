"""What it takes to be a channel, and what a channel gets for nothing."""

from __future__ import annotations

from typing import Any

import pytest

from roomkit import Channel, ChannelOutput, RoomKit
from roomkit.channels.base import text_of
from roomkit.channels.host import ChannelHost
from roomkit.errors import VoiceBackendNotConfiguredError, WebhookError
from roomkit.models.channel import ChannelBinding, ChannelCapabilities
from roomkit.models.context import RoomContext
from roomkit.models.delivery import InboundMessage
from roomkit.models.enums import (
    ChannelCategory,
    ChannelDirection,
    ChannelType,
    EventType,
)
from roomkit.models.event import (
    AudioContent,
    CompositeContent,
    DeleteContent,
    EditContent,
    EventContent,
    LocationContent,
    MediaContent,
    RichContent,
    RoomEvent,
    SystemContent,
    TemplateContent,
    TextContent,
    VideoContent,
)
from roomkit.models.room import Room
from tests.helpers import join_room, make_binding, make_event, message, say

HERE = RoomContext(room=Room(id="r"))
URL = "https://example.com/a"


class Pigeons(Channel):
    """The least that a channel can be."""

    channel_type = ChannelType.PUSH

    def __init__(self, channel_id: str = "pigeons") -> None:
        super().__init__(channel_id)
        self.sent: list[RoomEvent] = []
        self.host: ChannelHost | None = None

    def on_registered(self, host: ChannelHost) -> None:
        self.host = host

    async def handle_inbound(self, message: InboundMessage, context: RoomContext) -> RoomEvent:
        return self.event_from(message, context)

    async def deliver(
        self, event: RoomEvent, binding: ChannelBinding, context: RoomContext
    ) -> ChannelOutput:
        self.sent.append(event)
        return ChannelOutput.empty()


async def test_two_methods_make_a_channel(kit: RoomKit) -> None:
    pigeons = Pigeons()
    kit.register_channel(pigeons)
    inboxes = await join_room(kit, "r", "web")
    await kit.attach_channel("r", "pigeons")
    await say(kit, "web", "to the pigeons")
    await say(kit, "pigeons", "from the pigeons")
    assert [text_of(event.content) for event in pigeons.sent] == ["to the pigeons"]
    assert inboxes["web"].texts == ["from the pigeons"]


def test_without_them_there_is_none() -> None:
    with pytest.raises(TypeError, match="abstract"):
        Channel("x")  # type: ignore[abstract]


def test_a_channel_has_an_id() -> None:
    with pytest.raises(ValueError, match="must not be empty"):
        Pigeons("")


def test_what_a_channel_is_unless_it_says_otherwise() -> None:
    pigeons = Pigeons()
    assert pigeons.category is ChannelCategory.TRANSPORT
    assert pigeons.direction is ChannelDirection.BIDIRECTIONAL
    assert pigeons.recipient_key is None
    assert pigeons.provider_name is None
    assert pigeons.capabilities() == ChannelCapabilities()
    assert not pigeons.reacts
    assert not pigeons.echoes(make_event())


async def test_a_channel_reacts_to_nothing_by_default() -> None:
    output = await Pigeons().on_event(make_event(), make_binding(), HERE)
    assert output is ChannelOutput.empty()


async def test_a_kit_introduces_itself_to_its_channels(kit: RoomKit) -> None:
    pigeons = Pigeons()
    kit.register_channel(pigeons)
    assert pigeons.host is not None
    assert pigeons.host.clock is kit.clock


async def test_there_is_nothing_to_join_and_no_webhook_by_default() -> None:
    pigeons = Pigeons()
    with pytest.raises(VoiceBackendNotConfiguredError):
        await pigeons.open_session("r", "u")
    with pytest.raises(VoiceBackendNotConfiguredError):
        await pigeons.close_session(object())
    with pytest.raises(WebhookError, match="pigeons"):
        pigeons.parse_webhook({})
    await pigeons.close()


def test_the_usual_event_names_its_source() -> None:
    event = Pigeons().event_from(message("pigeons", "hello", sender="ada", mood="good"), HERE)
    assert (event.room_id, event.type, event.content) == (
        "r",
        EventType.MESSAGE,
        TextContent(body="hello"),
    )
    assert event.source.channel_id == "pigeons"
    assert event.source.channel_type is ChannelType.PUSH
    assert event.source.participant_id == "ada"
    assert event.source.direction is ChannelDirection.INBOUND
    assert event.metadata == {"mood": "good"}
    assert event.channel_data.external_id is None


def test_the_vendors_id_is_kept_with_the_event() -> None:
    sent = InboundMessage(
        channel_id="pigeons",
        sender_id="ada",
        content=TextContent(body="x"),
        provider_message_id="P-1",
    )
    assert Pigeons().event_from(sent, HERE).channel_data.external_id == "P-1"


@pytest.mark.parametrize(
    ("content", "event_type"),
    [
        (TextContent(body="x"), EventType.MESSAGE),
        (EditContent(target_event_id="e", new_content=TextContent(body="y")), EventType.EDIT),
        (DeleteContent(target_event_id="e"), EventType.DELETE),
    ],
    ids=["text", "edit", "delete"],
)
def test_the_content_tells_the_type(content: EventContent, event_type: EventType) -> None:
    assert Pigeons().event_from(message("pigeons", content), HERE).type is event_type


def test_a_message_may_say_what_it_is() -> None:
    reaction = message("pigeons", "👍").model_copy(update={"event_type": EventType.REACTION})
    assert Pigeons().event_from(reaction, HERE).type is EventType.REACTION


def test_one_senders_messages_share_their_source() -> None:
    pigeons = Pigeons()
    first, second = (pigeons.event_from(message("pigeons", sender="ada"), HERE) for _ in range(2))
    other = pigeons.event_from(message("pigeons", sender="bob"), HERE)
    assert first.source is second.source
    assert other.source.participant_id == "bob"


TEXT_IN: list[tuple[Any, str]] = [
    (TextContent(body="words"), "words"),
    (SystemContent(body="words"), "words"),
    (RichContent(body="**words**", plain_text="words"), "words"),
    (RichContent(body="**words**"), "**words**"),
    (MediaContent(url=URL, mime_type="image/png", caption="words"), "words"),
    (MediaContent(url=URL, mime_type="image/png"), ""),
    (AudioContent(url=URL, mime_type="audio/ogg", transcript="words"), "words"),
    (AudioContent(url=URL, mime_type="audio/ogg"), ""),
    (VideoContent(url=URL, mime_type="video/mp4"), ""),
    (LocationContent(latitude=1, longitude=2, label="words"), "words"),
    (LocationContent(latitude=1, longitude=2, address="words"), "words"),
    (LocationContent(latitude=1, longitude=2), ""),
    (TemplateContent(template_id="t", body="words"), "words"),
    (TemplateContent(template_id="t"), ""),
    (EditContent(target_event_id="e", new_content=TextContent(body="words")), "words"),
    (DeleteContent(target_event_id="e", reason="words"), ""),
    (
        CompositeContent(
            parts=[
                TextContent(body="one"),
                VideoContent(url=URL, mime_type="video/mp4"),
                CompositeContent(parts=[TextContent(body="two")]),
            ]
        ),
        "one\ntwo",
    ),
]


@pytest.mark.parametrize(
    ("content", "words"),
    TEXT_IN,
    ids=[f"{content.type}-{words or 'nothing'}" for content, words in TEXT_IN],
)
def test_the_words_in_an_event(content: EventContent, words: str) -> None:
    assert Channel.extract_text(make_event(content=content)) == words
