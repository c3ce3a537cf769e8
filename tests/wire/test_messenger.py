"""Sending through Messenger's Send API: what goes over the wire, what becomes of each answer."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from typing import Any

import pytest

from roomkit.errors import ProviderError
from roomkit.models.content import (
    AudioContent,
    CompositeContent,
    DeleteContent,
    EventContent,
    LocationContent,
    MediaContent,
    RichContent,
    TemplateContent,
    TextContent,
    VideoContent,
)
from roomkit.models.enums import ChannelType
from roomkit.models.event import EventSource, RoomEvent
from roomkit.providers.messenger import FacebookMessengerProvider, MessengerConfig
from roomkit.testing.clock import VirtualClock
from roomkit.testing.providers import example_event
from roomkit.testing.wire import Reply, ScriptedServer

PSID = "1254477777772919"
# https://developers.facebook.com/documentation/business-messaging/messenger-platform/send-messages
TAKEN = Reply.of_json(
    {"recipient_id": PSID, "message_id": "m_AG5Hz2Uq7tuwNEhXfYYKj8mJEM_QPpz5jdCK"}
)
PNG = MediaContent(url="https://example.com/a.png", mime_type="image/png")


def refused(code: int, subcode: int | None = None, *, status: int = 400) -> Reply:
    """https://developers.facebook.com/documentation/business-messaging/messenger-platform/error-codes"""
    error = {"message": f"to {PSID}", "type": "OAuthException", "code": code, "fbtrace_id": "B"}
    return Reply.of_json({"error": {**error, "error_subcode": subcode}}, status=status)


def by(kind: ChannelType, event: RoomEvent | None = None) -> RoomEvent:
    """An event that came from a channel of this kind."""
    source = EventSource(channel_id="desk", channel_type=kind)
    return (event or example_event()).evolve(source=source)


@pytest.fixture
async def server() -> AsyncIterator[ScriptedServer]:
    async with ScriptedServer(default=TAKEN) as running:
        yield running


@pytest.fixture
def account(server: ScriptedServer) -> dict[str, Any]:
    return {"page_access_token": "EAA", "base_url": f"{server.url}/"}


@pytest.fixture
async def messenger(account: dict[str, Any]) -> AsyncIterator[FacebookMessengerProvider]:
    provider = FacebookMessengerProvider(MessengerConfig(**account))
    yield provider
    await provider.close()


async def shown(
    server: ScriptedServer, messenger: FacebookMessengerProvider, content: EventContent
) -> list[dict[str, Any]]:
    """The messages that Messenger is asked to show for a content."""
    result = await messenger.send(example_event(content), PSID)
    assert result.success, result
    return [request.json()["message"] for request in server.requests]


async def test_a_text(server: ScriptedServer, messenger: FacebookMessengerProvider) -> None:
    result = await messenger.send(example_event(TextContent(body="Grüße 👋")), PSID)
    assert result.provider_message_id == "m_AG5Hz2Uq7tuwNEhXfYYKj8mJEM_QPpz5jdCK"
    (request,) = server.requests
    assert (request.method, request.target) == ("POST", "/v25.0/me/messages")
    assert request.headers["authorization"] == "Bearer EAA"
    assert request.json() == {
        "recipient": {"id": PSID},
        "messaging_type": "RESPONSE",
        "message": {"text": "Grüße 👋"},
    }


class TestContents:
    @pytest.mark.parametrize(
        ("content", "kind"),
        [
            (PNG, "image"),
            (AudioContent(url=PNG.url, mime_type="audio/mpeg"), "audio"),
            (VideoContent(url=PNG.url, mime_type="video/mp4"), "video"),
            (MediaContent(url=PNG.url, mime_type="application/pdf"), "file"),
        ],
    )
    async def test_files(
        self,
        server: ScriptedServer,
        messenger: FacebookMessengerProvider,
        content: EventContent,
        kind: str,
    ) -> None:
        attachment = {"type": kind, "payload": {"url": PNG.url}}
        assert await shown(server, messenger, content) == [{"attachment": attachment}]

    async def test_a_caption_comes_first(
        self, server: ScriptedServer, messenger: FacebookMessengerProvider
    ) -> None:
        text, file = await shown(server, messenger, PNG.evolve(caption="Look"))
        assert text == {"text": "Look"}
        assert file["attachment"]["type"] == "image"

    async def test_a_file_inside_of_the_message_is_uploaded(
        self, server: ScriptedServer, messenger: FacebookMessengerProvider
    ) -> None:
        server.reply(json={"attachment_id": "1857777774821032"})
        data = base64.b64encode(b"GIF89a").decode()
        content = MediaContent(url=f"data:image/gif;base64,{data}", mime_type="image/gif")
        result = await messenger.send(example_event(content), PSID)
        assert result.success
        upload, message = server.requests
        assert upload.path == "/v25.0/me/message_attachments"
        assert b"GIF89a" in upload.body
        assert b'{"attachment":{"type":"image","payload":{"is_reusable":true}}}' in upload.body
        assert message.json()["message"]["attachment"]["payload"] == {
            "attachment_id": "1857777774821032"
        }
        server.reply(json={"attachment_id": None})
        assert (await messenger.send(example_event(content), PSID)).error_code == "bad_answer"

    async def test_a_place_is_a_link_to_the_map(
        self, server: ScriptedServer, messenger: FacebookMessengerProvider
    ) -> None:
        place = LocationContent(latitude=45.5, longitude=-73.6, label="Office")
        assert await shown(server, messenger, place) == [
            {"text": "Office\nhttps://maps.google.com/?q=45.5,-73.6"}
        ]

    async def test_templates(
        self, server: ScriptedServer, messenger: FacebookMessengerProvider
    ) -> None:
        own = TemplateContent(
            template_id="receipt", parameters={"order_number": "12", "currency": "USD"}
        )
        other = TemplateContent(template_id="welcome", body="Hi Ada")
        content = CompositeContent(parts=[own, other])
        receipt, words = await shown(server, messenger, content)
        assert receipt["attachment"] == {
            "type": "template",
            "payload": {"template_type": "receipt", "order_number": "12", "currency": "USD"},
        }
        assert words == {"text": "Hi Ada"}

    async def test_nothing_to_show_asks_nobody(
        self, server: ScriptedServer, messenger: FacebookMessengerProvider
    ) -> None:
        for content in (TextContent(body=" "), DeleteContent(target_event_id="e-1")):
            result = await messenger.send(example_event(content), PSID)
            assert result.error_code == "empty_message"
        assert not server.requests


class TestControls:
    async def test_three_buttons_of_four(
        self, server: ScriptedServer, messenger: FacebookMessengerProvider
    ) -> None:
        content = RichContent(
            body="**Pick**",
            plain_text="Pick",
            buttons=[
                {"text": "Yes", "payload": "y"},
                {"text": "See our page about bicycles", "url": "https://example.com"},
                {"text": "Call us", "phone_number": "+15550000000"},
                {"text": "No", "payload": "n"},
            ],
        )
        (message,) = await shown(server, messenger, content)
        assert message["attachment"]["payload"] == {
            "template_type": "button",
            "text": "Pick\n- No",
            "buttons": [
                {"type": "postback", "title": "Yes", "payload": "y"},
                {
                    "type": "web_url",
                    "title": "See our page about…",
                    "url": "https://example.com",
                },
                {"type": "phone_number", "title": "Call us", "payload": "+15550000000"},
            ],
        }

    async def test_quick_replies(
        self, server: ScriptedServer, messenger: FacebookMessengerProvider
    ) -> None:
        replies = [{"text": f"Slot {n}"} for n in range(14)]
        replies[0]["image_url"] = "https://example.com/0.png"
        replies.append({"text": "Page", "url": "https://example.com"})
        (message,) = await shown(
            server, messenger, RichContent(body="When?", quick_replies=replies)
        )
        assert message["text"] == "When?\n- Slot 13\n- Page: https://example.com"
        assert len(message["quick_replies"]) == 13
        assert message["quick_replies"][:2] == [
            {
                "content_type": "text",
                "title": "Slot 0",
                "payload": "Slot 0",
                "image_url": "https://example.com/0.png",
            },
            {"content_type": "text", "title": "Slot 1", "payload": "Slot 1"},
        ]

    async def test_a_carousel(
        self, server: ScriptedServer, messenger: FacebookMessengerProvider
    ) -> None:
        card = {
            "title": "Bicycle",
            "description": "Red",
            "image_url": "https://example.com/bike.png",
            "url": "https://example.com/bike",
            "buttons": [{"text": "Buy", "payload": "buy-1"}],
        }
        content = RichContent(
            body="For you:",
            cards=[card, *({"title": f"Bicycle {n}"} for n in range(10))],
            quick_replies=[{"text": "More"}],
        )
        text, carousel = await shown(server, messenger, content)
        assert text == {"text": "For you:\nBicycle 9"}
        payload = carousel["attachment"]["payload"]
        assert payload["template_type"] == "generic"
        assert len(payload["elements"]) == 10
        assert payload["elements"][0] == {
            "title": "Bicycle",
            "subtitle": "Red",
            "image_url": "https://example.com/bike.png",
            "default_action": {"type": "web_url", "url": "https://example.com/bike"},
            "buttons": [{"type": "postback", "title": "Buy", "payload": "buy-1"}],
        }
        assert carousel["quick_replies"][0]["title"] == "More"

    async def test_a_long_text_with_buttons(
        self, server: ScriptedServer, messenger: FacebookMessengerProvider
    ) -> None:
        content = RichContent(body="word " * 200 + "\nYes?", buttons=[{"text": "Yes"}])
        text, buttons = await shown(server, messenger, content)
        assert len(text["text"]) > 640
        assert buttons["attachment"]["payload"]["text"] == "Yes?"

    async def test_controls_without_a_text(
        self, server: ScriptedServer, messenger: FacebookMessengerProvider
    ) -> None:
        content = RichContent(body="", quick_replies=[{"text": "Yes"}])
        (message,) = await shown(server, messenger, content)
        assert message["text"] == "…"


class TestTags:
    """https://developers.facebook.com/documentation/business-messaging/messenger-platform/policy/"""

    async def test_too_late_is_final(
        self, server: ScriptedServer, messenger: FacebookMessengerProvider
    ) -> None:
        server.reply(refused(10, 2018278))
        result = await messenger.send(by(ChannelType.WEBSOCKET), PSID)
        assert (result.success, result.error_code, result.retryable) == (
            False,
            "outside_window",
            False,
        )
        assert len(server.requests) == 1

    async def test_a_human_may_answer_for_longer(
        self, server: ScriptedServer, account: dict[str, Any]
    ) -> None:
        provider = FacebookMessengerProvider(MessengerConfig(**account, human_agent=True))
        for kind in (ChannelType.WEBSOCKET, ChannelType.AI):
            server.reply(refused(10, 2018278))
            result = await provider.send(by(kind), PSID)
            assert result.success is (kind is ChannelType.WEBSOCKET)
        await provider.close()
        first, second, third = (request.json() for request in server.requests)
        assert first["messaging_type"] == third["messaging_type"] == "RESPONSE"
        assert (second["messaging_type"], second["tag"]) == ("MESSAGE_TAG", "HUMAN_AGENT")
        assert second["message"] == first["message"]

    async def test_a_tag_of_ones_own(
        self, server: ScriptedServer, account: dict[str, Any]
    ) -> None:
        provider = FacebookMessengerProvider(MessengerConfig(**account, human_agent=True))
        server.reply(refused(10, 2018278))
        tagged = example_event().evolve(metadata={"messenger_tag": "ACCOUNT_UPDATE"})
        result = await provider.send(tagged, PSID)
        await provider.close()
        assert result.error_code == "outside_window"
        (request,) = server.requests
        assert request.json()["tag"] == "ACCOUNT_UPDATE"

    async def test_half_a_message_is_not_sent_again(
        self, server: ScriptedServer, account: dict[str, Any]
    ) -> None:
        provider = FacebookMessengerProvider(MessengerConfig(**account, human_agent=True))
        server.reply(json={"message_id": "m_1"})
        server.reply(refused(10, 2018278))
        result = await provider.send(
            by(ChannelType.WEBSOCKET, example_event(PNG.evolve(caption="Look"))), PSID
        )
        await provider.close()
        assert result.metadata["provider_message_ids"] == ["m_1"]
        assert len(server.requests) == 2


@pytest.mark.parametrize(
    ("code", "subcode", "word", "retryable"),
    [
        (10, None, "forbidden", False),
        (100, 2018001, "invalid_recipient", False),
        (100, 2018109, "invalid_media", False),
        (551, 1545041, "recipient_unavailable", False),
        (200, 1545041, "recipient_unavailable", False),
        (613, None, "rate_limited", True),
        (1200, None, "unavailable", True),
        (2, 2018344, "unavailable", True),
        (100, 7, "rejected", False),
    ],
)
async def test_what_metas_numbers_mean(
    server: ScriptedServer,
    messenger: FacebookMessengerProvider,
    code: int,
    subcode: int | None,
    word: str,
    retryable: bool,
) -> None:
    server.reply(refused(code, subcode))
    result = await messenger.send(example_event(), PSID)
    assert (result.error_code, result.retryable) == (word, retryable)
    assert result.metadata["vendor_code"] == f"{code}/{subcode}" if subcode else str(code)
    assert result.error is not None
    assert PSID not in result.error


async def test_an_event_that_answers_a_message(
    server: ScriptedServer, messenger: FacebookMessengerProvider
) -> None:
    event = example_event().evolve(metadata={"reply_to_message_id": "m_7"})
    await messenger.send(event, PSID)
    await messenger.send(by(ChannelType.MESSENGER, event), PSID)
    await messenger.send(event.evolve(metadata={"reply_to_message_id": "wamid.7"}), PSID)
    first, *others = (request.json() for request in server.requests)
    assert first["reply_to"] == {"mid": "m_7"}
    assert not any("reply_to" in other for other in others)


async def test_seen_typing_and_reactions(
    server: ScriptedServer, messenger: FacebookMessengerProvider
) -> None:
    server.default = Reply.of_json({"recipient_id": PSID})
    await messenger.mark_seen(PSID)
    await messenger.send_typing(PSID)
    await messenger.send_typing(PSID, on=False)
    await messenger.send_reaction(PSID, "m_7", "😊")
    await messenger.send_reaction(PSID, "m_7", "")
    said = [request.json() for request in server.requests]
    assert [one["sender_action"] for one in said] == [
        "mark_seen",
        "typing_on",
        "typing_off",
        "react",
        "unreact",
    ]
    assert said[3]["payload"] == {"message_id": "m_7", "reaction": "😊"}
    assert said[4]["payload"] == {"message_id": "m_7"}
    server.reply(refused(551))
    with pytest.raises(ProviderError) as failure:
        await messenger.mark_seen(PSID)
    assert failure.value.code == "recipient_unavailable"


class TestReadReceipts:
    """A receipt names a moment; the provider knows what it sent before that."""

    def read(
        self, messenger: FacebookMessengerProvider, at: float, reader: str = PSID
    ) -> list[tuple[str, str]]:
        event = {
            "sender": {"id": reader},
            "recipient": {"id": "682498302938465"},
            "timestamp": int(at * 1000) + 300,
            "read": {"watermark": int(at * 1000)},
        }
        payload = {"object": "page", "entry": [{"id": "682498302938465", "messaging": [event]}]}
        found = [meta.status for meta in messenger.parse_webhook(payload)]
        return [(it.message_id, it.status) for it in found if it is not None]

    async def test_all_that_was_sent_until_then(
        self, server: ScriptedServer, account: dict[str, Any]
    ) -> None:
        clock = VirtualClock()
        provider = FacebookMessengerProvider(MessengerConfig(**account), clock=clock)
        for number in range(4):
            server.reply(json={"message_id": f"m_{number}"})
        began = clock.now().timestamp()
        album = CompositeContent(parts=[TextContent(body="Look"), PNG])
        await provider.send(example_event(album), PSID)
        await clock.advance(10)
        await provider.send(example_event(), PSID)
        await provider.send(example_event(), "999")
        assert self.read(provider, began - 1) == []
        assert self.read(provider, began + 5) == [("m_0", "read"), ("m_1", "read")]
        assert self.read(provider, began + 20) == [("m_2", "read")]
        assert self.read(provider, began + 20) == []
        assert self.read(provider, began + 20, reader="nobody") == []
        await provider.close()
