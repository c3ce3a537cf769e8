"""Reading what Telegram posts to a bot: https://core.telegram.org/bots/api#update"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from roomkit.errors import WebhookError
from roomkit.models._frozen import EMPTY_DICT
from roomkit.models.content import EditContent, TextContent
from roomkit.models.delivery import InboundMessage, WebhookMeta
from roomkit.providers._chat_items import chat_message, message_meta, notice_meta, reaction
from roomkit.providers._webhook_items import mapping, mappings, text
from roomkit.providers.telegram._api import VENDOR
from roomkit.providers.telegram.ids import ChatAddress, message_id
from roomkit.providers.telegram.mentions import BotName
from roomkit.providers.telegram.received import read_content

logger = logging.getLogger("roomkit.providers")

# What a webhook has to ask for, since Telegram leaves some of it out otherwise.
UPDATE_TYPES = (
    "message",
    "edited_message",
    "channel_post",
    "edited_channel_post",
    "callback_query",
    "message_reaction",
    "my_chat_member",
)

_NOBODY = BotName()
_GROUPS = frozenset({"group", "supergroup"})
# How a bot's place in a chat has changed: https://core.telegram.org/bots/api#chatmember
_OUTSIDE = frozenset({"kicked", "left"})


def parse_telegram_webhook(
    data: Mapping[str, Any] | list[Any], channel_id: str, *, bot: BotName = _NOBODY
) -> list[InboundMessage]:
    """The messages in an update, or in a list of updates. Never raises.

    A message's id is ``chat:message``, for Telegram counts messages within each chat. Its sender
    is the person, and ``metadata["telegram_chat_id"]`` is where answers go: the chat, or
    ``chat/topic`` in a group with topics. The metadata also holds, where they are known,
    ``chat_type``, ``chat_title``, ``display_name``, ``username``, ``language_code``,
    ``bot_mentioned``, ``reply_to_message_id``, ``media_group_id``, ``forwarded``, ``contact``, and
    ``files``, whose ``file_id`` is for `TelegramBotProvider.fetch_file`; the URL of such a file's
    content is ``telegram-file:<file_id>``, since the real one would hold the bot's token.

    An edit has the message's id as the target of its `EditContent`. A tap on a button is a text,
    the button's label, with ``postback_data`` and ``callback_query_id``. A reaction is an event of
    the type ``reaction``, with ``target_message_id``, ``reactions_added`` and
    ``reactions_removed``.

    Args:
        data: the decoded body of a webhook, or the result of ``getUpdates``.
        bot: what the bot is called, to notice that a group's message is meant for it.
    """
    metas = [
        meta
        for update in _updates(data)
        for meta in _read(update, bot)
        if meta.message is not None
    ]
    return [meta.to_inbound(channel_id) for meta in metas]


def read_telegram_webhook(
    data: Mapping[str, Any] | list[Any], *, bot: BotName = _NOBODY
) -> list[WebhookMeta]:
    """Updates in normal form.

    A message has all that is known in its metadata, and no ``raw``: to copy the update would be
    half of the cost. What is not a message has no more than an ``event_type``, the ``sender``, the
    chat as ``recipient``, and the update as ``raw``: ``bot_blocked`` and ``bot_unblocked`` by a
    person, ``bot_added`` to a group or channel and ``bot_removed`` from it, ``chat_migrated`` (a
    group, the ``sender``, has got another id), or ``unknown``.

    Raises:
        WebhookError: this is neither an update nor a list of updates.
    """
    updates = _updates(data)
    if not updates and data != []:
        raise WebhookError("this is not an update of Telegram's: it has no update_id")
    return [meta for update in updates for meta in _read(update, bot)]


def _updates(data: Any) -> list[Mapping[str, Any]]:
    return [update for update in mappings(data) if text(update.get("update_id"))]


def _read(update: Mapping[str, Any], bot: BotName) -> list[WebhookMeta]:
    for kind, reader in _READERS.items():
        if kind in update:
            meta = reader(mapping(update[kind]), update, bot)
            return [meta or _unknown(update, kind)]
    return [_unknown(update, "")]


def _unknown(update: Mapping[str, Any], kind: str) -> WebhookMeta:
    if kind in UPDATE_TYPES:
        logger.info("an update of Telegram's holds nothing that is known here: %s", kind)
    return notice_meta(VENDOR, "unknown", raw=update)


def _message(
    message: Mapping[str, Any], update: Mapping[str, Any], bot: BotName
) -> WebhookMeta | None:
    moved = text(message.get("migrate_to_chat_id"))
    if moved:
        chat = text(mapping(message.get("chat")).get("id"))
        return notice_meta(VENDOR, "chat_migrated", sender=chat, recipient=moved, raw=update)
    received = read_content(message)
    where = _Place.of(message)
    if received is None or where is None:
        return None
    known = chat_message(
        sender=where.sender,
        content=received.content,
        message_id=where.message,
        metadata={**where.facts(message, bot), **received.metadata},
    )
    return message_meta(VENDOR, known, recipient=where.chat, raw=EMPTY_DICT)


def _edited(
    message: Mapping[str, Any], update: Mapping[str, Any], bot: BotName
) -> WebhookMeta | None:
    received = read_content(message)
    where = _Place.of(message)
    if received is None or where is None:
        return None
    known = chat_message(
        sender=where.sender,
        content=EditContent(
            target_event_id=where.message, new_content=received.content, edit_source="sender"
        ),
        message_id=where.message,
        # One message may be edited twice within the second that `edit_date` tells.
        key=f"{where.message}:edit:{text(update.get('update_id'))}",
        metadata={
            **where.facts(message, bot),
            **received.metadata,
            "target_message_id": where.message,
        },
    )
    return message_meta(VENDOR, known, recipient=where.chat, raw=EMPTY_DICT)


def _tapped(
    query: Mapping[str, Any], update: Mapping[str, Any], bot: BotName
) -> WebhookMeta | None:
    """A button of an inline keyboard: https://core.telegram.org/bots/api#callbackquery"""
    message, user = mapping(query.get("message")), mapping(query.get("from"))
    where = _Place.of({**message, "from": user, "sender_chat": None})
    data, query_id = text(query.get("data")), text(query.get("id"))
    if where is None or not data or not query_id:
        return None
    known = chat_message(
        sender=where.sender,
        content=TextContent(body=_label_of(message, data) or data),
        message_id=f"callback:{query_id}",
        metadata={
            **where.facts({**_spot(message), "from": user}, bot),
            "postback_data": data,
            "callback_query_id": query_id,
            "target_message_id": where.message,
        },
    )
    return message_meta(VENDOR, known, recipient=where.chat, raw=EMPTY_DICT)


def _spot(message: Mapping[str, Any]) -> dict[str, Any]:
    """Where a message stands, without what it says."""
    return {name: message.get(name) for name in ("chat", "message_thread_id", "is_topic_message")}


def _label_of(message: Mapping[str, Any], data: str) -> str:
    rows = mapping(message.get("reply_markup")).get("inline_keyboard")
    for row in rows if isinstance(rows, list) else []:
        for button in mappings(row):
            if button.get("callback_data") == data:
                return text(button.get("text"))
    return ""


def _reacted(
    change: Mapping[str, Any], update: Mapping[str, Any], bot: BotName
) -> WebhookMeta | None:
    """https://core.telegram.org/bots/api#messagereactionupdated"""
    where = _Place.of(
        {**change, "from": change.get("user"), "sender_chat": change.get("actor_chat")}
    )
    if where is None:
        return None
    old, new = _emojis(change.get("old_reaction")), _emojis(change.get("new_reaction"))
    known = reaction(
        sender=where.sender,
        target=where.message,
        key=f"{where.message}:reaction:{text(update.get('update_id'))}",
        added=[one for one in new if one not in old],
        removed=[one for one in old if one not in new],
        metadata=where.facts({**_spot(change), "from": change.get("user")}, bot),
    )
    return (
        None
        if known is None
        else message_meta(VENDOR, known, recipient=where.chat, raw=EMPTY_DICT)
    )


def _emojis(reactions: Any) -> list[str]:
    found = [
        text(one.get("emoji")) or text(one.get("custom_emoji_id")) for one in mappings(reactions)
    ]
    return [one for one in found if one]


def _moved(change: Mapping[str, Any], update: Mapping[str, Any], bot: BotName) -> WebhookMeta:
    """The bot's own place in a chat: https://core.telegram.org/bots/api#chatmemberupdated"""
    chat = mapping(change.get("chat"))
    private = chat.get("type") == "private"
    status = text(mapping(change.get("new_chat_member")).get("status"))
    gone = status in _OUTSIDE
    if not status:
        kind = "unknown"
    elif private:
        kind = "bot_blocked" if gone else "bot_unblocked"
    else:
        kind = "bot_removed" if gone else "bot_added"
    return notice_meta(
        VENDOR,
        kind,
        sender=text(mapping(change.get("from")).get("id")),
        recipient=text(chat.get("id")),
        raw=update,
    )


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a message stands, and who wrote it."""

    chat: str
    chat_type: str
    message: str
    sender: str

    @classmethod
    def of(cls, message: Mapping[str, Any]) -> _Place | None:
        """None if it is not said which message in which chat this is, or by whom.

        Channels, and those who write in a group under its name, have no sender but a chat.
        """
        chat = mapping(message.get("chat"))
        chat_id, number = text(chat.get("id")), text(message.get("message_id"))
        speaker = mapping(message.get("sender_chat")) or mapping(message.get("from")) or chat
        sender = text(speaker.get("id"))
        if not chat_id or not number or not sender:
            return None
        return cls(chat_id, text(chat.get("type")), message_id(chat_id, number), sender)

    def facts(self, message: Mapping[str, Any], bot: BotName) -> dict[str, Any]:
        """What goes into the metadata of every message."""
        chat, user = mapping(message.get("chat")), mapping(message.get("from"))
        speaker = mapping(message.get("sender_chat")) or user or chat
        names = [text(speaker.get("first_name")), text(speaker.get("last_name"))]
        answered = mapping(message.get("reply_to_message"))
        number = text(answered.get("message_id"))
        topic = text(message.get("message_thread_id"))
        in_topic = message.get("is_topic_message") is True and topic
        program = user.get("is_bot") is True and not message.get("sender_chat")
        return {
            "telegram_chat_id": str(ChatAddress(self.chat, topic if in_topic else None)),
            "chat_type": self.chat_type,
            "chat_title": text(chat.get("title")),
            "display_name": " ".join(filter(None, names)) or text(speaker.get("title")),
            "username": text(speaker.get("username")),
            "language_code": text(user.get("language_code")),
            "bot_mentioned": (bot.is_mentioned_in(message) if self.chat_type in _GROUPS else None),
            "reply_to_message_id": message_id(self.chat, number) if number else "",
            "media_group_id": text(message.get("media_group_id")),
            "forwarded": ("forward_origin" in message or "forward_date" in message) or None,
            # Two programs that answer each other do not stop.
            "no_reply": program or None,
        }


type _Reader = Callable[[Mapping[str, Any], Mapping[str, Any], BotName], WebhookMeta | None]

_READERS: Mapping[str, _Reader] = {
    "message": _message,
    "channel_post": _message,
    "edited_message": _edited,
    "edited_channel_post": _edited,
    "callback_query": _tapped,
    "message_reaction": _reacted,
    "my_chat_member": _moved,
}
