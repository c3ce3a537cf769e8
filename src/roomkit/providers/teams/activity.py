"""What an activity says about itself, whatever its type.

https://learn.microsoft.com/en-us/azure/bot-service/rest-api/bot-framework-rest-connector-api-reference#activity-object
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from roomkit.providers._webhook_items import mapping, mappings, text
from roomkit.providers.teams.references import ConversationReference

_MOST_MEMBERS = 1000


@dataclass(frozen=True, kw_only=True, slots=True)
class TeamsActivity:
    """An activity's facts; what it does not say is "" or empty.

    Attributes:
        type: ``message``, ``messageUpdate``, ``messageReaction``, ``conversationUpdate``,
            ``installationUpdate``, ``typing``, ``invoke`` …
        event_type: Teams' word for what happened, such as ``teamMemberAdded`` or ``editMessage``.
        action: of an ``installationUpdate``: ``add``, ``remove``, ``add-upgrade`` …
        name: of an ``invoke`` or an ``event``.
        activity_id: its own id; `reply_to_id` that of the one it is about.
        conversation_type: ``personal``, ``groupChat`` or ``channel``.
        members_added: ids of people and bots; `members_removed` likewise.
        raw: the activity itself.
    """

    type: str
    event_type: str
    action: str
    name: str
    activity_id: str
    reply_to_id: str
    service_url: str
    conversation_id: str
    conversation_type: str
    tenant_id: str
    team_id: str
    channel_id: str
    sender_id: str
    sender_name: str
    aad_object_id: str
    bot_id: str
    members_added: tuple[str, ...]
    members_removed: tuple[str, ...]
    raw: Mapping[str, Any]

    @property
    def is_group(self) -> bool:
        """Whether others take part besides one person and the bot."""
        told = self.conversation_type or "personal"
        return told != "personal" or mapping(self.raw.get("conversation")).get("isGroup") is True

    @property
    def is_bot_added(self) -> bool:
        """Whether the bot has just become a member of the conversation."""
        return self.type == "conversationUpdate" and self.bot_id in self.members_added

    @property
    def is_bot_removed(self) -> bool:
        """Whether the bot is not a member any more, or was uninstalled."""
        left = self.type == "conversationUpdate" and self.bot_id in self.members_removed
        return left or (self.type == "installationUpdate" and self.action == "remove")

    def reference(self) -> ConversationReference | None:
        """What has to be known to write there; None if the activity does not say where it is."""
        if not self.conversation_id or not self.service_url:
            return None
        return ConversationReference(
            conversation_id=self.conversation_id,
            service_url=self.service_url,
            conversation_type=self.conversation_type or None,
            tenant_id=self.tenant_id or None,
            team_id=self.team_id or None,
            channel_id=self.channel_id or None,
            bot_id=self.bot_id or None,
            user_id=(self.sender_id or None) if not self.is_group else None,
        )


def read_activity(payload: Any) -> TeamsActivity:
    """The facts of an activity. Never raises: what makes no sense counts as missing."""
    activity = mapping(payload)
    conversation, data = (
        mapping(activity.get("conversation")),
        mapping(activity.get("channelData")),
    )
    sender = mapping(activity.get("from"))
    tenant = text(conversation.get("tenantId")) or text(mapping(data.get("tenant")).get("id"))
    return TeamsActivity(
        type=text(activity.get("type")),
        event_type=text(data.get("eventType")),
        action=text(activity.get("action")).lower(),
        name=text(activity.get("name")),
        activity_id=text(activity.get("id")),
        reply_to_id=text(activity.get("replyToId")),
        service_url=text(activity.get("serviceUrl")),
        conversation_id=text(conversation.get("id")),
        conversation_type=text(conversation.get("conversationType")),
        tenant_id=tenant,
        team_id=text(mapping(data.get("team")).get("id")),
        channel_id=text(mapping(data.get("channel")).get("id")),
        sender_id=text(sender.get("id")),
        sender_name=text(sender.get("name")),
        aad_object_id=text(sender.get("aadObjectId")),
        bot_id=text(mapping(activity.get("recipient")).get("id")),
        members_added=_ids(activity.get("membersAdded")),
        members_removed=_ids(activity.get("membersRemoved")),
        raw=activity,
    )


def _ids(members: Any) -> tuple[str, ...]:
    found = [text(member.get("id")) for member in mappings(members)[:_MOST_MEMBERS]]
    return tuple(one for one in found if one)


# Activities are counted within their conversation, whose id may hold anything but this.
_BETWEEN = "|"


def message_id(conversation: str, activity: str) -> str:
    """The id of a message among all that a bot ever sees."""
    return f"{conversation}{_BETWEEN}{activity}"


def activity_in(message: str, conversation: str) -> str | None:
    """The id of a message within `conversation`; None if it is not one of that's."""
    owner, _, activity = message.partition(_BETWEEN)
    return activity if owner == conversation and activity else None
