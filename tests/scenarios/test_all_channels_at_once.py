"""One room with every messaging channel: what anybody says reaches all others once, in the best
form that their channel has for it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import pytest

from roomkit import (
    AIChannel,
    EmailChannel,
    HTTPChannel,
    InboundMessage,
    MessengerChannel,
    MockAIProvider,
    MockEmailProvider,
    MockHTTPProvider,
    MockMessengerProvider,
    MockRCSProvider,
    MockSMSProvider,
    MockTeamsProvider,
    MockTelegramProvider,
    MockWhatsAppProvider,
    RCSChannel,
    RoomEvent,
    RoomKit,
    SMSChannel,
    TeamsChannel,
    TelegramChannel,
    WebSocketChannel,
    WhatsAppChannel,
    WhatsAppPersonalChannel,
)
from roomkit.channels.base import text_of
from roomkit.models.content import (
    CompositeContent,
    EventContent,
    LocationContent,
    MediaContent,
    RichContent,
    TextContent,
)


@dataclass
class Seat:
    """One channel with a person behind it, and what has reached them."""

    channel_id: str
    address: str
    received: list[RoomEvent] = field(default_factory=list)
    provider: Any = None

    @property
    def contents(self) -> list[EventContent]:
        events = self.received if self.provider is None else [o.event for o in self.provider.sent]
        return [event.content for event in events]


TRANSPORTS: list[tuple[str, Any, Any, str]] = [
    ("sms", SMSChannel, MockSMSProvider, "+15551110001"),
    ("rcs", RCSChannel, MockRCSProvider, "+15551110002"),
    ("mail", EmailChannel, MockEmailProvider, "ada@example.com"),
    ("whatsapp", WhatsAppChannel, MockWhatsAppProvider, "+15551110003"),
    ("personal", WhatsAppPersonalChannel, MockWhatsAppProvider, "+15551110004"),
    ("messenger", MessengerChannel, MockMessengerProvider, "psid-1"),
    ("telegram", TelegramChannel, MockTelegramProvider, "4711"),
    ("teams", TeamsChannel, MockTeamsProvider, "19:conversation"),
    ("http", HTTPChannel, MockHTTPProvider, "system-1"),
]


@pytest.fixture
async def seats(kit: RoomKit) -> dict[str, Seat]:
    """The room ``r`` with all of them and a web page in it."""
    await kit.create_room("r")
    seats: dict[str, Seat] = {}
    for channel_id, factory, mock, address in TRANSPORTS:
        provider = mock()
        channel = factory(channel_id, provider=provider)
        kit.register_channel(channel)
        await kit.attach_channel("r", channel_id, metadata={channel.recipient_key: address})
        seats[channel_id] = Seat(channel_id, address, provider=provider)
    page = seats["web"] = Seat("web", "visitor")

    async def receive(_connection_id: str, event: RoomEvent) -> None:
        page.received.append(event)

    web = WebSocketChannel("web")
    web.register_connection("page", receive)
    kit.register_channel(web)
    await kit.attach_channel("r", "web")
    return seats


async def say(kit: RoomKit, seat: Seat, content: EventContent) -> None:
    result = await kit.process_inbound(
        InboundMessage(channel_id=seat.channel_id, sender_id=seat.address, content=content)
    )
    assert (result.blocked, result.room_id) == (False, "r")
    assert all(one.success for one in result.delivery_results.values())


def words(contents: Iterable[EventContent]) -> list[str]:
    return [text_of(content) for content in contents]


async def test_what_anybody_says_reaches_everybody_else_once_and_in_order(
    kit: RoomKit, seats: dict[str, Seat]
) -> None:
    for seat in seats.values():
        await say(kit, seat, TextContent(body=f"from {seat.channel_id}"))
    for seat in seats.values():
        assert words(seat.contents) == [
            f"from {other}" for other in seats if other != seat.channel_id
        ]


async def test_buttons_stay_buttons_where_there_are_any(
    kit: RoomKit, seats: dict[str, Seat]
) -> None:
    choice = RichContent(
        body="**Which** day?",
        plain_text="Which day?",
        buttons=[{"text": day, "payload": day} for day in ("Mo", "Tu", "We", "Th")],
    )
    await say(kit, seats["web"], choice)
    shown = {name: seat.contents[0] for name, seat in seats.items() if name != "web"}
    as_rich = {name for name, content in shown.items() if isinstance(content, RichContent)}
    assert as_rich == set(shown) - {"sms"}
    counts = {
        name: len(content.buttons) for name, content in shown.items() if content.type == "rich"
    }
    assert (counts["rcs"], counts["telegram"]) == (4, 4)
    assert (counts["whatsapp"], counts["messenger"]) == (3, 3)
    assert isinstance(shown["sms"], TextContent)
    assert "Which day?" in shown["sms"].body


async def test_pictures_and_places_become_words_where_they_cannot_be_shown(
    kit: RoomKit, seats: dict[str, Seat]
) -> None:
    picture = MediaContent(url="https://example.com/a.png", mime_type="image/png", caption="A")
    await say(kit, seats["whatsapp"], picture)
    await say(kit, seats["rcs"], LocationContent(latitude=45.5, longitude=-73.6, label="Here"))
    for name, seat in seats.items():
        if name in ("whatsapp", "rcs"):
            continue
        first, second = seat.contents
        shows_pictures = name not in ("teams", "http")
        assert isinstance(first, MediaContent if shows_pictures else TextContent), name
        shows_places = name in ("personal", "telegram")
        assert isinstance(second, LocationContent if shows_places else TextContent), name
        assert "Here" in text_of(second)


async def test_several_parts_go_out_as_one_message_where_that_is_possible(
    kit: RoomKit, seats: dict[str, Seat]
) -> None:
    parts: list[EventContent] = [
        TextContent(body="Look"),
        MediaContent(url="https://example.com/a.png", mime_type="image/png"),
    ]
    await say(kit, seats["telegram"], CompositeContent(parts=parts))
    for name, seat in seats.items():
        if name == "telegram":
            continue
        (content,) = seat.contents
        assert "Look" in text_of(content), name
        carries = isinstance(content, CompositeContent)
        assert carries is (name not in ("teams", "http")), name


async def test_an_agent_among_them_answers_all_of_them(
    kit: RoomKit, seats: dict[str, Seat]
) -> None:
    kit.register_channel(AIChannel("ai", MockAIProvider(["Good morning, all."])))
    await kit.attach_channel("r", "ai")
    await say(kit, seats["teams"], TextContent(body="Good morning"))
    for name, seat in seats.items():
        heard = (
            ["Good morning, all."] if name == "teams" else ["Good morning", "Good morning, all."]
        )
        assert words(seat.contents) == heard, name
