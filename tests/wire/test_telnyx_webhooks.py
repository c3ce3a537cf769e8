"""Telnyx calls: payloads as its documentation prints them."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from roomkit.errors import WebhookError
from roomkit.models.content import (
    CompositeContent,
    LocationContent,
    MediaContent,
    TextContent,
    VideoContent,
)
from roomkit.models.delivery import DeliveryStatus
from roomkit.providers.sms import extract_sms_meta
from roomkit.providers.telnyx import (
    TelnyxConfig,
    TelnyxSMSProvider,
    parse_telnyx_rcs_webhook,
    parse_telnyx_webhook,
)
from tests.wire.carried import carried

ADA, SHOP = "+13125550001", "+17735550002"
telnyx = TelnyxSMSProvider(TelnyxConfig(api_key="KEY1", from_number=SHOP))

# https://developers.telnyx.com/docs/messaging/messages/receiving-webhooks
MESSAGE: dict[str, Any] = {
    "data": {
        "record_type": "event",
        "id": "b301ed3f-1490-491f-995f-6e64e69674d4",
        "event_type": "message.received",
        "occurred_at": "2019-12-09T20:16:07.588+00:00",
        "payload": {
            "cc": [],
            "completed_at": None,
            "cost": None,
            "direction": "inbound",
            "encoding": "GSM-7",
            "errors": [],
            "from": {"carrier": "T-Mobile USA", "line_type": "long_code", "phone_number": ADA},
            "id": "84cca175-9755-4859-b67f-4730d7f58aa3",
            "media": [],
            "messaging_profile_id": "740572b6-099c-44a1-89b9-6c92163bc68d",
            "parts": 1,
            "received_at": "2019-12-09T20:16:07.503+00:00",
            "record_type": "message",
            "tags": [],
            "text": "Hello from Telnyx! 👋",
            "to": [
                {"carrier": "Telnyx", "line_type": "Wireless", "phone_number": SHOP,
                 "status": "webhook_delivered"}
            ],
            "type": "SMS",
            "webhook_url": "https://example.com/hook",
        },
    },
    "meta": {"attempt": 1, "delivered_to": "https://example.com/hook"},
}  # fmt: skip
REPORT: dict[str, Any] = {
    "data": {
        "event_type": "message.finalized",
        "id": "4ee8c3a6-4995-4309-a3c6-38e3db9ea4be",
        "occurred_at": "2019-12-09T21:32:14.148+00:00",
        "payload": {
            "completed_at": "2019-12-09T21:32:14.148+00:00",
            "cost": {"amount": "0.0051", "currency": "USD"},
            "direction": "outbound",
            "errors": [],
            "from": {"phone_number": SHOP, "carrier": "Telnyx"},
            "id": "ac012cbf-5e09-46af-a69a-7c0e2d90993c",
            "record_type": "message",
            "text": "Hello there!",
            "to": [{"phone_number": ADA, "status": "delivered", "line_type": "Wireless"}],
            "type": "SMS",
        },
        "record_type": "event",
    }
}
# https://developers.telnyx.com/docs/messaging/messages/receiving-rcs-webhooks
RCS: dict[str, Any] = {
    "data": {
        "event_type": "message.received",
        "id": "b301ed3f-1490-491f-995f-6e64e69674d4",
        "payload": {
            "body": {"text": "Hello from Telnyx!"},
            "direction": "inbound",
            "from": {"carrier": "T-Mobile USA", "phone_number": ADA},
            "id": "84cca175-9755-4859-b67f-4730d7f58aa3",
            "messaging_profile_id": "740572b6-099c-44a1-89b9-6c92163bc68d",
            "to": [{"agent_id": "e4448a5c0670c2a9", "agent_name": "My RCS Agent"}],
            "type": "RCS",
        },
        "record_type": "event",
    }
}


def having(payload: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """The payload, with other details."""
    changed = copy.deepcopy(payload)
    changed["data"]["payload"].update(changes)
    return changed


class TestMessages:
    def test_a_text_message(self) -> None:
        message = carried(parse_telnyx_webhook(MESSAGE, channel_id="sms"))
        assert (message.channel_id, message.sender_id) == ("sms", ADA)
        assert message.content == TextContent(body="Hello from Telnyx! 👋")
        assert message.provider_message_id == "84cca175-9755-4859-b67f-4730d7f58aa3"
        assert message.metadata == {
            "recipient": SHOP,
            "messaging_profile_id": "740572b6-099c-44a1-89b9-6c92163bc68d",
        }

    def test_all_pictures_come_in_one_message(self) -> None:
        media = [
            {"url": "https://x.example/1", "content_type": "image/jpeg", "size": 102, "hash": "a"},
            {"url": "https://x.example/2", "content_type": "video/mp4"},
        ]
        payload = having(MESSAGE, type="MMS", media=media, subject="Bicycles")
        message = carried(parse_telnyx_webhook(payload, channel_id="sms"))
        assert message.content == CompositeContent(
            parts=[
                TextContent(body="Hello from Telnyx! 👋"),
                MediaContent(url="https://x.example/1", mime_type="image/jpeg"),
                VideoContent(url="https://x.example/2", mime_type="video/mp4"),
            ]
        )
        assert message.metadata["subject"] == "Bicycles"

    def test_a_bad_file_does_not_take_the_others_with_it(self) -> None:
        good = {"url": "https://x.example/1", "content_type": "image/jpeg"}
        media: list[Any] = [None, "x", [], {}, {"url": 7}, {"url": "javascript:x"}, good]
        message = carried(
            parse_telnyx_webhook(having(MESSAGE, text="", media=media), channel_id="sms")
        )
        assert message.content == MediaContent(url="https://x.example/1", mime_type="image/jpeg")

    def test_a_group_message(self) -> None:
        to = [{"phone_number": SHOP}, {"phone_number": "+13125550003"}]
        payload = having(MESSAGE, to=to, cc=[{"phone_number": "+13125550004"}, None])
        metadata = carried(parse_telnyx_webhook(payload, channel_id="sms")).metadata
        assert metadata["recipient"] == SHOP
        assert metadata["cc"] == ["+13125550003", "+13125550004"]

    def test_stop(self) -> None:
        metadata = carried(
            parse_telnyx_webhook(having(MESSAGE, text="Stop"), channel_id="sms")
        ).metadata
        assert (metadata["opt_out"], metadata["no_reply"]) == ("stop", True)

    def test_the_normal_form(self) -> None:
        meta = extract_sms_meta("telnyx", MESSAGE)
        assert (meta.provider, meta.sender, meta.recipient) == ("telnyx", ADA, SHOP)
        assert (meta.body, meta.is_inbound) == ("Hello from Telnyx! 👋", True)
        assert meta.to_inbound(channel_id="s") == parse_telnyx_webhook(MESSAGE, channel_id="s")

    @pytest.mark.parametrize(
        "payload",
        [
            {},
            {"data": None},
            {"data": {"event_type": "message.received"}},
            {"data": {"event_type": "message.finalized", "payload": {"id": ""}}},
            having(MESSAGE, **{"from": {"phone_number": ""}}),
        ],
    )
    def test_what_is_none_of_telnyxs(self, payload: dict[str, Any]) -> None:
        assert parse_telnyx_webhook(payload, channel_id="sms") is None
        with pytest.raises(WebhookError):
            telnyx.parse_webhook(payload)

    def test_other_events_are_to_be_ignored(self) -> None:
        (meta,) = telnyx.parse_webhook({"data": {"event_type": "call.initiated", "payload": 1}})
        assert not (meta.is_inbound or meta.is_status)


def status_of(payload: dict[str, Any]) -> DeliveryStatus:
    status = extract_sms_meta("telnyx", payload).status
    assert status is not None
    return status


class TestReports:
    def test_a_delivered_message(self) -> None:
        status = status_of(REPORT)
        assert (status.provider, status.status) == ("telnyx", "delivered")
        assert status.message_id == "ac012cbf-5e09-46af-a69a-7c0e2d90993c"
        assert (status.sender, status.recipient) == (SHOP, ADA)
        assert status.timestamp == "2019-12-09T21:32:14.148+00:00"
        assert status.raw["data"]["payload"]["cost"]["amount"] == "0.0051"
        assert parse_telnyx_webhook(REPORT, channel_id="sms") is None

    @pytest.mark.parametrize(
        ("word", "status"),
        [
            ("queued", "queued"),
            ("sending", "sending"),
            ("sent", "sent"),
            ("delivered", "delivered"),
            ("sending_failed", "failed"),
            ("delivery_failed", "failed"),
            ("delivery_unconfirmed", "sent"),
            ("expired", "expired"),
        ],
    )
    def test_what_telnyxs_words_mean(self, word: str, status: str) -> None:
        assert status_of(having(REPORT, to=[{"status": word}])).status == status

    def test_why_a_message_did_not_arrive(self) -> None:
        errors = [{"code": "40008", "title": "Undeliverable", "detail": "…"}]
        report = having(REPORT, to=[{"status": "delivery_failed"}], errors=errors)
        status = status_of(report)
        assert (status.error_code, status.error_message) == ("40008", "Undeliverable")

    def test_each_recipient_has_a_report(self) -> None:
        to = [{"phone_number": ADA, "status": "delivered"}, {"status": "delivery_failed"}, None]
        reports = telnyx.parse_webhook(having(REPORT, to=to))
        statuses = [report.status for report in reports]
        assert [status and (status.recipient, status.status) for status in statuses] == [
            (ADA, "delivered"),
            ("", "failed"),
        ]

    def test_a_message_on_its_way(self) -> None:
        report = having(REPORT, to=[{"phone_number": ADA}])
        report["data"]["event_type"] = "message.sent"
        assert status_of(report).status == "sent"


class TestRCS:
    def test_a_text(self) -> None:
        message = carried(parse_telnyx_rcs_webhook(RCS, channel_id="rcs"))
        assert (message.channel_id, message.sender_id) == ("rcs", ADA)
        assert message.content == TextContent(body="Hello from Telnyx!")
        assert message.metadata["recipient"] == "e4448a5c0670c2a9"

    def test_a_file(self) -> None:
        file = {
            "payload": {
                "file_name": "photo.jpg",
                "file_size_bytes": 179099,
                "file_uri": "https://rcs-inbound.example/photo.jpg",
                "mime_type": "image/jpeg",
            },
            "thumbnail": {"file_uri": "https://rcs-inbound.example/photo_thumb.jpg"},
        }
        message = carried(parse_telnyx_rcs_webhook(having(RCS, body={"user_file": file}), "rcs"))
        assert message.content == MediaContent(
            url="https://rcs-inbound.example/photo.jpg",
            mime_type="image/jpeg",
            filename="photo.jpg",
        )

    def test_a_place(self) -> None:
        place = {"latitude": 38.24961321640261, "longitude": -85.78378468751907}
        message = carried(parse_telnyx_rcs_webhook(having(RCS, body={"location": place}), "rcs"))
        assert message.content == LocationContent(
            latitude=38.24961321640261, longitude=-85.78378468751907
        )

    def test_a_suggestion_that_was_tapped(self) -> None:
        tapped = {"postback_data": "action_visit_store", "text": "Explore the online store"}
        message = carried(
            parse_telnyx_rcs_webhook(having(RCS, body={"suggestion_response": tapped}), "rcs")
        )
        assert message.content == TextContent(body="Explore the online store")
        assert message.metadata["postback_data"] == "action_visit_store"

    def test_a_message_that_was_read(self) -> None:
        report = having(REPORT, **{"from": {"agent_id": "e4448a5c0670c2a9"}})
        report["data"]["event_type"] = "message.read"
        status = status_of(report)
        assert (status.status, status.sender, status.recipient) == (
            "read",
            "e4448a5c0670c2a9",
            ADA,
        )
