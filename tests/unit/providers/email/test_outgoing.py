"""An event becomes a mail."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roomkit.models.content import (
    CompositeContent,
    EditContent,
    EventContent,
    MediaContent,
    RichContent,
    TextContent,
    VideoContent,
)
from roomkit.models.delivery import ProviderResult
from roomkit.models.enums import ChannelType
from roomkit.models.event import EventSource, RoomEvent
from roomkit.providers.email import EmailConfig, MailSender, parse_email
from roomkit.providers.email.mime import build_message
from roomkit.providers.email.outgoing import OutgoingMail
from roomkit.testing.clock import VirtualClock
from roomkit.testing.providers import CONTENTS

NOW = datetime(2026, 1, 6, 10, 15, tzinfo=UTC)
FROM = "desk@example.com"


class Outbox(MailSender):
    """Keeps the mails that it is given."""

    def __init__(self, **settings: Any) -> None:
        self._config = EmailConfig(**{"from_email": FROM, **settings})
        self._clock = VirtualClock(NOW)
        self.mails: list[OutgoingMail] = []

    @property
    def name(self) -> str:
        return "outbox"

    async def _post(self, mail: OutgoingMail) -> ProviderResult:
        self.mails.append(mail)
        return ProviderResult(success=True, provider_message_id="m-1")

    async def written(self, event: RoomEvent, **options: Any) -> EmailMessage:
        """The mail as the recipient's program reads it."""
        result = await self.send(event, options.pop("to", "ada@example.net"), **options)
        assert result.success, result
        raw = build_message(self.mails[-1]).as_bytes()
        message = message_from_bytes(raw, policy=default)
        assert isinstance(message, EmailMessage)
        return message


def event_of(content: EventContent | str, **fields: Any) -> RoomEvent:
    body = TextContent(body=content) if isinstance(content, str) else content
    channel_type = fields.pop("channel_type", ChannelType.WEBSOCKET)
    source = EventSource(channel_id="desk", channel_type=channel_type)
    return RoomEvent(
        **{"id": "e-1", "room_id": "r-1", "source": source, "content": body, **fields}
    )


def text_of(message: EmailMessage, kind: str = "plain") -> str:
    part = message.get_body((kind,))
    assert part is not None
    text: str = part.get_content()
    return text.replace("\r\n", "\n").strip()


async def test_a_text() -> None:
    message = await Outbox(from_name="Büro, Desk", reply_to="in@example.com").written(
        event_of("Grüße 👋\n\nIt is ready."), subject="Ihr Fahrrad 🚲"
    )
    assert message["From"] == '"Büro, Desk" <desk@example.com>'
    assert message["To"] == "ada@example.net"
    assert message["Reply-To"] == "in@example.com"
    assert message["Subject"] == "Ihr Fahrrad 🚲"
    assert message["Date"].datetime == NOW
    assert message["Message-ID"].endswith(".roomkit@example.com>")
    assert message["Auto-Submitted"] is None
    assert message.get_content_type() == "text/plain"
    assert text_of(message) == "Grüße 👋\n\nIt is ready."


async def test_the_result_holds_the_message_id() -> None:
    outbox = Outbox()
    result = await outbox.send(event_of("Hello"), "ada@example.net")
    assert result.provider_message_id == "m-1"
    assert result.metadata["message_id"] == outbox.mails[0].message_id


async def test_a_mail_that_is_sent_again_is_the_same_mail() -> None:
    outbox = Outbox()
    for event_id, to in [
        ("e-1", "a@x.org"),
        ("e-1", "A@x.org"),
        ("e-1", "b@x.org"),
        ("e-2", "a@x.org"),
    ]:
        await outbox.send(event_of("Hello", id=event_id), to)
    first, again, somebody_else, another = [mail.message_id for mail in outbox.mails]
    assert first == again
    assert len({first, somebody_else, another}) == 3


async def test_formatted_content_has_a_plain_form() -> None:
    html = RichContent(body="<p>It is <b>ready</b>.</p>", format="html")
    message = await Outbox().written(event_of(html))
    assert message.get_content_type() == "multipart/alternative"
    assert text_of(message) == "It is ready."
    assert "<p>It is <b>ready</b>.</p>" in text_of(message, "html")
    markdown = RichContent(body="It is **ready**.")
    assert text_of(await Outbox().written(event_of(markdown))) == "It is **ready**."


async def test_a_whole_page_is_left_as_it_is() -> None:
    page = RichContent(body="<!DOCTYPE html><html><body>x</body></html>", format="html")
    outbox = Outbox()
    await outbox.send(event_of(page), "ada@example.net")
    assert outbox.mails[0].html == page.body


async def test_files_behind_a_url_become_links() -> None:
    content = CompositeContent(
        parts=[
            RichContent(body="<i>See</i>", format="html"),
            TextContent(body="1 < 2"),
            MediaContent(
                url="https://example.com/a.pdf?x=1&y=2",
                mime_type="application/pdf",
                filename="A.pdf",
            ),
            VideoContent(url="https://example.com/clip.mp4", mime_type="video/mp4"),
        ]
    )
    message = await Outbox().written(event_of(content))
    assert text_of(message).splitlines()[-3:] == [
        "A.pdf: https://example.com/a.pdf?x=1&y=2",
        "",
        "clip.mp4: https://example.com/clip.mp4",
    ]
    page = text_of(message, "html")
    assert '<a href="https://example.com/a.pdf?x=1&amp;y=2">A.pdf</a>' in page
    assert "<p>1 &lt; 2</p>" in page


async def test_files_in_the_event_are_attached() -> None:
    picture = base64.b64encode(b"\x89PNG").decode()
    content = CompositeContent(
        parts=[
            TextContent(body="See"),
            MediaContent(
                url=f"data:image/png;base64,{picture}",
                mime_type="image/png",
                filename="../b/ü.png",
            ),
            MediaContent(url="data:text/plain,a%20b", mime_type="text/plain"),
            MediaContent(url="data:,x", mime_type="message/rfc822\r\nX: y"),
        ]
    )
    message = await Outbox().written(event_of(content))
    files = [
        (part.get_filename(), part.get_content_type(), part.get_payload(decode=True))
        for part in message.iter_attachments()
    ]
    assert files == [
        ("ü.png", "image/png", b"\x89PNG"),
        ("media.txt", "text/plain", b"a b"),
        ("media.bin", "application/octet-stream", b"x"),
    ]


async def test_an_edit_is_sent_as_what_it_says_now() -> None:
    edit = EditContent(target_event_id="e-0", new_content=TextContent(body="On Wednesday."))
    assert text_of(await Outbox().written(event_of(edit))) == "On Wednesday."


class TestThreads:
    async def test_an_answer(self) -> None:
        message = await Outbox().written(
            event_of("Yes"),
            subject="AW: Re[2]: Ihr Fahrrad",
            in_reply_to="<2@example.net>",
            references=["<1@example.net>", "<2@example.net>"],
        )
        assert message["In-Reply-To"] == "<2@example.net>"
        room, *earlier = message["References"].split()
        assert room.endswith(".room.roomkit@example.com>")
        assert earlier == ["<1@example.net>", "<2@example.net>"]
        assert message["Subject"] == "Re: Ihr Fahrrad"

    async def test_all_mail_of_a_room_belongs_together(self) -> None:
        outbox = Outbox()
        rooms = [
            (await outbox.written(event_of("Hello", id=number, room_id=room)))["References"]
            for number, room in [("e-1", "r-1"), ("e-2", "r-1"), ("e-3", "r-2")]
        ]
        assert rooms[0] == rooms[1] != rooms[2]

    async def test_a_long_id_stays_whole(self) -> None:
        long = f"<{'x' * 100}.{'y' * 80}@prod.outlook.com>"
        message = await Outbox().written(
            event_of("Yes"), in_reply_to=long, references=f"<1@x> {long}"
        )
        assert message["In-Reply-To"] == long
        assert message["References"].split()[1:] == ["<1@x>", long]

    @pytest.mark.parametrize("junk", ["", "no id", "<a@b>\r\nBcc: eve@example.com", "<\r\n@x>"])
    async def test_what_is_no_id_is_left_out(self, junk: str) -> None:
        message = await Outbox().written(event_of("Yes"), in_reply_to=junk, references=[junk])
        assert message["In-Reply-To"] is None
        assert len(message["References"].split()) == 1

    @pytest.mark.parametrize(
        ("given_subject", "sent"),
        [
            ("Hello", "Re: Hello"),
            ("Re: Hello", "Re: Hello"),
            ("RE: re : Re[3]: Hello", "Re: Hello"),
            ("Sv: Antw: Hello", "Re: Hello"),
            ("回复：自転車", "Re: 自転車"),
            ("Regarding: Hello", "Re: Regarding: Hello"),
            ("Fwd: Hello", "Re: Fwd: Hello"),
            (None, "Re: New message"),
        ],
    )
    async def test_re_is_said_once(self, given_subject: str | None, sent: str) -> None:
        message = await Outbox().written(
            event_of("Yes"), subject=given_subject, in_reply_to="<1@x>"
        )
        assert message["Subject"] == sent

    async def test_the_answer_comes_back_to_its_event(self) -> None:
        outbox = Outbox()
        sent = await outbox.written(event_of("Which day?", id="event-7"))
        raw = f"From: ada@example.net\r\nIn-Reply-To: {sent['Message-ID']}\r\n\r\nTuesday".encode()
        message = parse_email(raw, "mail", own_domain=outbox.message_id_domain)
        assert message is not None
        assert message.metadata["reply_to_event_id"] == "event-7"

    async def test_an_event_id_that_does_not_fit_is_hashed(self) -> None:
        outbox = Outbox()
        sent = await outbox.written(event_of("Hello", id="a b>@<\r\n" * 20))
        assert len(sent["Message-ID"]) < 100
        raw = build_message(outbox.mails[0]).as_bytes()
        assert parse_email(raw, "mail", own_domain="example.com") is None, "it is ours"


class TestPrograms:
    @pytest.mark.parametrize("channel_type", [ChannelType.AI, ChannelType.SYSTEM])
    async def test_what_a_program_writes_says_so(self, channel_type: ChannelType) -> None:
        event = event_of("Hello", channel_type=channel_type)
        message = await Outbox().written(event)
        assert message["Auto-Submitted"] == "auto-generated"
        assert message["X-Auto-Response-Suppress"] == "OOF, AutoReply"
        answer = await Outbox().written(event, in_reply_to="<1@x>")
        assert answer["Auto-Submitted"] == "auto-replied"

    async def test_two_agents_do_not_talk_to_each_other(self) -> None:
        theirs = Outbox()
        await theirs.send(event_of("Hello", channel_type=ChannelType.AI), "in@example.org")
        raw = build_message(theirs.mails[0]).as_bytes()
        message = parse_email(raw, "mail", own_domain="example.org")
        assert message is not None
        assert message.metadata["no_reply"] is True


@pytest.mark.parametrize(
    ("content", "options", "code"),
    [
        (TextContent(body=" \n"), {}, "empty_message"),
        (CONTENTS["delete"], {}, "empty_message"),
        (TextContent(body="x"), {"to": "ada"}, "invalid_recipient"),
        (TextContent(body="x"), {"to": "a@x.org, b@x.org"}, "invalid_recipient"),
        (TextContent(body="x"), {"to": "a@x.org\r\nBcc: b@x.org"}, "invalid_recipient"),
        (TextContent(body="x"), {"from_": "nobody"}, "invalid_sender"),
        (TextContent(body="x"), {"from_": "a@x.org, b@x.org"}, "invalid_sender"),
        (MediaContent(url="file:///etc/passwd", mime_type="text/plain"), {}, "invalid_media"),
        (MediaContent(url="data:;base64,####", mime_type="image/png"), {}, "invalid_media"),
        (MediaContent(url="https://[::1", mime_type="image/png"), {}, "invalid_media"),
        (MediaContent(url="data:," + "x" * 101, mime_type="image/png"), {}, "too_large"),
        (MediaContent(url="data:," + "x" * 999, mime_type="image/png"), {}, "too_large"),
    ],
)
async def test_what_cannot_be_sent(
    content: EventContent, options: dict[str, str], code: str
) -> None:
    outbox = Outbox(max_attachment_bytes=100)
    result = await outbox.send(event_of(content), options.pop("to", "ada@example.net"), **options)
    assert (result.success, result.error_code, result.retryable) == (False, code, False)
    assert not outbox.mails


async def test_the_channel_may_name_another_sender() -> None:
    message = await Outbox().written(event_of("x"), from_='"Sales, Desk" <sales@example.com>')
    assert message["From"] == '"Sales, Desk" <sales@example.com>'


EVIL = st.text(alphabet='a:\r\n\x0b\x85\u2028\0<>@",;=? \t', max_size=30).map(
    lambda text: f"x{text}\r\nBcc: eve@example.com\r\n\r\nbody"
)


@settings(max_examples=40)
@given(EVIL, EVIL, EVIL, EVIL)
async def test_no_value_becomes_a_header(subject: str, name: str, to: str, file: str) -> None:
    outbox = Outbox(from_name=name)
    content = CompositeContent(
        parts=[
            TextContent(body=subject),
            MediaContent(url="data:,x", mime_type=f"text/{file}", filename=file),
        ]
    )
    options: dict[str, Any] = {"subject": subject, "in_reply_to": to, "references": [to, file]}
    assert (await outbox.send(event_of(content), to, **options)).error_code == "invalid_recipient"
    event = event_of(content, id=subject, room_id=name)
    message = await outbox.written(event, from_=None, **options)
    assert message["Bcc"] is None
    assert set(message.keys()) <= {
        *("Date", "From", "To", "Subject", "Message-ID", "X-RoomKit-Message-ID", "In-Reply-To"),
        *("References", "MIME-Version", "Content-Type", "Content-Transfer-Encoding"),
    }


@pytest.mark.parametrize(
    "settings",
    [
        {"from_email": "desk"},
        {"from_email": "desk@example.com\r\nBcc: eve@example.com"},
        {"reply_to": "a, b"},
        {"message_id_domain": "exa mple"},
        {"default_subject": ""},
        {"max_attachment_bytes": -1},
        {"from_emial": "desk@example.com"},
    ],
)
def test_a_configuration_that_cannot_work(settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="EmailConfig"):
        EmailConfig(**{"from_email": FROM, **settings})
