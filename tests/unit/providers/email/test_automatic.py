"""Mail that programs write is told apart from mail that people write."""

from __future__ import annotations

import pytest

from roomkit.providers.email import parse_email
from tests.unit.providers.email import mails
from tests.unit.providers.email.mails import mail

AUTOMATIC = [
    ({"Auto_Submitted": "auto-replied"}, "auto-submitted"),
    ({"Auto_Submitted": "auto-generated; owner-email=x"}, "auto-submitted"),
    ({"X_Auto_Response_Suppress": "DR, OOF, AutoReply"}, "x-auto-response-suppress"),
    ({"X_Auto_Response_Suppress": "All"}, "x-auto-response-suppress"),
    ({"Precedence": "bulk"}, "precedence"),
    ({"Precedence": "list"}, "precedence"),
    ({"Precedence": "Junk"}, "precedence"),
    ({"Precedence": "auto_reply"}, "precedence"),
    ({"List_Id": "Cyclists <cyclists.example.com>"}, "list-id"),
    ({"List_Unsubscribe": "<mailto:u@example.com>"}, "list-unsubscribe"),
    ({"X_Autoreply": "yes"}, "x-autoreply"),
    ({"X_Autorespond": "Away"}, "x-autorespond"),
    ({"X_Failed_Recipients": "bob@example.com"}, "x-failed-recipients"),
    ({"Return_Path": "<>"}, "return-path"),
    ({"From": "Mail Delivery System <MAILER-DAEMON@mx.example.com>"}, "sender"),
    ({"From": "postmaster@example.com"}, "sender"),
    ({"From": "no-reply@example.com"}, "sender"),
    ({"From": "noreply+abc@example.com"}, "sender"),
    ({"From": "donotreply@example.com"}, "sender"),
    ({"From": "bounce-12=ada=example.com@lists.example.com"}, "sender"),
    ({"Subject": "Automatic reply: Your bicycle"}, "subject"),
    ({"Subject": "Out of Office: Your bicycle"}, "subject"),
    ({"Subject": "Abwesenheitsnotiz: Ihr Fahrrad"}, "subject"),
    ({"Subject": "=?utf-8?q?R=C3=A9ponse_automatique_:_Votre_v=C3=A9lo?="}, "subject"),
    ({"Subject": "Auto: Your bicycle"}, "subject"),
    ({"Content_Type": "multipart/report; report-type=feedback-report; boundary=x"}, "report"),
]


@pytest.mark.parametrize(("fields", "reason"), AUTOMATIC)
def test_programs(fields: dict[str, str], reason: str) -> None:
    message = parse_email(mail(**fields), "mail")
    assert message is not None, "it is kept all the same"
    assert message.metadata["auto_generated"] is True
    assert message.metadata["no_reply"] is True
    assert message.metadata["auto_reason"] == reason


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"Auto_Submitted": "no"},
        {"Precedence": "first-class"},
        {"X_Auto_Response_Suppress": "None"},
        {"Return_Path": "<ada@example.com>"},
        {"From": "Ada <noreen@example.com>"},
        {"From": "daemonica@example.com"},
        {"Subject": "The office is out of paper"},
        {"Subject": "Re: Automatic gears"},
        {"Content_Type": "multipart/mixed; boundary=x"},
    ],
)
def test_people(fields: dict[str, str]) -> None:
    message = parse_email(mail(**fields), "mail")
    assert message is not None
    assert "no_reply" not in message.metadata
    assert "auto_generated" not in message.metadata


def test_an_out_of_office_reply_from_exchange() -> None:
    message = parse_email(mails.OUT_OF_OFFICE, "mail", own_domain=mails.DOMAIN)
    assert message is not None
    assert message.metadata["no_reply"] is True
    assert message.metadata["reply_to_event_id"] == "event-7"
