"""Reading the WhatsApp Cloud API's webhooks.

The payloads are those of Meta's reference,
https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages
and the pages below it.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Sequence
from typing import Any

import pytest

from roomkit import WhatsAppChannel
from roomkit.errors import WebhookError
from roomkit.models.content import (
    AudioContent,
    CompositeContent,
    DeleteContent,
    EditContent,
    EventContent,
    LocationContent,
    MediaContent,
    SystemContent,
    TextContent,
    VideoContent,
)
from roomkit.models.delivery import InboundMessage
from roomkit.models.enums import EventType
from roomkit.providers.base import WebhookRequest
from roomkit.providers.whatsapp import (
    WhatsAppCloudProvider,
    WhatsAppConfig,
    media_reference,
    parse_whatsapp_webhook,
)

SHEENA, SHOP = "+16505551234", "+15550783881"
WAMID = "wamid.HBgLMTY1MDM4Nzk0MzkVAgASGBQzQTRBNjU5OUFFRTAzODEwMTQ0RgA="
METADATA = {"display_phone_number": "15550783881", "phone_number_id": "106540352242922"}
CONTACT = {"profile": {"name": "Sheena Nelson"}, "wa_id": "16505551234"}
TEXT: dict[str, Any] = {
    "from": "16505551234",
    "id": WAMID,
    "timestamp": "1749416383",
    "type": "text",
    "text": {"body": "Does it come in another color?"},
}
STATUS: dict[str, Any] = {
    "id": WAMID,
    "status": "delivered",
    "timestamp": "1750030073",
    "recipient_id": "16505551234",
    "pricing": {"billable": True, "pricing_model": "PMP", "category": "marketing"},
}


def webhook(
    *messages: Any,
    statuses: Sequence[Any] | None = None,
    contacts: Sequence[Any] = (CONTACT,),
    field: str = "messages",
    **value: Any,
) -> dict[str, Any]:
    """A webhook with these messages or reports."""
    shape: dict[str, Any] = {"messaging_product": "whatsapp", "metadata": METADATA, **value}
    if messages:
        shape |= {"contacts": list(contacts), "messages": list(messages)}
    if statuses is not None:
        shape["statuses"] = list(statuses)
    change = {"value": shape, "field": field}
    entry = {"id": "102290129340398", "changes": [change]}
    return {"object": "whatsapp_business_account", "entry": [entry]}


def read(message: dict[str, Any], **value: Any) -> InboundMessage:
    """The only message in a webhook with this one."""
    payload = webhook({"from": "16505551234", "id": WAMID, **message}, **value)
    (found,) = parse_whatsapp_webhook(payload, channel_id="wa")
    return found


class TestMessages:
    def test_a_text(self) -> None:
        (message,) = parse_whatsapp_webhook(webhook(TEXT), channel_id="wa")
        assert (message.channel_id, message.sender_id) == ("wa", SHEENA)
        assert message.content == TextContent(body="Does it come in another color?")
        assert message.provider_message_id == WAMID
        assert message.metadata == {
            "recipient": SHOP,
            "phone_number_id": "106540352242922",
            "display_name": "Sheena Nelson",
            "sent_at": "2025-06-08T20:59:43+00:00",
        }

    @pytest.mark.parametrize(
        ("message", "content", "facts"),
        [
            (
                {"type": "image", "image": {"caption": "Taj", "mime_type": "image/jpeg",
                 "sha256": "SfInY0gGKTsJlUWbwxC1k", "id": "1003383421387256"}},
                MediaContent(url=media_reference("1003383421387256"), mime_type="image/jpeg",
                             caption="Taj"),
                {"media_id": "1003383421387256"},
            ),
            (
                {"type": "audio", "audio": {"mime_type": "audio/ogg; codecs=opus", "sha256": "x",
                 "id": "1908647269898587", "voice": True, "url": "https://lookaside.fbsbx.com/x"}},
                AudioContent(url=media_reference("1908647269898587"), mime_type="audio/ogg"),
                {"media_id": "1908647269898587", "voice": True},
            ),
            (
                {"type": "video", "video": {"mime_type": "video/mp4", "sha256": "x", "id": "3"}},
                VideoContent(url=media_reference("3"), mime_type="video/mp4"),
                {"media_id": "3"},
            ),
            (
                {"type": "video", "video": {"mime_type": "video/mp4", "id": "3", "caption": "C"}},
                CompositeContent(parts=[TextContent(body="C"),
                    VideoContent(url=media_reference("3"), mime_type="video/mp4")]),
                {"media_id": "3"},
            ),
            (
                {"type": "document", "document": {"caption": "Bill", "filename": "bill.pdf",
                 "mime_type": "application/pdf", "sha256": "x", "id": "4"}},
                MediaContent(url=media_reference("4"), mime_type="application/pdf",
                             filename="bill.pdf", caption="Bill"),
                {"media_id": "4"},
            ),
            (
                {"type": "sticker", "sticker": {"mime_type": "image/webp", "sha256": "x",
                 "id": "5", "animated": False}},
                MediaContent(url=media_reference("5"), mime_type="image/webp"),
                {"media_id": "5", "sticker": True},
            ),
        ],
        ids=["image", "voice", "video", "video with caption", "document", "sticker"],
    )  # fmt: skip
    def test_files_never_vanish(
        self, message: dict[str, Any], content: EventContent, facts: dict[str, Any]
    ) -> None:
        found = read(message)
        assert found.content == content
        assert found.metadata.items() >= facts.items()

    def test_a_file_without_an_id_is_still_seen(self) -> None:
        for media_id in (None, "", "../me", 7.5):
            found = read({"type": "image", "image": {"id": media_id, "mime_type": "image/png"}})
            assert found.content == SystemContent(
                body="[Unsupported message: image]", code="unsupported", data={"type": "image"}
            )

    def test_a_place(self) -> None:
        place = {
            "latitude": 37.44221496582,
            "longitude": -122.16165924072,
            "name": "Philz Coffee",
            "address": "101 Forest Ave",
            "url": "https://philzcoffee.com/",
        }
        assert read({"type": "location", "location": place}).content == LocationContent(
            latitude=37.44221496582,
            longitude=-122.16165924072,
            label="Philz Coffee",
            address="101 Forest Ave",
        )
        lost = read({"type": "location", "location": {"latitude": 91}})
        assert lost.content.type == "system"

    def test_address_cards(self) -> None:
        card = {
            "name": {"formatted_name": "Barbara Johnson", "first_name": "Barbara"},
            "phones": [{"phone": "+1 415-555-0829", "type": "HOME", "wa_id": "14155550829"}],
            "emails": [{"email": "b@example.com", "type": "Work"}],
        }
        found = read({"type": "contacts", "contacts": [card, None, {"name": 7}]})
        assert found.content == TextContent(
            body="[Contact: Barbara Johnson, +1 415-555-0829]\n[Contact: ]"
        )
        assert found.metadata["contacts"][0] == {
            "name": "Barbara Johnson",
            "phones": ["+1 415-555-0829"],
            "emails": ["b@example.com"],
        }

    @pytest.mark.parametrize(
        ("message", "label", "payload"),
        [
            (
                {"type": "interactive", "interactive": {"type": "button_reply",
                 "button_reply": {"id": "cancel-button", "title": "Cancel"}}},
                "Cancel", "cancel-button",
            ),
            (
                {"type": "interactive", "interactive": {"type": "list_reply", "list_reply": {
                 "id": "priority_express", "title": "Priority Mail Express",
                 "description": "Next Day to 2 Days"}}},
                "Priority Mail Express", "priority_express",
            ),
            (
                {"type": "button", "button": {"payload": "Unsubscribe", "text": "Unsubscribe"}},
                "Unsubscribe", "Unsubscribe",
            ),
            (
                {"type": "interactive", "interactive": {"type": "nfm_reply", "nfm_reply": {
                 "name": "flow", "body": "Sent", "response_json": '{"day": "Monday"}'}}},
                "Sent", '{"day": "Monday"}',
            ),
        ],
        ids=["button", "list", "template", "form"],
    )  # fmt: skip
    def test_what_was_tapped(self, message: dict[str, Any], label: str, payload: str) -> None:
        context = {"context": {"from": "15550783881", "id": "wamid.ours"}}
        found = read({**message, **context})
        assert found.content == TextContent(body=label)
        assert found.metadata["postback_data"] == payload
        assert found.metadata["reply_to_message_id"] == "wamid.ours"

    def test_reactions(self) -> None:
        found = read({"type": "reaction", "reaction": {"message_id": "wamid.ours", "emoji": "👍"}})
        assert found.event_type is EventType.REACTION
        assert found.metadata["reactions_added"] == ["👍"]
        assert found.metadata["target_message_id"] == "wamid.ours"
        gone = read({"type": "reaction", "reaction": {"message_id": "wamid.ours"}})
        assert gone.event_type is EventType.REACTION
        assert gone.content == SystemContent(body="[Reaction removed]", code="reaction")

    def test_an_order(self) -> None:
        item = {"product_retailer_id": "di9ozbzfi4", "quantity": 2, "item_price": 30,
                "currency": "USD"}  # fmt: skip
        order = {"catalog_id": "194836987003835", "text": "Love these!", "product_items": [item]}
        found = read({"type": "order", "order": order})
        assert found.content == TextContent(body="Love these!\n[Order: 1 items]")
        assert found.metadata["order"] == {
            "catalog_id": "194836987003835",
            "items": [
                {
                    "product_retailer_id": "di9ozbzfi4",
                    "quantity": "2",
                    "currency": "USD",
                    "item_price": "30",
                }
            ],
        }

    def test_somebody_has_a_new_number(self) -> None:
        system = {
            "body": "User Sheena Nelson changed from 16505551234 to 12195555358",
            "wa_id": "12195555358",
            "type": "user_changed_number",
        }
        found = read({"type": "system", "system": system})
        assert found.content == SystemContent(
            body=system["body"], code="user_changed_number", data={"new_wa_id": "12195555358"}
        )
        assert found.metadata["no_reply"] is True

    @pytest.mark.parametrize("message", [
        {"type": "unsupported", "unsupported": {"type": "poll_creation"}, "errors": [
            {"code": 131051, "title": "Message type unknown"}]},
        {"type": "poll_creation"},
    ])  # fmt: skip
    def test_what_cannot_be_shown_is_seen(self, message: dict[str, Any]) -> None:
        assert read(message).content == SystemContent(
            body="[Unsupported message: poll_creation]",
            code="unsupported",
            data={"type": "poll_creation"},
        )

    def test_edits_and_deletions(self) -> None:
        new = {"type": "text", "text": {"body": "In blue?"}}
        edit = read({"type": "edit", "edit": {"original_message_id": "wamid.1", "message": new}})
        assert edit.content == EditContent(
            target_event_id="wamid.1",
            new_content=TextContent(body="In blue?"),
            edit_source="sender",
        )
        gone = read({"type": "revoke", "revoke": {"original_message_id": "wamid.1"}})
        assert gone.content == DeleteContent(target_event_id="wamid.1")
        assert gone.metadata["target_message_id"] == "wamid.1"

    def test_changes_to_nobody_knows_what(self) -> None:
        new = {"type": "text", "text": {"body": "In blue?"}}
        assert read({"type": "edit", "edit": {"message": new}}).content == TextContent(
            body="In blue?"
        )
        gone = read({"type": "revoke", "revoke": {"original_message_id": None}})
        assert isinstance(gone.content, SystemContent)

    def test_where_a_message_comes_from(self) -> None:
        found = read(
            {
                **TEXT,
                "context": {"forwarded": True},
                "referral": {
                    "source_url": "https://fb.me/3cr4Wqqkv",
                    "source_type": "ad",
                    "source_id": "120226305854810726",
                    "ctwa_clid": "Aff-n8ZTODiE79d22KtAwQKj9e",
                    "body": "Chat with us",
                },
            }
        )
        assert found.metadata["forwarded"] is True
        assert found.metadata["referral"] == {
            "source_id": "120226305854810726",
            "source_type": "ad",
            "source_url": "https://fb.me/3cr4Wqqkv",
            "ctwa_clid": "Aff-n8ZTODiE79d22KtAwQKj9e",
        }

    def test_somebody_who_hides_their_number(self) -> None:
        """https://developers.facebook.com/documentation/business-messaging/whatsapp/business-scoped-user-ids/"""
        contact = {
            "profile": {"name": "Sheena", "username": "@sheena"},
            "user_id": "US.13491208655302741918",
        }
        for named in ({}, {"from_user_id": "US.13491208655302741918"}):
            message = {"id": WAMID, "type": "text", "text": {"body": "Hi"}, **named}
            payload = webhook(message, contacts=[contact])
            (found,) = parse_whatsapp_webhook(payload, channel_id="wa")
            assert found.sender_id == "US.13491208655302741918"
            assert found.metadata["username"] == "@sheena"

    def test_answers_go_to_the_group(self) -> None:
        found = read({**TEXT, "group_id": "HBgLMTY1MDM4Nzk0MzkVAgARGBJD"})
        assert found.sender_id == SHEENA
        assert found.metadata["phone_number"] == "HBgLMTY1MDM4Nzk0MzkVAgARGBJD"
        channel = WhatsAppChannel("wa")
        assert channel.reply_address(found) == "HBgLMTY1MDM4Nzk0MzkVAgARGBJD"
        assert channel.reply_address(read(TEXT)) == SHEENA

    def test_the_right_name_in_a_batch(self) -> None:
        bob = {"profile": {"name": "Bob"}, "wa_id": "16505550000"}
        payload = webhook(
            {**TEXT, "from": "16505550000"}, {**TEXT, "id": "w2"}, contacts=[CONTACT, bob]
        )
        names = [it.metadata["display_name"] for it in parse_whatsapp_webhook(payload, "wa")]
        assert names == ["Bob", "Sheena Nelson"]


class TestBatches:
    def test_all_messages_of_all_entries(self) -> None:
        payload = webhook(TEXT, None, "x", {}, {**TEXT, "id": "wamid.2"}, {"id": "no sender"})
        payload["entry"] += [None, 7, {"changes": "x"}, webhook({**TEXT, "id": "w3"})["entry"][0]]
        payload["entry"][0]["changes"] += [None, {"value": None, "field": "messages"}]
        found = parse_whatsapp_webhook(payload, channel_id="wa")
        assert [message.provider_message_id for message in found] == [WAMID, "wamid.2", "w3"]

    def test_echoes_are_left_out(self) -> None:
        """…/webhooks/reference/smb_message_echoes"""
        echo = {"from": "15550783881", "to": "16505551234", "id": WAMID, "type": "text",
                "timestamp": "1739321024", "text": {"body": "Here's the info"}}  # fmt: skip
        payload = webhook(field="smb_message_echoes", message_echoes=[echo])
        assert parse_whatsapp_webhook(payload, channel_id="wa") == []

    @pytest.mark.parametrize("payload", [None, 7, "x", [], {}, {"entry": None}, {"entry": {}}])
    def test_what_is_not_whatsapps(self, payload: Any) -> None:
        assert parse_whatsapp_webhook(payload, channel_id="wa") == []
        with pytest.raises(WebhookError):
            provider().parse_webhook(payload)


def provider(**settings: Any) -> WhatsAppCloudProvider:
    config: dict[str, Any] = {"access_token": "EAA", "phone_number_id": "106540352242922"}
    return WhatsAppCloudProvider(WhatsAppConfig(**{**config, **settings}))


class TestReports:
    @pytest.mark.parametrize(
        ("word", "status"),
        [("sent", "sent"), ("delivered", "delivered"), ("read", "read"), ("played", "read")],
    )
    def test_how_far_a_message_has_got(self, word: str, status: str) -> None:
        (meta,) = provider().parse_webhook(webhook(statuses=[{**STATUS, "status": word}]))
        report = meta.status
        assert report is not None
        assert (report.provider, report.message_id, report.status) == ("whatsapp", WAMID, status)
        assert (report.sender, report.recipient) == (SHOP, SHEENA)
        assert report.timestamp == "2025-06-15T23:27:53+00:00"

    def test_why_a_message_failed(self) -> None:
        error = {
            "code": 131050,
            "title": "Unable to deliver the message.",
            "message": "This recipient has chosen to stop receiving marketing messages",
            "error_data": {"details": "x"},
        }
        failed = {**STATUS, "status": "failed", "errors": [error]}
        (meta,) = provider().parse_webhook(webhook(statuses=[failed]))
        assert meta.status is not None
        assert (meta.status.status, meta.status.error_code) == ("failed", "131050")
        assert meta.status.error_message == "Unable to deliver the message."

    def test_bad_reports_do_not_take_good_ones_along(self) -> None:
        statuses = [None, {}, {"id": "x"}, STATUS, {"status": "read"}]
        found = [meta.status for meta in provider().parse_webhook(webhook(statuses=statuses))]
        assert [status.message_id for status in found if status is not None] == [WAMID]

    def test_another_number_of_the_same_app(self) -> None:
        other = provider(phone_number_id="999")
        assert [meta.message for meta in other.parse_webhook(webhook(TEXT))] == [None]

    def test_errors_of_the_account_are_no_messages(self) -> None:
        error = {"code": 130429, "title": "Rate limit hit"}
        metas = provider().parse_webhook(webhook(errors=[error]))
        assert [(meta.message, meta.status) for meta in metas] == [(None, None)]


class TestSignature:
    SECRET = "s3cret"

    def request(self, body: bytes, signature: str | None) -> WebhookRequest:
        headers = {} if signature is None else {"x-hub-signature-256": signature}
        return WebhookRequest(url="https://example.com/webhooks/wa", headers=headers, body=body)

    def signed(self, body: bytes) -> str:
        return "sha256=" + hmac.new(self.SECRET.encode(), body, hashlib.sha256).hexdigest()

    def test_a_genuine_webhook(self) -> None:
        body = json.dumps(webhook(TEXT)).encode()
        ours = provider(app_secret=self.SECRET)
        assert ours.verifies_webhooks
        assert ours.verify_webhook(self.request(body, self.signed(body)))
        assert ours.verify_signature(body.decode(), self.signed(body))

    def test_a_known_vector(self) -> None:
        """RFC 4231, test case 2: the key ``Jefe``."""
        digest = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        text = b"what do ya want for nothing?"
        ours = provider(app_secret="Jefe")
        assert ours.verify_signature(text, f"sha256={digest}")
        assert not ours.verify_signature(text + b" ", f"sha256={digest}")

    def test_any_doubt_is_no(self) -> None:
        body = b'{"object":"whatsapp_business_account"}'
        good = self.signed(body)
        ours = provider(app_secret=self.SECRET)
        for signature in (
            None,
            "",
            "sha256=",
            good.removeprefix("sha256="),
            good.upper(),
            good[:-1],
            good + "0",
            "sha1=" + hmac.new(b"s3cret", body, hashlib.sha1).hexdigest(),
            "sha256=é",
            "\ud800",
        ):
            assert not ours.verify_webhook(self.request(body, signature))
        assert not ours.verify_webhook(self.request(body + b" ", good))
        assert not ours.verify_signature(7, good)  # type: ignore[arg-type]

    def test_without_the_secret_nothing_can_be_verified(self) -> None:
        ours = provider()
        assert not ours.verifies_webhooks
        assert not ours.verify_webhook(self.request(b"", self.signed(b"")))
        with pytest.raises(ValueError, match="app_secret"):
            ours.verify_signature(b"", "sha256=")


class TestChallenge:
    """https://developers.facebook.com/documentation/business-messaging/messenger-platform/webhooks"""

    def ask(self, query: str, verify_token: str | None = "meatyhamhock") -> tuple[int, bytes]:
        url = f"https://example.com/webhooks/wa?{query}"
        reply = provider(verify_token=verify_token).answer_challenge(WebhookRequest(url=url))
        return reply.status, reply.body

    def test_meta_makes_sure(self) -> None:
        query = "hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=meatyhamhock"
        assert self.ask(query) == (200, b"1158201444")

    @pytest.mark.parametrize(
        "query",
        [
            "",
            "hub.mode=subscribe&hub.challenge=1&hub.verify_token=wrong",
            "hub.mode=subscribe&hub.challenge=1&hub.verify_token=",
            "hub.mode=subscribe&hub.challenge=1&hub.verify_token=%FF",
            "hub.mode=unsubscribe&hub.challenge=1&hub.verify_token=meatyhamhock",
            "hub.mode=subscribe&hub.verify_token=meatyhamhock",
            "hub.mode=subscribe&hub.challenge=%3Cscript%3E&hub.verify_token=meatyhamhock",
        ],
    )
    def test_anybody_else_is_sent_away(self, query: str) -> None:
        assert self.ask(query) == (403, b"")

    def test_without_a_token_everybody_is(self) -> None:
        query = "hub.mode=subscribe&hub.challenge=1&hub.verify_token="
        assert self.ask(query, None) == (403, b"")
        request = WebhookRequest(url="https://[::1")
        assert provider(verify_token="x").answer_challenge(request).status == 403
