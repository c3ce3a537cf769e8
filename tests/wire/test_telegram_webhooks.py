"""Telegram calls: updates as its documentation describes them."""

from __future__ import annotations

from typing import Any

import pytest

from roomkit.errors import WebhookError
from roomkit.models.content import (
    AudioContent,
    CompositeContent,
    EditContent,
    LocationContent,
    MediaContent,
    SystemContent,
    TextContent,
    VideoContent,
)
from roomkit.models.delivery import InboundMessage
from roomkit.models.enums import EventType
from roomkit.providers.telegram import (
    BotName,
    TelegramBotProvider,
    TelegramConfig,
    parse_telegram_webhook,
    read_telegram_webhook,
)

# https://core.telegram.org/bots/webhooks#testing-your-bot-with-updates and
# https://core.telegram.org/bots/api#message
ADA: dict[str, Any] = {
    "id": 1111111,
    "is_bot": False,
    "first_name": "Ada",
    "last_name": "Lovelace",
    "username": "ada",
    "language_code": "en",
}
PRIVATE: dict[str, Any] = {
    "id": 1111111,
    "type": "private",
    "first_name": "Ada",
    "last_name": "Lovelace",
    "username": "ada",
}
GROUP: dict[str, Any] = {"id": -1001234, "type": "supergroup", "title": "Bicycles"}
NEWS: dict[str, Any] = {"id": -1009876, "type": "channel", "title": "News", "username": "news"}
UPDATE: dict[str, Any] = {
    "update_id": 10000,
    "message": {
        "date": 1441645532,
        "chat": PRIVATE,
        "message_id": 1365,
        "from": ADA,
        "text": "/start",
        "entities": [{"offset": 0, "length": 6, "type": "bot_command"}],
    },
}
CALLBACK: dict[str, Any] = {
    "update_id": 10001,
    "callback_query": {
        "id": "4382bfdwdsb323b2d9",
        "from": ADA,
        "message": {
            "message_id": 1366,
            "from": {"id": 42, "is_bot": True, "first_name": "Shop", "username": "shop_bot"},
            "chat": PRIVATE,
            "date": 1441645533,
            "text": "Pick one",
            "reply_markup": {"inline_keyboard": [[{"text": "Yes, please", "callback_data": "y"}]]},
        },
        "chat_instance": "42a",
        "data": "y",
    },
}
REACTION: dict[str, Any] = {
    "update_id": 10002,
    "message_reaction": {
        "chat": GROUP,
        "message_id": 31,
        "user": ADA,
        "date": 1703945000,
        "old_reaction": [{"type": "emoji", "emoji": "👎"}],
        "new_reaction": [{"type": "emoji", "emoji": "👍"}],
    },
}
BLOCKED: dict[str, Any] = {
    "update_id": 10003,
    "my_chat_member": {
        "chat": PRIVATE,
        "from": ADA,
        "date": 1703945001,
        "old_chat_member": {"user": {"id": 42, "is_bot": True}, "status": "member"},
        "new_chat_member": {"user": {"id": 42, "is_bot": True}, "status": "kicked"},
    },
}


def update(*, chat: dict[str, Any] = PRIVATE, **details: Any) -> dict[str, Any]:
    """An update with one message in it."""
    message = {"message_id": 7, "date": 1441645532, "chat": chat, "from": ADA, **details}
    return {"update_id": 10009, "message": message}


def parsed(payload: Any, **bot: Any) -> InboundMessage:
    (message,) = parse_telegram_webhook(payload, "telegram", bot=BotName(**bot))
    return message


class TestMessages:
    def test_a_text(self) -> None:
        message = parsed(UPDATE)
        assert (message.channel_id, message.sender_id) == ("telegram", "1111111")
        assert message.content == TextContent(body="/start")
        assert message.provider_message_id == message.idempotency_key == "1111111:1365"
        assert message.metadata == {
            "telegram_chat_id": "1111111",
            "chat_type": "private",
            "display_name": "Ada Lovelace",
            "username": "ada",
            "language_code": "en",
        }

    def test_the_same_number_in_another_chat_is_another_message(self) -> None:
        keys = {
            parsed(update(chat=chat, text="Hi")).idempotency_key for chat in (PRIVATE, GROUP, NEWS)
        }
        assert len(keys) == 3

    def test_a_group(self) -> None:
        message = parsed(update(chat=GROUP, text="Hi all"))
        assert message.sender_id == "1111111"
        assert message.metadata["telegram_chat_id"] == "-1001234"
        assert message.metadata["chat_title"] == "Bicycles"
        assert message.metadata["bot_mentioned"] is False

    def test_a_topic_is_a_conversation_of_its_own(self) -> None:
        forum = {**GROUP, "is_forum": True}
        topic = update(chat=forum, text="Hi", message_thread_id=9, is_topic_message=True)
        assert parsed(topic).metadata["telegram_chat_id"] == "-1001234/9"
        thread = update(chat=GROUP, text="Hi", message_thread_id=9)
        assert parsed(thread).metadata["telegram_chat_id"] == "-1001234"

    def test_a_post_in_a_channel(self) -> None:
        post = {"message_id": 3, "date": 1, "chat": NEWS, "sender_chat": NEWS, "text": "News!"}
        message = parsed({"update_id": 1, "channel_post": post})
        assert message.sender_id == "-1009876"
        assert message.metadata["display_name"] == "News"
        del post["sender_chat"]
        assert parsed({"update_id": 1, "channel_post": post}).sender_id == "-1009876"

    def test_somebody_who_writes_under_the_name_of_the_group(self) -> None:
        anonymous = {"id": 1087968824, "is_bot": True, "first_name": "Group"}
        details = {"from": anonymous, "sender_chat": GROUP, "text": "Hi"}
        message = parsed(update(chat=GROUP, **details))
        assert message.sender_id == "-1001234"
        assert "no_reply" not in message.metadata

    def test_other_bots_get_no_answer(self) -> None:
        robot = {"id": 5, "is_bot": True, "first_name": "Robot"}
        assert parsed(update(chat=GROUP, **{"from": robot}, text="Hi")).metadata["no_reply"]

    def test_an_answer_and_a_forward(self) -> None:
        answer = update(text="Yes", reply_to_message={"message_id": 6, "chat": PRIVATE})
        assert parsed(answer).metadata["reply_to_message_id"] == "1111111:6"
        origin = {"type": "hidden_user", "sender_user_name": "Bob", "date": 1}
        assert parsed(update(text="Look", forward_origin=origin)).metadata["forwarded"] is True

    def test_several_updates_at_once(self) -> None:
        messages = parse_telegram_webhook([UPDATE, None, CALLBACK, "x", BLOCKED], "telegram")
        assert [message.provider_message_id for message in messages] == [
            "1111111:1365",
            "callback:4382bfdwdsb323b2d9",
        ]


class TestFiles:
    def test_the_largest_size_of_a_photo(self) -> None:
        sizes: list[Any] = [
            {"file_id": "small", "file_unique_id": "s", "width": 90, "height": 60, "file_size": 1},
            {"file_id": "large", "file_unique_id": "l", "width": 900, "height": 600},
            None,
            {"file_id": "odd", "width": "wide", "height": []},
        ]
        message = parsed(update(photo=sizes, caption="Look", media_group_id="m-1"))
        picture = MediaContent(url="telegram-file:large", mime_type="image/jpeg")
        assert message.content == CompositeContent(parts=[TextContent(body="Look"), picture])
        assert message.metadata["files"] == [
            {
                "kind": "photo",
                "file_id": "large",
                "file_unique_id": "l",
                "mime_type": "image/jpeg",
            }
        ]
        assert message.metadata["media_group_id"] == "m-1"

    def test_a_voice_note(self) -> None:
        voice = {"duration": 5, "mime_type": "audio/ogg", "file_id": "AwAC", "file_size": 23000}
        message = parsed(update(voice=voice))
        assert message.content == AudioContent(
            url="telegram-file:AwAC", mime_type="audio/ogg", duration_seconds=5
        )
        assert message.metadata["files"][0]["file_id"] == "AwAC"
        assert message.metadata["files"][0]["size_bytes"] == 23000

    @pytest.mark.parametrize(
        ("kind", "details", "content"),
        [
            (
                "document",
                {"file_id": "a", "file_name": "bill.pdf", "file_size": 9},
                MediaContent(
                    url="telegram-file:a",
                    mime_type="application/pdf",
                    filename="bill.pdf",
                    size_bytes=9,
                ),
            ),
            (
                "audio",
                {"file_id": "a", "duration": 243, "mime_type": "audio/mpeg"},
                AudioContent(url="telegram-file:a", mime_type="audio/mpeg", duration_seconds=243),
            ),
            (
                "video",
                {"file_id": "a", "duration": 3, "mime_type": "video/mp4"},
                VideoContent(url="telegram-file:a", mime_type="video/mp4", duration_seconds=3),
            ),
            (
                "video_note",
                {"file_id": "a", "length": 240, "duration": 3},
                VideoContent(url="telegram-file:a", mime_type="video/mp4", duration_seconds=3),
            ),
            (
                "sticker",
                {"file_id": "a", "emoji": "🎉", "is_animated": False, "is_video": False},
                MediaContent(url="telegram-file:a", mime_type="image/webp", caption="🎉"),
            ),
            (
                "sticker",
                {"file_id": "a", "is_animated": False, "is_video": True},
                VideoContent(url="telegram-file:a", mime_type="video/webm"),
            ),
            (
                "sticker",
                {"file_id": "a", "is_animated": True},
                MediaContent(url="telegram-file:a", mime_type="application/x-tgsticker"),
            ),
        ],
    )
    def test_every_kind(self, kind: str, details: dict[str, Any], content: Any) -> None:
        assert parsed(update(**{kind: details})).content == content

    def test_an_animation_is_not_a_document(self) -> None:
        details = {"file_id": "a", "mime_type": "video/mp4", "duration": 1}
        both = update(animation=details, document={"file_id": "a", "mime_type": "video/mp4"})
        assert parsed(both).metadata["files"][0]["kind"] == "animation"

    def test_the_token_is_nowhere(self) -> None:
        bot = TelegramBotProvider(TelegramConfig(bot_token="123:s3cret"))
        (meta,) = bot.parse_webhook(update(voice={"file_id": "AwAC"}))
        assert "s3cret" not in meta.model_dump_json()
        assert meta.media_urls == [{"url": "telegram-file:AwAC", "mime_type": "audio/ogg"}]

    def test_a_file_without_an_id(self, caplog: pytest.LogCaptureFixture) -> None:
        assert parse_telegram_webhook(update(voice={"duration": 5}), "telegram") == []
        assert "a file in a Telegram message has no id: voice" in caplog.text
        assert parsed(update(photo=[], caption="Look")).content == TextContent(body="Look")


class TestOtherContent:
    def test_places(self) -> None:
        point: dict[str, Any] = {"latitude": 45.5, "longitude": -73.6}
        assert parsed(update(location=point)).content == LocationContent(**point)
        venue = {"location": point, "title": "Shop", "address": "1 Main St"}
        assert parsed(update(venue=venue, location=point)).content == LocationContent(
            **point, label="Shop", address="1 Main St"
        )

    def test_a_contact(self) -> None:
        contact = {"phone_number": "+15551234567", "first_name": "Bob", "user_id": 5}
        message = parsed(update(contact=contact))
        assert message.content == TextContent(body="Bob +15551234567")
        assert message.metadata["contact"] == {
            "name": "Bob",
            "phone_number": "+15551234567",
            "user_id": "5",
        }

    def test_what_can_be_put_into_words(self) -> None:
        poll = {"question": "When?", "options": [{"text": "Today"}, {"text": "Tomorrow"}]}
        assert parsed(update(poll=poll)).content == TextContent(body="When?\n- Today\n- Tomorrow")
        dice = update(dice={"emoji": "🎲", "value": 4})
        assert parsed(dice).content == TextContent(body="🎲 4")

    def test_notices_are_no_messages(self) -> None:
        notices: list[dict[str, Any]] = [
            {"new_chat_title": "x"},
            {"pinned_message": {}},
            {"left_chat_member": ADA},
        ]
        for notice in notices:
            assert parse_telegram_webhook(update(chat=GROUP, **notice), "telegram") == []


class TestWhatIsMeantForTheBot:
    @pytest.mark.parametrize(
        ("words", "entity"),
        [
            ("@shop_bot hello", {"type": "mention", "offset": 0, "length": 9}),
            ("👋🏽 @Shop_Bot", {"type": "mention", "offset": 5, "length": 9}),
            ("/help@shop_bot", {"type": "bot_command", "offset": 0, "length": 14}),
            (
                "Shop, hello",
                {"type": "text_mention", "offset": 0, "length": 4, "user": {"id": 42}},
            ),
        ],
    )
    def test_a_mention(self, words: str, entity: dict[str, Any]) -> None:
        told = update(chat=GROUP, text=words, entities=[None, entity])
        assert parsed(told, bot_id="42", username="shop_bot").metadata["bot_mentioned"] is True
        shown = update(chat=GROUP, photo=[], caption=words, caption_entities=[entity])
        assert parsed(shown, bot_id="42", username="shop_bot").metadata["bot_mentioned"] is True

    @pytest.mark.parametrize(
        "entity",
        [
            {"type": "mention", "offset": 0, "length": 6},
            {"type": "bot_command", "offset": 7, "length": 5},
            {"type": "mention", "offset": 900, "length": 9},
            {"type": "mention", "offset": "0", "length": 9},
            {"type": "mention", "offset": -5, "length": 9},
            {"type": "text_mention", "offset": 0, "length": 4, "user": {"id": 43}},
            {"type": "bold", "offset": 0, "length": 6},
        ],
    )
    def test_no_mention(self, entity: dict[str, Any]) -> None:
        told = update(chat=GROUP, text="@other /help", entities=[entity])
        assert parsed(told, bot_id="42", username="shop_bot").metadata["bot_mentioned"] is False

    def test_an_answer_to_the_bot(self) -> None:
        answered = {"message_id": 6, "chat": GROUP, "from": {"id": 42, "is_bot": True}}
        told = update(chat=GROUP, text="Yes", reply_to_message=answered)
        assert parsed(told, bot_id="42").metadata["bot_mentioned"] is True

    def test_the_provider_knows_its_name(self) -> None:
        bot = TelegramBotProvider(TelegramConfig(bot_token="42:s3cret", username="shop_bot"))
        told = update(
            chat=GROUP,
            text="@shop_bot",
            entities=[{"type": "mention", "offset": 0, "length": 9}],
        )
        (meta,) = bot.parse_webhook(told)
        assert meta.to_inbound("telegram").metadata["bot_mentioned"] is True


class TestChanges:
    def test_an_edit(self) -> None:
        edited = {**UPDATE["message"], "text": "/stop", "edit_date": 1441645600}
        message = parsed({"update_id": 10010, "edited_message": edited})
        assert message.content == EditContent(
            target_event_id="1111111:1365",
            new_content=TextContent(body="/stop"),
            edit_source="sender",
        )
        assert message.provider_message_id == parsed(UPDATE).provider_message_id
        assert message.idempotency_key == "1111111:1365:edit:10010"

    def test_two_edits_within_a_second(self) -> None:
        edited = {**UPDATE["message"], "edit_date": 1441645600}
        keys = {
            parsed({"update_id": number, "edited_message": edited}).idempotency_key
            for number in (1, 2)
        }
        assert len(keys) == 2

    def test_a_tap_on_a_button(self) -> None:
        message = parsed(CALLBACK)
        assert message.sender_id == "1111111"
        assert message.content == TextContent(body="Yes, please")
        assert message.metadata["postback_data"] == "y"
        assert message.metadata["callback_query_id"] == "4382bfdwdsb323b2d9"
        assert message.metadata["target_message_id"] == "1111111:1366"
        assert message.metadata["telegram_chat_id"] == "1111111"
        assert "no_reply" not in message.metadata

    def test_a_tap_in_a_topic(self) -> None:
        where = {"chat": GROUP, "message_id": 9, "message_thread_id": 4, "is_topic_message": True}
        tap = {"id": "1", "from": ADA, "message": where, "data": "unknown-button"}
        message = parsed({"update_id": 1, "callback_query": tap})
        assert message.content == TextContent(body="unknown-button")
        assert message.metadata["telegram_chat_id"] == "-1001234/4"

    def test_a_reaction(self) -> None:
        message = parsed(REACTION)
        assert message.event_type is EventType.REACTION
        assert message.content == SystemContent(
            body="[Reaction: 👍] [Reaction removed: 👎]", code="reaction"
        )
        assert message.metadata["reactions_added"] == ["👍"]
        assert message.metadata["reactions_removed"] == ["👎"]
        assert message.metadata["target_message_id"] == "-1001234:31"
        assert message.metadata["telegram_chat_id"] == "-1001234"

    @pytest.mark.parametrize(
        ("chat", "status", "kind"),
        [
            (PRIVATE, "kicked", "bot_blocked"),
            (PRIVATE, "member", "bot_unblocked"),
            (GROUP, "member", "bot_added"),
            (GROUP, "administrator", "bot_added"),
            (GROUP, "left", "bot_removed"),
            (NEWS, "kicked", "bot_removed"),
            (GROUP, None, "unknown"),
        ],
    )
    def test_the_bots_own_place(self, chat: dict[str, Any], status: Any, kind: str) -> None:
        change = {**BLOCKED["my_chat_member"], "chat": chat, "new_chat_member": {"status": status}}
        (meta,) = read_telegram_webhook({"update_id": 1, "my_chat_member": change})
        assert (meta.event_type, meta.sender) == (kind, "1111111")
        assert meta.recipient == str(chat["id"])
        assert not (meta.is_inbound or meta.is_status)

    def test_a_group_that_moves(self) -> None:
        old = {"id": -1234, "type": "group", "title": "Bicycles"}
        (meta,) = read_telegram_webhook(update(chat=old, migrate_to_chat_id=-1001234))
        assert (meta.event_type, meta.sender, meta.recipient) == (
            "chat_migrated",
            "-1234",
            "-1001234",
        )


@pytest.mark.parametrize(
    "payload", [None, 7, "x", {}, {"message": {}}, {"update_id": None}, [None], [{"x": 1}]]
)
def test_what_is_none_of_telegrams(payload: Any) -> None:
    with pytest.raises(WebhookError):
        read_telegram_webhook(payload)
    assert parse_telegram_webhook(payload, "telegram") == []


def test_what_is_not_known_is_to_be_ignored() -> None:
    (meta,) = read_telegram_webhook({"update_id": 1, "shipping_query": {"id": "1"}})
    assert not (meta.is_inbound or meta.is_status)
