"""A conversation by mail: out through a mail server, and back as the mail that came in."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from roomkit import (
    AIChannel,
    DeliveryStatus,
    EmailChannel,
    RoomKit,
    TextContent,
    WebSocketChannel,
)
from roomkit.providers.ai.mock import MockAIProvider
from roomkit.providers.email import parse_email, read_email
from roomkit.providers.smtp import SMTPConfig, SMTPEmailProvider
from tests.smtp_server import SMTPServer

ADA = "ada@example.com"
DOMAIN = "desk.example.com"


@pytest.fixture
async def server() -> AsyncIterator[SMTPServer]:
    async with SMTPServer() as running:
        yield running


@pytest.fixture
def smtp(server: SMTPServer) -> SMTPEmailProvider:
    config = SMTPConfig(
        host="127.0.0.1", port=server.port, security="none", from_email=f"help@{DOMAIN}"
    )
    return SMTPEmailProvider(config)


@pytest.fixture
async def kit(smtp: SMTPEmailProvider) -> AsyncIterator[RoomKit]:
    async with RoomKit() as running:
        running.register_channel(EmailChannel("mail", provider=smtp))
        running.register_channel(WebSocketChannel("desk"))
        await running.create_room("ada")
        await running.attach_channel("ada", "mail", metadata={"email_address": ADA})
        await running.attach_channel("ada", "desk")
        yield running


def from_ada(body: str, **fields: str) -> bytes:
    named = {"From": f"Ada <{ADA}>", "Subject": "My bicycle", "Message-ID": "<1@example.com>"}
    named |= {name.replace("_", "-"): value for name, value in fields.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in named.items())
    return (head + "\r\n" + body).encode()


async def test_question_and_answer(kit: RoomKit, server: SMTPServer) -> None:
    first = parse_email(from_ada("Is it ready?"), "mail", own_domain=DOMAIN)
    assert first is not None
    result = await kit.process_inbound(first)
    assert result.event is not None
    assert result.event.room_id == "ada"

    sent = await kit.send_event("ada", "desk", TextContent(body="Yes. When would you come?"))
    (mail,) = server.mails
    assert mail.recipients == [ADA]
    assert mail.message["Subject"] == "Re: My bicycle"
    assert mail.message["In-Reply-To"] == "<1@example.com>"
    assert sent.delivery_results["mail"].provider_message_id == mail.message["Message-ID"]

    answer = from_ada(
        f"On Tuesday.\n\nOn 6 Jan 2026 at 10:15 Desk <help@{DOMAIN}> wrote:\n> Yes. When?",
        Message_ID="<2@example.com>",
        In_Reply_To=mail.message["Message-ID"],
        References=f"<1@example.com> {mail.message['Message-ID']}",
    )
    second = parse_email(answer, "mail", own_domain=DOMAIN)
    assert second is not None
    assert second.content == TextContent(body="On Tuesday.")
    assert second.metadata["thread_id"] == "<1@example.com>"
    assert second.metadata["reply_to_event_id"] == sent.id
    await kit.process_inbound(second)

    await kit.send_event("ada", "desk", TextContent(body="Fine."))
    last = server.mails[-1].message
    assert last["In-Reply-To"] == "<2@example.com>"
    assert last["References"].split()[1:] == [
        "<1@example.com>",
        mail.message["Message-ID"],
        "<2@example.com>",
    ]


async def test_the_same_mail_twice_is_one_message(kit: RoomKit) -> None:
    for duplicate in (False, True):
        message = parse_email(from_ada("Is it ready?"), "mail")
        assert message is not None
        result = await kit.process_inbound(message)
        assert (result.reason == "duplicate") is duplicate


async def test_an_out_of_office_reply_is_kept_and_not_answered(
    kit: RoomKit, server: SMTPServer
) -> None:
    await kit.process_webhook(read_email(from_ada("Is it ready?")), channel_id="mail")
    away = from_ada("I am away.", Message_ID="<2@example.com>", Auto_Submitted="auto-replied")
    await kit.process_webhook(read_email(away), channel_id="mail")
    events = [event for event in await kit.get_timeline("ada") if event.type == "message"]
    assert [event.metadata.get("no_reply", False) for event in events] == [False, True]
    await kit.send_event("ada", "desk", TextContent(body="Yes."))
    assert server.mails[0].message["In-Reply-To"] == "<1@example.com>"


async def test_a_bounce_marks_the_delivery(kit: RoomKit) -> None:
    reports: list[DeliveryStatus] = []

    @kit.on_delivery_status
    async def watch(status: DeliveryStatus) -> None:
        reports.append(status)

    sent = await kit.send_event("ada", "desk", TextContent(body="It is ready."))
    message_id = sent.delivery_results["mail"].provider_message_id
    bounce = (
        "From: MAILER-DAEMON@mx.example\r\n"
        "Content-Type: multipart/report; boundary=x\r\n\r\n"
        "--x\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx\r\n\r\n"
        f"Final-Recipient: rfc822; {ADA}\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n"
        f"--x\r\nContent-Type: message/rfc822\r\n\r\nMessage-ID: {message_id}\r\n\r\n--x--\r\n"
    )
    assert await kit.process_webhook(read_email(bounce.encode()), channel_id="mail") is None
    (event,) = [event for event in await kit.get_timeline("ada") if event.type == "message"]
    outcome = event.delivery_results["mail"]
    assert (outcome.success, outcome.status, outcome.error_code) == (False, "failed", "bounced")
    assert [report.status for report in reports] == ["failed"]


async def test_a_subject_for_the_room(smtp: SMTPEmailProvider, server: SMTPServer) -> None:
    async with RoomKit() as kit:
        kit.register_channel(EmailChannel("mail", provider=smtp, from_email=f"sales@{DOMAIN}"))
        kit.register_channel(WebSocketChannel("desk"))
        await kit.create_room("r")
        await kit.attach_channel(
            "r", "mail", metadata={"email_address": ADA, "subject": "Order 7"}
        )
        await kit.attach_channel("r", "desk")
        await kit.send_event("r", "desk", TextContent(body="On its way."))
    (mail,) = server.mails
    assert mail.message["Subject"] == "Order 7"
    assert mail.message["From"] == f"sales@{DOMAIN}"


class TestAgents:
    @pytest.fixture
    async def model(self, kit: RoomKit) -> MockAIProvider:
        provider = MockAIProvider(responses=["It is ready."])
        kit.register_channel(AIChannel("agent", provider))
        await kit.attach_channel("ada", "agent")
        return provider

    async def test_an_answer_says_that_a_program_wrote_it(
        self, kit: RoomKit, model: MockAIProvider, server: SMTPServer
    ) -> None:
        await kit.process_webhook(read_email(from_ada("Is it ready?")), channel_id="mail")
        (mail,) = server.mails
        assert mail.message["Auto-Submitted"] == "auto-replied"
        assert mail.message["In-Reply-To"] == "<1@example.com>"
        assert len(model.calls) == 1

    @pytest.mark.parametrize(
        "fields",
        [
            {"Auto_Submitted": "auto-replied"},
            {"X_Auto_Response_Suppress": "All"},
            {"Precedence": "bulk"},
            {"List_Id": "<list.example.com>"},
            {"Return_Path": "<>"},
            {"Subject": "Automatic reply: Your bicycle"},
        ],
    )
    async def test_no_agent_answers_a_program(
        self, kit: RoomKit, model: MockAIProvider, server: SMTPServer, fields: dict[str, str]
    ) -> None:
        mail = read_email(from_ada("I am away.", **fields))
        await kit.process_webhook(mail, channel_id="mail")
        (event,) = [event for event in await kit.get_timeline("ada") if event.type == "message"]
        assert event.content == TextContent(body="I am away.")
        assert not model.calls
        assert not server.mails
