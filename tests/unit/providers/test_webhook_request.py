"""What a provider gets of a vendor's request."""

from __future__ import annotations

import pytest

from roomkit.errors import WebhookError
from roomkit.providers.base import WebhookRequest
from roomkit.providers.twilio import TwilioConfig, TwilioSMSProvider
from roomkit.providers.twilio.signature import SIGNATURE_HEADER, twilio_signature

URL = "https://example.com/webhooks/twilio"
FORM = "application/x-www-form-urlencoded; charset=utf-8"


def twilio() -> TwilioSMSProvider:
    return TwilioSMSProvider(TwilioConfig(account_sid="AC1", auth_token="s", from_number="+1555"))


def form(body: bytes, signed: list[tuple[str, str]] | None = None) -> WebhookRequest:
    signature = twilio_signature("s", URL, signed or [])
    headers = {"content-type": FORM, SIGNATURE_HEADER.lower(): signature}
    return WebhookRequest(url=URL, headers=headers, body=body)


def test_the_fields_of_a_form() -> None:
    request = form(b"a=1&b=&a=%C3%A9+%26&c")
    assert request.is_form
    assert request.form == [("a", "1"), ("b", ""), ("a", "é &"), ("c", "")]
    assert request.form is request.form


def test_reading_a_form_leaves_a_request_as_it_is() -> None:
    read, unread = form(b"a=1"), form(b"a=1")
    assert read.form
    assert read == unread
    assert repr(read) == repr(unread)


def test_what_is_checked_is_what_is_read() -> None:
    pairs = [("From", "+15551234567"), ("Body", "Hi"), ("MessageSid", "SM1"), ("Flag", "")]
    request = form(b"From=%2B15551234567&Body=Hi&&MessageSid=SM1&Flag", pairs)
    provider = twilio()
    assert provider.verify_webhook(request)
    assert provider.decode_webhook(request) == dict(pairs)
    for body in (b"From=%2B15551234567&Body=Hi&MessageSid=SM1", request.body + b"&More=1"):
        assert not provider.verify_webhook(form(body, pairs))


def test_what_is_no_form() -> None:
    request = form(b"a=\xff")
    with pytest.raises(ValueError, match="utf-8"):
        assert request.form
    assert not twilio().verify_webhook(request)
    with pytest.raises(WebhookError, match="UnicodeDecodeError"):
        twilio().decode_webhook(request)
    assert not WebhookRequest(url=URL, headers={"content-type": "application/json"}).is_form
