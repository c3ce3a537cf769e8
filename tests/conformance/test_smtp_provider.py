"""SMTP is a transport provider like any other, though it does not speak HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from roomkit.providers.smtp import SMTPConfig, SMTPEmailProvider
from roomkit.testing.clock import VirtualClock
from roomkit.testing.providers import TransportProviderContract, Vendor, example_event
from roomkit.testing.wire import Reply
from tests.smtp_server import DROP, HANG, SMTPServer


class MailServer:
    """A mail server with the face of a `ScriptedServer`: a mail counts as a request."""

    def __init__(self, server: SMTPServer) -> None:
        self.server = server

    @property
    def requests(self) -> list[str]:
        return [command for command in self.server.commands if command == "MAIL"]

    async def wait_for_requests(self, count: int) -> None:
        await self.server.wait_for("MAIL", count)

    def reply(
        self, reply: Reply | None = None, *, status: int = 200, body: bytes = b"", **_: Any
    ) -> None:
        """A refusal for good is that of a recipient; anything else passes."""
        if reply is not None:
            self.server.answer("RCPT", "550 5.1.1 no such user")
        elif status >= 300:
            self.server.answer("MAIL", f"451 4.3.0 {body.decode() or 'not now'}")

    def hang(self) -> None:
        self.server.answer("MAIL", HANG)

    def drop(self) -> None:
        self.server.answer("MAIL", DROP)


class TestSMTP(TransportProviderContract):
    @pytest.fixture
    async def vendor(self) -> AsyncIterator[Vendor]:
        async with SMTPServer(password="s3cret") as server:
            clock = VirtualClock()
            config = SMTPConfig(
                host="127.0.0.1",
                port=server.port,
                security="none",
                username="desk",
                password="s3cret",
                from_email="desk@example.com",
            )
            provider = SMTPEmailProvider(config, clock=clock)
            face: Any = MailServer(server)
            yield Vendor(
                provider=provider,
                send=lambda event: provider.send(event, "ada@example.com"),
                server=face,
                clock=clock,
                secrets=["s3cret", "ada@example.com"],
                refusal=Reply(status=550),
            )
            await provider.close()

    @pytest.mark.parametrize("command", ["MAIL", "RCPT", "DATA", "."])
    async def test_a_passing_failure_may_be_tried_again(  # type: ignore[override]
        self, vendor: Vendor, command: str
    ) -> None:
        face: Any = vendor.server
        face.server.answer(command, "451 4.3.0 not now")
        result = await vendor.send(example_event())
        assert (result.success, result.retryable) == (False, True)
        assert result.metadata["status_code"] == 451
        assert (await vendor.send(example_event())).success

    async def test_the_vendors_pause_is_passed_on(self, vendor: Vendor) -> None:
        """SMTP has no way to say how long to wait."""
        face: Any = vendor.server
        face.server.answer("RCPT", "451 4.7.1 greylisted, come back in 300 seconds")
        result = await vendor.send(example_event())
        assert (result.error_code, result.retryable) == ("rate_limited", True)
        assert result.retry_after is None

    async def test_a_redirect_is_not_followed(self, vendor: Vendor) -> None:
        """A server that knows where somebody has moved to is not believed."""
        face: Any = vendor.server
        face.server.answer("RCPT", "551 5.1.6 user not local; try <eve@example.net>")
        result = await vendor.send(example_event())
        assert (result.success, result.retryable) == (False, False)
        assert len(vendor.server.requests) == 1

    @pytest.mark.parametrize("answer", ["", "<html>", "999 what", "25", "-1 x", "x" * 100_000])
    async def test_an_answer_that_makes_no_sense(  # type: ignore[override]
        self, vendor: Vendor, answer: str
    ) -> None:
        face: Any = vendor.server
        face.server.answer(".", answer)
        result = await vendor.send(example_event())
        assert not result.success
        # It was taken: sending again would send twice.
        assert not result.retryable
        assert (await vendor.send(example_event())).success
