"""A thousand messages through one provider: few connections, never more at once than allowed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from roomkit.providers.elasticemail import ElasticEmailConfig, ElasticEmailProvider
from roomkit.providers.http import HTTPProviderConfig, WebhookHTTPProvider
from roomkit.providers.messenger import FacebookMessengerProvider, MessengerConfig
from roomkit.providers.sendgrid import SendGridConfig, SendGridEmailProvider
from roomkit.providers.sinch import SinchConfig, SinchSMSProvider
from roomkit.providers.teams import BotFrameworkTeamsProvider, TeamsConfig
from roomkit.providers.telegram import TelegramBotProvider, TelegramConfig
from roomkit.providers.telnyx import (
    TelnyxConfig,
    TelnyxRCSConfig,
    TelnyxRCSProvider,
    TelnyxSMSProvider,
)
from roomkit.providers.twilio import (
    TwilioConfig,
    TwilioRCSConfig,
    TwilioRCSProvider,
    TwilioSMSProvider,
)
from roomkit.providers.voicemeup import VoiceMeUpConfig, VoiceMeUpSMSProvider
from roomkit.providers.whatsapp import WhatsAppCloudProvider, WhatsAppConfig
from roomkit.testing.providers import example_event
from roomkit.testing.wire import Reply, ScriptedServer

PLACES = 4
ADA, SHOP = "+15551234567", "+15550000000"


@dataclass(frozen=True, kw_only=True)
class Case:
    """A vendor.

    Attributes:
        make: a provider for a vendor at this URL that may ask it `PLACES` things at once.
        taken: the vendor's answer to a message that it has taken.
        sends: how many messages. Those that share the base of another send fewer.
    """

    make: Callable[[str], Any]
    taken: Reply
    to: str = ADA
    sends: int = 1_000


def _phone(make: Callable[..., Any], config: Callable[..., Any], **settings: Any) -> Any:
    return lambda url: make(config(base_url=url, max_concurrency=PLACES, **settings))


CASES = {
    "twilio sms": Case(
        make=_phone(
            TwilioSMSProvider, TwilioConfig, account_sid="AC1", auth_token="s", from_number=SHOP
        ),
        taken=Reply.of_json({"sid": "SM1", "status": "queued"}, status=201),
    ),
    "twilio rcs": Case(
        make=_phone(
            TwilioRCSProvider,
            TwilioRCSConfig,
            account_sid="AC1",
            auth_token="s",
            messaging_service_sid="MG1",
        ),
        taken=Reply.of_json({"sid": "SM1", "status": "accepted"}, status=201),
        sends=100,
    ),
    "telnyx sms": Case(
        make=_phone(TelnyxSMSProvider, TelnyxConfig, api_key="s", from_number=SHOP),
        taken=Reply.of_json({"data": {"id": "m-1", "to": [{"status": "queued"}]}}),
        sends=100,
    ),
    "telnyx rcs": Case(
        make=_phone(TelnyxRCSProvider, TelnyxRCSConfig, api_key="s", agent_id="agent"),
        taken=Reply.of_json({"data": {"id": "m-1", "to": [{"status": "queued"}]}}),
        sends=100,
    ),
    "sinch": Case(
        make=_phone(
            SinchSMSProvider, SinchConfig, service_plan_id="p", api_token="s", from_number=SHOP
        ),
        taken=Reply.of_json({"id": "01FC", "to": ["15551234567"]}, status=201),
        sends=100,
    ),
    "voicemeup": Case(
        make=_phone(
            VoiceMeUpSMSProvider,
            VoiceMeUpConfig,
            username="ada",
            auth_token="s",
            from_number=SHOP,
        ),
        taken=Reply.of_json({"response_status": "success", "sms_hash": "h-1"}),
        sends=100,
    ),
    "whatsapp": Case(
        make=_phone(WhatsAppCloudProvider, WhatsAppConfig, access_token="s", phone_number_id="1"),
        taken=Reply.of_json({"messages": [{"id": "wamid.1"}]}),
    ),
    "messenger": Case(
        make=_phone(FacebookMessengerProvider, MessengerConfig, page_access_token="s"),
        taken=Reply.of_json({"recipient_id": "7", "message_id": "m_1"}),
        to="7",
        sends=100,
    ),
    "telegram": Case(
        make=_phone(TelegramBotProvider, TelegramConfig, bot_token="1:s"),
        taken=Reply.of_json({"ok": True, "result": {"message_id": 7, "chat": {"id": 42}}}),
        to="42",
    ),
    "sendgrid": Case(
        make=_phone(
            SendGridEmailProvider, SendGridConfig, api_key="s", from_email="desk@example.com"
        ),
        taken=Reply(status=202, headers={"x-message-id": "14c5d75ce93"}),
        to="ada@example.com",
    ),
    "elasticemail": Case(
        make=_phone(
            ElasticEmailProvider, ElasticEmailConfig, api_key="s", from_email="desk@example.com"
        ),
        taken=Reply.of_json({"TransactionID": "t-1", "MessageID": "m-1"}),
        to="ada@example.com",
        sends=100,
    ),
    "http": Case(
        make=lambda url: WebhookHTTPProvider(
            HTTPProviderConfig(url=url, allow_private_hosts=True, max_concurrency=PLACES)
        ),
        taken=Reply(),
    ),
}


async def deliver(case: Case, server: ScriptedServer, provider: Any) -> None:
    """Send, with the vendor's answers held back until it has all that it gets at once."""
    event, opened = example_event(), asyncio.Event()
    server.default = replace(case.taken, after=opened)
    sending = [asyncio.create_task(provider.send(event, case.to)) for _ in range(case.sends)]
    all_in = asyncio.create_task(server.wait_for_requests(PLACES))
    await asyncio.wait([all_in, *sending], return_when=asyncio.FIRST_COMPLETED)
    assert all_in.done(), sending
    # Whoever did not wait for their turn would have come by now.
    for _ in range(50):
        await asyncio.sleep(0)
    assert len(server.requests) == PLACES
    opened.set()
    server.default = case.taken
    assert all(result.success for result in await asyncio.gather(*sending))


def check(case: Case, server: ScriptedServer) -> None:
    assert len(server.requests) == case.sends
    assert server.most_at_once == PLACES
    assert server.connections == PLACES


@pytest.mark.parametrize("name", CASES)
async def test_few_connections_carry_all(name: str) -> None:
    case = CASES[name]
    async with ScriptedServer() as server:
        provider = case.make(server.url)
        try:
            await deliver(case, server, provider)
        finally:
            await provider.close()
        check(case, server)
        await server.wait_until_alone()


async def test_few_connections_carry_all_to_teams() -> None:
    case = Case(make=lambda _: None, taken=Reply.of_json({"id": "1485"}, status=201), to="a:1")
    signed_in = Reply.of_json({"access_token": "t0ken", "expires_in": 86399})
    async with ScriptedServer() as server, ScriptedServer(default=signed_in) as login:
        config = TeamsConfig(
            app_id="app",
            app_password="s3cret",
            service_url=server.url,
            allowed_service_urls=[server.url],
            login_url=login.url,
            max_concurrency=PLACES,
        )
        provider = BotFrameworkTeamsProvider(config)
        try:
            await deliver(case, server, provider)
        finally:
            await provider.close()
        check(case, server)
        # One sign-in is enough for all of them.
        assert len(login.requests) == 1
