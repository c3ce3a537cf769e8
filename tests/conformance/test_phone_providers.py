"""The vendors of text messages and RCS are transport providers like any other."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from roomkit.providers.sinch import SinchConfig, SinchSMSProvider
from roomkit.providers.telnyx import (
    TelnyxConfig,
    TelnyxRCSConfig,
    TelnyxRCSProvider,
    TelnyxSMSProvider,
)
from roomkit.providers.twilio import TwilioRCSConfig, TwilioRCSProvider
from roomkit.providers.voicemeup import VoiceMeUpConfig, VoiceMeUpSMSProvider
from roomkit.testing.clock import VirtualClock
from roomkit.testing.providers import TransportProviderContract, Vendor
from roomkit.testing.wire import Reply, ScriptedServer

SECRET = "s3cret"
KEY = "/6UTImuy2FbB6uQ1aXbT0sr5L7yGfzLbXYzRRo3bgAs="


class PhoneContract(TransportProviderContract):
    """The contract, with a provider that a subclass makes."""

    taken: Reply
    refused: Reply

    def provider(self, url: str, clock: VirtualClock) -> Any:
        raise NotImplementedError

    @pytest.fixture
    async def vendor(self) -> AsyncIterator[Vendor]:
        async with ScriptedServer(default=self.taken) as server:
            clock = VirtualClock()
            provider = self.provider(server.url, clock)
            yield Vendor(
                provider=provider,
                send=lambda event: provider.send(event, "+15551234567"),
                server=server,
                clock=clock,
                secrets=[SECRET],
                refusal=self.refused,
            )
            await provider.close()


class TelnyxContract(PhoneContract):
    taken = Reply.of_json({"data": {"id": "m-1", "type": "SMS", "to": [{"status": "queued"}]}})
    refused = Reply.of_json({"errors": [{"code": "40310", "title": "no"}]}, status=400)


class TestTelnyxSMS(TelnyxContract):
    def provider(self, url: str, clock: VirtualClock) -> Any:
        config = TelnyxConfig(api_key=SECRET, from_number="+15550000000", base_url=url)
        return TelnyxSMSProvider(config, KEY, clock=clock)


class TestTelnyxRCS(TelnyxContract):
    def provider(self, url: str, clock: VirtualClock) -> Any:
        config = TelnyxRCSConfig(api_key=SECRET, agent_id="agent", base_url=url)
        return TelnyxRCSProvider(config, KEY, clock=clock)


class TestTwilioRCS(PhoneContract):
    taken = Reply.of_json({"sid": "SM1", "status": "accepted", "from": None}, status=201)
    refused = Reply.of_json({"code": 21211, "message": "no", "status": 400}, status=400)

    def provider(self, url: str, clock: VirtualClock) -> Any:
        config = TwilioRCSConfig(
            account_sid="AC1", auth_token=SECRET, messaging_service_sid="MG1", base_url=url
        )
        return TwilioRCSProvider(config, clock=clock)


class TestSinchSMS(PhoneContract):
    taken = Reply.of_json({"id": "01FC", "to": ["15551234567"]}, status=201)
    refused = Reply.of_json({"code": "syntax_invalid_parameter_format", "text": "no"}, status=400)

    def provider(self, url: str, clock: VirtualClock) -> Any:
        config = SinchConfig(
            service_plan_id="plan",
            api_token=SECRET,
            from_number="+15550000000",
            base_url=url,
            webhook_secret=f"{SECRET}-too",
        )
        return SinchSMSProvider(config, clock=clock)


class TestVoiceMeUpSMS(PhoneContract):
    taken = Reply.of_json({"response_status": "success", "sms_hash": "h-1"})
    refused = Reply(status=400)

    def provider(self, url: str, clock: VirtualClock) -> Any:
        config = VoiceMeUpConfig(
            username="ada", auth_token=SECRET, from_number="+15550000000", base_url=url
        )
        return VoiceMeUpSMSProvider(config, clock=clock)
