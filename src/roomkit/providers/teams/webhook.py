"""Reading the activities that Teams posts to a bot.

https://learn.microsoft.com/en-us/microsoftteams/platform/bots/how-to/conversations/conversation-messages
and https://learn.microsoft.com/en-us/microsoftteams/platform/bots/how-to/conversations/subscribe-to-conversation-events
show them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from roomkit.errors import WebhookError
from roomkit.models._frozen import EMPTY_DICT
from roomkit.models.content import DeleteContent, EditContent, EventContent, TextContent
from roomkit.models.delivery import InboundMessage, WebhookMeta
from roomkit.models.enums import EventType
from roomkit.providers._chat_items import chat_message, kept, message_meta, notice_meta, reaction
from roomkit.providers._webhook_items import mapping, mappings, text
from roomkit.providers.teams.activity import TeamsActivity, message_id, read_activity
from roomkit.providers.teams.received import content_in, mentions_bot, words_of

VENDOR = "teams"

# https://learn.microsoft.com/en-us/microsoftteams/platform/bots/how-to/conversations/subscribe-to-conversation-events#message-reaction-events
_EMOJIS: Mapping[str, str] = {
    "like": "👍",
    "heart": "❤️",
    "laugh": "😆",
    "surprised": "😮",
    "sad": "😢",
    "angry": "😠",
}


class TeamsMessages(list[InboundMessage]):
    """The messages in an activity, at most one.

    Attributes:
        activity: the activity itself.
    """

    def __init__(self, messages: Sequence[InboundMessage], activity: Mapping[str, Any]) -> None:
        super().__init__(messages)
        self.activity = activity


type ActivityLike = TeamsMessages | TeamsActivity | Mapping[str, Any]


def parse_teams_webhook(payload: Mapping[str, Any], channel_id: str = "teams") -> TeamsMessages:
    """The message in an activity, if it is one. Never raises.

    A message's id is ``conversation|activity``, for an activity's id means nothing without its
    conversation. Its sender is the person, and ``metadata["teams_conversation_id"]`` is where
    answers go. The metadata also holds, where they are known, ``conversation_type``,
    ``display_name``, ``aad_object_id``, ``tenant_id``, ``team_id``, ``teams_channel_id``,
    ``locale``, ``reply_to_message_id`` and, outside of personal chats, ``bot_mentioned``. The
    mention of the bot is cut out of the text.

    An edit or a delete has the message's id as its target. A button of a card is a text, its
    label, with ``postback_data``. A reaction is an event of the type ``reaction``, with
    ``target_message_id``, ``reactions_added`` and ``reactions_removed``.

    Args:
        payload: the decoded body of a webhook.
    """
    metas = _read(read_activity(payload))
    messages = [meta.to_inbound(channel_id) for meta in metas if meta.message is not None]
    return TeamsMessages(messages, mapping(payload))


def parse_teams_activity(activity: ActivityLike) -> TeamsActivity:
    """The facts of an activity of any type. Never raises.

    Args:
        activity: the decoded body of a webhook, or what `parse_teams_webhook` made of it.
    """
    if isinstance(activity, TeamsActivity):
        return activity
    return read_activity(activity.activity if isinstance(activity, TeamsMessages) else activity)


def is_bot_added(activity: ActivityLike) -> bool:
    """Whether the bot was just added to a team, a group chat or a personal chat: time to say
    hello.

    True for the ``conversationUpdate`` that names it as a new member, and not for the
    ``installationUpdate`` that comes along with it.
    """
    return parse_teams_activity(activity).is_bot_added


def read_teams_webhook(payload: Mapping[str, Any]) -> list[WebhookMeta]:
    """An activity in normal form.

    A message has all that is known in its metadata, and no ``raw``: to copy the activity would be
    half of the cost. What is not a message has no more than its type as ``event_type``, the
    ``sender``, the conversation as ``recipient``, and the activity as ``raw``.

    Raises:
        WebhookError: this is no activity.
    """
    activity = read_activity(payload)
    if not activity.type:
        raise WebhookError("this is not an activity: it has no type")
    return _read(activity)


def _read(activity: TeamsActivity) -> list[WebhookMeta]:
    reader = _READERS.get(activity.type)
    known = bool(activity.conversation_id and activity.sender_id)
    # What the bot has said itself comes back in some conversations.
    own = activity.sender_id == activity.bot_id
    message = reader(activity) if reader is not None and known and not own else None
    where = activity.conversation_id
    if message is not None:
        return [message_meta(VENDOR, message, recipient=where, raw=EMPTY_DICT)]
    kind = activity.type if reader is None and activity.type != "inbound" else "unknown"
    return [
        notice_meta(VENDOR, kind, sender=activity.sender_id, recipient=where, raw=activity.raw)
    ]


def _message(activity: TeamsActivity) -> InboundMessage | None:
    if not activity.activity_id:
        return None
    content = _content(activity)
    value = kept(activity.raw.get("value"))
    if content is None:
        if value in (None, "", {}, []):
            return None
        content = TextContent(body=_label(value))
    return chat_message(
        sender=activity.sender_id,
        content=content,
        message_id=message_id(activity.conversation_id, activity.activity_id),
        metadata={**_facts(activity), "postback_data": _postback(value)},
    )


def _content(activity: TeamsActivity) -> EventContent | None:
    return content_in(activity.raw, words_of(activity.raw, activity.bot_id))


def _postback(value: Any) -> Any:
    """What a button sends back: our own buttons have nothing but a ``payload``."""
    if isinstance(value, Mapping) and value.keys() == {"payload"}:
        return value["payload"]
    return value


def _label(value: Any) -> str:
    """What to show for a form that was filled in without a word."""
    given = value if isinstance(value, str) else ""
    words = [text(part) for part in mapping(value).values()]
    return given or " ".join(filter(None, words)) or "[Form]"


def _edited(activity: TeamsActivity) -> InboundMessage | None:
    content = _content(activity)
    if content is None or not activity.activity_id:
        return None
    target = message_id(activity.conversation_id, activity.activity_id)
    moment = text(activity.raw.get("timestamp")) or text(activity.raw.get("localTimestamp"))
    return chat_message(
        sender=activity.sender_id,
        content=EditContent(target_event_id=target, new_content=content, edit_source="sender"),
        message_id=target,
        key=f"{target}:edit:{moment}",
        metadata={**_facts(activity), "target_message_id": target},
    )


def _deleted(activity: TeamsActivity) -> InboundMessage | None:
    if not activity.activity_id:
        return None
    target = message_id(activity.conversation_id, activity.activity_id)
    return chat_message(
        sender=activity.sender_id,
        content=DeleteContent(target_event_id=target, delete_type="sender"),
        message_id=target,
        key=f"{target}:delete",
        event_type=EventType.DELETE,
        metadata={**_facts(activity), "target_message_id": target},
    )


def _reacted(activity: TeamsActivity) -> InboundMessage | None:
    if not activity.reply_to_id or not activity.activity_id:
        return None
    return reaction(
        sender=activity.sender_id,
        target=message_id(activity.conversation_id, activity.reply_to_id),
        key=message_id(activity.conversation_id, activity.activity_id),
        added=_emojis(activity.raw.get("reactionsAdded")),
        removed=_emojis(activity.raw.get("reactionsRemoved")),
        metadata=_facts(activity),
    )


def _emojis(reactions: Any) -> list[str]:
    found = [text(one.get("type")) for one in mappings(reactions)]
    return [_EMOJIS.get(one, one) for one in found if one]


def _facts(activity: TeamsActivity) -> dict[str, Any]:
    """What goes into the metadata of every message."""
    raw, where = activity.raw, activity.conversation_id
    role = mapping(raw.get("from")).get("role")
    program = role == "bot" or activity.sender_id.startswith("28:")
    return {
        "teams_conversation_id": where,
        "conversation_type": activity.conversation_type,
        "display_name": activity.sender_name,
        "aad_object_id": activity.aad_object_id,
        "tenant_id": activity.tenant_id,
        "team_id": activity.team_id,
        "teams_channel_id": activity.channel_id,
        "locale": text(raw.get("locale")),
        "reply_to_message_id": (
            message_id(where, activity.reply_to_id) if activity.reply_to_id else ""
        ),
        "bot_mentioned": mentions_bot(raw, activity.bot_id) if activity.is_group else None,
        # Two programs that answer each other do not stop.
        "no_reply": program or None,
    }


_READERS: Mapping[str, Callable[[TeamsActivity], InboundMessage | None]] = {
    "message": _message,
    "messageUpdate": _edited,
    "messageDelete": _deleted,
    "messageReaction": _reacted,
}
