"""Reading Messenger's webhooks.

The payloads are those of Meta's reference,
https://developers.facebook.com/documentation/business-messaging/messenger-platform/webhooks/webhook-events
and the pages below it.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

import pytest

from roomkit.errors import WebhookError
from roomkit.models.content import (
    AudioContent,
    CompositeContent,
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
from roomkit.providers.messenger import (
    FacebookMessengerProvider,
    MessengerConfig,
    parse_messenger_webhook,
)

PAGE, ADA = "682498302938465", "1254477777772919"
MID = "m_1457764197618:41d102a3e1ae206a38"
TEXT: dict[str, Any] = {
    "sender": {"id": ADA},
    "recipient": {"id": PAGE},
    "timestamp": 1458692752478,
    "message": {
        "mid": MID,
        "text": "hello, world!",
        "quick_reply": {"payload": "DEVELOPER_DEFINED_PAYLOAD"},
    },
}
DELIVERY: dict[str, Any] = {
    "sender": {"id": ADA},
    "recipient": {"id": PAGE},
    "delivery": {"mids": ["mid.1458668856218:ed81099e15d3f4f233"], "watermark": 1458668856253},
}


def webhook(*events: Any) -> dict[str, Any]:
    """A webhook with one entry for each event."""
    entries = [{"id": PAGE, "time": 1518479195594, "messaging": [event]} for event in events]
    return {"object": "page", "entry": entries}


def event(**part: Any) -> dict[str, Any]:
    """Something that Ada has done."""
    known = {"sender": {"id": ADA}, "recipient": {"id": PAGE}, "timestamp": 1458668856463}
    return {**known, **part}


def read(**part: Any) -> InboundMessage:
    """The only message in a webhook with this event."""
    (found,) = parse_messenger_webhook(webhook(event(**part)), channel_id="fb")
    return found


def attached(kind: str, **payload: Any) -> dict[str, Any]:
    return {"type": kind, "payload": payload}


class TestMessages:
    def test_a_text(self) -> None:
        (message,) = parse_messenger_webhook(webhook(TEXT), channel_id="fb")
        assert (message.channel_id, message.sender_id) == ("fb", ADA)
        assert message.content == TextContent(body="hello, world!")
        assert message.provider_message_id == MID
        assert message.metadata == {
            "recipient": PAGE,
            "sent_at": "2016-03-23T00:25:52.478000+00:00",
            "postback_data": "DEVELOPER_DEFINED_PAYLOAD",
        }

    @pytest.mark.parametrize(
        ("attachment", "content"),
        [
            (
                attached("image", url="https://scontent.xx.fbcdn.net/v/1_n.png?_nc=1"),
                MediaContent(
                    url="https://scontent.xx.fbcdn.net/v/1_n.png?_nc=1", mime_type="image/png"
                ),
            ),
            (
                attached("image", url="https://x.example/1"),
                MediaContent(url="https://x.example/1", mime_type="image/jpeg"),
            ),
            (
                attached("audio", url="https://x.example/1.mp4"),
                AudioContent(url="https://x.example/1.mp4", mime_type="audio/mp4"),
            ),
            (
                attached("video", url="https://x.example/1"),
                VideoContent(url="https://x.example/1", mime_type="video/mp4"),
            ),
            (
                attached("file", url="https://x.example/bill.pdf"),
                MediaContent(url="https://x.example/bill.pdf", mime_type="application/pdf"),
            ),
            (
                attached("location", coordinates={"lat": 45.5, "long": -73.6}),
                LocationContent(latitude=45.5, longitude=-73.6),
            ),
            (
                attached("fallback", url="https://example.com/a", title="A page"),
                TextContent(body="A page: https://example.com/a"),
            ),
            (
                attached("ig_reel", url="https://example.com/reel"),
                TextContent(body="https://example.com/reel"),
            ),
        ],
    )
    def test_what_is_attached(self, attachment: dict[str, Any], content: EventContent) -> None:
        assert read(message={"mid": MID, "attachments": [attachment]}).content == content

    def test_a_text_with_pictures(self) -> None:
        items = [attached("image", url=f"https://x.example/{n}.jpg") for n in range(2)]
        found = read(message={"mid": MID, "text": "Look", "attachments": items})
        assert isinstance(found.content, CompositeContent)
        assert [part.type for part in found.content.parts] == ["text", "media", "media"]

    def test_a_link_that_was_typed_comes_once(self) -> None:
        link = attached("fallback", url="https://example.com/a", title="A page")
        found = read(
            message={"mid": MID, "text": "See https://example.com/a", "attachments": [link]}
        )
        assert found.content == TextContent(body="See https://example.com/a")

    def test_a_sticker_comes_once(self) -> None:
        """https://developers.facebook.com/documentation/business-messaging/messenger-platform/changelog/"""
        url, sticker = "https://x.example/s.png", 369239263222822
        items = [
            attached("image", url=url, sticker_id=sticker),
            attached("sticker", url=url, sticker_id=sticker),
        ]
        for attachments in (items, items[:1], items[1:]):
            found = read(message={"mid": MID, "attachments": attachments})
            assert found.content == MediaContent(url=url, mime_type="image/png")
            assert found.metadata["sticker_id"] == str(sticker)

    @pytest.mark.parametrize(
        ("message", "kind"),
        [
            ({"attachments": [attached("template", product={})]}, ": template"),
            ({"attachments": [attached("fallback")]}, ": fallback"),
            ({"attachments": [attached("image")]}, ": image"),
            ({"attachments": [attached("image", url="javascript:x")]}, ": image"),
            ({"attachments": [attached("location", coordinates={"lat": 91})]}, ": location"),
            ({"is_unsupported": True}, ""),
        ],
    )
    def test_what_cannot_be_shown_is_seen(self, message: dict[str, Any], kind: str) -> None:
        content = read(message={"mid": MID, **message}).content
        assert isinstance(content, SystemContent)
        assert content.body == f"[Unsupported message{kind}]"

    def test_an_answer_to_a_message(self) -> None:
        answered = {"mid": "m_1fTq8oLumEyIp3Q2MR", "is_self_reply": False}
        found = read(message={"mid": MID, "text": "hi", "reply_to": answered})
        assert found.metadata["reply_to_message_id"] == "m_1fTq8oLumEyIp3Q2MR"

    def test_a_button(self) -> None:
        referral = {"ref": "USER-DEFINED", "source": "SHORT-URL", "type": "OPEN_THREAD"}
        postback = {"mid": "m_MESSAGE-ID", "title": "Get started", "payload": "START"}
        found = read(postback={**postback, "referral": referral})
        assert found.content == TextContent(body="Get started")
        assert found.provider_message_id == "m_MESSAGE-ID"
        assert found.metadata["postback_data"] == "START"
        assert found.metadata["referral"] == referral

    def test_a_button_without_an_id(self) -> None:
        one = read(postback={"payload": "START"})
        again = read(postback={"payload": "START"})
        later = parse_messenger_webhook(
            webhook(event(timestamp=1, postback={"payload": "START"})), "fb"
        )
        assert one.content == TextContent(body="START")
        assert one.idempotency_key == again.idempotency_key != later[0].idempotency_key

    def test_reactions(self) -> None:
        reaction = {"reaction": "love", "emoji": "❤️", "action": "react", "mid": "m_ours"}
        found = read(reaction=reaction)
        assert found.event_type is EventType.REACTION
        assert found.metadata["reactions_added"] == ["❤️"]
        assert found.metadata["target_message_id"] == "m_ours"
        gone = read(reaction={"action": "unreact", "mid": "m_ours"})
        assert gone.content == SystemContent(body="[Reaction removed]", code="reaction")
        assert gone.idempotency_key != found.idempotency_key
        assert found.provider_message_id != "m_ours"

    def test_an_edit(self) -> None:
        found = read(message_edit={"mid": MID, "text": "hello!", "num_edit": 2})
        assert found.content == EditContent(
            target_event_id=MID, new_content=TextContent(body="hello!"), edit_source="sender"
        )
        assert found.idempotency_key == f"{MID}:edit:2"

    @pytest.mark.parametrize("part", ["message_edit", "reaction"])
    @pytest.mark.parametrize("mid", [None, "", [], {}])
    def test_what_is_about_no_message_is_left_out(self, part: str, mid: Any) -> None:
        about = event(**{part: {"mid": mid, "text": "hello!", "emoji": "❤️"}})
        found = parse_messenger_webhook(webhook(about, TEXT), channel_id="fb")
        assert [message.provider_message_id for message in found] == [MID]


class TestBatches:
    def test_two_entries_are_two_messages(self) -> None:
        other = {**TEXT, "message": {"mid": "m_2", "text": "two"}}
        found = parse_messenger_webhook(webhook(TEXT, other), channel_id="fb")
        assert [message.provider_message_id for message in found] == [MID, "m_2"]

    def test_echoes_and_other_apps_are_left_out(self) -> None:
        echo = event(
            message={"mid": MID, "is_echo": True, "app_id": 1517776481860111, "text": "x"}
        )
        payload = webhook(echo)
        payload["entry"].append({"id": PAGE, "standby": [TEXT]})
        assert parse_messenger_webhook(payload, channel_id="fb") == []

    def test_bad_ones_do_not_take_good_ones_along(self) -> None:
        bad: list[Any] = [
            None,
            7,
            {},
            {"message": {}},
            event(message="x"),
            event(message={"text": "no id"}),
        ]
        payload = webhook(*bad, TEXT, event(sender=None, message={"mid": "m", "text": "x"}))
        payload["entry"] += [None, {"id": PAGE, "messaging": {"sender": 1}}, {"messaging": None}]
        found = parse_messenger_webhook(payload, channel_id="fb")
        assert [message.provider_message_id for message in found] == [MID]

    def test_the_consoles_examples(self) -> None:
        payload = {"object": "page", "entry": [{"id": "0", "changes": [
            {"field": "messages", "value": {**TEXT, "timestamp": "1527459824"}}]}]}  # fmt: skip
        (found,) = parse_messenger_webhook(payload, channel_id="fb")
        assert found.content == TextContent(body="hello, world!")
        assert found.metadata["sent_at"] == "2018-05-27T22:23:44+00:00"

    @pytest.mark.parametrize("payload", [None, 7, "x", [], {}, {"entry": None}, {"entry": {}}])
    def test_what_is_not_messengers(self, payload: Any) -> None:
        assert parse_messenger_webhook(payload, channel_id="fb") == []
        with pytest.raises(WebhookError):
            provider().parse_webhook(payload)


def provider(**settings: Any) -> FacebookMessengerProvider:
    return FacebookMessengerProvider(MessengerConfig(page_access_token="EAA", **settings))


class TestReports:
    def test_deliveries(self) -> None:
        delivery = {"mids": ["m_1", None, "m_2", 7], "watermark": 1458668856253}
        found = [
            meta.status for meta in provider().parse_webhook(webhook(event(delivery=delivery)))
        ]
        assert [(it.message_id, it.status, it.recipient) for it in found if it is not None] == [
            ("m_1", "delivered", ADA),
            ("m_2", "delivered", ADA),
            ("7", "delivered", ADA),
        ]

    def test_the_documented_delivery(self) -> None:
        (meta,) = provider().parse_webhook(webhook(DELIVERY))
        assert meta.status is not None
        assert meta.status.timestamp == "2016-03-22T17:47:36.253000+00:00"

    @pytest.mark.parametrize(
        "part",
        [
            {"delivery": {"watermark": 1458668856253}},
            {"read": {"watermark": 1458668856253}},
            {"read": {"watermark": "soon"}},
            {"read": {}},
            {"optin": {"ref": "x"}},
            {"referral": {"ref": "x"}},
        ],
    )
    def test_what_names_no_message_is_acknowledged(self, part: dict[str, Any]) -> None:
        (meta,) = provider().parse_webhook(webhook(event(**part)))
        assert (meta.message, meta.status, meta.is_inbound) == (None, None, False)

    def test_a_receipt_that_names_its_message(self) -> None:
        (meta,) = provider().parse_webhook(webhook(event(read={"mid": "m_1"})))
        assert meta.status is not None
        assert (meta.status.message_id, meta.status.status) == ("m_1", "read")

    def test_another_page_of_the_same_app(self) -> None:
        metas = provider(page_id="999").parse_webhook(webhook(TEXT))
        assert [meta.message for meta in metas] == [None]
        (meta,) = provider(page_id=PAGE).parse_webhook(webhook(TEXT))
        assert meta.message is not None


def test_signatures_and_the_challenge() -> None:
    body = json.dumps(webhook(TEXT)).encode()
    digest = hmac.new(b"s3cret", body, hashlib.sha256).hexdigest()
    ours = provider(app_secret="s3cret", verify_token="t0ken")
    headers = {"x-hub-signature-256": f"sha256={digest}"}
    url = "https://example.com/webhooks/fb"
    assert ours.verify_webhook(WebhookRequest(url=url, headers=headers, body=body))
    assert not ours.verify_webhook(WebhookRequest(url=url, headers=headers, body=body + b"\n"))
    assert not provider().verifies_webhooks
    query = "hub.mode=subscribe&hub.verify_token=t0ken&hub.challenge=1158201444"
    reply = ours.answer_challenge(WebhookRequest(url=f"{url}?{query}"))
    assert (reply.status, reply.body, reply.content_type) == (200, b"1158201444", "text/plain")
