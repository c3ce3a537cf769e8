"""Bounces and receipts are reports about mail that was sent."""

from __future__ import annotations

import pytest

from roomkit.providers.email import parse_email, read_email
from tests.unit.providers.email import mails
from tests.unit.providers.email.mails import DOMAIN, OURS, bounce


@pytest.mark.parametrize(
    ("action", "enhanced", "status", "code"),
    [
        ("failed", "5.1.1", "failed", "bounced"),
        ("delayed", "4.4.1", "deferred", None),
        ("delivered", "2.0.0", "delivered", None),
        ("Relayed", "2.0.0", "delivered", None),
    ],
)
def test_what_became_of_a_mail(action: str, enhanced: str, status: str, code: str | None) -> None:
    meta = read_email(bounce(action=action, status=enhanced), own_domain=DOMAIN)
    report = meta.status
    assert report is not None
    assert not meta.is_inbound
    assert (report.provider, report.message_id) == ("email", OURS)
    assert (report.status, report.error_code) == (status, code)
    assert report.recipient == "nobody@example.com"
    assert report.raw == {"status": enhanced}


def test_the_reason_is_the_servers() -> None:
    report = read_email(bounce(), own_domain=DOMAIN).status
    assert report is not None
    assert report.error_message == "5.1.1 550 5.1.1 <nobody@example.com>: no such user"


def test_a_bounce_is_no_message() -> None:
    assert parse_email(bounce(), "mail", own_domain=DOMAIN) is None


def test_a_relay_that_gave_the_mail_another_id() -> None:
    returned = f"Message-ID: <0100@ses.example>\r\nX-RoomKit-Message-ID: {OURS}"
    report = read_email(bounce(returned=returned), own_domain=DOMAIN).status
    assert report is not None
    assert report.message_id == OURS


@pytest.mark.parametrize(
    "raw",
    [bounce(returned="Subject: no id"), bounce(action="wondering"), bounce(action="")],
)
def test_a_bounce_that_cannot_be_told_is_a_message_that_nobody_answers(raw: bytes) -> None:
    message = parse_email(raw, "mail", own_domain=DOMAIN)
    assert message is not None
    assert message.metadata["no_reply"] is True


def test_a_read_receipt() -> None:
    report = read_email(mails.READ_RECEIPT, own_domain=DOMAIN).status
    assert report is not None
    assert (report.status, report.message_id) == ("read", OURS)
    deleted = mails.READ_RECEIPT.replace(b"; displayed", b"; deleted")
    assert read_email(deleted, own_domain=DOMAIN).status is None
