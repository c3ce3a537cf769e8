"""The mock providers: what an application's own tests look at."""

from __future__ import annotations

import pytest

from roomkit.errors import ProviderError
from roomkit.models.content import CompositeContent, MediaContent, TextContent
from roomkit.models.delivery import ProviderResult, RCSResult
from roomkit.providers.base import TransportProvider, WebhookRequest
from roomkit.providers.email import EmailProvider, MockEmailProvider
from roomkit.providers.http import HTTPProvider, MockHTTPProvider
from roomkit.providers.messenger import MessengerProvider, MockMessengerProvider
from roomkit.providers.rcs import MockRCSProvider, RCSProvider
from roomkit.providers.sms import MockSMSProvider, SMSProvider
from roomkit.providers.teams import MockTeamsProvider, TeamsProvider
from roomkit.providers.telegram import MockTelegramProvider, TelegramProvider
from roomkit.providers.whatsapp import MockWhatsAppProvider, WhatsAppProvider
from roomkit.testing.providers import example_event

type AnyMock = (
    MockSMSProvider
    | MockRCSProvider
    | MockEmailProvider
    | MockMessengerProvider
    | MockWhatsAppProvider
    | MockTelegramProvider
    | MockTeamsProvider
    | MockHTTPProvider
)

KINDS: list[tuple[type[AnyMock], type[TransportProvider]]] = [
    (MockSMSProvider, SMSProvider),
    (MockRCSProvider, RCSProvider),
    (MockEmailProvider, EmailProvider),
    (MockMessengerProvider, MessengerProvider),
    (MockWhatsAppProvider, WhatsAppProvider),
    (MockTelegramProvider, TelegramProvider),
    (MockTeamsProvider, TeamsProvider),
    (MockHTTPProvider, HTTPProvider),
]


@pytest.mark.parametrize(("mock_class", "interface"), KINDS)
class TestEveryKind:
    def test_it_stands_in_for_the_real_thing(
        self, mock_class: type[AnyMock], interface: type[TransportProvider]
    ) -> None:
        mock = mock_class()
        assert isinstance(mock, interface)
        assert mock.name == "mock"
        assert not mock.verify_webhook(WebhookRequest(url="https://example.com/"))

    async def test_it_remembers_what_was_sent(
        self, mock_class: type[AnyMock], interface: type[TransportProvider]
    ) -> None:
        mock = mock_class()
        picture = MediaContent(url="https://example.com/a.png", mime_type="image/png")
        event = example_event(CompositeContent(parts=[TextContent(body="Look"), picture]))
        first = await mock.send(event, "ada")
        second = await mock.send(example_event(), to="bob")
        assert [first.provider_message_id, second.provider_message_id] == ["mock-1", "mock-2"]
        assert mock.calls is mock.sent
        sent = mock.sent[0]
        assert (sent.event, sent.to, sent.body) == (event, "ada", "Look")
        assert sent.media_urls == ("https://example.com/a.png",)
        assert mock.sent[1].to == "bob"

    async def test_failures_follow_a_script(
        self, mock_class: type[AnyMock], interface: type[TransportProvider]
    ) -> None:
        refused = ProviderResult(success=False, error_code="opted_out")
        mock = mock_class(results=[refused, ProviderError("no", retryable=True)])
        assert (await mock.send(example_event(), "ada")).error_code == "opted_out"
        with pytest.raises(ProviderError):
            await mock.send(example_event(), "ada")
        assert (await mock.send(example_event(), "ada")).provider_message_id == "mock-1"
        assert len(mock.sent) == 3

    async def test_it_knows_that_it_was_closed(
        self, mock_class: type[AnyMock], interface: type[TransportProvider]
    ) -> None:
        mock = mock_class()
        before = mock.closed
        await mock.close()
        assert (before, mock.closed) == (False, True)
        assert (await mock.send(example_event(), "ada")).error_code == "closed"
        assert not mock.sent


async def test_sms_are_sent_from_the_accounts_number_unless_the_channel_names_another() -> None:
    mock = MockSMSProvider(from_number="+15550000000", supports_mms=False)
    await mock.send(example_event(), "+15551234567")
    await mock.send(example_event(), "+15551234567", from_="+15559999999")
    assert [sent.from_ for sent in mock.sent] == ["+15550000000", "+15559999999"]
    assert mock.from_number == "+15550000000"
    assert not mock.supports_mms


async def test_mail_is_sent_in_its_thread() -> None:
    mock = MockEmailProvider()
    await mock.send(
        example_event(),
        "ada@example.com",
        subject="Re: Order",
        in_reply_to="<2@example.com>",
        references=["<1@example.com>", "<2@example.com>"],
        thread_id="t-1",
    )
    sent = mock.sent[0]
    assert (sent.subject, sent.in_reply_to, sent.thread_id) == (
        "Re: Order",
        "<2@example.com>",
        "t-1",
    )
    assert sent.references == ("<1@example.com>", "<2@example.com>")


class TestRCS:
    async def test_a_capable_phone_gets_rcs(self) -> None:
        mock = MockRCSProvider()
        assert await mock.check_capability("+15551234567")
        result = await mock.send(example_event(), to="+15551234567", fallback=True)
        assert isinstance(result, RCSResult)
        assert result.success
        assert not result.fallback

    async def test_another_phone_gets_an_sms(self) -> None:
        mock = MockRCSProvider(capable=False)
        assert not await mock.check_capability("+15551234567")
        result = await mock.send(example_event(), to="+15551234567", fallback=True)
        assert result.success
        assert result.fallback

    async def test_or_nothing_if_that_is_not_wanted(self) -> None:
        mock = MockRCSProvider(capable=False)
        result = await mock.send(example_event(), to="+15551234567", fallback=False)
        assert not result.success
        assert result.error_code == "rcs_unavailable"
        assert mock.sent[0].fallback is False
