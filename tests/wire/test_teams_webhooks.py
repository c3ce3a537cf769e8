"""Teams calls: what its activities become."""

from __future__ import annotations

from typing import Any

import pytest

from roomkit.errors import WebhookError
from roomkit.models.content import (
    CompositeContent,
    DeleteContent,
    EditContent,
    MediaContent,
    SystemContent,
    TextContent,
)
from roomkit.models.delivery import InboundMessage
from roomkit.models.enums import EventType
from roomkit.providers.teams import (
    is_bot_added,
    parse_teams_activity,
    parse_teams_webhook,
    read_teams_webhook,
)
from tests.wire.teams_activities import (
    ADA,
    ADDED,
    BOT,
    CHAT,
    FILE,
    INSTALLED,
    MENTION,
    MESSAGE,
    REACTION,
    SERVICE,
    TENANT,
    THREAD,
    having,
)


def parsed(activity: Any) -> InboundMessage:
    (message,) = parse_teams_webhook(activity)
    return message


class TestMessages:
    def test_a_personal_chat(self) -> None:
        message = parsed(MESSAGE)
        assert (message.channel_id, message.sender_id) == ("teams", ADA)
        assert message.content == TextContent(body="Hello Teams TestBot.")
        assert message.provider_message_id == message.idempotency_key == f"{CHAT}|1485983408511"
        assert message.metadata == {
            "teams_conversation_id": CHAT,
            "conversation_type": "personal",
            "display_name": "Megan Bowen",
            "aad_object_id": "7faf8ab2-3d56-4244-b585-20c8a42ed2b8",
            "tenant_id": TENANT,
            "locale": "en-US",
        }

    def test_a_mention_in_a_channel(self) -> None:
        message = parsed(MENTION)
        assert message.content == TextContent(body="ask Pranav Smith about it")
        assert message.metadata["bot_mentioned"] is True
        assert message.metadata["teams_conversation_id"] == THREAD
        assert message.metadata["teams_channel_id"] == THREAD.partition(";")[0]
        assert message.metadata["team_id"] == "19:efa9296d959346209fea44151c742e73@thread.skype"
        assert message.metadata["reply_to_message_id"] == f"{THREAD}|3UP4UTkzUk1zzeyW"

    def test_a_channel_without_a_mention(self) -> None:
        message = parsed(having(MENTION, text="Lunch?", entities=[]))
        assert message.content == TextContent(body="Lunch?")
        assert message.metadata["bot_mentioned"] is False

    def test_a_mention_that_was_typed_is_none(self) -> None:
        message = parsed(having(MENTION, text="<at>Teams TestBot</at> hi", entities=[]))
        assert message.content == TextContent(body="Teams TestBot hi")
        assert message.metadata["bot_mentioned"] is False

    def test_nothing_but_a_mention(self) -> None:
        alone = having(MENTION, text="<at>Teams TestBot</at>")
        assert parse_teams_webhook(alone) == []

    def test_another_channel_id(self) -> None:
        (message,) = parse_teams_webhook(MESSAGE, "teams-2")
        assert message.channel_id == "teams-2"

    def test_the_activity_comes_along(self) -> None:
        assert parse_teams_webhook(MESSAGE).activity is MESSAGE

    def test_the_same_id_in_another_conversation_is_another_message(self) -> None:
        elsewhere = having(MESSAGE, conversation={"id": "19:other@thread.v2"})
        assert parsed(elsewhere).idempotency_key != parsed(MESSAGE).idempotency_key

    def test_what_bots_say(self) -> None:
        own = having(MESSAGE, **{"from": {"id": BOT, "name": "Teams TestBot"}})
        assert parse_teams_webhook(own) == []
        other = having(MESSAGE, **{"from": {"id": "28:other", "name": "Other"}})
        assert parsed(other).metadata["no_reply"] is True


class TestFiles:
    def test_a_file(self) -> None:
        message = parsed(having(MESSAGE, text="My bill", attachments=[FILE]))
        bill = MediaContent(
            url="https://contoso.sharepoint.com/download.aspx?tempauth=x",
            mime_type="application/pdf",
            filename="bill.pdf",
        )
        assert message.content == CompositeContent(parts=[TextContent(body="My bill"), bill])

    def test_a_picture_that_was_pasted(self) -> None:
        url = "https://smba.trafficmanager.net/amer/v3/attachments/0-eus-d1/views/original"
        pasted = {"contentType": "image/*", "contentUrl": url}
        message = parsed(having(MESSAGE, text=None, attachments=[pasted]))
        assert message.content == MediaContent(url=url, mime_type="image/png")

    def test_a_bad_file_does_not_take_the_others_with_it(self) -> None:
        junk: list[Any] = [None, "x", {}, {"contentType": 7}, {"contentType": FILE["contentType"]}]
        junk += [{"contentType": "image/png", "contentUrl": "javascript:x"}]
        message = parsed(having(MESSAGE, text="", attachments=[*junk, FILE]))
        assert isinstance(message.content, MediaContent)

    def test_cards_are_no_files(self) -> None:
        card = {"contentType": "application/vnd.microsoft.card.adaptive", "content": {}}
        message = parsed(having(MESSAGE, attachments=[card]))
        assert message.content == TextContent(body="Hello Teams TestBot.")


class TestButtons:
    def test_one_of_our_own(self) -> None:
        message = parsed(having(MESSAGE, text="Yes", value={"payload": "y"}))
        assert message.content == TextContent(body="Yes")
        assert message.metadata["postback_data"] == "y"

    def test_a_form_on_a_card(self) -> None:
        message = parsed(having(MESSAGE, text=None, attachments=None, value={"when": "Tuesday"}))
        assert message.content == TextContent(body="Tuesday")
        assert message.metadata["postback_data"] == {"when": "Tuesday"}
        empty = parsed(having(MESSAGE, text=None, attachments=None, value={"n": {"x": 1}}))
        assert empty.content == TextContent(body="[Form]")


class TestChanges:
    def test_an_edit(self) -> None:
        edited = having(
            MESSAGE,
            type="messageUpdate",
            text="Goodbye",
            channelData={"eventType": "editMessage", "tenant": {"id": TENANT}},
        )
        message = parsed(edited)
        assert message.content == EditContent(
            target_event_id=f"{CHAT}|1485983408511",
            new_content=TextContent(body="Goodbye"),
            edit_source="sender",
        )
        assert message.idempotency_key != parsed(MESSAGE).idempotency_key
        again = having(edited, timestamp="2017-02-01T21:11:07.437Z")
        assert parsed(again).idempotency_key != message.idempotency_key

    def test_a_delete(self) -> None:
        deleted = having(
            MESSAGE,
            type="messageDelete",
            text=None,
            channelData={"eventType": "softDeleteMessage", "tenant": {"id": TENANT}},
        )
        message = parsed(deleted)
        assert message.event_type is EventType.DELETE
        assert message.content == DeleteContent(
            target_event_id=f"{CHAT}|1485983408511", delete_type="sender"
        )

    def test_a_reaction(self) -> None:
        message = parsed(REACTION)
        where = REACTION["conversation"]["id"]
        assert message.event_type is EventType.REACTION
        assert message.content == SystemContent(body="[Reaction: 👍]", code="reaction")
        assert message.metadata["reactions_added"] == ["👍"]
        assert message.metadata["target_message_id"] == f"{where}|1575667808184"

    def test_a_reaction_that_is_taken_back(self) -> None:
        taken = having(REACTION, reactionsAdded=None, reactionsRemoved=[{"type": "1f60a_smile"}])
        message = parsed(taken)
        assert message.content == SystemContent(
            body="[Reaction removed: 1f60a_smile]", code="reaction"
        )
        assert message.metadata["reactions_removed"] == ["1f60a_smile"]
        assert parse_teams_webhook(having(REACTION, reactionsAdded=[])) == []


class TestLifecycle:
    def test_the_bot_was_added(self) -> None:
        assert is_bot_added(ADDED)
        assert is_bot_added(parse_teams_webhook(ADDED))
        assert is_bot_added(parse_teams_activity(ADDED))
        assert parse_teams_webhook(ADDED) == []

    def test_somebody_else_was_added(self) -> None:
        other = having(ADDED, membersAdded=[{"id": ADA}, None, "x"])
        assert not is_bot_added(other)
        assert parse_teams_activity(other).members_added == (ADA,)

    def test_nothing_of_the_kind(self) -> None:
        for activity in (MESSAGE, REACTION, INSTALLED, {}, having(ADDED, membersAdded=7)):
            assert not is_bot_added(activity)

    def test_the_bot_was_removed(self) -> None:
        removed = having(ADDED, membersAdded=None, membersRemoved=[{"id": BOT}])
        assert parse_teams_activity(removed).is_bot_removed
        assert parse_teams_activity(having(INSTALLED, action="Remove")).is_bot_removed
        assert not parse_teams_activity(having(INSTALLED, action="remove-upgrade")).is_bot_removed

    def test_the_facts_of_an_activity(self) -> None:
        added = parse_teams_activity(ADDED)
        assert (added.type, added.event_type) == ("conversationUpdate", "teamMemberAdded")
        assert (added.conversation_type, added.is_group) == ("channel", True)
        assert added.conversation_id == ADDED["conversation"]["id"]
        assert added.tenant_id == "b28fdbfd-2b78-4f93-b0f8-8881793f0f8f"
        assert added.team_id == "19:zFLSDFWsesfzcmKArqKJ@thread.tacv2"
        assert (added.sender_id, added.bot_id, added.service_url) == (ADA, BOT, SERVICE)
        installed = parse_teams_activity(INSTALLED)
        assert (installed.type, installed.action) == ("installationUpdate", "add")
        assert not installed.is_group

    def test_a_reference(self) -> None:
        reference = parse_teams_activity(MESSAGE).reference()
        assert reference is not None
        assert (reference.conversation_id, reference.user_id) == (CHAT, ADA)
        in_team = parse_teams_activity(MENTION).reference()
        assert in_team is not None
        assert in_team.user_id is None
        assert parse_teams_activity({"type": "message"}).reference() is None


class TestNormalForm:
    def test_a_message(self) -> None:
        (meta,) = read_teams_webhook(MESSAGE)
        assert meta.is_inbound
        assert (meta.provider, meta.sender, meta.recipient) == ("teams", ADA, CHAT)
        assert meta.body == "Hello Teams TestBot."

    @pytest.mark.parametrize(
        ("activity", "kind"),
        [
            (ADDED, "conversationUpdate"),
            (INSTALLED, "installationUpdate"),
            (having(MESSAGE, type="typing"), "typing"),
            (having(MESSAGE, type="inbound"), "unknown"),
            (having(MESSAGE, text="", attachments=[]), "unknown"),
        ],
    )
    def test_what_is_not_a_message(self, activity: dict[str, Any], kind: str) -> None:
        (meta,) = read_teams_webhook(activity)
        assert meta.event_type == kind
        assert not (meta.is_inbound or meta.is_status)
        assert meta.raw["type"] == activity["type"]

    @pytest.mark.parametrize("payload", [None, 7, "x", [], {}, {"type": None}, {"type": []}])
    def test_what_is_none_of_teams(self, payload: Any) -> None:
        with pytest.raises(WebhookError):
            read_teams_webhook(payload)
        assert parse_teams_webhook(payload) == []
        assert not is_bot_added(payload)
