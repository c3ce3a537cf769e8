"""Mail is handed to a real server on this machine."""

from __future__ import annotations

import asyncio
import base64
import inspect
import ssl
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import aiosmtplib
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from roomkit.models.content import MediaContent, TextContent
from roomkit.providers.email import read_email
from roomkit.providers.smtp import SMTPConfig, SMTPEmailProvider
from roomkit.providers.smtp._failures import WITH_REPLY, WITHOUT_REPLY, mapped
from roomkit.testing.clock import VirtualClock
from roomkit.testing.providers import example_event
from tests.smtp_server import DROP, HANG, SMTPServer

TO = "ada@example.com"


@pytest.fixture
async def server() -> AsyncIterator[SMTPServer]:
    async with SMTPServer() as running:
        yield running


def provider_for(server: SMTPServer, **settings: Any) -> SMTPEmailProvider:
    known: dict[str, Any] = {
        "host": "127.0.0.1",
        "port": server.port,
        "security": "none",
        "from_email": "desk@example.com",
    }
    options = {name: settings.pop(name) for name in ("clock", "tls_context") if name in settings}
    return SMTPEmailProvider(SMTPConfig(**{**known, **settings}), **options)


@pytest.fixture
async def smtp(server: SMTPServer) -> AsyncIterator[SMTPEmailProvider]:
    provider = provider_for(server, from_name="Werkstätte")
    yield provider
    await provider.close()


async def test_a_mail_arrives(server: SMTPServer, smtp: SMTPEmailProvider) -> None:
    result = await smtp.send(
        example_event(TextContent(body="Grüße 👋\n.\nfrom a dot")),
        TO,
        subject="Ihr Fahrrad",
        in_reply_to="<1@example.com>",
    )
    assert result.success, result
    (mail,) = server.mails
    assert (mail.sender, mail.recipients) == ("desk@example.com", [TO])
    assert mail.raw.isascii(), "no relay has to write it anew"
    assert mail.message["From"] == "Werkstätte <desk@example.com>"
    assert mail.message["Subject"] == "Re: Ihr Fahrrad"
    assert mail.message["In-Reply-To"] == "<1@example.com>"
    assert mail.message["Message-ID"] == result.provider_message_id
    assert result.metadata["message_id"] == result.provider_message_id
    text: str = mail.message.get_content()
    assert text.replace("\r\n", "\n") == "Grüße 👋\n.\nfrom a dot\n"


async def test_a_bounce_is_about_the_mail_that_was_sent(smtp: SMTPEmailProvider) -> None:
    result = await smtp.send(example_event(), TO)
    bounce = (
        "From: MAILER-DAEMON@mx.example\r\n"
        "Content-Type: multipart/report; report-type=delivery-status; boundary=x\r\n\r\n"
        "--x\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx\r\n\r\n"
        f"Final-Recipient: rfc822; {TO}\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n"
        f"--x\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: {result.provider_message_id}"
        "\r\n\r\n--x--\r\n"
    )
    report = read_email(bounce.encode(), own_domain=smtp.message_id_domain).status
    assert report is not None
    assert (report.message_id, report.status) == (result.provider_message_id, "failed")


async def test_a_large_file_arrives_whole(server: SMTPServer, smtp: SMTPEmailProvider) -> None:
    content = bytes(range(256)) * 4000
    url = f"data:image/png;base64,{base64.b64encode(content).decode()}"
    picture = MediaContent(url=url, mime_type="image/png", filename="a.png")
    assert (await smtp.send(example_event(picture), TO)).success
    (file,) = server.mails[0].message.iter_attachments()
    assert file.get_payload(decode=True) == content


class TestConnections:
    async def test_one_is_enough_for_mail_after_mail(
        self, server: SMTPServer, smtp: SMTPEmailProvider
    ) -> None:
        for _ in range(3):
            assert (await smtp.send(example_event(), TO)).success
        assert server.connections == 1
        assert server.commands.count("EHLO") == 1

    async def test_many_mails_share_a_few(self, server: SMTPServer) -> None:
        provider = provider_for(server, max_connections=3)
        events = [example_event(event_id=f"e-{number}") for number in range(30)]
        results = await asyncio.gather(*(provider.send(event, TO) for event in events))
        assert all(result.success for result in results)
        assert len(server.mails) == 30
        assert server.connections == server.most_at_once == 3
        await provider.close()

    async def test_one_that_was_closed_meanwhile_is_replaced(
        self, server: SMTPServer, smtp: SMTPEmailProvider
    ) -> None:
        assert (await smtp.send(example_event(), TO)).success
        await server.hang_up()
        assert (await smtp.send(example_event(), TO)).success
        assert server.connections == 2

    @pytest.mark.parametrize("answer", ["421 4.4.2 idle for too long", DROP])
    async def test_one_that_is_given_notice_is_replaced(
        self, server: SMTPServer, smtp: SMTPEmailProvider, answer: str
    ) -> None:
        assert (await smtp.send(example_event(), TO)).success
        server.answer("RSET", answer)
        assert (await smtp.send(example_event(), TO)).success
        assert server.connections == 2

    async def test_one_that_has_died_without_a_word_is_replaced(self, server: SMTPServer) -> None:
        clock = VirtualClock()
        provider = provider_for(server, clock=clock)
        assert (await provider.send(example_event(), TO)).success
        server.answer("RSET", HANG)
        sending = asyncio.ensure_future(provider.send(example_event(), TO))
        await server.wait_for("RSET")
        await clock.advance(6)
        assert (await sending).success
        assert server.connections == 2
        await provider.close()

    async def test_a_refusal_does_not_cost_the_connection(
        self, server: SMTPServer, smtp: SMTPEmailProvider
    ) -> None:
        server.answer("RCPT", "550 5.1.1 no such user")
        assert not (await smtp.send(example_event(), TO)).success
        assert (await smtp.send(example_event(), TO)).success
        assert server.connections == 1

    async def test_a_cancelled_mail_leaves_nothing_half_done(
        self, server: SMTPServer, smtp: SMTPEmailProvider
    ) -> None:
        server.answer("DATA", HANG)
        sending = asyncio.ensure_future(smtp.send(example_event(), TO))
        await server.wait_for("DATA")
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        assert (await smtp.send(example_event(), TO)).success
        assert server.connections == 2
        assert len(server.mails) == 1

    async def test_a_mail_may_be_cancelled_while_a_connection_is_tried(
        self, server: SMTPServer, smtp: SMTPEmailProvider
    ) -> None:
        assert (await smtp.send(example_event(), TO)).success
        server.answer("RSET", HANG)
        sending = asyncio.ensure_future(smtp.send(example_event(), TO))
        await server.wait_for("RSET")
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        assert (await smtp.send(example_event(), TO)).success

    @pytest.mark.parametrize("answer", [DROP, "500 what?"])
    async def test_a_server_may_be_impolite(self, server: SMTPServer, answer: str) -> None:
        provider = provider_for(server)
        await provider.send(example_event(), TO)
        server.answer("QUIT", answer)
        await provider.close()
        await server.wait_for("QUIT")

    async def test_closing_says_goodbye(self, server: SMTPServer) -> None:
        provider = provider_for(server)
        await provider.send(example_event(), TO)
        await provider.close()
        await server.wait_for("QUIT")

    async def test_a_mail_under_way_is_finished_while_closing(self, server: SMTPServer) -> None:
        provider = provider_for(server)
        await provider.send(example_event(), TO)
        sending = asyncio.ensure_future(provider.send(example_event(), TO))
        await server.wait_for("RSET")
        await provider.close()
        assert (await sending).success
        await server.wait_for("QUIT")

    def test_a_second_event_loop(self) -> None:
        async def send(provider: SMTPEmailProvider | None = None) -> SMTPEmailProvider:
            async with SMTPServer() as server:
                made = provider or provider_for(server, timeout=2.0)
                result = await made.send(example_event(), TO)
                # The second server has another port; that it is asked anew is what matters.
                assert result.success or result.error_code == "unreachable"
                return made

        provider = asyncio.run(send())
        asyncio.run(send(provider))


@pytest.mark.parametrize(
    ("command", "reply", "code", "retryable"),
    [
        ("RCPT", "550 5.1.1 <ada@example.com>: no such user", "invalid_recipient", False),
        ("RCPT", "450 4.2.1 mailbox busy", "mailbox_busy", True),
        ("RCPT", "451 4.7.1 greylisted", "rate_limited", True),
        ("MAIL", "553 5.7.1 not your address", "invalid_sender", False),
        ("MAIL", "552 5.3.4 message too big", "too_large", False),
        ("DATA", "554 5.7.1 no", "rejected", False),
        (".", "554 5.6.0 spam", "rejected", False),
        (".", "452 4.3.1 out of space", "unavailable", True),
        (".", "421 4.3.2 shutting down", "unavailable", True),
        ("CONNECT", "554 5.7.1 blocked", "unavailable", False),
        ("CONNECT", "421 4.3.2 busy", "unavailable", True),
        (".", DROP, "connection_lost", True),
        ("CONNECT", DROP, "unreachable", True),
    ],
)
async def test_what_the_servers_answers_mean(
    server: SMTPServer,
    smtp: SMTPEmailProvider,
    caplog: pytest.LogCaptureFixture,
    command: str,
    reply: str,
    code: str,
    retryable: bool,
) -> None:
    server.answer(command, reply)
    result = await smtp.send(example_event(), TO)
    assert (result.success, result.error_code, result.retryable) == (False, code, retryable)
    if reply[0].isdigit():
        assert result.metadata["status_code"] == int(reply[:3])
        assert result.metadata["vendor_code"] == reply.split()[1]
    assert result.error is not None
    assert TO not in result.error
    assert TO not in caplog.text
    assert not server.mails


async def test_nobody_listens() -> None:
    async with SMTPServer() as gone:
        provider = provider_for(gone)
    result = await provider.send(example_event(), TO)
    assert (result.error_code, result.retryable) == ("unreachable", True)


def certificate_for(folder: Path, name: str = "localhost") -> tuple[ssl.SSLContext, str]:
    """A server's certificates, and the file that a client has to trust."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    names = x509.SubjectAlternativeName(
        [x509.DNSName(name), x509.IPAddress(ip_address("127.0.0.1"))]
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    trusted, private = folder / "certificate.pem", folder / "key.pem"
    trusted.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(trusted, private)
    return context, str(trusted)


class TestEncryption:
    @pytest.mark.parametrize("security", ["starttls", "tls"])
    async def test_credentials_travel_encrypted(self, tmp_path: Path, security: str) -> None:
        context, trusted = certificate_for(tmp_path)
        client = ssl.create_default_context(cafile=trusted)
        implicit = security == "tls"
        async with SMTPServer(tls=context, implicit_tls=implicit, password="s3cret") as server:
            provider = provider_for(
                server, security=security, username="desk", password="s3cret", tls_context=client
            )
            result = await provider.send(example_event(), TO)
            assert result.success, result
            (mail,) = server.mails
            assert mail.encrypted
            assert mail.credentials == ("desk", "s3cret")
            await provider.close()

    @pytest.mark.parametrize("security", ["starttls", "tls"])
    async def test_a_certificate_that_nobody_vouches_for(
        self, tmp_path: Path, security: str
    ) -> None:
        context, _ = certificate_for(tmp_path)
        async with SMTPServer(tls=context, implicit_tls=security == "tls") as server:
            provider = provider_for(server, security=security)
            result = await provider.send(example_event(), TO)
            assert (result.error_code, result.retryable) == ("insecure", False)
            assert "MAIL" not in server.commands

    async def test_there_is_no_way_down(self, server: SMTPServer) -> None:
        """A server, or somebody in between, that says it cannot encrypt gets no mail."""
        provider = provider_for(server, security="starttls")
        result = await provider.send(example_event(), TO)
        assert (result.error_code, result.retryable) == ("not_supported", False)
        assert "MAIL" not in server.commands

    async def test_wrong_credentials(self) -> None:
        async with SMTPServer(password="s3cret") as server:
            provider = provider_for(server, username="desk", password="wrong")
            result = await provider.send(example_event(), TO)
            assert (result.error_code, result.retryable) == ("unauthorized", False)
            assert result.metadata["vendor_code"] == "5.7.8"


def library_exceptions() -> list[type[Exception]]:
    members = vars(aiosmtplib.errors).values()
    return [
        it for it in members if inspect.isclass(it) and issubclass(it, aiosmtplib.SMTPException)
    ]


@pytest.mark.parametrize("failure", library_exceptions())
def test_every_exception_of_the_library_is_mapped(failure: type[Exception]) -> None:
    if failure is aiosmtplib.SMTPRecipientsRefused:
        return  # stands for those that are in it
    assert failure.__name__ in WITH_REPLY or failure.__name__ in WITHOUT_REPLY


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (TimeoutError(), "timeout"),
        (ssl.SSLError(), "insecure"),
        (OSError(), "unreachable"),
        (ValueError(), "bad_request"),
        (aiosmtplib.SMTPException("x"), "not_supported"),
    ],
)
def test_what_comes_from_below_the_library(error: Exception, code: str) -> None:
    assert mapped(error, "smtp").code == code


def test_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "aiosmtplib", None)
    config = SMTPConfig(host="localhost", from_email="desk@example.com")
    with pytest.raises(ImportError, match=r"pip install 'roomkit\[smtp\]'"):
        SMTPEmailProvider(config)


def test_the_usual_ports() -> None:
    usual = {"starttls": 587, "tls": 465, "none": 25}
    for security, port in usual.items():
        settings: dict[str, Any] = {"security": security}
        config = SMTPConfig(host="mail.example", from_email="desk@example.com", **settings)
        assert config.actual_port == port


@pytest.mark.parametrize(
    "settings",
    [
        {"host": ""},
        {"port": 0},
        {"username": "desk"},
        {"password": "s3cret"},
        {"username": "desk", "password": "s3cret", "security": "none"},
        {"security": "ssl"},
        {"max_connections": 0},
        {"hots": "mail.example"},
    ],
)
def test_a_configuration_that_cannot_work(settings: dict[str, Any]) -> None:
    known = {"host": "mail.example", "from_email": "desk@example.com"}
    with pytest.raises(ValueError, match="SMTPConfig") as caught:
        SMTPConfig(**{**known, **settings})
    assert "s3cret" not in str(caught.value)
