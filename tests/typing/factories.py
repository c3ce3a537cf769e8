"""What a type checker knows about channels and providers when they are made."""

from __future__ import annotations

from typing import assert_type

from roomkit import (
    AIChannel,
    CLIChannel,
    EmailChannel,
    HTTPChannel,
    MessengerChannel,
    RCSChannel,
    SMSChannel,
    TeamsChannel,
    TelegramChannel,
    TransportChannel,
    WebSocketChannel,
    WhatsAppChannel,
    WhatsAppPersonalChannel,
    WhatsAppProvider,
)
from roomkit.channels.base import Channel
from roomkit.models.channel import ChannelCapabilities
from roomkit.models.delivery import ProviderResult, WebhookMeta
from roomkit.models.event import RoomEvent
from roomkit.providers.ai.base import AIContext, AIProvider, AIResponse
from roomkit.providers.ai.mock import MockAIProvider
from roomkit.providers.http import HTTPProviderConfig, WebhookHTTPProvider
from roomkit.providers.sms.base import SMSProvider
from roomkit.providers.sms.mock import MockSMSProvider
from roomkit.providers.twilio import TwilioConfig, TwilioSMSProvider


def transports() -> list[Channel]:
    sms = SMSChannel("sms", provider=MockSMSProvider(), from_number="+15550000000")
    assert_type(sms, TransportChannel)
    assert_type(RCSChannel("rcs"), TransportChannel)
    assert_type(EmailChannel("email", from_email="a@example.com"), TransportChannel)
    assert_type(MessengerChannel("messenger"), TransportChannel)
    assert_type(WhatsAppChannel("whatsapp"), TransportChannel)
    assert_type(WhatsAppPersonalChannel("personal"), TransportChannel)
    assert_type(TelegramChannel("telegram"), TransportChannel)
    assert_type(TeamsChannel("teams"), TransportChannel)
    assert_type(HTTPChannel("http"), TransportChannel)
    assert_type(sms.capabilities(), ChannelCapabilities)
    assert_type(sms.parse_webhook({}), list[WebhookMeta])
    return [sms, WebSocketChannel("web"), CLIChannel("cli"), AIChannel("ai", MockAIProvider())]


async def providers(event: RoomEvent, context: AIContext) -> None:
    account = TwilioConfig(account_sid="AC1", auth_token="t", from_number="+15550000000")
    twilio: SMSProvider = TwilioSMSProvider(account)
    assert_type(await twilio.send(event, "+15551234567"), ProviderResult)
    http = WebhookHTTPProvider(HTTPProviderConfig(url="https://example.com", secret="s"))
    assert_type(http.verify_signature(b"", None), bool)
    whatsapp = WhatsAppProvider(access_token="t", phone_number_id="1")
    assert_type(whatsapp, WhatsAppProvider)
    assert_type(await whatsapp.send(event, "+15551234567"), ProviderResult)
    WhatsAppChannel("whatsapp", provider=whatsapp)
    ai: AIProvider = MockAIProvider(["Hello"])
    assert_type(await ai.generate(context), AIResponse)
    assert_type(AIChannel("ai", ai).provider, AIProvider)
