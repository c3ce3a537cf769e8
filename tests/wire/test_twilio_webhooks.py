"""Twilio calls: messages, reports, and signatures that Twilio's own library computed."""

from __future__ import annotations

import hashlib
import json
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from multidict import MultiDict
from starlette.datastructures import FormData
from twilio.request_validator import RequestValidator

from roomkit.errors import WebhookError
from roomkit.models.content import (
    AudioContent,
    CompositeContent,
    MediaContent,
    TextContent,
    VideoContent,
)
from roomkit.models.delivery import WebhookMeta
from roomkit.providers.base import WebhookRequest
from roomkit.providers.sms import extract_sms_meta
from roomkit.providers.twilio import TwilioConfig, TwilioSMSProvider, parse_twilio_webhook
from tests.wire.carried import carried

TOKEN = "12345"
URL = "https://example.com/hooks/sms?tenant=a%20b"
FORM = "application/x-www-form-urlencoded"
MESSAGE = {
    "MessageSid": "SM1",
    "AccountSid": "AC1",
    "SmsStatus": "received",
    "From": "+15551234567",
    "To": "+15550000000",
    "Body": "Hallo, Grüße 👋 & more",
    "NumMedia": "0",
}

twilio = TwilioSMSProvider(
    TwilioConfig(account_sid="AC1", auth_token=TOKEN, from_number="+15550000000")
)
twilios_own = RequestValidator(TOKEN)


class TestMessages:
    def test_a_text_message(self) -> None:
        message = carried(parse_twilio_webhook(MESSAGE, channel_id="sms"))
        assert message.channel_id == "sms"
        assert message.sender_id == "+15551234567"
        assert message.content == TextContent(body="Hallo, Grüße 👋 & more")
        assert message.provider_message_id == "SM1"
        assert message.metadata == {"recipient": "+15550000000"}

    def test_all_pictures_come_in_one_message(self) -> None:
        payload = {
            **MESSAGE,
            "NumMedia": "2",
            "MediaUrl0": "https://api.twilio.com/media/0",
            "MediaContentType0": "image/jpeg",
            "MediaUrl1": "https://api.twilio.com/media/1",
            "MediaContentType1": "application/pdf",
        }
        message = carried(parse_twilio_webhook(payload, channel_id="sms"))
        assert isinstance(message.content, CompositeContent)
        text, *files = message.content.parts
        assert text == TextContent(body=MESSAGE["Body"])
        assert files == [
            MediaContent(url="https://api.twilio.com/media/0", mime_type="image/jpeg"),
            MediaContent(url="https://api.twilio.com/media/1", mime_type="application/pdf"),
        ]

    def test_a_picture_without_words_is_just_that(self) -> None:
        payload = {
            **MESSAGE,
            "Body": "",
            "NumMedia": "1",
            "MediaUrl0": "https://x.example/0",
            "MediaContentType0": "image/gif",
        }
        message = carried(parse_twilio_webhook(payload, channel_id="sms"))
        assert message.content == MediaContent(url="https://x.example/0", mime_type="image/gif")

    def test_sounds_and_videos_are_told_apart(self) -> None:
        payload = {**MESSAGE, "Body": ""}
        for number, mime_type in enumerate(("audio/ogg", "Video/MP4", "")):
            payload[f"MediaUrl{number}"] = f"https://x.example/{number}"
            payload[f"MediaContentType{number}"] = mime_type
        content = carried(parse_twilio_webhook(payload, channel_id="sms")).content
        assert isinstance(content, CompositeContent)
        assert content.parts == [
            AudioContent(url="https://x.example/0", mime_type="audio/ogg"),
            VideoContent(url="https://x.example/1", mime_type="video/mp4"),
            MediaContent(url="https://x.example/2", mime_type="application/octet-stream"),
        ]

    def test_a_bad_file_does_not_take_the_others_with_it(self) -> None:
        payload = {
            **MESSAGE,
            "NumMedia": "many",
            "MediaUrl0": None,
            "MediaUrl1": "javascript:alert(1)",
            "MediaUrl2": "https://x.example/2",
            "MediaContentType2": ["image/png", "image/gif"],
            "MediaUrl3x": "https://x.example/3",
            "MediaUrl004": "https://x.example/4",
        }
        content = carried(parse_twilio_webhook(payload, channel_id="sms")).content
        assert isinstance(content, CompositeContent)
        assert content.parts[1:] == [
            MediaContent(url="https://x.example/2", mime_type="image/png")
        ]

    def test_eleven_files_keep_their_order(self) -> None:
        payload = MESSAGE | {f"MediaUrl{n}": f"https://x.example/{n}" for n in reversed(range(11))}
        content = carried(parse_twilio_webhook(payload, channel_id="sms")).content
        assert isinstance(content, CompositeContent)
        urls = [part.url for part in content.parts if isinstance(part, MediaContent)]
        assert urls == [f"https://x.example/{n}" for n in range(11)]

    def test_a_message_with_little_in_it(self) -> None:
        message = carried(parse_twilio_webhook({"From": "5551234567"}, channel_id="sms"))
        assert message.sender_id == "5551234567"
        assert message.content == TextContent(body="")
        assert message.provider_message_id is None

    @pytest.mark.parametrize("word", ["STOP", "START", "HELP"])
    def test_opting_out_and_in_is_passed_on(self, word: str) -> None:
        payload = {**MESSAGE, "Body": word.title(), "OptOutType": word}
        message = carried(parse_twilio_webhook(payload, channel_id="sms"))
        assert message.metadata["opt_out_type"] == word
        assert message.content == TextContent(body=word.title())

    def test_the_senders_address_has_one_form(self) -> None:
        payload = {**MESSAGE, "From": "whatsapp:+15551234567"}
        assert carried(parse_twilio_webhook(payload, "wa")).sender_id == "whatsapp:+15551234567"
        payload = {**MESSAGE, "From": " 15551234567 "}
        assert carried(parse_twilio_webhook(payload, "sms")).sender_id == "+15551234567"

    def test_the_forms_of_web_frameworks_are_fine(self) -> None:
        pairs: list[tuple[str, Any]] = list(MESSAGE.items())
        expected = carried(parse_twilio_webhook(MESSAGE, channel_id="sms"))
        for form in (FormData(pairs), MultiDict(pairs)):
            assert carried(parse_twilio_webhook(form, channel_id="sms")) == expected


class TestReports:
    def test_a_delivered_message(self) -> None:
        report = {
            "MessageSid": "SM9",
            "MessageStatus": "delivered",
            "From": "+15550000000",
            "To": "+15551234567",
        }
        (meta,) = twilio.parse_webhook(report)
        assert meta.is_status
        assert not meta.is_inbound
        status = meta.status
        assert status is not None
        assert (status.provider, status.message_id, status.status) == (
            "twilio",
            "SM9",
            "delivered",
        )
        assert (status.sender, status.recipient) == ("+15550000000", "+15551234567")
        assert (status.error_code, status.error_message) == (None, None)

    def test_a_message_that_did_not_arrive(self) -> None:
        report = {"MessageSid": "SM9", "MessageStatus": "undelivered", "ErrorCode": "30003"}
        status = extract_sms_meta("twilio", report).status
        assert status is not None
        assert (status.status, status.error_code) == ("failed", "30003")
        assert status.error_message == "the phone is out of reach or switched off"
        assert status.raw["MessageStatus"] == "undelivered"

    def test_a_report_is_not_a_message(self) -> None:
        report = {**MESSAGE, "SmsStatus": "sent"}
        assert extract_sms_meta("twilio", report).is_status
        assert parse_twilio_webhook(report, channel_id="sms") is None
        with pytest.raises(WebhookError, match="names no message"):
            extract_sms_meta("twilio", {"MessageStatus": "sent"})

    def test_anything_else_from_twilio_is_to_be_ignored(self) -> None:
        meta = extract_sms_meta("twilio", {"AccountSid": "AC1", "EventType": "something"})
        assert not meta.is_status
        assert not meta.is_inbound
        with pytest.raises(ValueError, match="no message"):
            meta.to_inbound(channel_id="sms")


class TestMeta:
    def test_a_message_in_normal_form(self) -> None:
        payload = {**MESSAGE, "MediaUrl0": "https://x.example/0", "MediaContentType0": "image/png"}
        meta = extract_sms_meta("twilio", payload)
        assert (meta.provider, meta.sender, meta.recipient, meta.body) == (
            "twilio",
            "+15551234567",
            "+15550000000",
            MESSAGE["Body"],
        )
        assert meta.external_id == "SM1"
        assert meta.media_urls == [{"url": "https://x.example/0", "mime_type": "image/png"}]
        assert meta.is_inbound
        assert meta.to_inbound(channel_id="s") == parse_twilio_webhook(payload, channel_id="s")

    @pytest.mark.parametrize("name", ["pigeon", "", None, []])
    def test_an_unknown_vendor_is_told_which_there_are(self, name: Any) -> None:
        with pytest.raises(ValueError, match="twilio"):
            extract_sms_meta(name, MESSAGE)


KEYS = ["From", "To", "Body", "MessageSid", "SmsStatus", "MessageStatus", "NumMedia"]
KEYS += ["MediaUrl0", "MediaUrl1", "MediaContentType0", "OptOutType", "ErrorCode"]
ANY_TEXT = st.text(st.characters())
ANYTHING: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | ANY_TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(ANY_TEXT, inner),
    max_leaves=10,
)
PAYLOADS = st.dictionaries(st.sampled_from(KEYS) | ANY_TEXT, ANYTHING) | ANYTHING


class TestMalformed:
    def test_half_a_character_does_no_harm(self) -> None:
        payload = dict.fromkeys((*MESSAGE, "MediaUrl0", "MediaContentType0"), "https://\ud83d")
        payload |= {"SmsStatus": "received", "\ud83d": "\ud83d"}
        meta = extract_sms_meta("twilio", payload)
        assert "\ud83d" not in meta.model_dump_json()

    @settings(max_examples=40)
    @given(PAYLOADS)
    def test_any_payload_is_understood_or_refused(self, payload: Any) -> None:
        try:
            meta = extract_sms_meta("twilio", payload)
        except WebhookError:
            assert parse_twilio_webhook(payload, channel_id="sms") is None
            return
        assert WebhookMeta.model_validate_json(meta.model_dump_json()) == meta

    @settings(max_examples=40)
    @given(PAYLOADS)
    def test_a_message_with_extras_of_any_kind_is_kept(self, extras: Any) -> None:
        own = {**MESSAGE, "MessageStatus": ""}
        if isinstance(extras, dict):
            message = carried(parse_twilio_webhook({**extras, **own}, channel_id="sms"))
            assert message.provider_message_id == "SM1"

    @settings(max_examples=40)
    @given(st.binary(), st.sampled_from([FORM, "application/json", ""]), ANY_TEXT)
    def test_any_body_is_decoded_or_refused(self, body: bytes, kind: str, url: str) -> None:
        request = WebhookRequest(url=url, headers={"content-type": kind}, body=body)
        assert twilio.verify_webhook(request) is False
        try:
            twilio.parse_webhook(twilio.decode_webhook(request))
        except WebhookError:
            return


def signed(url: str, fields: dict[str, str]) -> str:
    """The signature by Twilio's own library."""
    return str(twilios_own.compute_signature(url, fields))


class TestSignatures:
    def test_the_example_of_the_documentation(self) -> None:
        fields = {
            "CallSid": "CA1234567890ABCDE",
            "Caller": "+14158675309",
            "Digits": "1234",
            "From": "+14158675309",
            "To": "+18005551212",
        }
        url = "https://mycompany.com/myapp.php?foo=1&bar=2"
        assert signed(url, fields) == "RSOYDt4T1cUTdK1PDd93/VVr8B8="
        assert twilio.verify_signature(fields, "RSOYDt4T1cUTdK1PDd93/VVr8B8=", url)

    def test_raw_bytes_text_and_fields_are_the_same_request(self) -> None:
        signature = signed(URL, MESSAGE)
        body = urlencode(MESSAGE)
        for payload in (body.encode(), body, MESSAGE, FormData(MESSAGE)):
            assert twilio.verify_signature(payload=payload, signature=signature, url=URL)

    @given(
        st.dictionaries(st.text(max_size=10), st.text(max_size=10), max_size=6),
        st.text(st.sampled_from("abc/%20?=&é"), max_size=10),
    )
    def test_whatever_twilio_signs(self, fields: dict[str, str], path: str) -> None:
        url = f"https://example.com/{path}"
        signature = signed(url, fields)
        assert twilio.verify_signature(urlencode(fields).encode(), signature, url)
        assert twilio.verify_signature(fields, signature, url)
        assert not twilio.verify_signature({**fields, "more": "x"}, signature, url)

    @pytest.mark.parametrize("signed_url", ["https://a.example:443/x", "https://a.example/x"])
    @pytest.mark.parametrize("seen_url", ["https://a.example:443/x", "https://a.example/x"])
    def test_the_port_may_be_there_or_not(self, signed_url: str, seen_url: str) -> None:
        assert twilio.verify_signature(MESSAGE, signed(signed_url, MESSAGE), seen_url)

    @pytest.mark.parametrize(
        "url",
        [
            "http://a.example:8080/x",
            "https://user:pa55@a.example:8443/x?y",
            "https://[2606:2800:220::1]:8443/x",
        ],
    )
    def test_unusual_urls(self, url: str) -> None:
        assert twilio.verify_signature(MESSAGE, signed(url, MESSAGE), url)

    def test_a_port_that_twilio_leaves_out(self) -> None:
        signature = signed("https://user:pa55@a.example/x", MESSAGE)
        assert twilio.verify_signature(MESSAGE, signature, "https://user:pa55@a.example:8443/x")

    def test_a_field_that_occurs_twice(self) -> None:
        pairs: list[tuple[str, Any]] = [("A", "b"), ("A", "a"), ("A", "b"), ("B", "")]
        form = MultiDict(pairs)
        signature = str(twilios_own.compute_signature(URL, form))
        assert twilio.verify_signature(urlencode(pairs).encode(), signature, URL)
        assert twilio.verify_signature(form, signature, URL)
        assert twilio.verify_signature(FormData(pairs), signature, URL)
        assert not twilio.verify_signature(dict(pairs), signature, URL)

    def test_a_json_body_is_covered_by_its_hash(self) -> None:
        body = json.dumps({"hello": "wörld"})
        digest = hashlib.sha256(body.encode()).hexdigest()
        url = f"https://example.com/hook?bodySHA256={digest}"
        signature = signed(url, {})
        assert twilios_own.validate(url, body, signature)
        assert twilio.verify_signature(body.encode(), signature, url)
        assert twilio.verify_signature(body, signature, url)
        assert not twilio.verify_signature(body + " ", signature, url)
        assert not twilio.verify_signature(b"", signature, url)

    def test_a_json_body_without_a_hash_is_covered_by_nothing(self) -> None:
        signature = signed(URL, {})
        assert twilio.verify_signature(b"", signature, URL)
        for body in (b'{"From":"+1"}', b"[]", b"x", b"&", b"a=1&b"):
            assert not twilio.verify_signature(body, signature, URL)

    def test_a_webhook_by_get(self) -> None:
        url = f"https://example.com/sms?{urlencode(MESSAGE)}"
        request = WebhookRequest(url=url, headers={"x-twilio-signature": signed(url, {})})
        assert twilio.verify_webhook(request)
        assert twilio.decode_webhook(request) == MESSAGE

    def test_a_webhook_by_get_without_a_url(self) -> None:
        request = WebhookRequest(url="https://[::1")
        assert not twilio.verify_webhook(request)
        with pytest.raises(WebhookError):
            twilio.decode_webhook(request)

    def test_a_webhook_by_post(self) -> None:
        request = WebhookRequest(
            url=URL,
            headers={
                "x-twilio-signature": signed(URL, MESSAGE),
                "content-type": f"{FORM}; charset=UTF-8",
            },
            body=urlencode(MESSAGE).encode(),
        )
        assert twilio.verify_webhook(request)
        (meta,) = twilio.parse_webhook(twilio.decode_webhook(request))
        assert meta.to_inbound("sms") == parse_twilio_webhook(MESSAGE, "sms")

    def test_anything_that_was_changed_is_refused(self) -> None:
        signature = signed(URL, MESSAGE)
        assert not twilio.verify_signature({**MESSAGE, "Body": "Hi"}, signature, URL)
        assert not twilio.verify_signature(MESSAGE, signature, "https://example.com/other")
        assert not twilio.verify_signature(MESSAGE, signature.swapcase(), URL)
        assert not twilio.verify_signature(MESSAGE, signature[:-1], URL)
        other = TwilioSMSProvider(
            TwilioConfig(account_sid="AC1", auth_token="other", from_number="1")
        )
        assert not other.verify_signature(MESSAGE, signature, URL)

    @pytest.mark.parametrize("signature", [None, "", "é", "\ud800", 7, b"x", []])
    def test_a_signature_that_is_none_is_refused(self, signature: Any) -> None:
        assert twilio.verify_signature(MESSAGE, signature, URL) is False

    @pytest.mark.parametrize("url", [None, "", "x", "https://[::1", "https://a:99999/", "\ud800"])
    def test_a_url_that_is_none_is_refused(self, url: Any) -> None:
        assert twilio.verify_signature(MESSAGE, "x", url) is False

    @given(ANYTHING, ANY_TEXT, ANY_TEXT)
    def test_nothing_makes_it_raise(self, payload: Any, signature: str, url: str) -> None:
        assert twilio.verify_signature(payload, signature, url) is False
        assert twilio.verify_signature(payload, signature, URL) is False

    @given(st.dictionaries(st.text(max_size=5), st.text(max_size=5)))
    def test_it_reads_a_form_as_twilio_wrote_it(self, fields: dict[str, str]) -> None:
        assert dict(parse_qsl(urlencode(fields), keep_blank_values=True)) == fields
