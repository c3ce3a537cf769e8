"""SendGrid calls: mail that came in, events, and signatures that SendGrid computed."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from hypothesis import given, settings
from hypothesis import strategies as st

from roomkit.errors import WebhookError
from roomkit.models.content import CompositeContent, MediaContent, TextContent
from roomkit.models.delivery import InboundMessage, WebhookMeta
from roomkit.providers.base import WebhookRequest
from roomkit.providers.sendgrid import (
    SendGridConfig,
    SendGridEmailProvider,
    SendGridVerifier,
    parse_sendgrid_webhook,
    verify_sendgrid_signature,
)
from roomkit.testing.clock import VirtualClock

URL = "https://example.com/webhooks/mail"
DOMAIN = "desk.example.com"
FORM = "multipart/form-data; boundary=xYzZY"

# https://github.com/sendgrid/sendgrid-python, test/unit/test_eventwebhook.py: a request that
# SendGrid made, with the key that it belongs to.
KEY = (
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE83T4O/n84iotIvIW4mdBgQ/7dAfSmpqIM8kF9mN1flpVKS3GRqe62g"
    "w+2fNNRaINXvVpiglSI8eNEc6wEA3F+g=="
)
SIGNATURE = (
    "MEUCIGHQVtGj+Y3LkG9fLcxf3qfI10QysgDWmMOVmxG0u6ZUAiEAyBiXDWzM+uOe5W0JuG+luQAbPIqHh89M15T"
    "luLtEZtM="
)
TIMESTAMP = "1600112502"
NOW = datetime.fromtimestamp(1600112510, UTC)
BODY = (
    b'[{"email":"hello@world.com","event":"dropped","reason":"Bounced Address",'
    b'"sg_event_id":"ZHJvcC0xMDk5NDkxOS1MUnpYbF9OSFN0T0doUTRrb2ZTbV9BLTA",'
    b'"sg_message_id":"LRzXl_NHStOGhQ4kofSm_A.filterdrecv-p3mdw1-756b745b58-kmzbl-18-5F5FC76C-9.0",'
    b'"smtp-id":"<LRzXl_NHStOGhQ4kofSm_A@ismtpd0039p1iad1.sendgrid.net>",'
    b'"timestamp":1600112492}]\r\n'
)


def provider(**settings: Any) -> SendGridEmailProvider:
    config = SendGridConfig(api_key="SG.x", from_email=f"help@{DOMAIN}", **settings)
    return SendGridEmailProvider(config, clock=VirtualClock(NOW))


def request(
    body: bytes = BODY,
    signature: str | None = SIGNATURE,
    timestamp: str | None = TIMESTAMP,
    content_type: str = "application/json",
) -> WebhookRequest:
    given = {
        "x-twilio-email-event-webhook-signature": signature,
        "x-twilio-email-event-webhook-timestamp": timestamp,
        "content-type": content_type,
    }
    headers = {name: value for name, value in given.items() if value is not None}
    return WebhookRequest(url=URL, headers=headers, body=body)


class TestSignatures:
    def test_a_request_that_sendgrid_made(self) -> None:
        sendgrid = provider(webhook_public_key=KEY)
        assert sendgrid.verifies_webhooks
        assert sendgrid.verify_webhook(request())
        pem = f"-----BEGIN PUBLIC KEY-----\n{KEY}\n-----END PUBLIC KEY-----\n"
        assert provider(parse_public_key=pem).verify_webhook(request())
        assert verify_sendgrid_signature(KEY, BODY, SIGNATURE, TIMESTAMP, now=NOW)

    @pytest.mark.parametrize(
        "forged",
        [
            request(body=BODY.replace(b"dropped", b"delivered")),
            request(body=BODY.strip()),
            request(body=b""),
            request(signature=None),
            request(signature=""),
            request(signature="é"),
            request(signature="####"),
            request(signature=base64.b64encode(b"x" * 70).decode()),
            request(signature=SIGNATURE + "A"),
            request(timestamp=None),
            request(timestamp=""),
            request(timestamp="1600112503"),
            request(timestamp="٣"),
            request(timestamp="9" * 400),
            request(timestamp="soon"),
        ],
    )
    def test_and_requests_that_somebody_else_made(self, forged: WebhookRequest) -> None:
        assert provider(webhook_public_key=KEY).verify_webhook(forged) is False

    def test_without_a_key_nothing_is_vouched_for(self) -> None:
        sendgrid = provider()
        assert not sendgrid.verifies_webhooks
        assert sendgrid.verify_webhook(request()) is False
        with pytest.raises(ValueError, match="webhook_public_key"):
            sendgrid.verify_signature(BODY, SIGNATURE, TIMESTAMP)

    def test_with_the_key_of_another_account(self) -> None:
        other = ec.generate_private_key(ec.SECP256R1()).public_key()
        assert provider(webhook_public_key=written(other)).verify_webhook(request()) is False

    @pytest.mark.parametrize(
        ("minutes", "genuine"), [(4, True), (-4, True), (6, False), (-6, False)]
    )
    def test_a_request_is_good_for_five_minutes(self, minutes: int, genuine: bool) -> None:
        moment = datetime.fromtimestamp(int(TIMESTAMP), UTC) + timedelta(minutes=minutes)
        assert verify_sendgrid_signature(KEY, BODY, SIGNATURE, TIMESTAMP, now=moment) is genuine

    def test_mail_and_events_may_have_different_keys(self) -> None:
        private = ec.generate_private_key(ec.SECP256R1())
        sendgrid = provider(webhook_public_key=KEY, parse_public_key=written(private.public_key()))
        mail = b"--xYzZY--"
        signature = private.sign(TIMESTAMP.encode() + mail, ec.ECDSA(hashes.SHA256()))
        signed = request(mail, base64.b64encode(signature).decode(), content_type=FORM)
        assert sendgrid.verify_webhook(signed)
        assert sendgrid.verify_webhook(request())

    @pytest.mark.parametrize("key", ["", "MFkw", "not base64 é", "-----BEGIN PUBLIC KEY-----"])
    def test_a_key_that_is_none(self, key: str) -> None:
        with pytest.raises(ValueError, match="not a public key"):
            SendGridVerifier([key])
        assert verify_sendgrid_signature(key, BODY, SIGNATURE, TIMESTAMP, now=NOW) is False

    def test_a_key_of_another_kind(self) -> None:
        key = written(ed25519.Ed25519PrivateKey.generate().public_key())
        with pytest.raises(ValueError, match="elliptic curve"):
            SendGridVerifier([key])

    @given(st.binary(), st.text() | st.none(), st.text() | st.none())
    def test_anything_may_be_claimed(
        self, body: bytes, signature: str | None, timestamp: str | None
    ) -> None:
        assert VERIFIER.verify(body, signature, timestamp, NOW) is False


def written(key: ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey) -> str:
    der = key.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return base64.b64encode(der).decode()


VERIFIER = SendGridVerifier([KEY])


def read(*events: Any) -> list[WebhookMeta]:
    sendgrid = provider()
    body = json.dumps(events).encode()
    return sendgrid.parse_webhook(sendgrid.decode_webhook(request(body)))


def an_event(kind: str, **fields: Any) -> dict[str, Any]:
    return {
        "email": "ada@example.com",
        "timestamp": 1767694500,
        "smtp-id": "<14c5d75ce93.dfd.64b469@ismtpd-555>",
        "event": kind,
        "sg_event_id": "ZHJvcC0xMDk5NDkx",
        "sg_message_id": "14c5d75ce93.dfd.64b469.filter0001.16648.5515E0B88.0",
        **fields,
    }


class TestEvents:
    @pytest.mark.parametrize(
        ("event", "status", "code"),
        [
            (an_event("processed"), "sent", None),
            (an_event("deferred", response="400 try again later", attempt="5"), "deferred", None),
            (an_event("delivered", response="250 OK"), "delivered", None),
            (an_event("bounce", reason="500 unknown", status="5.0.0"), "failed", "bounced"),
            (an_event("bounce", reason="spam", type="blocked"), "failed", "blocked"),
            (an_event("dropped", reason="Bounced Address"), "failed", "dropped"),
            (an_event("open", useragent="Mozilla/4.0", ip="255.255.255.255"), "opened", None),
            (an_event("click", url="https://example.com"), "clicked", None),
            (an_event("spamreport"), "complained", None),
            (an_event("unsubscribe"), "unsubscribed", None),
            (an_event("group_unsubscribe", asm_group_id=10), "unsubscribed", None),
            (an_event("group_resubscribe", asm_group_id=10), "resubscribed", None),
        ],
        ids=lambda value: value.get("event") if isinstance(value, dict) else None,
    )
    def test_what_became_of_a_mail(
        self, event: dict[str, Any], status: str, code: str | None
    ) -> None:
        (meta,) = read(event)
        report = meta.status
        assert report is not None
        assert (report.provider, report.message_id) == ("sendgrid", "14c5d75ce93.dfd.64b469")
        assert (report.status, report.error_code) == (status, code)
        assert report.error_message == (event["reason"] if code else None)
        assert (report.recipient, report.timestamp) == (
            "ada@example.com",
            "2026-01-06T10:15:00+00:00",
        )
        assert report.raw == event

    def test_ids_of_today(self) -> None:
        (meta,) = provider().parse_webhook(provider().decode_webhook(request()))
        assert meta.status is not None
        assert meta.status.message_id == "LRzXl_NHStOGhQ4kofSm_A"

    def test_a_bounce_that_comes_late_has_no_id_but_the_mails(self) -> None:
        event = an_event("bounce")
        del event["sg_message_id"]
        (meta,) = read(event)
        assert meta.status is not None
        assert meta.status.message_id == event["smtp-id"]

    def test_a_bad_event_does_not_take_the_others_with_it(self) -> None:
        bad: list[Any] = [None, 7, "text", [], {}, {"event": None}, {"event": "open"}]
        bad += [an_event("delivered", timestamp=10**40), an_event("open", timestamp=True)]
        metas = read(an_event("processed"), *bad, an_event("something new"), an_event("delivered"))
        found = [None if meta.status is None else meta.status.status for meta in metas]
        assert found == ["sent", "delivered", "opened", None, "delivered"]

    @pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 100_000])
    def test_a_body_that_is_none(self, body: bytes) -> None:
        with pytest.raises(WebhookError):
            provider().decode_webhook(request(body))


HEADERS = f"""\
Received: by mx0031p1mdw1.sendgrid.net with SMTP id abc Tue, 06 Jan 2026
DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.com
From: =?UTF-8?Q?Ada_L=C3=B6velace?= <Ada@example.com>
Message-ID: <CAB7@mail.gmail.com>
In-Reply-To: <event-7.0123456789.roomkit@{DOMAIN}>
References: <event-7.0123456789.roomkit@{DOMAIN}>
Subject: Re: Ihr Fahrrad
To: help@{DOMAIN}
"""
FIELDS: dict[str, bytes] = {
    "headers": HEADERS.encode(),
    "dkim": b"{@example.com : pass}",
    "to": f"help@{DOMAIN}".encode(),
    "from": "Ada Lövelace <Ada@example.com>".encode(),
    "sender_ip": b"209.85.128.42",
    "envelope": f'{{"to":["help@{DOMAIN}"],"from":"ada@example.com"}}'.encode(),
    "subject": b"Re: Ihr Fahrrad",
    "text": "Ja, Dienstag. Grüße\r\n\r\nOn 6.1. at 10:15 Desk wrote:\r\n> Wann?\r\n".encode(
        "latin-1"
    ),
    "html": b"<p>Ja, Dienstag.</p>",
    "charsets": b'{"to":"UTF-8","from":"UTF-8","subject":"UTF-8","text":"iso-8859-1"}',
    "SPF": b"pass",
    "attachments": b"0",
}


def form(
    fields: dict[str, bytes], files: dict[str, tuple[str, str, bytes]] | None = None
) -> bytes:
    """A form as SendGrid writes it."""
    pieces = [
        f'--xYzZY\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'.encode() + value
        for name, value in fields.items()
    ]
    pieces += [
        f'--xYzZY\r\nContent-Disposition: form-data; name="{name}"; filename="{filename}"\r\n'
        f"Content-Type: {kind}\r\n\r\n".encode()
        + content
        for name, (filename, kind, content) in (files or {}).items()
    ]
    return b"\r\n".join([*pieces, b"--xYzZY--\r\n"])


def received(body: bytes, content_type: str = FORM) -> WebhookMeta:
    sendgrid = provider()
    (meta,) = sendgrid.parse_webhook(
        sendgrid.decode_webhook(request(body, content_type=content_type))
    )
    return meta


def message_in(body: bytes) -> InboundMessage:
    message = received(body).message
    assert message is not None
    return message


class TestMail:
    def test_a_mail_that_sendgrid_has_parsed(self) -> None:
        message = message_in(form(FIELDS))
        assert message.sender_id == "ada@example.com"
        assert message.content == TextContent(body="Ja, Dienstag. Grüße")
        assert message.provider_message_id == "<CAB7@mail.gmail.com>"
        metadata = dict(message.metadata)
        assert "> Wann?" in metadata.pop("full_text")
        assert metadata == {
            "subject": "Re: Ihr Fahrrad",
            "sender_name": "Ada Lövelace",
            "recipient": f"help@{DOMAIN}",
            "recipients": [f"help@{DOMAIN}"],
            "message_id": "<CAB7@mail.gmail.com>",
            "in_reply_to": f"<event-7.0123456789.roomkit@{DOMAIN}>",
            "references": [f"<event-7.0123456789.roomkit@{DOMAIN}>"],
            "thread_id": f"<event-7.0123456789.roomkit@{DOMAIN}>",
            "reply_to_event_id": "event-7",
            "spf": "pass",
            "dkim": "{@example.com : pass}",
            "sender_ip": "209.85.128.42",
        }

    def test_the_whole_mail_as_it_came(self) -> None:
        raw = f"{HEADERS}Auto-Submitted: auto-replied\n\nI am away.\n".encode()
        kept = ("to", "from", "envelope", "SPF")
        message = message_in(form({**{name: FIELDS[name] for name in kept}, "email": raw}))
        assert message.content == TextContent(body="I am away.")
        assert message.metadata["no_reply"] is True
        assert message.metadata["spf"] == "pass"

    def test_files(self) -> None:
        info = {"attachment1": {"filename": "Ü.png", "type": "image/png", "name": "x.png"}}
        files = {
            "attachment2": ("b.bin", "application/octet-stream", b"\r\n\0\xff--xYzZ\r\n"),
            "attachment1": ("ignored.png", "image/png", b"\x89PNG"),
        }
        fields = {**FIELDS, "text": b"See", "attachment-info": json.dumps(info).encode()}
        content = message_in(form(fields, files)).content
        assert isinstance(content, CompositeContent)
        text, first, second = content.parts
        assert text == TextContent(body="See")
        assert isinstance(first, MediaContent)
        assert isinstance(second, MediaContent)
        assert (first.filename, first.mime_type, first.size_bytes) == ("Ü.png", "image/png", 4)
        assert second.filename == "b.bin"
        encoded = base64.b64encode(b"\r\n\0\xff--xYzZ\r\n").decode()
        assert second.url == f"data:application/octet-stream;base64,{encoded}"

    def test_a_file_whose_name_cannot_be_read(self) -> None:
        files = {"attachment1": ("x\"; filename*=idna''%ff; y=\"", "image/png", b"x")}
        content = message_in(form({**FIELDS, "text": b""}, files)).content
        assert isinstance(content, CompositeContent)
        assert isinstance(content.parts[-1], MediaContent)

    def test_html_only(self) -> None:
        fields = {name: value for name, value in FIELDS.items() if name != "text"}
        assert message_in(form(fields)).content == TextContent(body="Ja, Dienstag.")

    def test_the_return_path_of_a_bounce(self) -> None:
        message = message_in(form({**FIELDS, "envelope": b'{"to":["a@x"],"from":""}'}))
        assert message.metadata["auto_reason"] == "return-path"

    def test_mail_of_our_own_is_ignored(self) -> None:
        ours = HEADERS.replace("<CAB7@mail.gmail.com>", f"<e-1.0123456789.roomkit@{DOMAIN}>")
        assert received(form({**FIELDS, "headers": ours.encode()})).event_type == "unknown"

    def test_the_forms_of_web_frameworks_are_fine(self) -> None:
        payload = {name: value.decode("latin-1") for name, value in FIELDS.items()}
        payload["charsets"] = "{}"
        upload = object()
        message = parse_sendgrid_webhook(
            {**payload, "attachment1": upload}, "mail", own_domain=DOMAIN
        )
        assert message is not None
        assert message.channel_id == "mail"
        assert message.content == TextContent(body="Ja, Dienstag. Grüße")

    def test_events_are_no_mail(self) -> None:
        with pytest.raises(WebhookError):
            parse_sendgrid_webhook({"events": []}, "mail")
        with pytest.raises(WebhookError):
            parse_sendgrid_webhook({"a": "b"}, "mail")


FORGED = b'\r\n--xYzZY\r\nContent-Disposition: form-data; name="from"\r\n\r\nboss@example.com'


class TestForms:
    """SendGrid's boundary is known to everybody who writes a mail."""

    def test_a_mail_that_brings_its_own_sender(self) -> None:
        with pytest.raises(WebhookError, match="twice"):
            received(form({**FIELDS, "text": b"Hello" + FORGED}))

    def test_a_mail_that_ends_the_form(self) -> None:
        evil = b"Hello" + FORGED + b"\r\n--xYzZY--\r\n"
        others = {name: value for name, value in FIELDS.items() if name != "text"}
        with pytest.raises(WebhookError, match="no clear"):
            received(form({"text": evil, **others}))

    def test_a_mail_that_brings_another_one(self) -> None:
        another = FORGED.replace(b'"from"', b'"email"') + b"\r\n\r\nHello"
        with pytest.raises(WebhookError, match="both"):
            received(form({**FIELDS, "text": b"Hello" + another}))

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"--xYzZY--",
            b"--xYzZY\r\n\r\nno name\r\n--xYzZY--",
            b"before --xYzZY--",
            form(FIELDS)[:-10],
            form(FIELDS) + b"more",
            b"--xYzZY" * 1000,
        ],
    )
    def test_what_is_no_form(self, body: bytes) -> None:
        with pytest.raises(WebhookError):
            received(body)

    @pytest.mark.parametrize(
        "content_type",
        [
            "multipart/form-data",
            "multipart/form-data; boundary=",
            "multipart/form-data; boundary=other",
        ],
    )
    def test_a_boundary_that_does_not_fit(self, content_type: str) -> None:
        with pytest.raises(WebhookError):
            received(form(FIELDS), content_type)

    @settings(max_examples=40)
    @given(
        st.dictionaries(
            st.sampled_from([*FIELDS, "email", "attachment1", "attachment-info"]), st.binary()
        )
    )
    def test_fields_may_hold_anything(self, fields: dict[str, bytes]) -> None:
        for payload in (form(fields), form({**FIELDS, **fields})):
            try:
                meta = received(payload)
            except WebhookError:
                continue
            assert meta.event_type in ("inbound", "status", "unknown")
            assert meta.message is None or meta.to_inbound("mail").sender_id

    @settings(max_examples=40)
    @given(
        st.dictionaries(
            st.sampled_from([*FIELDS, "email", "event", "events", "attachment1"]),
            st.recursive(
                st.none() | st.booleans() | st.integers() | st.text() | st.binary(),
                lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
                max_leaves=5,
            ),
        )
    )
    def test_payloads_may_hold_anything(self, payload: dict[str, Any]) -> None:
        try:
            for meta in provider().parse_webhook(payload):
                assert meta.event_type in ("inbound", "status", "unknown")
        except WebhookError:
            pass
