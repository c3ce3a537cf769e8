"""Elastic Email calls: mail that came in, and events."""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roomkit.errors import WebhookError
from roomkit.models.content import CompositeContent, MediaContent, TextContent
from roomkit.models.delivery import WebhookMeta
from roomkit.providers.base import WebhookRequest
from roomkit.providers.elasticemail import (
    ElasticEmailConfig,
    ElasticEmailProvider,
    parse_elasticemail_webhook,
)

URL = "https://example.com/webhooks/mail"
DOMAIN = "desk.example.com"
FORM = "application/x-www-form-urlencoded"

elastic = ElasticEmailProvider(
    ElasticEmailConfig(api_key="x", from_email=f"help@{DOMAIN}", webhook_token="s3cret")
)


def event_request(**fields: str) -> WebhookRequest:
    """Events come by GET: all is in the URL."""
    return WebhookRequest(url=f"{URL}?{urlencode({'token': 's3cret', **fields})}")


def mail_request(fields: dict[str, str]) -> WebhookRequest:
    return WebhookRequest(
        url=f"{URL}?token=s3cret", headers={"content-type": FORM}, body=urlencode(fields).encode()
    )


def received(request: WebhookRequest) -> WebhookMeta:
    (meta,) = elastic.parse_webhook(elastic.decode_webhook(request))
    return meta


class TestTokens:
    def test_the_url_holds_the_secret(self) -> None:
        assert elastic.verifies_webhooks
        assert elastic.verify_webhook(event_request(status="Sent"))
        assert elastic.verify_webhook(mail_request({}))

    @pytest.mark.parametrize(
        "url",
        [
            URL,
            f"{URL}?token=",
            f"{URL}?token=s3cre",
            f"{URL}?token=s3cret2",
            f"{URL}?token=S3CRET",
            f"{URL}?Token=s3cret",
            f"{URL}?token=s3cret&token=s3cret",
            f"{URL}#token=s3cret",
            f"{URL}?token=%ED%A0%80",
            "https://[::1?token=s3cret",
        ],
    )
    def test_or_the_request_is_not_theirs(self, url: str) -> None:
        assert elastic.verify_webhook(WebhookRequest(url=url)) is False

    def test_without_a_secret_nothing_is_vouched_for(self) -> None:
        open_to_all = ElasticEmailProvider(ElasticEmailConfig(api_key="x", from_email="a@b.c"))
        assert not open_to_all.verifies_webhooks
        assert open_to_all.verify_webhook(WebhookRequest(url=f"{URL}?token=")) is False

    def test_the_secret_is_not_kept(self) -> None:
        meta = received(event_request(status="Sent", messageid="m-1"))
        assert "s3cret" not in meta.model_dump_json()


class TestEvents:
    @pytest.mark.parametrize(
        ("said", "status", "code"),
        [
            ("Sent", "delivered", None),
            ("Opened", "opened", None),
            ("Clicked", "clicked", None),
            ("Error", "failed", "NoMailbox"),
            ("AbuseReport", "complained", None),
            ("Unsubscribed", "unsubscribed", None),
        ],
    )
    def test_what_became_of_a_mail(self, said: str, status: str, code: str | None) -> None:
        fields = {
            "transaction": "t-1",
            "messageid": "m-1",
            "to": "ada@example.com",
            "from": f"help@{DOMAIN}",
            "date": "1/6/2026 10:15:00 AM",
            "subject": "Your bicycle",
            "status": said,
            "channel": "channel",
            "account": "account@example.com",
            "category": "NoMailbox",
        }
        report = received(event_request(**fields)).status
        assert report is not None
        assert (report.provider, report.message_id) == ("elasticemail", "m-1")
        assert (report.status, report.error_code) == (status, code)
        assert (report.recipient, report.sender) == ("ada@example.com", f"help@{DOMAIN}")
        assert report.raw == fields

    def test_an_event_that_names_the_transaction_only(self) -> None:
        report = received(event_request(status="Error", transaction="t-1")).status
        assert report is not None
        assert (report.message_id, report.error_code) == ("t-1", "bounced")

    @pytest.mark.parametrize(
        "fields",
        [
            {},
            {"status": "Sent"},
            {"status": "SomethingNew", "messageid": "m-1"},
            # What is sent when a webhook is saved.
            {
                "status": "opened",
                "messageid": "abc1234",
                "to": "test@test.com",
                "transaction": "x",
            },
        ],
    )
    def test_what_says_nothing_is_acknowledged(self, fields: dict[str, str]) -> None:
        assert received(event_request(**fields)).event_type == "unknown"

    def test_events_are_no_mail(self) -> None:
        with pytest.raises(WebhookError):
            parse_elasticemail_webhook({"status": "Sent", "messageid": "m-1"}, "mail")
        with pytest.raises(WebhookError):
            parse_elasticemail_webhook({"a": "b"}, "mail")


MAIL = {
    "from_email": "Ada@example.com",
    "from_name": 'Ada "the first" Lövelace',
    "env_from": "ada@example.com",
    "env_to_list": f"help@{DOMAIN}",
    "to_list": f"help@{DOMAIN}",
    "header_list": (
        "Message-ID: <CAB7@mail.gmail.com>\r\n"
        f"In-Reply-To: <event-7.0123456789.roomkit@{DOMAIN}>\r\n"
    ),
    "subject": "Re: Ihr Fahrrad",
    "body_text": "Ja, Dienstag.\r\n\r\nOn 6.1. at 10:15 Desk wrote:\r\n> Wann?",
    "body_html": "<p>Ja, Dienstag.</p>",
}


class TestMail:
    def test_a_mail(self) -> None:
        meta = received(mail_request(MAIL))
        message = meta.message
        assert message is not None
        assert meta.provider == "elasticemail"
        assert message.sender_id == "ada@example.com"
        assert message.content == TextContent(body="Ja, Dienstag.")
        assert message.provider_message_id == "<CAB7@mail.gmail.com>"
        assert message.metadata["sender_name"] == "Ada the first Lövelace"
        assert message.metadata["subject"] == "Re: Ihr Fahrrad"
        assert message.metadata["reply_to_event_id"] == "event-7"

    def test_files(self) -> None:
        encoded = base64.b64encode(b"Hello world").decode()
        files = {
            "att2_name": "b.txt",
            "att2_content": encoded,
            "att1_name": "a.bin",
            "att1_content": "%%%",
        }
        message = received(mail_request({**MAIL, **files})).message
        assert message is not None
        assert isinstance(message.content, CompositeContent)
        _, first, second = message.content.parts
        assert isinstance(first, MediaContent)
        assert isinstance(second, MediaContent)
        assert (first.filename, first.size_bytes) == ("a.bin", 0)
        assert (second.filename, second.size_bytes) == ("b.txt", 11)
        assert second.mime_type == "text/plain"

    def test_html_only(self) -> None:
        message = received(mail_request({**MAIL, "body_text": ""})).message
        assert message is not None
        assert message.content == TextContent(body="Ja, Dienstag.")

    def test_automatic_mail(self) -> None:
        headers = MAIL["header_list"] + "Auto-Submitted: auto-replied\r\n"
        message = received(mail_request({**MAIL, "header_list": headers})).message
        assert message is not None
        assert message.metadata["no_reply"] is True
        bounce = received(mail_request({**MAIL, "env_from": "<>"})).message
        assert bounce is not None
        assert bounce.metadata["auto_reason"] == "return-path"

    def test_mail_of_our_own_is_ignored(self) -> None:
        ours = f"Message-ID: <e-1.0123456789.roomkit@{DOMAIN}>"
        request = mail_request({**MAIL, "header_list": ours})
        assert received(request).event_type == "unknown"
        payload = elastic.decode_webhook(request)
        assert parse_elasticemail_webhook(payload, "mail", own_domain=DOMAIN) is None
        assert parse_elasticemail_webhook(payload, "mail") is not None

    def test_json_is_fine_too(self) -> None:
        request = WebhookRequest(
            url=f"{URL}?token=s3cret", body=b'{"status": "Sent", "messageid": "m-1", "token": "x"}'
        )
        report = received(request).status
        assert report is not None
        assert report.message_id == "m-1"


@pytest.mark.parametrize("body", [b"[]", b"{", b"\xff", b"7"])
def test_a_body_that_is_none(body: bytes) -> None:
    with pytest.raises(WebhookError):
        elastic.decode_webhook(WebhookRequest(url=URL, body=body))
    with pytest.raises(WebhookError):
        elastic.decode_webhook(WebhookRequest(url="https://[::1"))


VALUES = st.recursive(
    st.none() | st.integers() | st.text() | st.binary(),
    lambda inner: st.lists(inner),
    max_leaves=4,
)
NAMES = st.sampled_from([*MAIL, "status", "messageid", "att1_name", "att1_content"]) | st.text()


@settings(max_examples=40)
@given(st.dictionaries(NAMES, VALUES))
def test_anything_may_come(payload: dict[str, Any]) -> None:
    for merged in (payload, {**MAIL, **payload}):
        try:
            metas = elastic.parse_webhook(merged)
        except WebhookError:
            continue
        for meta in metas:
            assert meta.event_type in ("inbound", "status", "unknown")
            assert meta.message is None or meta.to_inbound("mail").sender_id
