"""What the Telegram provider asks the Bot API for: https://core.telegram.org/bots/api"""

from __future__ import annotations

import base64
import json
import logging
from collections.abc import AsyncIterator
from typing import Any

import pytest

from roomkit.errors import ProviderError
from roomkit.models.content import (
    AudioContent,
    CompositeContent,
    DeleteContent,
    EditContent,
    EventContent,
    LocationContent,
    MediaContent,
    RichContent,
    TextContent,
    VideoContent,
)
from roomkit.models.delivery import ProviderResult
from roomkit.providers.base import WebhookRequest
from roomkit.providers.telegram import TelegramBotProvider, TelegramConfig
from roomkit.testing.providers import example_event
from roomkit.testing.wire import ReceivedRequest, Reply, ScriptedServer

TOKEN = "123456:ABC-DEF_s3cret"
MESSAGE = {"message_id": 7, "chat": {"id": 42, "type": "private"}, "date": 1, "text": "Hi"}


def done(result: Any = True) -> Reply:
    return Reply.of_json({"ok": True, "result": result})


def refused(description: str, *, status: int = 400, **parameters: Any) -> Reply:
    body: dict[str, Any] = {"ok": False, "error_code": status, "description": description}
    if parameters:
        body["parameters"] = parameters
    return Reply.of_json(body, status=status)


@pytest.fixture
async def server() -> AsyncIterator[ScriptedServer]:
    async with ScriptedServer(default=done(MESSAGE)) as running:
        yield running


@pytest.fixture
async def bot(server: ScriptedServer) -> AsyncIterator[TelegramBotProvider]:
    config = TelegramConfig(bot_token=TOKEN, secret_token="hook-s3cret", base_url=server.url)
    provider = TelegramBotProvider(config)
    yield provider
    await provider.close()


async def sent(bot: TelegramBotProvider, content: EventContent, to: str = "42") -> ProviderResult:
    return await bot.send(example_event(content), to)


def method(request: ReceivedRequest) -> str:
    head, _, name = request.path.rpartition("/")
    assert head == f"/bot{TOKEN}"
    return name


class TestSending:
    async def test_text(self, server: ScriptedServer, bot: TelegramBotProvider) -> None:
        result = await sent(bot, TextContent(body="2 < 3 & _so on_"))
        assert (result.success, result.provider_message_id) == (True, "42:7")
        (request,) = server.requests
        assert method(request) == "sendMessage"
        assert request.json() == {"chat_id": "42", "text": "2 < 3 & _so on_"}

    async def test_a_topic_of_a_group(
        self, server: ScriptedServer, bot: TelegramBotProvider
    ) -> None:
        await sent(bot, TextContent(body="Hi"), "-100123/9")
        assert server.requests[0].json() == {
            "chat_id": "-100123",
            "message_thread_id": "9",
            "text": "Hi",
        }

    async def test_a_public_channel_by_its_name(
        self, server: ScriptedServer, bot: TelegramBotProvider
    ) -> None:
        server.reply(done({"message_id": 3, "chat": {"id": -100777, "type": "channel"}}))
        result = await sent(bot, TextContent(body="News"), "@shop")
        assert result.provider_message_id == "-100777:3"

    async def test_buttons_and_quick_replies_are_a_keyboard(
        self, server: ScriptedServer, bot: TelegramBotProvider
    ) -> None:
        rich = RichContent(
            body="**Pick** one",
            buttons=[
                {"text": "Yes", "payload": "y"},
                {"text": "Shop", "url": "https://x.example"},
            ],
            quick_replies=[{"text": "Later"}],
        )
        await sent(bot, rich)
        assert server.requests[0].json() == {
            "chat_id": "42",
            "text": "<b>Pick</b> one",
            "parse_mode": "HTML",
            "reply_markup": {
                "inline_keyboard": [
                    [{"text": "Yes", "callback_data": "y"}],
                    [{"text": "Shop", "url": "https://x.example"}],
                    [{"text": "Later", "callback_data": "Later"}],
                ]
            },
        }

    async def test_a_payload_that_telegram_has_no_room_for(
        self, server: ScriptedServer, bot: TelegramBotProvider
    ) -> None:
        result = await sent(
            bot, RichContent(body="?", buttons=[{"text": "A", "payload": "é" * 33}])
        )
        assert (result.success, result.error_code) == (False, "invalid_button")
        assert not server.requests

    @pytest.mark.parametrize(
        ("content", "name", "parameter"),
        [
            (MediaContent(url="https://x.example/a", mime_type="image/png"), "sendPhoto", "photo"),
            (
                MediaContent(url="https://x.example/a", mime_type="image/gif"),
                "sendAnimation",
                "animation",
            ),
            (
                MediaContent(url="https://x.example/a", mime_type="application/pdf"),
                "sendDocument",
                "document",
            ),
            (AudioContent(url="https://x.example/a", mime_type="audio/ogg"), "sendVoice", "voice"),
            (
                AudioContent(url="https://x.example/a", mime_type="audio/mpeg"),
                "sendAudio",
                "audio",
            ),
            (VideoContent(url="https://x.example/a", mime_type="video/mp4"), "sendVideo", "video"),
        ],
    )
    async def test_files(
        self,
        server: ScriptedServer,
        bot: TelegramBotProvider,
        content: EventContent,
        name: str,
        parameter: str,
    ) -> None:
        assert (await sent(bot, content)).success
        assert method(server.requests[0]) == name
        assert server.requests[0].json() == {"chat_id": "42", parameter: "https://x.example/a"}

    async def test_a_file_that_telegram_does_not_fetch_is_a_link(
        self, server: ScriptedServer, bot: TelegramBotProvider
    ) -> None:
        sheet = MediaContent(url="https://x.example/a.csv", mime_type="text/csv", caption="Sales")
        await sent(bot, sheet)
        assert server.requests[0].json()["text"] == "Sales\nhttps://x.example/a.csv"

    async def test_a_file_from_telegram_goes_back_by_its_id(
        self, server: ScriptedServer, bot: TelegramBotProvider
    ) -> None:
        await sent(bot, MediaContent(url="telegram-file:AgAC", mime_type="text/csv"))
        assert server.requests[0].json() == {"chat_id": "42", "document": "AgAC"}

    async def test_a_file_in_the_event_is_uploaded(
        self, server: ScriptedServer, bot: TelegramBotProvider
    ) -> None:
        data = base64.b64encode(b"\x89PNG\r\n--x").decode()
        await sent(
            bot,
            MediaContent(
                url=f"data:image/png;base64,{data}",
                mime_type="image/png",
                filename='a"\r\n.png',
                caption="Look",
            ),
        )
        (request,) = server.requests
        assert method(request) == "sendPhoto"
        kind, _, boundary = request.headers["content-type"].partition("; boundary=")
        assert kind == "multipart/form-data"
        first, second, file, end = request.body.split(f"--{boundary}".encode())[1:]
        assert first == b'\r\nContent-Disposition: form-data; name="chat_id"\r\n\r\n42\r\n'
        assert second == b'\r\nContent-Disposition: form-data; name="caption"\r\n\r\nLook\r\n'
        assert b'name="photo"; filename="a___.png"\r\nContent-Type: image/png' in file
        assert file.endswith(b"\r\n\r\n\x89PNG\r\n--x\r\n")
        assert end == b"--\r\n"

    async def test_a_file_in_the_event_that_cannot_be_read(
        self, server: ScriptedServer, bot: TelegramBotProvider
    ) -> None:
        for url in ("data:image/png;base64,%%%", "data:image/png"):
            result = await sent(bot, MediaContent(url=url, mime_type="image/png"))
            assert (result.success, result.error_code) == (False, "invalid_media")

    async def test_places(self, server: ScriptedServer, bot: TelegramBotProvider) -> None:
        await sent(bot, LocationContent(latitude=45.5, longitude=-73.6))
        await sent(bot, LocationContent(latitude=45.5, longitude=-73.6, label="Shop"))
        point, venue = server.requests
        assert method(point) == "sendLocation"
        assert point.json() == {"chat_id": "42", "latitude": 45.5, "longitude": -73.6}
        assert method(venue) == "sendVenue"
        assert (venue.json()["title"], venue.json()["address"]) == ("Shop", "45.5, -73.6")

    async def test_a_text_before_a_picture_is_its_caption(
        self, server: ScriptedServer, bot: TelegramBotProvider
    ) -> None:
        picture = MediaContent(url="https://x.example/a", mime_type="image/png")
        result = await sent(bot, CompositeContent(parts=[TextContent(body="Look"), picture]))
        (request,) = server.requests
        assert request.json()["caption"] == "Look"
        assert result.provider_message_id == "42:7"

    async def test_a_text_that_is_too_long_for_a_caption(
        self, server: ScriptedServer, bot: TelegramBotProvider
    ) -> None:
        server.reply(done({**MESSAGE, "message_id": 8}))
        server.reply(done({**MESSAGE, "message_id": 9}))
        picture = MediaContent(url="https://x.example/a", mime_type="image/png")
        parts: list[EventContent] = [TextContent(body="x" * 1025), picture]
        result = await sent(bot, CompositeContent(parts=parts))
        assert [method(request) for request in server.requests] == ["sendMessage", "sendPhoto"]
        assert result.provider_message_id == "42:8"
        assert result.metadata["provider_message_ids"] == ["42:8", "42:9"]

    async def test_a_failure_in_the_middle_is_not_tried_again(
        self, server: ScriptedServer, bot: TelegramBotProvider
    ) -> None:
        server.reply(done(MESSAGE))
        server.reply(status=502)
        place = LocationContent(latitude=1, longitude=2)
        result = await sent(bot, CompositeContent(parts=[TextContent(body="Here"), place]))
        assert (result.success, result.retryable) == (False, False)
        assert result.error_code == "unavailable"
        assert result.metadata["provider_message_ids"] == ["42:7"]

    async def test_an_answer_to_a_message_of_the_same_chat(
        self, server: ScriptedServer, bot: TelegramBotProvider
    ) -> None:
        for answered in ("42:5", "43:5", "nonsense", 7):
            event = example_event(TextContent(body="Yes"))
            event = event.model_copy(update={"metadata": {"reply_to_message_id": answered}})
            await bot.send(event, "42")
        first, *others = [request.json() for request in server.requests]
        assert first["reply_parameters"] == {
            "message_id": 5,
            "allow_sending_without_reply": True,
        }
        assert not any("reply_parameters" in other for other in others)


class TestRevising:
    async def test_an_edit(self, server: ScriptedServer, bot: TelegramBotProvider) -> None:
        edit = EditContent(target_event_id="e-1", new_content=TextContent(body="Better"))
        result = await bot.send(example_event(edit), "42", target_ids=["42:7"])
        assert (result.success, result.provider_message_id) == (True, "42:7")
        assert method(server.requests[0]) == "editMessageText"
        assert server.requests[0].json() == {"chat_id": "42", "message_id": 7, "text": "Better"}

    async def test_an_edit_of_a_message_in_parts(
        self, server: ScriptedServer, bot: TelegramBotProvider
    ) -> None:
        edit = EditContent(target_event_id="e-1", new_content=TextContent(body="Short"))
        await bot.send(example_event(edit), "42", target_ids=["42:7", "42:8"])
        assert [method(request) for request in server.requests] == [
            "editMessageText",
            "deleteMessages",
        ]
        assert server.requests[1].json() == {"chat_id": "42", "message_ids": [8]}

    async def test_another_picture(self, server: ScriptedServer, bot: TelegramBotProvider) -> None:
        picture = MediaContent(url="https://x.example/b", mime_type="image/png", caption="New")
        edit = EditContent(target_event_id="e-1", new_content=picture)
        await bot.send(example_event(edit), "42", target_ids=["42:7"])
        assert method(server.requests[0]) == "editMessageMedia"
        assert server.requests[0].json()["media"] == {
            "type": "photo",
            "media": "https://x.example/b",
            "caption": "New",
        }

    async def test_an_edit_that_changes_nothing(
        self, server: ScriptedServer, bot: TelegramBotProvider
    ) -> None:
        server.reply(refused("Bad Request: message is not modified: specified new message …"))
        edit = EditContent(target_event_id="e-1", new_content=TextContent(body="Same"))
        assert (await bot.send(example_event(edit), "42", target_ids=["42:7"])).success

    async def test_a_delete(self, server: ScriptedServer, bot: TelegramBotProvider) -> None:
        delete = DeleteContent(target_event_id="e-1")
        result = await bot.send(example_event(delete), "42", target_ids=["42:7", "42:8"])
        assert result.success
        assert method(server.requests[0]) == "deleteMessages"
        assert server.requests[0].json() == {"chat_id": "42", "message_ids": [7, 8]}

    async def test_what_was_never_sent_here(
        self, server: ScriptedServer, bot: TelegramBotProvider
    ) -> None:
        delete = DeleteContent(target_event_id="e-1")
        for targets in ([], ["43:7"], ["x"], ["42:x"], ["42:" + "9" * 30]):
            result = await bot.send(example_event(delete), "42", target_ids=targets)
            assert (result.success, result.error_code) == (False, "target_unknown")
        assert not server.requests


class TestRefusals:
    @pytest.mark.parametrize(
        ("reply", "code", "retryable"),
        [
            (refused("Forbidden: bot was blocked by the user", status=403), "blocked", False),
            (refused("Forbidden: user is deactivated", status=403), "blocked", False),
            (
                refused("Forbidden: bot was kicked from the group chat", status=403),
                "blocked",
                False,
            ),
            (
                refused("Forbidden: bot can't initiate conversation with a user", status=403),
                "blocked",
                False,
            ),
            (refused("Forbidden: something new", status=403), "forbidden", False),
            (refused("Bad Request: chat not found"), "invalid_recipient", False),
            (refused("Bad Request: message is too long"), "too_long", False),
            (
                refused("Bad Request: wrong file identifier/HTTP URL specified"),
                "invalid_media",
                False,
            ),
            (refused("Bad Request: something new"), "rejected", False),
            (refused("Unauthorized", status=401), "unauthorized", False),
            (refused("Internal Server Error", status=500), "unavailable", True),
        ],
    )
    async def test_what_telegram_says(
        self,
        server: ScriptedServer,
        bot: TelegramBotProvider,
        reply: Reply,
        code: str,
        retryable: bool,
    ) -> None:
        server.reply(reply)
        result = await sent(bot, TextContent(body="Hi"))
        assert (result.success, result.error_code, result.retryable) == (False, code, retryable)

    async def test_too_fast(self, server: ScriptedServer, bot: TelegramBotProvider) -> None:
        server.reply(refused("Too Many Requests: retry after 35", status=429, retry_after=35))
        result = await sent(bot, TextContent(body="Hi"))
        assert (result.error_code, result.retryable) == ("rate_limited", True)
        assert result.retry_after == 35

    async def test_a_group_that_has_moved(
        self, server: ScriptedServer, bot: TelegramBotProvider
    ) -> None:
        server.reply(
            refused(
                "Bad Request: group chat was upgraded to a supergroup chat",
                migrate_to_chat_id=-100555,
            )
        )
        server.reply(done({"message_id": 1, "chat": {"id": -100555, "type": "supergroup"}}))
        result = await sent(bot, TextContent(body="Hi"), "-555")
        assert (result.success, result.provider_message_id) == (True, "-100555:1")
        assert server.requests[1].json()["chat_id"] == "-100555"

    async def test_a_group_that_moves_without_end(
        self, server: ScriptedServer, bot: TelegramBotProvider
    ) -> None:
        for _ in range(2):
            server.reply(refused("Bad Request: moved", migrate_to_chat_id=-100555))
        result = await sent(bot, TextContent(body="Hi"), "-555")
        assert (result.error_code, result.retryable) == ("chat_migrated", False)


class TestOtherMethods:
    async def test_typing(self, server: ScriptedServer, bot: TelegramBotProvider) -> None:
        await bot.send_typing("-100123/9")
        assert method(server.requests[0]) == "sendChatAction"
        assert server.requests[0].json() == {
            "chat_id": "-100123",
            "message_thread_id": "9",
            "action": "typing",
        }

    async def test_reactions(self, server: ScriptedServer, bot: TelegramBotProvider) -> None:
        assert (await bot.send_reaction("-100123/9", "-100123:7", "👍")).success
        assert (await bot.send_reaction("-100123", "-100123:7", "")).success
        put, taken_back = [request.json() for request in server.requests]
        assert put == {
            "chat_id": "-100123",
            "message_id": 7,
            "reaction": [{"type": "emoji", "emoji": "👍"}],
        }
        assert taken_back["reaction"] == []
        for other in ("7", "-100124:7", "-100123:x", ":7"):
            result = await bot.send_reaction("-100123", other, "👍")
            assert (result.success, result.error_code) == (False, "target_unknown")
        server.reply(refused("Bad Request: REACTION_INVALID"))
        assert (await bot.send_reaction("-100123", "-100123:7", "🧀")).error_code == "rejected"

    async def test_the_webhook(self, server: ScriptedServer, bot: TelegramBotProvider) -> None:
        await bot.set_webhook("https://example.com/webhooks/telegram")
        asked = server.requests[0].json()
        assert asked["url"] == "https://example.com/webhooks/telegram"
        assert asked["secret_token"] == "hook-s3cret"
        assert {"message", "callback_query", "message_reaction"} <= set(asked["allowed_updates"])
        unsafe = TelegramBotProvider(TelegramConfig(bot_token=TOKEN))
        with pytest.raises(ValueError, match="secret_token"):
            await unsafe.set_webhook("https://example.com/")

    async def test_a_tap_is_answered(
        self, server: ScriptedServer, bot: TelegramBotProvider, caplog: pytest.LogCaptureFixture
    ) -> None:
        await bot.on_webhook({"update_id": 1, "callback_query": {"id": "99", "data": "y"}})
        assert method(server.requests[0]) == "answerCallbackQuery"
        assert server.requests[0].json() == {"callback_query_id": "99"}
        server.reply(refused("Bad Request: query is too old and response timeout expired"))
        with caplog.at_level(logging.WARNING):
            await bot.on_webhook({"update_id": 2, "callback_query": {"id": "98"}})
        assert "a tap was not answered" in caplog.text
        await bot.on_webhook({"update_id": 3, "message": MESSAGE})
        assert len(server.requests) == 2

    async def test_any_method(self, server: ScriptedServer, bot: TelegramBotProvider) -> None:
        server.reply(done({"id": 123456, "is_bot": True, "username": "shop_bot"}))
        assert (await bot.call("getMe", {}))["username"] == "shop_bot"


class TestFiles:
    async def test_a_file(self, server: ScriptedServer, bot: TelegramBotProvider) -> None:
        server.reply(done({"file_id": "AgAC", "file_path": "voice/file 1.oga"}))
        server.reply(Reply(headers={"content-type": "audio/ogg"}, body=b"x" * 2_000_000))
        file = await bot.fetch_file("telegram-file:AgAC")
        assert (file.mime_type, len(file.content)) == ("audio/ogg", 2_000_000)
        asked, fetched = server.requests
        assert asked.json() == {"file_id": "AgAC"}
        assert fetched.target == f"/file/bot{TOKEN}/voice/file%201.oga"

    async def test_a_file_that_is_too_large(
        self, server: ScriptedServer, bot: TelegramBotProvider
    ) -> None:
        server.reply(done({"file_id": "AgAC", "file_path": "a"}))
        server.reply(body=b"x" * 1001)
        with pytest.raises(ProviderError) as caught:
            await bot.fetch_file("AgAC", max_bytes=1000)
        assert caught.value.code == "too_large"

    @pytest.mark.parametrize("path", [None, "", "../../etc/passwd", 7, "a/../b"])
    async def test_a_path_that_leads_elsewhere(
        self, server: ScriptedServer, bot: TelegramBotProvider, path: Any
    ) -> None:
        server.reply(done({"file_path": path}))
        if path == 7:
            server.reply(status=404)
        with pytest.raises(ProviderError):
            await bot.fetch_file("AgAC")

    async def test_a_file_that_is_gone(
        self, server: ScriptedServer, bot: TelegramBotProvider, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        server.reply(done({"file_path": "a"}))
        server.drop()
        with pytest.raises(ProviderError) as caught:
            await bot.fetch_file("AgAC")
        assert "s3cret" not in f"{caught.value!r} {caplog.text}"


class TestVerifying:
    def test_the_secret_comes_along(self, bot: TelegramBotProvider) -> None:
        header = "x-telegram-bot-api-secret-token"
        for value, genuine in (
            ("hook-s3cret", True),
            ("hook-s3creT", False),
            ("", False),
            ("é", False),
            ("\ud800", False),
        ):
            request = WebhookRequest(url="https://example.com/", headers={header: value})
            assert bot.verify_webhook(request) is genuine
        assert bot.verifies_webhooks

    def test_without_a_secret_nothing_is_genuine(self) -> None:
        bot = TelegramBotProvider(TelegramConfig(bot_token=TOKEN))
        assert not bot.verifies_webhooks
        header = {"x-telegram-bot-api-secret-token": "anything"}
        request = WebhookRequest(url="https://example.com/", headers=header)
        assert bot.verify_webhook(request) is False
        with pytest.raises(ValueError, match="secret_token"):
            bot.verify_signature("anything")

    @pytest.mark.parametrize("junk", [None, 7, b"hook-s3cret", ["hook-s3cret"]])
    def test_what_is_no_text_is_not_genuine(self, junk: Any) -> None:
        bot = TelegramBotProvider(TelegramConfig(bot_token=TOKEN, secret_token="hook-s3cret"))
        assert bot.verify_signature(junk) is False

    @pytest.mark.parametrize("secret", ["", "with space", "é", "x" * 257, "a.b"])
    def test_a_secret_that_telegram_would_refuse(self, secret: str) -> None:
        with pytest.raises(ValueError, match="secret_token"):
            TelegramConfig(bot_token=TOKEN, secret_token=secret)

    def test_the_configuration_keeps_its_secrets(self) -> None:
        config = TelegramConfig(bot_token=TOKEN, secret_token="hook-s3cret", username="@shop_bot")
        assert (
            "s3cret"
            not in f"{config!r} {config.model_dump()} {json.dumps(config.model_dump(mode='json'))}"
        )
        assert (config.bot_id, config.username) == ("123456", "shop_bot")
