"""Sinch calls: payloads as its documentation prints them."""

from __future__ import annotations

from typing import Any

import pytest

from roomkit.errors import WebhookError
from roomkit.models.content import CompositeContent, MediaContent, TextContent
from roomkit.models.delivery import DeliveryStatus
from roomkit.providers.sinch import SinchConfig, SinchSMSProvider, parse_sinch_webhook
from roomkit.providers.sms import extract_sms_meta
from tests.wire.carried import carried

ADA, SHOP = "+12015555555", "+12017777777"
sinch = SinchSMSProvider(SinchConfig(service_plan_id="plan", api_token="s3cret", from_number=SHOP))
# https://developers.sinch.com/docs/sms/api-reference/sms/webhooks
MESSAGE: dict[str, Any] = {
    "body": "Hello John! 👋",
    "from": "12015555555",
    "id": "01W4FFL35P4NC4K35SMSBATCH8",
    "operator_id": "311071",
    "received_at": "2024-06-06T07:52:37.386Z",
    "to": "12017777777",
    "type": "mo_text",
}
MMS: dict[str, Any] = {
    **MESSAGE,
    "type": "mo_media",
    "body": {
        "subject": "Bicycles",
        "message": "Look",
        "media": [
            {"url": "https://x.example/1.jpg", "content_type": "image/jpeg", "status": "Uploaded",
             "code": 0},
            {"url": None, "content_type": "image/png", "status": "Failed", "code": 404},
            {"url": "https://x.example/2.gif", "content_type": "image/gif", "status": "Uploaded",
             "code": 0},
        ],
    },
}  # fmt: skip
RECIPIENT_REPORT: dict[str, Any] = {
    "at": "2024-06-06T08:17:19.210Z",
    "batch_id": "01W4FFL35P4NC4K35SMSBATCH9",
    "client_reference": "client-ref",
    "code": 0,
    "operator_status_at": "2024-06-06T08:17:00.000Z",
    "recipient": "12017777777",
    "status": "Delivered",
    "type": "recipient_delivery_report_sms",
}
BATCH_REPORT: dict[str, Any] = {
    "batch_id": "01W4FFL35P4NC4K35SMSBATCH8",
    "client_reference": "client-ref",
    "statuses": [
        {"code": 0, "count": 2, "recipients": ["12017777777", "33612345678"],
         "status": "Delivered"},
        {"code": 417, "count": 1, "recipients": ["12010000000"], "status": "Failed"},
    ],
    "total_message_count": 3,
    "type": "delivery_report_sms",
}  # fmt: skip


def statuses(payload: dict[str, Any]) -> list[DeliveryStatus]:
    found = [meta.status for meta in sinch.parse_webhook(payload)]
    return [status for status in found if status is not None]


class TestMessages:
    def test_a_text_message(self) -> None:
        message = carried(parse_sinch_webhook(MESSAGE, channel_id="sms"))
        assert (message.channel_id, message.sender_id) == ("sms", ADA)
        assert message.content == TextContent(body="Hello John! 👋")
        assert message.provider_message_id == "01W4FFL35P4NC4K35SMSBATCH8"
        assert message.metadata == {"recipient": SHOP, "operator_id": "311071"}

    def test_all_pictures_come_in_one_message(self) -> None:
        message = carried(parse_sinch_webhook(MMS, channel_id="sms"))
        assert message.content == CompositeContent(
            parts=[
                TextContent(body="Look"),
                MediaContent(url="https://x.example/1.jpg", mime_type="image/jpeg"),
                MediaContent(url="https://x.example/2.gif", mime_type="image/gif"),
            ]
        )
        assert message.metadata["subject"] == "Bicycles"

    def test_a_binary_message_is_not_lost(self) -> None:
        payload = {**MESSAGE, "type": "mo_binary", "body": "VGV4dA==", "udh": "00010203"}
        assert carried(parse_sinch_webhook(payload, channel_id="sms")).content == MediaContent(
            url="data:application/octet-stream;base64,VGV4dA==",
            mime_type="application/octet-stream",
        )

    def test_what_is_answered(self) -> None:
        payload = {**MESSAGE, "client_reference": "event-1"}
        metadata = carried(parse_sinch_webhook(payload, channel_id="sms")).metadata
        assert metadata["client_reference"] == "event-1"

    def test_stop(self) -> None:
        metadata = carried(parse_sinch_webhook({**MESSAGE, "body": "stop all"}, "sms")).metadata
        assert (metadata["opt_out"], metadata["no_reply"]) == ("stop", True)

    def test_the_normal_form(self) -> None:
        meta = extract_sms_meta("sinch", MMS)
        assert (meta.provider, meta.sender, meta.recipient) == ("sinch", ADA, SHOP)
        assert (meta.body, len(meta.media_urls)) == ("Look", 2)
        assert meta.to_inbound(channel_id="s") == parse_sinch_webhook(MMS, channel_id="s")

    @pytest.mark.parametrize(
        "payload",
        [
            {},
            {"type": [7]},
            {**MESSAGE, "from": None},
            {**RECIPIENT_REPORT, "batch_id": ""},
            {**BATCH_REPORT, "batch_id": None},
        ],
    )
    def test_what_is_none_of_sinchs(self, payload: dict[str, Any]) -> None:
        assert parse_sinch_webhook(payload, channel_id="sms") is None
        with pytest.raises(WebhookError):
            sinch.parse_webhook(payload)

    def test_other_events_are_to_be_ignored(self) -> None:
        for payload in (
            {"type": "something"},
            {"type": 7},
            {**BATCH_REPORT, "statuses": [None, "x"]},
        ):
            (meta,) = sinch.parse_webhook(payload)
            assert not (meta.is_inbound or meta.is_status)


class TestReports:
    def test_a_delivered_message(self) -> None:
        (status,) = statuses(RECIPIENT_REPORT)
        assert (status.provider, status.status) == ("sinch", "delivered")
        assert status.message_id == "01W4FFL35P4NC4K35SMSBATCH9"
        assert status.recipient == SHOP
        assert status.timestamp == "2024-06-06T08:17:19.210Z"
        assert (status.error_code, status.error_message) == (None, None)

    def test_a_message_that_did_not_arrive(self) -> None:
        report = {**RECIPIENT_REPORT, "status": "Aborted", "code": 412}
        (status,) = statuses(report)
        assert (status.status, status.error_code) == ("failed", "412")
        assert status.error_message == "the account is not set up for the number's region"

    def test_a_report_about_a_batch(self) -> None:
        assert [(it.recipient, it.status, it.error_code) for it in statuses(BATCH_REPORT)] == [
            ("+12017777777", "delivered", None),
            ("+33612345678", "delivered", None),
            ("+12010000000", "failed", "417"),
        ]

    def test_a_report_that_names_no_recipients(self) -> None:
        report = {**BATCH_REPORT, "statuses": [{"code": 401, "count": 1, "status": "Dispatched"}]}
        (status,) = statuses(report)
        assert (status.recipient, status.status, status.error_code) == ("", "sent", None)

    @pytest.mark.parametrize(
        ("word", "status"),
        [
            ("Queued", "queued"),
            ("Dispatched", "sent"),
            ("Delivered", "delivered"),
            ("Aborted", "failed"),
            ("Cancelled", "failed"),
            ("Rejected", "failed"),
            ("Deleted", "failed"),
            ("Failed", "failed"),
            ("Expired", "expired"),
            ("Unknown", "unknown"),
            (None, "unknown"),
        ],
    )
    def test_what_sinchs_words_mean(self, word: str | None, status: str) -> None:
        assert [it.status for it in statuses({**RECIPIENT_REPORT, "status": word})] == [status]
