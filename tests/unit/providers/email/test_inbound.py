"""Mail as it travels becomes a message."""

from __future__ import annotations

import base64
import time
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roomkit.models.content import AudioContent, CompositeContent, MediaContent, TextContent
from roomkit.models.delivery import InboundMessage
from roomkit.providers.email import InboundLimits, open_email, parse_email, read_email
from tests.unit.providers.email import mails
from tests.unit.providers.email.mails import DOMAIN, OURS, mail


def parsed(raw: bytes, **options: InboundLimits) -> InboundMessage:
    message = parse_email(raw, "mail", own_domain=DOMAIN, **options)
    assert message is not None
    return message


def data_url(mime_type: str, content: bytes) -> str:
    return f"data:{mime_type};base64,{base64.b64encode(content).decode()}"


def test_a_reply_from_gmail() -> None:
    message = parsed(mails.GMAIL_REPLY)
    assert message.channel_id == "mail"
    assert message.sender_id == "ada@example.com"
    assert message.content == TextContent(body="Ja, Dienstag passt. Grüße 👋")
    assert message.provider_message_id == "<CAB7+x=2@mail.gmail.com>"
    metadata = dict(message.metadata)
    assert "Wann möchten Sie kommen?" in metadata.pop("full_text")
    assert metadata == {
        "subject": "Re: Ihr Fahrrad 🚲",
        "sender_name": "Ada Lövelace",
        "recipient": f"help@{DOMAIN}",
        "recipients": [f"help@{DOMAIN}", f"second@{DOMAIN}"],
        "cc": ["bob@example.com"],
        "message_id": "<CAB7+x=2@mail.gmail.com>",
        "in_reply_to": OURS,
        "references": ["<0@example.com>", OURS],
        "thread_id": "<0@example.com>",
        "reply_to_event_id": "event-7",
    }


def test_html_with_pictures_and_files_from_outlook() -> None:
    content = parsed(mails.OUTLOOK_HTML).content
    assert isinstance(content, CompositeContent)
    assert content.parts == [
        TextContent(body="Schöne Grüße"),
        MediaContent(
            url=data_url("image/png", b"\x89PNG"),
            mime_type="image/png",
            filename="image001.png",
            size_bytes=4,
        ),
        MediaContent(
            url=data_url("application/pdf", b"%PDF-1"),
            mime_type="application/pdf",
            filename="Rechnung März.pdf",
            size_bytes=6,
        ),
        AudioContent(url=data_url("audio/ogg", b"OggS"), mime_type="audio/ogg"),
    ]


def test_a_plain_mail() -> None:
    message = parsed(mail("Is it ready?\n"))
    assert message.sender_id == "ada@example.com"
    assert message.content == TextContent(body="Is it ready?")
    assert message.metadata["thread_id"] == message.metadata["message_id"] == "<1@example.com>"
    assert "auto_generated" not in message.metadata
    assert "full_text" not in message.metadata


@pytest.mark.parametrize(
    ("fields", "body", "text"),
    [
        ({}, b"Gr\xc3\xbc\xc3\x9fe", "Grüße"),
        ({"Content_Type": "text/plain; charset=iso-8859-1"}, b"Gr\xfc\xdfe", "Grüße"),
        ({"Content_Type": "text/plain; charset=windows-1252"}, b"\x93Gr\xfc\xdfe\x94", "“Grüße”"),
        ({"Content_Type": 'text/plain; charset="utf-8"'}, b"Gr\xfc\xdfe", "Grüße"),
        ({"Content_Type": "text/plain; charset=nonsense"}, b"Gr\xc3\xbc\xc3\x9fe", "Grüße"),
        (
            {"Content_Type": "text/plain; charset=shift_jis"},
            "自転車".encode("shift_jis"),
            "自転車",
        ),
        ({"Content_Transfer_Encoding": "base64"}, b"R3LDvMOfZQ", "Grüße"),
        ({"Content_Transfer_Encoding": "quoted-printable"}, b"Gr=C3=BC=C3=\r\n=9Fe", "Grüße"),
        ({"Content_Type": "text/plain; format=flowed"}, b"one \r\ntwo", "one two"),
        ({"Content_Type": "text/html"}, b"<p>one</p><p>two</p>", "one\n\ntwo"),
        (
            {"Content_Type": "multipart/mixed; boundary=x"},
            b"--x\r\n\r\nwords, cut off",
            "words, cut off",
        ),
        ({"Content_Type": "multipart/mixed"}, b"no boundary", "no boundary"),
        ({"Content_Type": ";;;"}, b"what is this", "what is this"),
        ({"Content_Type": "text/plain; charset*=idna''%ff"}, b"Gr\xfc\xdfe", "Grüße"),
        ({"Content_Type": "multipart/mixed; boundary*=idna''%ff"}, b"x", "x"),
    ],
)
def test_words_in_any_writing(fields: dict[str, str], body: bytes, text: str) -> None:
    assert parsed(mail("", **fields) + body).content == TextContent(body=text)


def test_of_alternatives_the_plain_one_is_read_unless_it_is_empty() -> None:
    def alternative(plain: str) -> bytes:
        return mail(
            f"--x\nContent-Type: text/html\n\n<b>formatted</b>\n--x\n\n{plain}\n--x--\n",
            Content_Type="multipart/alternative; boundary=x",
        )

    assert parsed(alternative("plain")).content == TextContent(body="plain")
    assert parsed(alternative("")).content == TextContent(body="formatted")


def test_a_mail_in_a_mail_is_a_file() -> None:
    inner = mail("The mail that is passed on", Subject="Old news").decode()
    raw = mail(
        f"--x\n\nSee below.\n--x\nContent-Type: message/rfc822\n\n{inner}\n--x--\n",
        Content_Type="multipart/mixed; boundary=x",
    )
    content = parsed(raw).content
    assert isinstance(content, CompositeContent)
    text, file = content.parts
    assert text == TextContent(body="See below.")
    assert isinstance(file, MediaContent)
    assert (file.filename, file.mime_type) == ("Old news.eml", "message/rfc822")


def test_a_name_that_cannot_be_read_is_no_name() -> None:
    raw = mail(
        "--x\nContent-Type: image/png; name*=idna''%ff\n\nxx\n--x--",
        Content_Type="multipart/mixed; boundary=x",
    )
    content = parsed(raw).content
    assert isinstance(content, MediaContent)
    assert content.filename is None


def test_signatures_of_mail_programs_are_no_files() -> None:
    raw = mail(
        "--x\n\nSigned.\n--x\nContent-Type: application/pkcs7-signature; name=a.p7s\n\nxx\n--x--",
        Content_Type="multipart/signed; boundary=x",
    )
    assert parsed(raw).content == TextContent(body="Signed.")


def with_files(*sizes: int) -> bytes:
    parts = [
        f"--x\nContent-Type: image/png\nContent-Disposition: attachment; filename={number}.png\n\n"
        + "x" * size
        for number, size in enumerate(sizes)
    ]
    body = "\n".join(["--x\n\nFiles", *parts, "--x--"])
    return mail(body, Content_Type="multipart/mixed; boundary=x")


class TestFiles:
    def test_what_is_too_large_is_named(self) -> None:
        limits = InboundLimits(max_files=2, max_file_bytes=10, max_total_bytes=15)
        message = parsed(with_files(5, 11, 10, 1), limits=limits)
        content = message.content
        assert isinstance(content, CompositeContent)
        names = [part.filename for part in content.parts if isinstance(part, MediaContent)]
        assert names == ["0.png", "2.png"]
        assert message.metadata["files_left_out"] == [
            {"filename": "1.png", "mime_type": "image/png", "size_bytes": 11},
            {"filename": "3.png", "mime_type": "image/png", "size_bytes": 1},
        ]

    def test_they_may_be_kept_elsewhere(self) -> None:
        opened = open_email(with_files(5_000_000), own_domain=DOMAIN)
        files = [replace(file, url=f"https://files.example/{file.name}") for file in opened.files]
        meta = replace(opened, files=files).to_meta(own_domain=DOMAIN)
        assert meta.message is not None
        content = meta.message.content
        assert isinstance(content, CompositeContent)
        assert content.parts[1] == MediaContent(
            url="https://files.example/0.png",
            mime_type="image/png",
            filename="0.png",
            size_bytes=5_000_000,
        )
        assert "files_left_out" not in meta.message.metadata

    def test_a_long_text_is_cut(self) -> None:
        message = parsed(mail("x" * 50), limits=InboundLimits(max_text_chars=10))
        assert message.content == TextContent(body="x" * 10)
        assert message.metadata["truncated"] is True


class TestThreads:
    def test_a_mail_without_an_id_gets_one_that_stays_the_same(self) -> None:
        first, again, other = (
            parsed(mail(text, Message_ID="")) for text in ("Hello", "Hello", "Hello?")
        )
        assert first.provider_message_id == again.provider_message_id
        assert first.provider_message_id != other.provider_message_id

    def test_the_room_is_no_mail(self) -> None:
        room = f"<{'0' * 32}.room.roomkit@{DOMAIN}>"
        message = parsed(mail(References=f"{room} <2@example.com>"))
        assert message.metadata["thread_id"] == "<2@example.com>"
        assert "reply_to_event_id" not in message.metadata

    def test_ids_of_another_domain_are_not_ours(self) -> None:
        theirs = "<event-1.0123456789.roomkit@example.net>"
        message = parsed(mail(In_Reply_To=theirs))
        assert message.metadata["in_reply_to"] == theirs
        assert "reply_to_event_id" not in message.metadata

    @pytest.mark.parametrize(
        "fields", [{"Message_ID": OURS}, {"X_RoomKit_Message_ID": OURS, "Message_ID": "<a@ses>"}]
    )
    def test_mail_of_our_own_is_ignored(self, fields: dict[str, str]) -> None:
        raw = mail(**fields)
        assert parse_email(raw, "mail", own_domain=DOMAIN) is None
        assert read_email(raw, own_domain=DOMAIN).event_type == "unknown"
        assert parse_email(raw, "mail") is not None, "nobody said that it is ours"

    def test_a_mail_from_nobody_is_ignored(self) -> None:
        assert parse_email(mail(From=""), "mail") is None
        assert parse_email(mail(From="", Sender="ada@example.com"), "mail") is not None


def test_what_comes_in_goes_out_on_one_line() -> None:
    message = parsed(mail(Subject="=?utf-8?q?a=0D=0ABcc:_eve@example.com?="))
    assert message.metadata["subject"] == "a Bcc: eve@example.com"


@given(st.binary(max_size=500))
def test_any_bytes_may_come(raw: bytes) -> None:
    read_email(raw, own_domain=DOMAIN)
    parse_email(mail() + raw, "mail", own_domain=DOMAIN)


@given(
    st.sampled_from(mails.ALL),
    st.lists(
        st.tuples(st.integers(0, 3000), st.integers(0, 40), st.binary(max_size=12)), max_size=6
    ),
)
def test_mails_may_be_damaged(raw: bytes, changes: list[tuple[int, int, bytes]]) -> None:
    for start, length, inserted in changes:
        raw = raw[:start] + inserted + raw[start + length :]
    meta = read_email(raw, own_domain=DOMAIN)
    assert meta.event_type in ("inbound", "status", "unknown")
    if meta.message is not None:
        assert "\n" not in meta.message.metadata.get("subject", "")


HEAD = b"From: ada@example.com\r\n"


@pytest.mark.parametrize(
    "raw",
    [
        HEAD + b"a: b\r\n" * 200_000,
        HEAD + b"a: b\r\n" + b" x\r\n" * 200_000,
        HEAD + b"Subject: " + b"=?a?q?" * 100_000,
        HEAD + b"To: " + b'"\\' * 200_000,
        HEAD + b"References: " + b"<a@b> " * 200_000,
        HEAD + b"Content-Type: multipart/mixed; " + b"a;" * 200_000 + b"boundary=b\r\n\r\n--b\r\n",
        HEAD
        + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
        + b"--b\r\n\r\nx\r\n" * 100_000,
        HEAD + b'Content-Type: multipart/mixed; boundary="-"\r\n\r\n' + b"-" * 2_000_000,
        b"".join(
            b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (depth, depth)
            for depth in range(5000)
        ),
        HEAD + b"Content-Type: message/rfc822\r\n\r\n" * 20_000,
        HEAD + b"\r\n" + b"On 1 1 wrote:\n>\n" * 50_000,
        HEAD + b"\r\n" + (b"1:11 " * 75 + b":\n") * 1000,
    ],
    ids=lambda raw: bytes(raw[23:50]).decode("latin-1"),
)
def test_the_work_grows_with_the_length_only(raw: bytes) -> None:
    started = time.process_time()
    read_email(raw, own_domain=DOMAIN)
    assert time.process_time() - started < 3


def test_a_moment_is_not_needed() -> None:
    """Nothing in a mail's date is trusted: it may be anything, in any year."""
    for date in ("Tue, 99 Foo 99999 99:99:99 +9999", datetime.now(UTC).isoformat(), "x" * 5000):
        assert parse_email(mail(Date=date), "mail") is not None
